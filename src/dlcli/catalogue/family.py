"""Which algorithm an optimizer is: Keras's SGD is three in one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def family(optimizer: str, arguments: Mapping[str, Any]) -> str:
    """Return the name under which rates and inclusions are known.

    Args:
        optimizer: Keras's class name.
        arguments: The arguments it is given; Keras's SGD is three optimizers in one.
    """
    if optimizer == "SGD" and arguments.get("momentum"):
        return "Nesterov" if arguments.get("nesterov") else "Momentum"
    return optimizer


_ARGUMENT = re.compile(r"(\w+)\s*=\s*([^\s,()]+)")


def family_of_label(label: str) -> str:
    """Return the family that a label names, such as `SGD(momentum=0.9)`, whatever its case."""
    optimizer, _, inside = label.partition("(")
    optimizer = optimizer.strip()
    arguments = {name: _value(text) for name, text in _ARGUMENT.findall(inside)}
    return family("SGD" if optimizer.lower() == "sgd" else optimizer, arguments)


def _value(text: str) -> float | bool | str:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return float(text)
    except ValueError:
        return text
