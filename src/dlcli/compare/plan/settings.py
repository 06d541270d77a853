"""Settings of a comparison as people type them, in the config's grammar."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dlcli.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CALL = re.compile(r"([A-Za-z_]\w*)\(([^()]*)\)")
"""`SGD(momentum=0.9)`, as people write it."""


def as_overrides(settings: Mapping[str, Any]) -> list[str]:
    """Return settings of a comparison as the `--set` that they stand for.

    Args:
        settings: By the names of the keys of `compare`, and `epochs`; None changes nothing. Lists
            are texts joined by commas, such as `SGD(momentum=0.9), Adam`, or lists of such texts.

    Raises:
        UserError: If the target is not METRIC=VALUE.
    """
    listed = ("ablate", "optimizers", "learning_rates", "initializers", "fractions")
    made = []
    for key, value in settings.items():
        if value is None:
            continue
        if key in listed:
            made.append(f"compare.{key}={as_list(value)}")
        elif key == "target":
            metric, equals, number = value.partition("=")
            if not equals:
                remedy = "Write --target METRIC=VALUE, such as accuracy=0.95."
                raise UserError(f"'{value}' is not a target", remedy=remedy)
            made.append(f"compare.target={{{metric}: {number}}}")
        elif key == "epochs":
            made.append(f"fit.epochs={value}")
        else:
            shown = str(value).lower() if isinstance(value, bool) else value
            made.append(f"compare.{key}={shown}")
    return made


def as_list(given: str | Sequence[Any]) -> str:
    """Write a comma-separated list as YAML; `A(b=1)` becomes `{A: {b: 1}}`."""
    text = given if isinstance(given, str) else ", ".join(map(str, given))
    calls = _CALL.sub(lambda m: f"{{{m[1]}: {{{m[2].replace('=', ': ')}}}}}", text)
    return calls if calls.lstrip().startswith("[") else f"[{calls}]"
