"""Moved images: against slices, NumPy's rot90 and SciPy's own rotation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from dlcli.data.builtin.moving import Move, moved

RNG = np.random.default_rng(0)


def test_whole_shifts_are_slices():
    image = RNG.random((8, 6, 3), dtype=np.float32)
    laid = moved(image, (20, 16), Move(down=2, right=-3))
    np.testing.assert_allclose(laid[8:16, 2:8], image, atol=1e-6)
    assert laid.sum() == pytest.approx(image.sum(), rel=1e-5)
    assert laid.dtype == image.dtype


def test_what_is_shifted_out_is_gone_and_what_comes_in_is_zero():
    image = np.ones((4, 4, 1), np.float32)
    np.testing.assert_array_equal(moved(image, (4, 4), Move(right=3))[0, :, 0], [0, 0, 0, 1])


def test_quarter_turns_go_counter_clockwise():
    image = RNG.random((8, 8, 1))
    np.testing.assert_allclose(moved(image, (8, 8), Move(angle=90)), np.rot90(image), atol=1e-9)
    np.testing.assert_allclose(
        moved(image, (8, 8), Move(angle=-90)), np.rot90(image, -1), atol=1e-9
    )


@pytest.mark.parametrize("angle", [5, 30, -45])
def test_other_turns_are_scipys(angle):
    image = RNG.random((9, 12, 1))
    wanted = ndimage.rotate(image[..., 0], angle, reshape=False, order=1, mode="grid-constant")
    np.testing.assert_allclose(moved(image, (9, 12), Move(angle=angle))[..., 0], wanted, atol=1e-9)


def test_doubling_quadruples_the_area():
    image = RNG.random((8, 8, 1))
    doubled = moved(image, (24, 24), Move(factor=2.0))
    assert doubled.sum() == pytest.approx(4 * image.sum(), rel=0.05)
