"""What the layout promises: light modules stay light, and a file has one subject."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = Path(__file__).parents[1] / "src" / "dlcli"
MODULES = sorted(SOURCE.rglob("*.py"))
HEAVY = {"tensorflow", "keras", "numpy", "pandas", "scipy", "sklearn", "matplotlib", "plotly"}
MAY_BE_HEAVY = (
    "catalogue/introspection", "compare/plan/blocks.py", "compare/results", "compare/trial.py",
    "compare/worker.py", "engine", "inspection", "metrics/evaluation.py", "metrics/points.py",
    "metrics/streaming.py", "report", "statistics", "train/advice.py", "train/callbacks.py",
    "train/checkpoint.py", "train/fit.py", "train/saved.py",
)  # fmt: skip
LIGHT = [
    path for path in MODULES if not path.relative_to(SOURCE).as_posix().startswith(MAY_BE_HEAVY)
]
LONGEST = 500
DOORS = 18
"""Most entries of the package, beside `__init__` and `__main__`."""


def top_level_imports(path: Path) -> set[str]:
    """Return the packages a module imports when it is imported, not those for type checkers."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", LIGHT, ids=lambda p: str(p.relative_to(SOURCE)))
def test_only_modules_that_compute_import_what_computes(path):
    assert not top_level_imports(path) & HEAVY


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_module_is_short_and_says_what_it_is_for(path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST
    assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("folder", ["config", "data", "metrics", "store"])
def test_the_lower_floors_never_import_keras_at_their_top(folder):
    place = SOURCE / folder
    for path in place.rglob("*.py") if place.is_dir() else [place]:
        if path.name != "streaming.py":
            assert not top_level_imports(path) & {"keras", "tensorflow"}


def test_the_package_has_few_doors():
    entries = {path.name for path in SOURCE.iterdir()} - {"__init__.py", "__main__.py"}
    assert len(entries - {"__pycache__"}) <= DOORS


def test_no_modules_import_each_other_in_a_circle():
    """Imports for type checkers count too."""
    modules = {_name(path): path for path in MODULES}
    arrows = {name: _imported(path, modules) for name, path in modules.items()}
    while ends := {name for name, targets in arrows.items() if not targets & arrows.keys()}:
        arrows = {name: targets for name, targets in arrows.items() if name not in ends}
    assert not arrows, f"in a circle, or above one: {sorted(arrows)}"


def _name(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path, modules: Mapping[str, Path]) -> set[str]:
    """Return the modules that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in modules else node.module)
    return found & modules.keys() - {_name(path)}
