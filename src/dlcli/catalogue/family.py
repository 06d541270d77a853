"""Which algorithm an optimizer is: Keras's SGD is three in one."""

from __future__ import annotations

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
