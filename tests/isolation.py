"""One state of every random number generator, and a place of its own for what is being set up."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import sys
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from pathlib import Path
    from types import ModuleType

    State = dict[Path, tuple[int, int]]

SEED = 20_261_128
"""Where every test and every shared fixture starts, in any order and on any day."""

CACHES = {"DLCLI_CACHE_DIR": "dlcli", "KERAS_HOME": "keras"}
"""The variables that say where caches are, and a folder for each."""

TENSORFLOWS_SEED = "tensorflow.python.framework.random_seed"
"""Where it is set; `tensorflow.random` cannot be touched while TensorFlow is being imported."""


def seed_everything() -> None:
    """Put Python, NumPy, TensorFlow and Keras into the same state, whatever ran before.

    TensorFlow and Keras only if they are imported: most tests need neither, and `SeededImport`
    seeds them for a test that imports them itself.
    """
    random.seed(SEED)
    np.random.seed(SEED)  # noqa: NPY002 (what Keras and scikit-learn fall back to)
    if "tensorflow" in sys.modules:
        sys.modules[TENSORFLOWS_SEED].set_seed(SEED)
    if "keras" in sys.modules:
        # Keras draws its seeds from Python's; this makes it forget those it drew before,
        # and count the names of layers from the first one again.
        sys.modules["keras"].utils.clear_session(free_memory=False)


class SeededImport(MetaPathFinder):
    """Seeds TensorFlow as soon as it is imported.

    So a test finds the same numbers whether it or an earlier one was the first to import it.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to import TensorFlow; all else is not looked for here."""
        if fullname != "tensorflow":
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Seeding(spec.loader)
        return spec


class _Seeding(Loader):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leave it to the loader."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Import TensorFlow, seed it, and leave Python's and NumPy's numbers as they were."""
        module.__spec__.loader = module.__loader__ = self._loader
        python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
        try:
            self._loader.exec_module(module)
            sys.modules[TENSORFLOWS_SEED].set_seed(SEED)
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002


def own_caches(caches: Path) -> dict[str, str]:
    """Return the variables that keep dlcli's and Keras's caches in a folder, made when needed."""
    return {name: str(caches / folder) for name, folder in CACHES.items()}


@contextmanager
def replaced(environment: dict[str, str]) -> Iterator[None]:
    """Set some variables, and put back these alone: others may be meant to stay."""
    kept = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def untouched() -> Iterator[None]:
    """Put back the environment and the working folder, whatever is done to them."""
    kept, place = dict(os.environ), os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield
    finally:
        os.fchdir(place)
        os.close(place)
        if os.environ != kept:
            os.environ.clear()
            os.environ.update(kept)


SLOWLY_CONVERTED = (
    "digits", "mnist_5k", "japanese_vowels", "basic_motions", "italy_power_demand", "osu_leaf",
    "plaid", "covid3month", "languages",
)  # fmt: skip
"""Data sets whose conversion takes a tenth of a second to ten."""


class Shared:
    """What is made once for all tests of a run, in whichever of its processes asks first.

    Args:
        folder: Where it is or will be: the same for the processes of the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._states: dict[Path, State] = {}

    def once(self, name: str, make: Callable[[Path], None]) -> Path:
        """Return the folder of this name, which `make` has filled; a test copies what it changes.

        Args:
            name: Of what is made, and of its folder.
            make: Fills the folder.
        """
        place, done = self._folder / name, self._folder / f"{name}.done"
        self._folder.mkdir(exist_ok=True)
        with (self._folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(place, ignore_errors=True)  # of a try that failed
                place.mkdir()
                make(place)
                done.touch()
        self._states.setdefault(place, _state(place))
        return place

    def check(self) -> None:
        """Fail if anything shared is not what it was."""
        changed = [place.name for place, state in self._states.items() if _state(place) != state]
        assert not changed, f"a test has changed what all tests share: {changed}"


def _state(place: Path) -> State:
    found = {path: path.stat() for path in place.rglob("*") if path.is_file()}
    return {path: (stat.st_size, stat.st_mtime_ns) for path, stat in found.items()}


def convert(place: Path) -> None:
    """Fill a folder with the data sets that are slow to convert."""
    from dlcli.data import table

    with replaced(own_caches(place)):
        for name in SLOWLY_CONVERTED:
            table.find(name).load()


@contextmanager
def lent(converted: Path, cache: Path) -> Iterator[None]:
    """Link converted data sets into a dlcli cache that has none; fail if one is changed there."""
    place = converted / CACHES["DLCLI_CACHE_DIR"] / "datasets"
    (cache / "datasets").mkdir(parents=True)
    before = _state(place)
    for file in before:
        (cache / "datasets" / file.name).hardlink_to(file)
    yield
    assert _state(place) == before, "a test has written into a data set that all tests share"
