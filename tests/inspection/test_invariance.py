"""Invariance: networks whose answer is known, and intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dlcli.inspection.invariance import KINDS, measure_invariance

RNG = np.random.default_rng(5)


def dots(count=200, size=17):
    """Return images of one dot; the class is whether it lies in the left half."""
    images = np.zeros((count, size, size, 1), np.float32)
    rows, columns = RNG.integers(8, 9, count), RNG.integers(0, size, count)
    images[np.arange(count), rows, columns] = 1
    return images, (columns < 8).astype(int), columns


def left(images):
    return (images[:, :, :8].sum(axis=(1, 2, 3)) > images[:, :, 8:].sum(axis=(1, 2, 3))).astype(int)


def bright(images):
    return (images.sum(axis=(1, 2, 3)) > 0.2).astype(int)


def test_an_answer_that_asks_where_changes_as_far_as_it_must():
    images, labels, columns = dots()
    found = {f.amount: f for f in measure_invariance(left, images, labels, KINDS["shift"])}
    assert found[0].accuracy == found[0].consistency == 1
    for by in (1, 2, 4):
        # Up and down change nothing; to each side, those that cross the border or leave to the
        # left, where nothing is left to be on that side.
        crossed = np.mean((columns < 8) & (columns + by >= 8))
        back = np.mean((columns >= 8) & (columns - by < 8))
        gone = np.mean(columns - by < 0)
        assert found[by].consistency == pytest.approx(1 - (crossed + back + gone) / 4)
        assert found[by].accuracy == found[by].consistency  # it was always right before


def test_an_answer_that_asks_whether_is_invariant():
    images, _, columns = dots()
    inside = (columns >= 8) & (columns < 9)
    (first, *_, last) = measure_invariance(
        bright, images[inside], np.ones(inside.sum(), int), KINDS["rotate"]
    )
    assert first.consistency == last.consistency == last.accuracy == 1
    assert first.consistency_low == 1 > last.consistency_low
    assert last.images == inside.sum()


def test_a_network_that_is_always_wrong_can_be_consistent():
    images, labels, _ = dots()
    found = measure_invariance(lambda x: 1 - left(x), images, labels, KINDS["shift"])
    assert found[0].accuracy == 0
    assert found[0].consistency == 1


def test_scales_go_both_ways_from_one():
    kind = KINDS["scale"]
    assert kind.amounts[0] == kind.none == 1
    larger, smaller = kind.ways(2)
    assert (larger.factor, smaller.factor) == (2, 0.5)


def test_the_intervals_cover_a_mean_over_directions():
    """Outcomes of one image's directions hang together; the interval is to cover their mean."""
    share, size, hits = 0.85, 60, 0
    rng = np.random.default_rng(11)
    images, labels = np.zeros((size, 4, 4, 1), np.float32), np.ones(size, int)
    for _ in range(300):
        ease = stats.beta.rvs(6 * share, 6 * (1 - share), size=size, random_state=rng)
        calls = iter(range(10**6))

        def predict(_x, ease=ease, calls=calls):
            return labels if next(calls) == 0 else (rng.random(size) < ease).astype(int)

        found = measure_invariance(predict, images, labels, KINDS["shift"])[1]
        hits += found.consistency_low <= share <= found.consistency_high
    assert hits / 300 > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 300)
