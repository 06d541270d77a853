"""What holds for every test: where it starts, and what it cannot see."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests.isolation import (
    Conversions,
    SeededImport,
    own_caches,
    replaced,
    seed_everything,
    untouched,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

# A deadline is a timing, and a busy machine would make it fail.
settings.register_profile("ci", deadline=None, derandomize=True, database=None)
settings.register_profile("explore", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

if not any(isinstance(finder, SeededImport) for finder in sys.meta_path):
    sys.meta_path.insert(0, SeededImport())

_numbers = itertools.count()


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
def conversions(tmp_path_factory: pytest.TempPathFactory) -> Conversions:
    """The data sets that are slow to convert, converted once for all workers."""
    base = tmp_path_factory.getbasetemp()
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    return Conversions((base.parent if is_worker else base) / "conversions")


@pytest.fixture
def converted(conversions: Conversions, _alone: None) -> Iterator[None]:
    """Let the test's cache hold the data sets that are slow to convert."""
    with conversions.lent(Path(os.environ["DLCLI_CACHE_DIR"])):
        yield
