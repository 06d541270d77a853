"""Optimizers that contain others as special cases, and so cannot lose to them if tuned as well.

Choi et al. 2019 ("On Empirical Comparisons of Optimizers for Deep Learning"): an optimizer that can
imitate another by a choice of its hyperparameters is never worse when all of them are tuned. Where
it loses, it is the tuning that lost: it is "under-tuned".
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from dlcli.statistics.pairing import holm, paired_t_p_value
from dlcli.statistics.power import ALPHA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

_CHOI = "Choi et al. 2019"

INCLUSIONS: dict[tuple[str, str], str] = {
    ("Momentum", "SGD"): f"{_CHOI}: momentum = 0",
    ("Nesterov", "SGD"): f"{_CHOI}: momentum = 0",
    ("RMSprop", "Momentum"): f"{_CHOI}: a large epsilon, the learning rate in proportion",
    ("Adam", "Momentum"): f"{_CHOI}: a large epsilon, the learning rate in proportion",
    ("Nadam", "Nesterov"): f"{_CHOI}: a large epsilon, the learning rate in proportion",
    ("AdamW", "Adam"): "Loshchilov & Hutter 2019: weight_decay = 0",
}
"""(general, special), by `compare.plan.family`: how the one becomes the other, and who says so."""


def contains(general: str, special: str) -> tuple[str, ...]:
    """Return why one family contains another, step by step; empty if it does not.

    Args:
        general: A family; Adam contains SGD because it contains momentum.
        special: Another one.
    """
    if (general, special) in INCLUSIONS:
        return (INCLUSIONS[general, special],)
    for (upper, middle), source in INCLUSIONS.items():
        if upper == general and (rest := contains(middle, special)):
            return (source, *rest)
    return ()


@dataclass(frozen=True)
class UnderTuned:
    """A candidate that lost to a special case of itself.

    Attributes:
        general: Index of the candidate that should not have lost.
        special: Index of the one it lost to.
        difference: By how much, in the mean.
        p_value: Of the paired t-test, corrected by Holm for all inclusions checked.
        significant: Whether the loss is more than chance; if not, it is only in the means.
        sources: Why the one contains the other.
    """

    general: int
    special: int
    difference: float
    p_value: float
    significant: bool
    sources: tuple[str, ...]


def under_tuned(
    families: Sequence[str], scores: ArrayLike, *, alpha: float = ALPHA
) -> tuple[UnderTuned, ...]:
    """Return every candidate that lost to a special case of itself, the clearest first.

    Args:
        families: One `family` a candidate.
        scores: Shape (candidates, seeds), without NaN; greater is better.
        alpha: Level at which a loss is significant.
    """
    values = np.asarray(scores, dtype=float)
    pairs = [
        (i, j, why)
        for i, j in permutations(range(len(families)), 2)
        if (why := contains(families[i], families[j]))
    ]
    p_values = holm([paired_t_p_value(values[j] - values[i]) for i, j, _ in pairs])
    lost = [
        UnderTuned(i, j, loss, float(p), bool(p <= alpha), why)
        for (i, j, why), p in zip(pairs, p_values, strict=True)
        if (loss := float((values[j] - values[i]).mean())) > 0
    ]
    return tuple(sorted(lost, key=lambda found: (np.isnan(found.p_value), found.p_value)))
