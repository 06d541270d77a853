"""Examples from standard input, as a file that lasts while they are predicted."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from dlcli.data.own.encoding import spool_folder
from dlcli.errors import DataError, DlcliError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlcli.data import Form

STDIN = "-"
"""Stands for standard input."""

NAME = "standard input"

PEEKED = 4096
"""Bytes that tell JSON from text."""


@contextmanager
def piped(stream: BinaryIO, form: Form) -> Iterator[Path]:
    """Write what comes from standard input into a temporary file of the kind that a run takes.

    Errors name standard input instead of the file.

    Args:
        stream: Standard input.
        form: Of the run's data.

    Raises:
        DataError: If the run takes what cannot be piped, or nothing comes.
    """
    check_pipeable(form)
    with tempfile.TemporaryDirectory(dir=spool_folder(), prefix="piped-") as folder:
        place = Path(folder) / "input"
        with place.open("wb") as file:
            shutil.copyfileobj(stream, file)
        with place.open("rb") as file:
            head = file.read(PEEKED).removeprefix(b"\xef\xbb\xbf").lstrip()
        if not head:
            remedy = "Pipe examples into it: dlcli predict RUN - < new.csv"
            raise DataError(f"{NAME} is empty", remedy=remedy)
        named = place.rename(place.with_suffix(_suffix(head, form)))
        try:
            yield named
        except DlcliError as error:
            error.message = error.message.replace(str(named), NAME)
            error.remedy = error.remedy.replace(str(named), NAME)
            error.args = (error.message,)
            raise


def check_pipeable(form: Form) -> None:
    """Make sure that a run's examples can come from standard input.

    Raises:
        DataError: If they cannot.
    """
    if getattr(form.encoder, "kind", "") == "images":
        message = f"{NAME} cannot be read: this run takes images, each from a file"
        raise DataError(message, remedy="Name an image or a folder of images.")
    if len(form.description.inputs) > 1 and form.encoder is None:
        names = ", ".join(f"x.{name}" for name in form.description.inputs)
        message = f"{NAME} cannot be read: this run takes several inputs, and CSV holds only one"
        raise DataError(message, remedy=f"Save an .npz file with {names}, and name it.")


def _suffix(head: bytes, form: Form) -> str:
    """Return the suffix of a file that begins so."""
    if getattr(form.encoder, "kind", "") != "text":
        return ".csv"
    return ".jsonl" if head[:1] in (b"{", b"[") else ".txt"
