"""Several looks together claim wrongly no more often than one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dlcli.statistics.best import judge
from dlcli.statistics.looks import LOOKS, spending


def test_the_levels_are_those_of_o_brien_and_fleming_after_lan_and_demets():
    # Reboussin et al. 2000, table 1, and gsDesign's sfLDOF: four equal looks, 2.5 % one-sided.
    bounds = [stats.norm.isf(level / 2) for level in spending((10, 20, 30, 40))]
    assert bounds == pytest.approx([4.333, 2.963, 2.359, 2.014], abs=0.003)


@pytest.mark.parametrize("looks", [(10, 20, 40), (6, 12, 18, 24), (40,)])
def test_together_they_spend_alpha(looks):
    rng = np.random.default_rng(0)
    sums = rng.normal(size=(40_000, looks[-1])).cumsum(axis=1)
    crossed = np.zeros(len(sums), bool)
    for look, level in zip(looks, spending(looks), strict=True):
        crossed |= np.abs(sums[:, look - 1]) / np.sqrt(look) > stats.norm.isf(level / 2)
    assert crossed.mean() == pytest.approx(0.05, abs=0.004)


def test_one_look_spends_all():
    assert spending((10,)) == pytest.approx((0.05,), abs=1e-4)


def test_equal_candidates_are_told_apart_in_five_per_cent_over_all_looks():
    rng = np.random.default_rng(1)
    found = 0
    for _ in range(100):
        scores = rng.normal(size=(4, 40))
        verdicts = [
            judge(scores[:, :look], None, rng, alpha=level)
            for look, level in zip(LOOKS, spending(), strict=True)
        ]
        found += any(s.status == "worse" for v in verdicts for s in v.standings)
    assert found <= stats.binom.ppf(1 - 1e-4, 100, 0.05)


@pytest.mark.parametrize("looks", [(), (10, 10), (20, 10), (0, 10)])
def test_looks_must_ascend(looks):
    with pytest.raises(ValueError, match="ascending"):
        spending(looks)
