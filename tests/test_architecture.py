"""What the layout promises: light modules stay light, and a file has one subject."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "dlcli"
MODULES = sorted(SOURCE.rglob("*.py"))
HEAVY = {"tensorflow", "keras", "numpy", "pandas", "scipy", "sklearn", "matplotlib", "plotly"}
MAY_BE_HEAVY = {
    "blocks.py", "checkpoint.py", "engine", "evaluation.py", "points.py", "inside", "inspection",
    "introspection", "masking.py", "model.py",
    "monitoring.py", "page", "report", "results", "scoring.py", "statistics", "streaming.py",
    "summary.py", "training.py", "trial.py", "workshop.py",
}  # fmt: skip
LONGEST = 500


def top_level_imports(path: Path) -> set[str]:
    """Return the packages a module imports when it is imported, not those for type checkers."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_only_modules_that_compute_import_what_computes(path):
    if MAY_BE_HEAVY & {path.name, path.parent.name}:
        return
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
