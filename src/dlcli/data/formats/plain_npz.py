"""`.npz` files of numbers and text: no pickles, and no room made for what is not there.

Whoever reads an `.npz` that may come from somebody else reads it here.
"""

from __future__ import annotations

import errno
import zipfile
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from dlcli.data.formats import npy
from dlcli.runtime.memory import machine_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np


_DAMAGED = (EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, LookupError, TypeError)
"""What zipfile and NumPy raise, depending on the byte: a RuntimeError for what is encrypted, or
compressed in a way that is not known."""


class PlainArchive:
    """The arrays of an `.npz`, read one by one, and only what is as large as it claims.

    Attributes:
        names: Of the arrays, in the order of the file.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.names = tuple(name.removesuffix(".npy") for name in archive.namelist())

    def header(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Return an array's shape and dtype, without reading its data.

        Raises:
            ValueError: If there is no such array.
        """
        with self._archive.open(self._member(name)) as stream:
            return npy.header(stream)

    def __getitem__(self, name: str) -> np.ndarray:
        """Return an array of numbers or text.

        Raises:
            ValueError: If there is none, it holds objects, or is shorter than it claims to be.
            MemoryError: If it is larger than the machine's memory.
        """
        import numpy as np

        member = self._member(name)
        shape, dtype = self.header(name)
        if dtype.hasobject:
            message = f"'{name}' holds Python objects, which are not loaded: they can run code"
            raise ValueError(message)
        _check_size(name, shape, dtype, member.file_size)
        with self._archive.open(member) as stream:
            array: np.ndarray = np.lib.format.read_array(stream, allow_pickle=False)
            return array

    def _member(self, name: str) -> zipfile.ZipInfo:
        for member in (f"{name}.npy", name):
            with suppress(KeyError):
                return self._archive.getinfo(member)
        raise ValueError(f"it has no array '{name}'")


@contextmanager
def open_plain(path: Path) -> Iterator[PlainArchive]:
    """Open an `.npz`; whatever is wrong with it is a ValueError.

    Raises:
        ValueError: If it is damaged, is something else, or holds objects.
        MemoryError: If it claims an array that is larger than the machine's memory.
        OSError: If it cannot be read.
    """
    if path.exists() and not path.is_file():
        raise ValueError("it is a folder, a pipe or a device")  # which might never end
    try:
        with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            yield PlainArchive(archive)
    except _DAMAGED as error:
        raise ValueError(str(error) or type(error).__name__) from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise ValueError("its table of contents leads nowhere") from error


def _check_size(name: str, shape: tuple[int, ...], dtype: np.dtype[Any], available: int) -> None:
    """Make sure that an array's data are there before room is made for them.

    Raises:
        ValueError: If they are not.
        MemoryError: If the machine has not so much memory.
    """
    size = dtype.itemsize
    for length in shape:
        size *= length
    if size > available:
        message = f"'{name}' claims the shape {shape}, but the file holds {available:,} bytes of it"
        raise ValueError(message)
    most = machine_bytes(swap=False)
    if most is not None and size > most:
        raise MemoryError(f"'{name}' takes {size:,} bytes")
