"""What the table of data sets holds: one record for each, read off the function that loads it."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dlcli.catalogue.signature import Entry, entry_from_function
from dlcli.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dlcli.data.description import DataDescription, Dataset
    from dlcli.data.formats.keras_cache import KerasFile

EIGHT_BITS = 255
"""The white of most image files."""

Origin = Literal["offline", "generated", "keras", "file"]
"""Shipped inside a dependency; made anew each time; in Keras's own cache or downloaded; a file of
the user's."""


class Pictures(NamedTuple):
    """How the images of a built-in data set are scaled, which image files are then scaled like.

    Attributes:
        white: The whole number that was divided by itself to become 1.
        on_black: Whether what they show is bright on black.
    """

    white: int = EIGHT_BITS
    on_black: bool = False


@dataclass(frozen=True)
class DataEntry:
    """One data set of the table.

    Attributes:
        load: Loads the whole data set; its name is the key in a config, its keyword-only
            parameters are the options, its docstring is the help and has the sections
            `Licence:` and `Citation:`.
        describe: Takes the same options and answers without loading the data.
        origin: Where the data come from.
        files: What must lie in Keras's cache; empty for other origins.
        group: What `data.group` names, such as a column; empty for data sets that take none.
        order: What `data.time` names; empty for data sets that take none.
        split_by: By what the data set is split already, so that it takes neither of both.
        grouped_by: What the examples of a built-in data set belong together by; empty where they
            are independent.
        unprepared: Loads what `load` does before its preparation has learned anything from the
            training part; None where nothing is learned, or an encoder says it.
        words: Takes the same options and returns what token ids stand for, from 0 on; None if the
            data set has none or does not know.
        learns_inputs: Whether the form of its inputs follows from the training part: a feature
            for each category that occurs there.
        pictures: How its images are scaled; None where an example is no image.
    """

    load: Callable[..., Dataset]
    describe: Callable[..., DataDescription]
    origin: Origin
    files: tuple[KerasFile, ...] = ()
    words: Callable[..., tuple[str, ...]] | None = None
    group: str = ""
    order: str = ""
    split_by: str = ""
    grouped_by: str = ""
    unprepared: Callable[..., Dataset] | None = None
    learns_inputs: bool = False
    pictures: Pictures | None = None

    @property
    def name(self) -> str:
        """The data set's key in a config."""
        return self.load.__name__

    @cached_property
    def signature(self) -> Entry:
        """What a config may write after the name."""
        return entry_from_function("datasets", self.load)

    @property
    def offline(self) -> bool:
        """Whether the data set never needs a network."""
        return self.origin != "keras"

    @property
    def documentation(self) -> str:
        """The loader's docstring."""
        return inspect.getdoc(self.load) or ""

    @property
    def prose(self) -> str:
        """What the documentation says before its sections."""
        return re.split(r"\n(?:Args|Licence|Citation):\n", self.documentation)[0].strip()

    @property
    def licence(self) -> str:
        """The licence of the data, on one line."""
        return _section(self.documentation, "Licence")

    @property
    def citation(self) -> str:
        """Whom to cite for the data, on one line."""
        return _section(self.documentation, "Citation")

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Refuse options the data set does not have, and ask for those it cannot do without.

        Raises:
            UserError: With the nearest known option, or the missing one.
        """
        known = self.signature.by_name
        for option in options:
            if option not in known:
                raise UserError(
                    f"'{option}' is not an option of data set '{self.name}'"
                    f"{did_you_mean(option, known)}",
                    remedy=f"Its options are: {', '.join(known)}." if known else "It has none.",
                )
        for argument in known.values():
            if argument.required and argument.name not in options:
                raise UserError(
                    f"data set '{self.name}' needs the option '{argument.name}'",
                    remedy=f"{argument.name}: {argument.help}",
                )


def check_split(entry: DataEntry, group: str | None, time: str | None) -> dict[str, str]:
    """Return what an entry's functions take for `data.group` and `data.time`.

    Raises:
        UserError: If the data set takes none, or both are given.
    """
    if group is not None and time is not None:
        raise UserError(
            "data.group and data.time exclude each other",
            remedy="Leave one out; for groups in time, give a test file of your own: test: ...",
        )
    if entry.split_by and (group is not None or time is not None):
        key = "data.time" if group is None else "data.group"
        message = f"data set '{entry.name}' takes no {key}: it is split by {entry.split_by}"
        raise UserError(message, remedy=f"Remove {key}.")
    if group is not None and not entry.group:
        grouped = f"are grouped by {entry.grouped_by} already"
        raise UserError(
            f"data set '{entry.name}' takes no group: its examples "
            + (grouped if entry.grouped_by else "are independent"),
            remedy="Remove data.group: it is for data of your own.",
        )
    if time is not None and not entry.order:
        raise UserError(
            f"data set '{entry.name}' takes no data.time: none of its columns is a time",
            remedy="Remove data.time: it is for tables, sequences and texts of your own.",
        )
    given = {"group": group, "order": time}
    return {name: value for name, value in given.items() if value is not None}


def class_names(text: str) -> tuple[str, ...]:
    """Return the words of a text: class names without spaces, in the order of their labels."""
    return tuple(text.split())


def _section(documentation: str, title: str) -> str:
    match = re.search(rf"^{title}:\n((?: +.*\n?)+)", documentation, re.MULTILINE)
    return " ".join(match.group(1).split()) if match else ""
