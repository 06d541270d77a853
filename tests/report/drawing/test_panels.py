"""The limits of a panel's axes."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.report.drawing.panels import limits


def test_limits_show_everything_near_the_better_half():
    low, high = limits([[0.98], [0.97], [0.96], [0.1]])
    assert low == pytest.approx(0.959)
    assert high == pytest.approx(0.981)
    assert limits([[0.9], [0.1]])[0] < 0.1
    assert limits([[0.5], [0.5], [0.1]])[0] < 0.1
    assert limits([[np.inf, 2.0], [np.nan, 1.0]]) == pytest.approx((0.95, 2.05))
    assert limits([[np.nan]]) == (0.0, 1.0)
