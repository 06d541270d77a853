"""Weights of classes, which a config names as the data do, or counts from 0 as Keras does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcli.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def labels_of(weights: Mapping[str, float], classes: Sequence[str]) -> dict[int, float] | None:
    """Return the weights by label; None if the keys are neither classes nor labels.

    Args:
        weights: By the classes' names, or by their numbers from 0 where no class is called so.
        classes: In the order of their labels.
    """
    named = {name: label for label, name in enumerate(classes)}
    found = {key: named.get(key, named.get(_plain(key))) for key in weights}
    if all(label is not None for label in found.values()):
        return {label: weights[key] for key, label in found.items() if label is not None}
    if are_numbers(weights, classes):
        return {int(key): weight for key, weight in weights.items()}
    return None


def _plain(key: str) -> str:
    """Return 1 for 1.0, which is the same class."""
    whole, point, rest = key.partition(".")
    return whole if point and not rest.strip("0") else key


def are_numbers(weights: Mapping[str, float], classes: Sequence[str]) -> bool:
    """Whether classes with other names are meant by their numbers."""
    return not set(weights) & set(classes) and all(
        key.isdecimal() and int(key) < len(classes) for key in weights
    )


def unknown_labels(weights: Mapping[str, float], classes: Sequence[str]) -> list[tuple[str, str]]:
    """Return each key that is no class, with what is wrong with it."""
    if labels_of(weights, classes) is not None:
        return []
    if not set(weights) & set(classes) and all(key.isdecimal() for key in weights):
        return [(key, f"there is no label {key}") for key in weights if int(key) >= len(classes)]
    return [
        (key, f"there is no class '{key}'{did_you_mean(key, classes)}")
        for key in weights
        if key not in classes and _plain(key) not in classes
    ]
