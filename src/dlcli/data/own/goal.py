"""What is predicted from files of the user's own: the options that all kinds of them share."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from dlcli.data.own.reading import FileOptions
from dlcli.data.targets import OwnTask  # noqa: TC001 (annotations are the schema)
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

TargetScale = Literal["standard"]
Unlabeled = Literal["drop"]


class RowOptions(FileOptions, total=False):
    """What is predicted from a file of rows.

    Args:
        task: What the target means, where its values tell it wrong.
        positive: The class that precision, recall and F1 are about, of two.
        separator: What separates the tags of a cell that holds several: they are labels that may
            apply together.
        target_scale: `standard` trains on targets of mean 0 and variance 1; predictions and
            scores are in the target's own units.
        unlabeled: `drop` leaves out the examples without a target, and says how many.
        weights: The column of numbers that tell how much each training example counts in the
            loss; it is no feature.
    """

    task: OwnTask | None
    positive: str | int | float | bool | None
    separator: str | None
    target_scale: TargetScale | None
    unlabeled: Unlabeled | None
    weights: str | None


@dataclass(frozen=True)
class Goal:
    """The options of the target, hashable; see `RowOptions`."""

    task: OwnTask | None = None
    positive: str | None = None
    separator: str | None = None
    target_scale: TargetScale | None = None
    unlabeled: Unlabeled | None = None
    weights: str | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Goal:
        """Return the options of a config.

        Raises:
            DataError: If a separator is empty.
        """
        given = {f.name: options.get(f.name) for f in fields(cls)}
        if given["positive"] is not None:
            value = given["positive"]
            given["positive"] = str(value).lower() if isinstance(value, bool) else str(value)
        if given["separator"] == "":
            remedy = "Give what stands between two tags, such as '|'."
            raise DataError("separator is empty", remedy=remedy)
        return cls(**given)
