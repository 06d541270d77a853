"""A sequence ends where only zeros follow."""

from __future__ import annotations

import numpy as np

from dlcli.data.lengths import lengths_of


def test_lengths_are_those_before_the_padding():
    ids = np.array([[1, 2, 0, 0], [0, 3, 0, 0], [0, 0, 0, 0], [1, 0, 0, 4]])
    assert lengths_of(ids).tolist() == [2, 2, 1, 4]
    floats = np.zeros((2, 3, 2))
    floats[0, 1, 1] = -0.5
    assert lengths_of(floats).tolist() == [2, 1]
