"""A file's content, whatever it is packed with and however its text is encoded."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

from dlcli.data.own.files import check_file
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGEST_SMALL = 2**28
MAX_EXPANSION = 200
"""A packed file may unpack to so many times its size, and to 256 MiB in any case; what is beyond
was made to fill a memory or a disk. Text packs to a third or a tenth."""

HEAD = 512
"""Bytes that tell what a file is."""

PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"PK\x03\x04": "zip"}

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
"""Byte order marks that tell an encoding, the longer ones first."""

KINDS = {
    b"PAR1": "parquet", b"ARROW1": "feather", b"FEA1": "feather", b"\xd0\xcf\x11\xe0": "xls",
    b"\x93NUMPY": "npy", b"\x89HDF": "hdf5", b"SQLite format 3": "sqlite", b"%PDF": "pdf",
    b"\x80\x02": "pickle", b"\x80\x03": "pickle", b"\x80\x04": "pickle", b"\x80\x05": "pickle",
    b"\x89PNG": "image", b"\xff\xd8\xff": "image", b"GIF8": "image", b"MATLAB ": "matlab",
}  # fmt: skip
"""Beginnings of files that are no text."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn every way in which a file can fail to be read into one clear error.

    Raises:
        DataError: If it is missing, cannot be read, or is damaged.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder, not a file", remedy="Name a file in it.")
    try:
        yield
    except FileNotFoundError:
        remedy = "Check the path; it is relative to the config, else to where you work."
        raise DataError(f"there is no file {path}", remedy=remedy) from None
    except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
        message = f"{path} is no gzip file, or is damaged: {error}"
        raise DataError(message, remedy="Pack it again with gzip.") from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        message = f"{path} is a damaged or unusual zip archive: {error}"
        raise DataError(message, remedy="Unpack it, and name the file in it.") from None
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise DataError(message, remedy="Check its permissions.") from None


def kind_of(path: Path) -> str:
    """Return what a file is by its first bytes: `parquet`, `xlsx` and so on, `text` for the rest.

    Raises:
        DataError: If it cannot be read, or is an archive of several files.
    """
    check_file(path)
    with explained(path):
        with path.open("rb") as stream:
            head = stream.read(HEAD)
        if head.startswith(b"PK\x03\x04"):
            return _kind_of_archive(path)
        if path.suffix.lower() != ".gz" and not _packing(head):
            return _kind_of_bytes(head)
        with open_bytes(path) as packed:
            return _kind_of_bytes(packed.read(HEAD))


def _kind_of_bytes(head: bytes) -> str:
    found = next((kind for mark, kind in KINDS.items() if head.startswith(mark)), None)
    if found is not None:
        return found
    if b"\0" in head and not any(head.startswith(mark) for mark, _ in MARKS):
        return "binary"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "html"
    if text.removeprefix(b"[").lstrip().startswith(b"{"):
        return "json"
    return "arff" if text.startswith((b"@relation", b"@attribute")) else "text"


def _kind_of_archive(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "[Content_Types].xml" in names:
        return "office"
    if "mimetype" in names and "content.xml" in names:
        return "ods"
    if any(name.endswith(".npy") for name in names):
        return "npz"
    _member(path)
    return "text"


def _member(path: Path) -> zipfile.ZipInfo:
    """Return the only file of an archive.

    Raises:
        DataError: If it holds several, or none.
    """
    with zipfile.ZipFile(path) as archive:
        found = [
            info
            for info in archive.infolist()
            if not info.is_dir() and not info.filename.startswith("__MACOSX/")
            and not info.filename.rpartition("/")[2].startswith(".")
        ]  # fmt: skip
    if len(found) == 1:
        return found[0]
    shown = ", ".join(info.filename for info in found[:5]) + (", ..." if len(found) > 5 else "")
    message = f"{path} is a zip archive of {len(found)} files" + (f": {shown}" if found else "")
    raise DataError(message, remedy="Unpack it, and name the file or folder in it.")


def _packing(head: bytes) -> str:
    return next((name for mark, name in PACKED.items() if head.startswith(mark)), "")


def open_bytes(path: Path) -> BinaryIO:
    """Open a file, unpacked, to read bytes from.

    Raises:
        DataError: If it is a pipe, an archive of several files, or unpacks to too much.
    """
    check_file(path)
    with path.open("rb") as stream:
        packing = _packing(stream.read(8))
    limit = max(LARGEST_SMALL, MAX_EXPANSION * path.stat().st_size)
    if packing == "zip":
        archive = zipfile.ZipFile(path)  # closed with what is read from it
        return io.BufferedReader(_Limited(path, archive.open(_member(path)), limit))
    if packing == "bzip2":
        return io.BufferedReader(_Limited(path, bz2.open(path), limit))
    if packing == "xz":
        return io.BufferedReader(_Limited(path, lzma.open(path), limit))
    if packing == "gzip" or path.suffix.lower() == ".gz":
        return io.BufferedReader(_Limited(path, gzip.open(path), limit))
    return path.open("rb")


class _Limited(io.RawIOBase):
    """The bytes that a packed file holds, up to a limit.

    Args:
        path: The file.
        stream: Unpacks it.
        limit: In bytes; reading on raises a DataError.
    """

    def __init__(self, path: Path, stream: Any, limit: int) -> None:
        self._path, self._stream, self._left = path, stream, limit

    def readable(self) -> bool:
        """Return that it can be read from."""
        return True

    def readinto(self, room: Any) -> int:
        """Read the next bytes into a buffer, and return how many."""
        content = self._stream.read(len(room))
        self._left -= len(content)
        if self._left < 0:
            message = f"{self._path} unpacks to more than {MAX_EXPANSION} times its size"
            remedy = "Is it a real data set? Unpack it, look at it, and name the unpacked file."
            raise DataError(message, remedy=remedy)
        room[: len(content)] = content
        return len(content)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
        super().close()


@contextmanager
def open_text(path: Path, encoding: str | None = None) -> Iterator[TextIO]:
    """Open a text file, packed or not.

    Args:
        path: The file.
        encoding: Of the text; by default what its byte order mark tells, else UTF-8.

    Raises:
        DataError: If it is missing, cannot be read, or is not in the encoding; it names the line.
    """
    chosen = ""
    with explained(path):
        try:
            with open_bytes(path) as stream:
                chosen = encoding or _marked(stream)
                yield io.TextIOWrapper(stream, encoding=chosen, newline="")
        except UnicodeDecodeError as error:
            raise _not_in(path, chosen, error.object[error.start : error.start + 1]) from None
        except UnicodeError as error:
            message = f"{path} is no text in {chosen}: {error}"
            raise DataError(message, remedy="Name another encoding:, or leave it out.") from None


def _marked(stream: Any) -> str:
    """Return the encoding that a byte order mark tells, without reading it away."""
    head = stream.peek(4)[:4]
    return next((name for mark, name in MARKS if head.startswith(mark)), "utf-8-sig")


def _not_in(path: Path, encoding: str, byte: bytes) -> DataError:
    if encoding != "utf-8-sig":
        message = f"{path} is no text in {encoding}: it holds the byte 0x{byte.hex()}"
        return DataError(message, remedy="Name another encoding:, or leave it out for UTF-8.")
    number, line = _line_of_bad_byte(path)
    read = line.decode("cp1252", "replace").strip()
    start = next((i for i, letter in enumerate(read) if ord(letter) > 127), 0)
    shown = read[max(0, start - 15) : start + 15]
    message = f"{path}:{number}: the byte 0x{byte.hex()} is no UTF-8 text"
    remedy = f"Save the file as UTF-8, or add encoding: cp1252 if '{shown}' reads right."
    return DataError(message, remedy=remedy)


def _line_of_bad_byte(path: Path) -> tuple[int, bytes]:
    """Return the line of the first byte that is no UTF-8: the decoder's blocks do not tell."""
    with open_bytes(path) as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number, line
    return 1, b""
