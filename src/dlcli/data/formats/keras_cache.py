"""The folder in which Keras keeps its data sets, read and filled without importing Keras.

File names, addresses and hashes are those of Keras 3.15. Nothing here deletes or overwrites a file
that is already there, and a download can time out: `keras.utils.get_file` deletes a file of another
hash before the download that then fails, and waits for ever; pooch, which would be one more
dependency, replaces such a file too, and hashes a `.gz` as it was packed.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dlcli.data.formats import npy
from dlcli.errors import DataError, WorkError
from dlcli.runtime.files import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np

TF_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
"""Where Keras downloads most of its data sets from."""

TIMEOUT_SECONDS = 20.0
"""How long a server may take to accept a connection, and to send the next bytes."""

CHUNK_BYTES = 1 << 18

Progress = Callable[[str, int, int | None], None]
"""Called during a download: file name, bytes that have come, and how many there are if known."""


class DownloadError(WorkError):
    """A file could not be downloaded."""


class KerasFile(NamedTuple):
    """One file of Keras's cache.

    Attributes:
        url: Where Keras downloads it from.
        path: Its place below the cache's folder.
        sha256: Of its content: of a `.gz` file that is no tar archive, the unpacked bytes, so
            that the same data packed once more are accepted, as Keras does.
        unpacked: Folders below the cache's folder where Keras unpacks, or used to unpack, the
            archive; files found there are used whether or not the archive is.
    """

    url: str
    path: str
    sha256: str
    unpacked: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """The file's name at the place it is downloaded from."""
        return self.url.rpartition("/")[2]

    @property
    def location(self) -> Path:
        """The file's full path."""
        return folder() / self.path


def folder() -> Path:
    """Return `$KERAS_HOME/datasets`, else `~/.keras/datasets`."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets"


def place(file: KerasFile) -> Path | None:
    """Return where the file, or what was unpacked from it, lies in the cache, unchecked."""
    places = (folder() / name for name in (*file.unpacked, file.path))
    return next((path for path in places if _exists(path)), None)


def fetch(file: KerasFile, progress: Progress | None = None) -> Path:
    """Download and check a file, unless it has been unpacked already; return where it lies.

    Raises:
        DataError: As `read` does.
        DownloadError: As `read` does.
    """
    found = place(file)
    if found is None or found == file.location:
        read(file, progress)
    return found or file.location


def read(file: KerasFile, progress: Progress | None = None) -> bytes:
    """Return the checked content of a file, downloading it if it is not in the cache.

    Args:
        file: Which file.
        progress: Told how a download goes.

    Raises:
        DataError: If a file is there whose content has another hash; it is left alone.
        DownloadError: If the download fails; nothing is left behind.
    """
    path = file.location
    if not _exists(path):
        download(file, progress)
    content = _content(file, path)
    actual = _sha256(content)
    if actual != file.sha256:
        raise DataError(
            f"{path} is not the file Keras publishes: its SHA-256 is {actual}, "
            f"expected {file.sha256}",
            remedy="It was left as it is. If it is a broken download, move it aside and run the "
            "command again to download it anew; if it is other data of yours, use {npz: ...}.",
        )
    return content


def read_arrays(file: KerasFile) -> Mapping[str, np.ndarray]:
    """Return the arrays of a `.npz`, object arrays included, without running its pickles.

    Raises:
        DataError: As `read` does, or if an array is damaged or asks for code to be run.
        DownloadError: As `read` does.
    """
    import pickle
    import zipfile

    content = read(file)
    try:
        return npy.read_npz(content)
    except (pickle.UnpicklingError, ValueError, zipfile.BadZipFile) as error:
        raise unusable(file, error) from error


def read_members(file: KerasFile, names: Sequence[str]) -> Mapping[str, bytes]:
    """Return files out of a `.tar.gz`, from where it was unpacked before if they are there.

    After reading the archive, the files are kept in the folder where Keras unpacks it, so that
    the archive need not be hashed and unpacked at every start.

    Args:
        file: The archive.
        names: File names without folders.

    Raises:
        DataError: As `read` does.
        DownloadError: As `read` does.
    """
    for unpacked in file.unpacked:
        paths = {name: folder() / unpacked / name for name in names}
        if all(_exists(path) for path in paths.values()):
            return {name: _read_bytes(path) for name, path in paths.items()}
    members = _unpack(read(file), names)
    _keep(folder() / file.unpacked[0], members)
    return members


def download(file: KerasFile, progress: Progress | None = None) -> None:
    """Download a file that is not in the cache; it appears there once its hash is right.

    Args:
        file: Which file.
        progress: Told how the download goes.

    Raises:
        DownloadError: If the server cannot be reached, stalls, or sends something else.
        WorkError: If the cache cannot be written to.
    """
    try:
        with replacing(file.location) as stream:
            for chunk in _chunks(file, progress):
                stream.write(chunk)
            stream.flush()
            _check_download(file, Path(stream.name))
    except OSError as error:
        raise WorkError(
            f"cannot write {file.location}: {error.strerror or error}",
            remedy="Make room, or set KERAS_HOME to a folder you can write to.",
        ) from error


def unusable(file: KerasFile, error: Exception) -> DataError:
    """Return the error for a file, or what was unpacked from it, that cannot be read."""
    return DataError(
        f"cannot use {file.location} or what was unpacked from it: {error}",
        remedy="It was left as it is. Move it aside and run the command again.",
    )


def _exists(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises for a folder closed to the user


def _chunks(file: KerasFile, progress: Progress | None) -> Iterator[bytes]:
    import http.client
    import urllib.error
    import urllib.request

    received = 0
    try:
        with urllib.request.urlopen(file.url, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - the addresses are constants
            length = response.headers.get("Content-Length")
            while chunk := response.read(CHUNK_BYTES):
                received += len(chunk)
                if progress:
                    progress(file.file_name, received, int(length) if length else None)
                yield chunk
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it is a response too, with its connection
        raise _download_error(file, str(error).strip("<>")) from error


def _check_download(file: KerasFile, part: Path) -> None:
    actual = _sha256(_content(file, part))
    if actual != file.sha256:
        raise _download_error(file, f"what came has the SHA-256 {actual}, not {file.sha256}")


def _download_error(file: KerasFile, reason: str) -> DownloadError:
    return DownloadError(
        f"cannot download {file.url} ({reason})",
        remedy=f"Without a network, bring the file from elsewhere and save it as {file.location}",
    )


def _content(file: KerasFile, path: Path) -> bytes:
    """Return the bytes at `path`, unpacked if the file is a `.gz`."""
    import gzip
    import zlib

    raw = _read_bytes(path)
    if not file.path.endswith(".gz"):
        return raw
    try:
        return gzip.decompress(raw)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return raw  # a damaged file: its hash will tell


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"cannot read {path}: {error.strerror or error}", remedy="Check its permissions."
        ) from error


def _sha256(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()


def _unpack(archive: bytes, names: Sequence[str]) -> Mapping[str, bytes]:
    import tarfile

    members = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for member in tar:
            name = Path(member.name).name
            content = tar.extractfile(member) if name in names else None
            if content is not None:
                members[name] = content.read()
    return members


def _keep(target: Path, members: Mapping[str, bytes]) -> None:
    with suppress(OSError):  # then the next start unpacks again
        for name, content in members.items():
            if not (target / name).exists():
                with replacing(target / name) as stream:
                    stream.write(content)
