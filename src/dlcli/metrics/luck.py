"""How much better than chance a score must be before anything has been learned."""

from __future__ import annotations

CHANCE_MARGIN = 0.02
"""A training is stuck if it ends no better than chance and this much (2 points)."""

HEADROOM_SHARE = 0.1
"""Where chance is near the best possible score, 2 points are too many: then this share of what is
left above chance."""


def margin_over(chance: float, best: float, *, greater_is_better: bool) -> float:
    """Return what a score may be better than chance while nothing has been learned.

    Args:
        chance: What a model scores that has learned nothing.
        best: The best possible score.
        greater_is_better: Whether it is an upper bound.
    """
    if greater_is_better:
        return min(CHANCE_MARGIN, HEADROOM_SHARE * (best - chance))
    return CHANCE_MARGIN * chance
