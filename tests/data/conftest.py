"""What the tests of data share: an empty Keras cache, and files as others have written them."""

from __future__ import annotations

import hashlib
import io
import pickle
import struct
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dlcli.data.formats.keras_cache import KerasFile


@pytest.fixture(autouse=True)
def keras_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty KERAS_HOME; returns its folder of data sets, not made yet."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "datasets"


@pytest.fixture(autouse=True)
def _converted(converted: None) -> None:
    """What is slow to convert is there; a test of converting uses something else."""


class Python2Pickler(pickle._Pickler):
    """Pickles as Python 2 did: protocol 2, text and bytes both as byte strings.

    CIFAR's batches are such files.
    """

    dispatch: ClassVar[dict[Any, Any]] = dict(pickle._Pickler.dispatch)

    def save_byte_string(self, value: bytes | str) -> None:
        """Write the opcode BINSTRING."""
        raw = value if isinstance(value, bytes) else value.encode("latin1")
        self.write(b"T" + struct.pack("<i", len(raw)) + raw)

    dispatch[bytes] = save_byte_string
    dispatch[str] = save_byte_string


def python2_pickle(value: object) -> bytes:
    stream = io.BytesIO()
    Python2Pickler(stream, protocol=2).dump(value)
    return stream.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def publish(file: KerasFile, content: bytes, unpacked: bytes | None = None) -> KerasFile:
    """Lay a file into the test's Keras cache, and return its record with the hash it has."""
    file.location.parent.mkdir(parents=True, exist_ok=True)
    file.location.write_bytes(content)
    return file._replace(sha256=hashlib.sha256(unpacked or content).hexdigest())


class Malicious:
    """Unpickled the usual way, this makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        import os

        return os.mkdir, (str(self.folder),)
