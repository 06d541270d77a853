"""TensorFlow's import, without what it prints, and without what dlcli does not use of it."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
SILENT = "3"

OPTIONAL = ("sklearn", "matplotlib", "pandas", "scipy")
"""Libraries that Keras imports only if they are there, for parts of it that dlcli does not use:
wrappers, galleries, data frames. Without them its import takes half the time."""


def load_tensorflow() -> None:
    """Import TensorFlow and Keras; a failing import still shows what was printed.

    Who asks for TensorFlow's log by setting `TF_CPP_MIN_LOG_LEVEL` gets it. dlcli trains with
    TensorFlow, so `KERAS_BACKEND`, which a user may have set for other work, does not count.
    """
    if "tensorflow" in sys.modules:
        return
    asked = silence_tensorflow()
    with contextlib.nullcontext() if asked else held_back_stderr():
        with hidden(OPTIONAL), uncollected():
            import tensorflow as tf  # imports Keras

        tf.config.list_physical_devices()  # the drivers' messages come with the first look


@contextlib.contextmanager
def hidden(modules: Iterable[str]) -> Iterator[None]:
    """Let imports of these modules fail as if they were not installed; loaded ones stay."""
    absent = [name for name in modules if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None: Python's own way
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Import without collecting garbage, and never look at what was imported again.

    TensorFlow's import makes a million objects that stay; looking through them again and again
    takes a quarter of its time, and every later collection would.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def silence_tensorflow() -> bool:
    """Choose the backend and the log's level before TensorFlow is imported.

    Returns:
        Whether the user has asked for the log.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    return os.environ.setdefault(LOG_LEVEL, SILENT) != SILENT


@contextlib.contextmanager
def held_back_stderr() -> Iterator[None]:
    """Hold back what is written to the process's stderr; let it out if the block fails.

    Native code writes to the file descriptor, past `sys.stderr`, so the descriptor is redirected.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:  # not Ctrl-C, after which the log would say nothing of use
            os.dup2(kept, 2)
            held.seek(0)
            os.write(2, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
