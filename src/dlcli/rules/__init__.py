"""Silent mistakes: what a good teacher sees at a glance in a config, its data and its training.

A rule is a function in the module of its family; its name is the rule's, and its docstring the
rule's page. Rules know neither YAML nor Keras: they judge a `Subject` in plain terms, and yield a
`Finding` for each mistake, which says what to write instead.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dlcli.errors import UserError, did_you_mean
from dlcli.rules import (
    ends,
    history,
    inputs,
    optimization,
    regularization,
    schedules,
    sequences,
    structure,
    targets,
    use,
)
from dlcli.rules.rule import MOMENTS, Finding, Moment, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = [
    "FAMILIES",
    "MOMENTS",
    "Finding",
    "Moment",
    "Rule",
    "every",
    "find",
    "found",
    "names",
    "unsilenced",
]

FAMILIES = (
    ends,
    structure,
    regularization,
    sequences,
    inputs,
    targets,
    optimization,
    schedules,
    history,
    use,
)
"""The modules that hold rules, in the order in which they are listed."""


@cache
def every() -> tuple[Rule, ...]:
    """Return all rules, family by family."""
    return tuple(v for family in FAMILIES for v in vars(family).values() if isinstance(v, Rule))


@cache
def names() -> tuple[str, ...]:
    """Return the names of all rules."""
    return tuple(rule.name for rule in every())


def find(name: str) -> Rule:
    """Return the rule of a name.

    Raises:
        UserError: If there is none; it suggests the nearest one.
    """
    for rule in every():
        if rule.name == name.replace("_", "-"):
            return rule
    remedy = "`dlcli explain` lists the rules."
    raise UserError(f"'{name}' is not a rule{did_you_mean(name, names())}", remedy=remedy)


def found(moment: Moment, *given: object) -> Iterator[tuple[Rule, Finding]]:
    """Yield what the rules of a moment find in what they are given."""
    for rule in every():
        if rule.moment == moment:
            for finding in rule.check(*given):
                yield rule, finding


def unsilenced(
    pairs: Iterator[tuple[Rule, Finding]],
    ignored: Sequence[str],
    by_layer: Mapping[str, Sequence[str]],
) -> Iterator[tuple[Rule, Finding]]:
    """Leave out what the config ignores, at its top or beside a layer that it is about."""
    for rule, finding in pairs:
        beside = [name for layer in finding.layers for name in by_layer.get(layer, ())]
        if rule.name not in (*ignored, *beside):
            yield rule, finding
