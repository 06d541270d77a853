"""Ranks over problems agree with SciPy's Friedman test and Demšar's table of critical values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from dlcli.statistics.ranking import (
    average_ranks,
    critical_difference,
    critical_difference_diagram,
    friedman,
)

# Demšar 2006, table 6: AUC of C4.5, C4.5+m, C4.5+cf, C4.5+m+cf on 14 data sets.
DEMSAR = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ]
)


def test_the_average_ranks_are_those_of_demsars_example():
    assert average_ranks(DEMSAR) == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)


def test_the_critical_difference_is_that_of_demsars_example():
    # He gives 1.25 from q = 2.569 for four classifiers on 14 data sets.
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)


@pytest.mark.parametrize(
    ("candidates", "q"),
    [
        (2, 1.960),
        (3, 2.343),
        (4, 2.569),
        (5, 2.728),
        (6, 2.850),
        (7, 2.949),
        (8, 3.031),
        (10, 3.164),
    ],
)
def test_the_critical_values_are_those_of_demsars_table(candidates, q):
    found = critical_difference(candidates, 10) / math.sqrt(candidates * (candidates + 1) / 60)
    assert found == pytest.approx(q, abs=0.0015)


@given(
    hnp.arrays(float, st.tuples(st.integers(2, 12), st.integers(3, 6)), elements=st.integers(0, 5))
)
def test_the_friedman_test_is_scipys_ties_included(scores):
    found = friedman(scores)
    if (scores == scores[:, :1]).all():
        assert (found.statistic, found.p_value) == (0, 1)
    else:
        expected = stats.friedmanchisquare(*scores.T)
        assert found.statistic == pytest.approx(expected.statistic, abs=1e-9)
        assert found.p_value == pytest.approx(expected.pvalue, abs=1e-9)


def test_two_candidates_can_be_ranked_too():
    found = critical_difference_diagram([[1, 0]] * 8)
    assert found.ranks.tolist() == [1, 2]
    assert found.friedman.p_value == pytest.approx(stats.chi2.sf(8, 1))
    assert found.cliques == ()


def test_the_diagram_joins_candidates_closer_than_the_critical_difference():
    rng = np.random.default_rng(0)
    scores = np.array([0, 0.1, 5, 5.1]) + rng.normal(0, 1, (20, 4))
    found = critical_difference_diagram(scores)
    assert [set(c) for c in found.cliques] == [{2, 3}, {0, 1}]


def test_cliques_may_overlap():
    ranks = np.array([[3, 2, 1], [3, 2, 1], [3, 2, 1], [3, 2, 1], [3, 2, 1], [3, 1, 2]])
    found = critical_difference_diagram(-ranks)
    assert [set(c) for c in found.cliques] == [{1, 2}, {0, 1}]


def test_without_a_rejected_friedman_test_all_are_joined():
    found = critical_difference_diagram(np.random.default_rng(0).normal(size=(6, 4)))
    assert found.friedman.p_value > 0.05
    assert [set(c) for c in found.cliques] == [{0, 1, 2, 3}]


@pytest.mark.parametrize("shape", [(4, 3), (6, 1)])
def test_too_few_problems_or_candidates_are_an_error(shape):
    with pytest.raises(ValueError, match="two candidates on 5 problems"):
        critical_difference_diagram(np.zeros(shape))


@given(st.permutations(range(4)))
def test_the_order_of_the_candidates_does_not_matter(order):
    assert average_ranks(DEMSAR[:, order]) == pytest.approx(average_ranks(DEMSAR)[order])
