"""Several problems: on one scale, aggregated, ranked; and when there are too few for that."""

from __future__ import annotations

import pytest

from tests.compare.made import by_rate
from tests.compare.results.made import FIVE, PEAKS, THREE, results


def test_several_problems_are_normalised_aggregated_and_ranked():
    found = results(THREE, names=FIVE, score=by_rate(PEAKS, spread=0.01, width=3))
    assert found.verdict[0].startswith(
        "Adam has the best mean over all 5 problems; 5 problems are too few"
    )
    assert [s.partition(".")[0] for s in found.verdict[1:]] == ["Use Adam at 0"] * 5
    table = found.aggregate.set_index("candidate")
    assert list(found.aggregate["candidate"]) == ["Adam", "SGD", "Lion"]
    assert table.loc["Adam", "average_rank"] == 1
    assert table.loc["Adam", "normalised_mean"] == pytest.approx(1.0)
    assert 0 < table.loc["Lion", "normalised_mean"] < table.loc["SGD", "normalised_mean"] < 1
    assert table.loc["SGD", "low"] < table.loc["SGD", "normalised_iqm"] < table.loc["SGD", "high"]
    assert found.critical_difference.ranks[found.candidates.index("Adam")] == 1
    assert len(found.profiles) == 3 * 106


def test_two_problems_have_no_aggregate_interval_and_no_critical_difference():
    found = results(THREE, names=FIVE[:2])
    assert found.aggregate["low"].isna().all()
    assert found.critical_difference is None
    assert set(found.summary["problem"]) == {"one", "two"}


def test_one_problem_has_no_aggregate(clear):
    assert clear.aggregate is None
    assert clear.profiles is None
