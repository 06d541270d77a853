"""TensorFlow's import, without what it prints, and without what dlcli does not use of it."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import os
import sys
import tempfile
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from dlcli.runtime.interrupts import never_swallowed
from dlcli.runtime.memory import limit_to_machine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
SILENT = "3"

OPTIONAL = ("sklearn", "matplotlib", "pandas", "scipy")
"""Libraries that Keras imports only if they are there, for parts of it that dlcli does not use:
wrappers, galleries, data frames. Hiding them saves 1.4 s of processor time of an import that
takes 1.9 s in all, and 5.7 s as plain `import tensorflow` (medians of nine pairs)."""


def load_tensorflow() -> None:
    """Import TensorFlow and Keras; a failing import still shows what was printed.

    Who asks for TensorFlow's log by setting `TF_CPP_MIN_LOG_LEVEL` gets it. dlcli trains with
    TensorFlow, so `KERAS_BACKEND`, which a user may have set for other work, does not count.
    """
    if "tensorflow" in sys.modules:
        return
    limit_to_machine()
    with never_swallowed(), quietly():
        with sparing(OPTIONAL):
            import tensorflow as tf  # imports Keras

        tf.config.list_physical_devices()  # the drivers' messages come with the first look


def quietly() -> contextlib.AbstractContextManager[None]:
    """Hold back what native code says, unless the user has asked for TensorFlow's log."""
    return contextlib.nullcontext() if silence_tensorflow() else held_back_stderr()


@contextlib.contextmanager
def sparing(modules: Iterable[str], unused: Sequence[str] = ()) -> Iterator[None]:
    """Import TensorFlow quietly, without these modules, and without what costs time for nothing.

    Args:
        modules: Hidden while it is imported.
        unused: Further public names of TensorFlow that this process will never ask for.
    """
    with quietly(), hidden(modules), deferred(unused), uncollected():
        yield


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


PUBLIC_NAMES = "tensorflow._api.v2."
"""The modules that only list what TensorFlow offers."""

LITE = f"{PUBLIC_NAMES}lite"
"""Models for phones: 0.1 s and 16 MB of the fork server. Who defers this must never ask for it."""


class _Deferring(MetaPathFinder):
    """Finds the modules of public names, and lets them run when a name is first asked for.

    One that shares its name with a package of TensorFlow's own, such as `distribute`, is not
    deferred: importing that package later would put it into the place of the public names.

    Args:
        package: TensorFlow's folder.
        unused: Deferred in any case.
    """

    def __init__(self, package: Path, unused: Sequence[str]) -> None:
        self.package = package
        self.unused = unused

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load a module later, or None for all others."""
        if fullname not in self.unused and not self._only_lists(fullname):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = importlib.util.LazyLoader(_Quiet(spec.loader))
        return spec

    def _only_lists(self, fullname: str) -> bool:
        name = fullname.removeprefix(PUBLIC_NAMES).partition(".")[0]
        return fullname.startswith(PUBLIC_NAMES) and not (self.package / name).exists()


class _Quiet(Loader):
    """Loads a module without what native code says on the way, as it does of `tf.compat.v1`.

    Args:
        loader: Loads it.
    """

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leave it to the loader."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module; who asked for TensorFlow's log gets it."""
        with quietly():
            self._loader.exec_module(module)


@contextlib.contextmanager
def deferred(unused: Sequence[str] = ()) -> Iterator[None]:
    """Import TensorFlow without what nobody asks for, such as its version 1.

    It comes with the public names that lead to it, as soon as one of those is used; what is
    `unused` does not come back whole. This saves 0.4 s of 2.3 s of processor time, 0.65 s of 2.7 s
    in the fork server (medians of nine pairs).
    """
    spec = importlib.util.find_spec("tensorflow")
    if spec is None or spec.origin is None:
        yield  # the import will say that it is missing
        return
    finder = _Deferring(Path(spec.origin).parent, unused)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Import without collecting garbage, and never look at what was imported again.

    TensorFlow's import makes a million objects that stay; looking through them again and again
    takes 0.8 s of 2.8 s of processor time (median of nine pairs), and every later collection would.
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
