"""Sums and products of variables and numbers, such as `2 * $steps_per_epoch + 100`.

A formula is text until the data give its variables values. It holds numbers, `$names`, `+`, `-`,
`*` and brackets, and nothing else: no text that is no formula is taken for one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NUMBER: Final = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_NAME: Final = r"\$[A-Za-z_][A-Za-z0-9_]*"
_TERM: Final = rf"[\s(]*(?:{_NAME}|{_NUMBER})[\s)]*"

VARIABLE_PATTERN: Final = rf"^{_NAME}$"
"""A variable alone."""

PATTERN: Final = rf"^(?=.*\$){_TERM}(?:[-+*]{_TERM})*$"
"""A variable, or a formula that has one; whether its brackets match is for `names` to say."""

_TOKEN: Final = re.compile(rf"\s*({_NAME}|{_NUMBER}|[-+*()])")

LONGEST: Final = 200
"""Characters of a formula, so that none can be nested deeply."""

Number = int | float


def is_formula(text: str) -> bool:
    """Return whether a text is a variable, or a sum or product that has one.

    >>> is_formula("2 * ($classes + 1)"), is_formula("R$ - net"), is_formula("2 * 3")
    (True, False, False)
    """
    return len(text) <= LONGEST and re.search(PATTERN, text) is not None


def names(text: str) -> tuple[str, ...]:
    """Return the variables of a formula, without their dollars, in order.

    Raises:
        ValueError: If its brackets do not match.
    """
    found = [token[1:] for token in _tokens(text) if token.startswith("$")]
    value(text, dict.fromkeys(found, 1))
    return tuple(dict.fromkeys(found))


def value(text: str, values: Mapping[str, Number]) -> Number:
    """Return a formula's value: an integer if all its parts are.

    Args:
        text: The formula.
        values: Of its variables, without their dollars.

    Raises:
        KeyError: If a variable has no value.
        ValueError: If its brackets do not match.
    """
    tokens = list(_tokens(text))
    found = _sum(tokens, values)
    if tokens:
        raise ValueError(f"'{tokens[0]}' has no counterpart")
    return found


def substituted(text: str, replacements: Mapping[str, str]) -> str:
    """Return a formula with some of its variables replaced by numbers or formulas.

    >>> substituted("$width * $factor", {"factor": "$classes + 1"})
    '$width * ($classes + 1)'
    """

    def replaced(found: re.Match[str]) -> str:
        new = replacements.get(found[0][1:])
        if new is None:
            return found[0]
        return new if re.fullmatch(rf"{_NAME}|{_NUMBER}", new) else f"({new})"

    return re.sub(_NAME, replaced, text)


def _tokens(text: str) -> Iterator[str]:
    return (found[1] for found in _TOKEN.finditer(text))


def _sum(tokens: list[str], values: Mapping[str, Number]) -> Number:
    """Take a sum off the front of the tokens."""
    total = _product(tokens, values)
    while tokens and tokens[0] in "+-":
        sign = tokens.pop(0)
        term = _product(tokens, values)
        total = total + term if sign == "+" else total - term
    return total


def _product(tokens: list[str], values: Mapping[str, Number]) -> Number:
    product = _factor(tokens, values)
    while tokens and tokens[0] == "*":
        tokens.pop(0)
        product *= _factor(tokens, values)
    return product


def _factor(tokens: list[str], values: Mapping[str, Number]) -> Number:
    token = tokens.pop(0) if tokens else ""
    if token.startswith("$"):
        return values[token[1:]]
    if token == "(":  # noqa: S105 (a bracket)
        inner = _sum(tokens, values)
        if not tokens or tokens.pop(0) != ")":
            raise ValueError("a bracket is not closed")
        return inner
    try:
        return int(token) if token.isdigit() else float(token)
    except ValueError:
        raise ValueError(f"a number is missing before '{token}'") from None
