"""Texts become token ids, as by Keras's `TextVectorization`, fitted on the training texts alone."""

from __future__ import annotations

import sys
import tempfile
import unicodedata
from array import array
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from dlcli.data.description import NewRaw
from dlcli.data.own.assembly import Beside
from dlcli.data.own.encoding import room, spool_folder
from dlcli.data.own.labels import as_targets
from dlcli.data.own.reading import Reading
from dlcli.data.own.spool import TextWriter
from dlcli.data.own.tabular import TargetCells
from dlcli.data.own.text_files import Columns, bare_texts, parts_of, spool
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np

    from dlcli.data.description import DataDescription, Encoder, TensorSpec

Unit = Literal["word", "character"]

UNKNOWN, FIRST = 1, 2
"""Token ids; 0 is the padding, and the tokens follow from 2, the most frequent first."""

ASCII_PUNCTUATION = frozenset("!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'")
"""What `TextVectorization(standardize="lower_and_strip_punctuation")` removes."""


@cache
def _punctuation() -> dict[int, None]:
    """Return a translation that removes punctuation: Keras's, and that of all other scripts."""
    others = (
        code
        for code in range(128, sys.maxunicode + 1)
        if unicodedata.category(chr(code)).startswith("P")
    )
    return dict.fromkeys([*map(ord, ASCII_PUNCTUATION), *others])


def tokens(text: str, unit: Unit) -> Sequence[str]:
    """Return a text's tokens: words in small letters without punctuation, or its characters."""
    if unit == "character":
        return text
    return text.lower().translate(_punctuation()).split()


@dataclass(frozen=True)
class TextEncoder:
    """Turns texts into rows of token ids.

    Attributes:
        columns: Where a text stands in its file, and its targets: see `text`.
        unit: What a token is.
        size: Number of ids, padding and unknown included; rarer tokens are unknown.
        max_length: Tokens of the longest row; the rest of a longer text is left out. None for no
            limit.
        vocabulary: The tokens from id 2 on; empty before it is fitted.
        cells: How the targets stand in the file; None for texts as they are.
        reading: How the file is written, as far as the user has said it.
    """

    columns: tuple[str, tuple[str, ...]]
    unit: Unit
    size: int
    max_length: int | None
    vocabulary: tuple[str, ...] = ()
    cells: TargetCells | None = None
    reading: Reading = Reading()  # noqa: RUF009 (frozen)
    kind: ClassVar[str] = "text"

    @property
    def target(self) -> TargetCells:
        """How the targets stand in the file."""
        return self.cells or TargetCells(self.columns[1], missing=frozenset({""}))

    def fit(self, raw: Sequence[str], positions: np.ndarray) -> TextEncoder:
        """Take the most frequent tokens of the texts at some positions.

        Tokens of the same frequency are in the order of their code points.
        """
        counts: Counter[str] = Counter()
        for i in positions:
            counts.update(tokens(raw[i], self.unit))
        ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return replace(self, vocabulary=tuple(token for token, _ in ranked[: self.size - FIRST]))

    def specs(self, known: Mapping[str, TensorSpec]) -> Mapping[str, TensorSpec]:
        """Return the form of the input, which does not depend on the training part."""
        return known

    def told(self, raw: Sequence[str], positions: np.ndarray) -> tuple[str, ...]:  # noqa: ARG002
        """Return nothing: unknown words are what a vocabulary is about."""
        return ()

    def accepts(self, other: Encoder) -> bool:
        """Whether the other encoder's raw examples are texts too."""
        return isinstance(other, TextEncoder)

    def encode(self, raw: Sequence[str], positions: np.ndarray) -> np.ndarray:
        """Return the ids of the texts at some positions, int32, shape (m, longest), padded.

        A text without tokens is a single unknown one, so that no row is all padding.
        """
        import numpy as np

        if not len(positions):
            return room((0, 1), "int32")
        ids = {token: i for i, token in enumerate(self.vocabulary, FIRST)}
        lengths = array("i")
        # Laid out once the longest is known; until then one after the other, in a file.
        with tempfile.TemporaryFile(dir=spool_folder()) as stream:
            for i in positions:
                found = tokens(raw[i], self.unit)[: self.max_length] or ("",)
                stream.write(array("i", [ids.get(token, UNKNOWN) for token in found]))
                lengths.append(len(found))
            stream.flush()
            flat = np.memmap(stream, np.int32, "r")
        x = room((len(positions), max(lengths)), "int32")
        start = 0
        for row, length in zip(x, lengths, strict=True):
            row[:length] = flat[start : start + length]
            start += length
        return x

    def read(self, path: Path, description: DataDescription, *, targets: bool) -> NewRaw:
        """Read the texts of a file or folder of the same kind.

        Raises:
            DataError: If it cannot be read; it names the line.
        """
        import numpy as np

        told: list[str] = []
        with TextWriter() as writer:
            if targets:
                (source,) = parts_of({"train": path}, told).values()
                columns = Columns(self.columns[0], self.target, Beside())
                found = spool(source, columns, self.reading, writer, told)
                labelled = self.target.canonical(found)
                y = as_targets(labelled, description, self.target.separator)
                return NewRaw(writer.finish(), y, told=tuple(told))
            for content in bare_texts(path, self.columns[0], self.reading, told):
                writer.write(content)
            texts = writer.finish()
        if not len(texts):
            raise DataError(f"{path} holds no texts", remedy="Give one example a line.")
        return NewRaw(texts, np.zeros(len(texts), int), told=tuple(told))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "text": self.columns[0],
            "label": list(self.columns[1]),
            "unit": self.unit,
            "size": self.size,
            "max_length": self.max_length,
            "vocabulary": list(self.vocabulary),
            "target": self.target.to_dict(),
            "reading": self.reading.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TextEncoder:
        """Return the encoder of a JSON form."""
        return cls(
            (str(values["text"]), tuple(values["label"])),
            values["unit"],
            int(values["size"]),
            values["max_length"],
            tuple(values["vocabulary"]),
            TargetCells.from_dict(values["target"]) if "target" in values else None,
            Reading.of(values.get("reading", {})),
        )
