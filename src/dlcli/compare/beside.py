"""What keeps a comparison from going on in a folder that has its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcli.compare.plan.fingerprint import digests
from dlcli.compare.plan.plan import PROTOCOL
from dlcli.config.conversion.alignment import ABSENT, config_differences
from dlcli.config.conversion.rendering import to_plain
from dlcli.config.sections.experiment import FREE_DATA
from dlcli.config.yaml.text import read_plain
from dlcli.errors import UserError
from dlcli.runtime.environment import computing_versions
from dlcli.store.beside import Beside
from dlcli.store.comparisons import ENVIRONMENT, config_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlcli.compare.plan.plan import Plan, Problem
    from dlcli.store.comparisons import ComparisonFolder

Difference = tuple[str, tuple[Any, Any]]

FREE = ("version", "name", "plugins", "compare", "compile.optimizer")
"""Keys of a config in which comparisons of one folder may differ."""

SHARED = ("seed", "data", "compile.metrics")
"""Keys that candidates with networks of their own share."""

CONTENT = "content of the data files"


def beside(plan: Plan, taken: ComparisonFolder) -> Beside | None:
    """Return how a comparison differs from the one in a folder; None if that cannot be read.

    Args:
        plan: Of the comparison.
        taken: The folder of another comparison.
    """
    try:
        found = [*_of_configs(plan, taken), *_of_environments(plan, taken)]
    except UserError:
        return None
    # All else that decides has been looked at.
    found = found or [(CONTENT, ("before", "changed"))]
    return Beside(taken.name, dict(found), len(found))


def _of_configs(plan: Plan, taken: ComparisonFolder) -> Iterator[Difference]:
    """Yield the paths at which the configs differ; of several problems, with the problem's name."""
    several = len(plan.problems) > 1
    for number, problem in enumerate(plan.problems, start=1):
        before = read_plain(taken.read_text(config_name(number)))
        now = to_plain(problem.config)
        if not isinstance(before, dict):
            raise taken.damaged(config_name(number))
        for path, values in config_differences(before, now).items():
            if _decides(path, problem):
                old, new = (None if value is ABSENT else value for value in values)
                yield f"{problem.name}: {path}" if several else path, (old, new)
        if number == 1 and (was := _is_grid(before)) != plan.is_grid:
            yield "a plain grid (--seeds 0)", (was, plan.is_grid)


def _decides(path: str, problem: Problem) -> bool:
    """Whether comparisons that differ in a key have folders of their own."""
    if problem.has_own_networks:
        free = [f"data.{field.name}" for field in FREE_DATA]
        return _is_below(path, SHARED) and not _is_below(path, free)
    return not _is_below(path, FREE)


def _is_below(path: str, keys: list[str] | tuple[str, ...]) -> bool:
    return any(path == key or path.startswith((f"{key}.", f"{key}[")) for key in keys)


def _is_grid(config: dict[str, Any]) -> bool:
    compare = config.get("compare")
    return isinstance(compare, dict) and compare.get("seeds") == 0


def _of_environments(plan: Plan, taken: ComparisonFolder) -> Iterator[Difference]:
    """Yield how protocol, split, packages and plugins differ, as far as they are recorded."""
    before = taken.read_json(ENVIRONMENT)
    now = {"protocol": PROTOCOL, "split": plan.split}
    for name, value in now.items():
        if before.get(name) != value:
            yield name, (before.get(name), value)
    for kind, values in (("packages", computing_versions()), ("plugins", _plugins(plan))):
        recorded = before.get(kind)
        known = recorded if isinstance(recorded, dict) else {}
        for name, value in values.items():
            if known.get(name) != value:
                yield name, (known.get(name), value)


def _plugins(plan: Plan) -> dict[str, str]:
    """Return the digests of the plugins that the problems name."""
    found: dict[str, str] = {}
    for problem in plan.problems:
        config = problem.config
        found |= digests((config.model, config.compile.loss, config.compile.metrics, config.fit))
    return found
