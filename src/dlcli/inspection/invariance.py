"""How far a network's predictions survive that its images are shifted, turned or resized."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np

from dlcli.data.builtin.moving import Move, moved
from dlcli.metrics.intervals import exact_binomial

Predict: TypeAlias = Callable[[np.ndarray], np.ndarray]
"""Images (n, height, width, channels) to the class of each, (n,)."""

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Kind:
    """A kind of move.

    Attributes:
        name: As it is typed.
        axis: What its amounts are, with their unit.
        none: The amount that moves nothing.
        amounts: How far, from nothing on.
        ways: An amount to the moves of that size, one for each direction.
    """

    name: str
    axis: str
    none: float
    amounts: tuple[float, ...]
    ways: Callable[[float], tuple[Move, ...]]


def _shifts(by: float) -> tuple[Move, ...]:
    return (Move(down=by), Move(down=-by), Move(right=by), Move(right=-by))


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("shift", "shift in pixels (up, down, left and right)", 0, (0, 1, 2, 3, 4, 6, 8),
             _shifts),
        Kind("rotate", "rotation in degrees (both ways)", 0, (0, 5, 10, 15, 20, 30, 45, 60, 90),
             lambda by: (Move(angle=by), Move(angle=-by))),
        Kind("scale", "scale factor (larger and smaller)", 1, (1, 1.1, 1.2, 1.35, 1.5, 1.75, 2),
             lambda by: (Move(factor=by), Move(factor=1 / by))),
    )
}  # fmt: skip
"""What can be measured."""


@dataclass(frozen=True)
class Invariance:
    """How a network does on images moved by one amount, in all its directions.

    Attributes:
        kind: `shift`, `rotate` or `scale`.
        amount: How far.
        accuracy: Mean over images and directions, with its interval.
        consistency: Share of predictions that are those of the image as it is, with its interval.
        images: How many.
    """

    kind: str
    amount: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    consistency: float
    consistency_low: float
    consistency_high: float
    images: int

    def to_dict(self) -> dict[str, Any]:
        """Return the form of JSON and CSV."""
        return asdict(self)


def measure_invariance(
    predict: Predict, images: np.ndarray, labels: np.ndarray, kind: Kind
) -> list[Invariance]:
    """Measure accuracy and consistency for each amount of a kind of move.

    Consistency is how often the network says of a moved image what it says of the image as it
    lies (Zhang, R. 2019, Making convolutional networks shift-invariant again, ICML, compares two
    random shifts); unlike accuracy it does not count an error as a failure of invariance. What is
    moved in from outside is zero. An image's directions are averaged before the intervals are
    made, since they are no examples of their own: those are exact binomial ones over the images,
    which are too wide rather than too narrow, for an average varies less than a single outcome.

    Args:
        predict: The network.
        images: Shape (n, height, width, channels).
        labels: The classes, (n,).
        kind: One of `KINDS`.
    """
    still = predict(images)
    return [_measured(predict, images, labels, still, kind, by) for by in kind.amounts]


def _measured(
    predict: Predict,
    images: np.ndarray,
    labels: np.ndarray,
    still: np.ndarray,
    kind: Kind,
    amount: float,
) -> Invariance:
    if amount == kind.none:
        said = [still]
    else:
        said = [predict(_all_moved(images, move)) for move in kind.ways(amount)]
    accuracy = _share([guess == labels for guess in said])
    same = (1.0, 1.0, 1.0)  # by definition, where nothing is moved
    consistency = same if amount == kind.none else _share([guess == still for guess in said])
    return Invariance(kind.name, amount, *accuracy, *consistency, len(images))


def _all_moved(images: np.ndarray, move: Move) -> np.ndarray:
    canvas = (images.shape[1], images.shape[2])
    return np.stack([moved(image, canvas, move) for image in images])


def _share(outcomes: Sequence[np.ndarray]) -> tuple[float, float, float]:
    """Return the mean over images and directions, and its interval."""
    by_image = np.mean(outcomes, axis=0)
    successes, trials = np.array(by_image.sum()), np.array(len(by_image))
    low, high = exact_binomial(successes, trials, CONFIDENCE)
    mean = float(by_image.mean())
    return mean, min(float(low), mean), max(float(high), mean)
