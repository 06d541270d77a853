"""Texts kept in a temporary file, of which memory holds no more than where each begins."""

from __future__ import annotations

import mmap
import tempfile
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from dlcli.data.own.encoding import spool_folder

if TYPE_CHECKING:
    from types import TracebackType


class Texts(Sequence[str]):
    """Any number of texts, in the order in which they were written."""

    def __init__(self, content: mmap.mmap | bytes, ends: array[int]) -> None:
        self._content = content
        self._ends = ends

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, position: int) -> str: ...

    @overload
    def __getitem__(self, position: slice) -> list[str]: ...

    def __getitem__(self, position: Any) -> Any:
        if isinstance(position, slice):
            return [self[i] for i in range(*position.indices(len(self)))]
        if not 0 <= position < len(self):
            raise IndexError(position)
        start = self._ends[position - 1] if position else 0
        return self._content[start : self._ends[position]].decode("utf-8")


class TextWriter:
    """Writes texts one by one; as a context manager it closes its file, not the texts' map of it.

    The file has no name, so nothing is left behind, whatever ends the process.
    """

    def __enter__(self) -> TextWriter:
        self._stream = tempfile.TemporaryFile(dir=spool_folder())
        self._ends = array("q")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stream.close()

    def write(self, text: str) -> None:
        """Append a text."""
        self._stream.write(text.encode("utf-8", "replace"))  # JSON may hold half a character
        self._ends.append(self._stream.tell())

    def finish(self) -> Texts:
        """Return all that was written."""
        self._stream.flush()
        if not self._ends or not self._ends[-1]:
            return Texts(b"", self._ends)  # an empty file cannot be mapped
        return Texts(
            mmap.mmap(self._stream.fileno(), self._ends[-1], access=mmap.ACCESS_READ), self._ends
        )
