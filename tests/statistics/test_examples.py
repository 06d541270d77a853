"""Standard errors over replications and examples cover a truth that is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dlcli.compare.plan.blocks import BLOCKS
from dlcli.statistics.best import judge
from dlcli.statistics.examples import two_way


def scored(table, block):
    """Return the means of a table (candidates, replications, examples), and without each block."""
    total = table.sum(axis=2)
    without = [
        (total - (table * (block == number)).sum(axis=2)) / (block != number).sum(axis=1)
        for number in range(BLOCKS)
    ]
    return table.mean(axis=2), np.stack(without, axis=2)


def drawn(rng, replications, examples, own, example, both):
    """Return the differences of two candidates whose true difference is 0."""
    table = both * rng.normal(size=(replications, examples))
    table += example * rng.normal(size=examples) + own * rng.normal(size=(replications, 1))
    block = np.broadcast_to(np.arange(examples) % BLOCKS, table.shape)
    return scored(np.stack([table, np.zeros_like(table)]), block)


@pytest.mark.parametrize("replications", [5, 20, 60])
@pytest.mark.parametrize(
    ("own", "example", "both"), [(0.01, 0.2, 0.2), (0.03, 0.2, 0.2), (0, 0.2, 0.3)]
)
def test_the_interval_covers_the_difference_for_all_examples(replications, own, example, both):
    rng = np.random.default_rng(replications)
    covered = plain = 0
    for _ in range(200):
        scores, without = drawn(rng, replications, 360, own, example, both)
        errors = two_way(scores, without)
        size = abs(scores[0].mean())
        quantile = stats.t.ppf(0.975, errors.freedom[0, 1])
        covered += size <= quantile * errors.standard_errors[0, 1]
        plain += size <= stats.t.ppf(0.975, replications - 1) * stats.sem(scores[0])
    assert stats.binom.ppf(1e-4, 200, 0.94) <= covered
    assert plain < covered


def test_of_accuracies_the_parts_are_those_of_the_two_way_table():
    rng = np.random.default_rng(1)
    table = (rng.random((2, 6, 100)) < 0.8).astype(float)
    block = np.broadcast_to(np.arange(100) % BLOCKS, (6, 100))
    scores, without = scored(table, block)
    found = two_way(scores, without)
    gaps = (table[0] - table[1]).reshape(6, 5, BLOCKS).mean(axis=1)
    rows, columns = gaps.mean(axis=1), gaps.mean(axis=0)
    rest = gaps - rows[:, None] - columns + gaps.mean()
    parts = [
        rows.var(ddof=1) / 6,
        columns.var(ddof=1) / BLOCKS,
        (rest**2).sum() / (5 * 19) / (6 * BLOCKS),
    ]
    variance = max(parts[0] + parts[1] - parts[2], *parts[:2])
    assert found.standard_errors[0, 1] == pytest.approx(np.sqrt(variance))
    assert found.standard_errors[1, 0] == found.standard_errors[0, 1]
    assert found.standard_errors[0, 0] == 0
    assert found.lasting[0, 1] == pytest.approx(max(parts[1] - parts[2], 0))


def test_it_is_never_below_the_error_over_replications_and_tends_to_that_of_the_examples():
    rng = np.random.default_rng(2)
    for _ in range(20):
        scores, without = drawn(rng, 8, 360, 0.01, 0.1, 0.3)
        assert two_way(scores, without).standard_errors[0, 1] >= stats.sem(scores[0]) * (1 - 1e-9)
    scores, without = drawn(rng, 400, 2000, 0.01, 0.5, 0.1)
    found = two_way(scores, without)
    assert found.standard_errors[0, 1] == pytest.approx(0.5 / np.sqrt(2000), rel=0.6)
    assert found.freedom[0, 1] == pytest.approx(BLOCKS - 1, abs=2)


def test_a_score_that_cannot_be_computed_without_a_block_counts_as_unchanged():
    scores, without = drawn(np.random.default_rng(3), 4, 60, 0.1, 0.1, 0.1)
    without[0, :, 3] = np.nan
    assert np.isfinite(two_way(scores, without).standard_errors).all()


def test_equal_networks_on_one_test_part_are_not_told_apart_by_many_replications():
    rng = np.random.default_rng(4)
    plain = floored = 0
    for _ in range(25):
        merit = 2.6 + rng.normal(size=359) + 0.25 * rng.normal(size=(8, 359))
        table = (merit[:, None] + 0.6 * rng.normal(size=(8, 60, 359)) > 0).astype(float)
        scores, without = scored(table, np.broadcast_to(np.arange(359) % BLOCKS, (60, 359)))
        for errors in (None, two_way(scores, without)):
            verdict = judge(scores, None, np.random.default_rng(0), errors=errors)
            worse = any(s.status == "worse" for s in verdict.standings)
            plain += worse and errors is None
            floored += worse and errors is not None
    assert plain >= 8
    assert floored <= stats.binom.ppf(1 - 1e-4, 25, 0.05)


@pytest.mark.parametrize("shape", [(2, 5), (2, 4, 20), (2, 5, 1), (3, 5, 20)])
def test_shapes_that_do_not_fit_are_an_error(shape):
    with pytest.raises(ValueError, match="two or more replications and blocks"):
        two_way(np.zeros((2, 5)), np.zeros(shape))
