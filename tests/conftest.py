"""What holds for every test: where it starts, and what it cannot see."""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests.helpers import EXPLORING, SMALL, dlcli, end_started, examples
from tests.isolation import (
    SeededImport,
    Shared,
    convert,
    lent,
    own_caches,
    replaced,
    seed_everything,
    untouched,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

# A deadline is a timing, and a busy machine would make it fail.
settings.register_profile("ci", deadline=None, derandomize=True, database=None)
settings.register_profile("explore", deadline=None, max_examples=examples(100), print_blob=True)
settings.load_profile("explore" if EXPLORING else "ci")

if not any(isinstance(finder, SeededImport) for finder in sys.meta_path):
    sys.meta_path.insert(0, SeededImport())

_numbers = itertools.count()

LONGEST = (
    "tests/faults/test_kills.py", "tests/parallel/test_cluster.py", "tests/test_docs.py",
    "tests/test_facts.py", "tests/catalogue/introspection", "tests/report/inside",
    "tests/cli/test_commands.py",
)  # fmt: skip
"""What would leave the other workers idle if it came last: it stays in one worker for long."""


@pytest.fixture(scope="session")
def _places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("caches")


@pytest.fixture(autouse=True)
def _alone(_places: Path, tmp_path: Path) -> Iterator[None]:
    """Start every test from the same seeds, in an empty folder, with empty caches of its own."""
    with untouched():
        os.environ.update(own_caches(_places / str(next(_numbers))))
        os.chdir(tmp_path)
        seed_everything()
        yield
        end_started()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share a fixture of their module in one worker, and begin with the longest."""
    for item in items:
        if isinstance(item, pytest.Function) and not any(item.iter_markers("xdist_group")):
            known = item._fixtureinfo.name2fixturedefs
            if any(
                known[name][-1].scope == "module" for name in item.fixturenames if name in known
            ):
                item.add_marker(pytest.mark.xdist_group(item.module.__name__))
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Set up what tests share as a test is: the same whichever test is the first to ask."""
    if fixturedef.scope == "function" or fixturedef.argname in ("_places", "tmp_path_factory"):
        return (yield)
    place = request.getfixturevalue("_places") / str(next(_numbers))
    with replaced(own_caches(place)):
        seed_everything()
        return (yield)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """What is made once for all workers; at the end it must be what it was."""
    base = tmp_path_factory.getbasetemp()
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    made = Shared((base.parent if is_worker else base) / "shared")
    yield made
    made.check()


@pytest.fixture
def converted(shared: Shared, _alone: None) -> Iterator[None]:
    """Let the test's cache hold the data sets that are slow to convert."""
    with lent(shared.once("conversions", convert), Path(os.environ["DLCLI_CACHE_DIR"])):
        yield


@pytest.fixture(scope="session")
def compared_once(shared: Shared) -> Callable[..., Path]:
    """Return what compares `SMALL` with some arguments, once, and returns the comparison's folder.

    To be read or copied, not to be changed.
    """

    def compared(*arguments: str) -> Path:
        return made_once(shared, "compare-optimizers", *arguments) / "comparisons" / "small"

    return compared


@pytest.fixture(scope="session")
def trained_once(shared: Shared) -> Callable[..., Path]:
    """Return what trains `SMALL` with some arguments, once, and returns the run's folder.

    To be read or copied, not to be changed.
    """

    def trained(*arguments: str) -> Path:
        return made_once(shared, "train", "--out", "run", *arguments) / "run"

    return trained


def made_once(shared: Shared, command: str, *arguments: str) -> Path:
    """Return the folder in which a command was run with `SMALL`."""

    def make(place: Path) -> None:
        (place / "small.yaml").write_text(SMALL)
        done = dlcli(command, "small.yaml", *arguments, cwd=place)
        assert done.returncode == 0, done.stderr

    digest = hashlib.sha256(repr(arguments).encode()).hexdigest()[:8]
    return shared.once(f"{command}-{digest}", make)
