"""Digits as sequences, and moved on a canvas, are the shipped digits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from dlcli import data
from dlcli.data.builtin import toy
from dlcli.data.builtin.other_digits import moved_digits, sequential_mnist_5k
from dlcli.data.description import INPUT, Source
from dlcli.errors import DataError


@pytest.mark.parametrize("order", ["rows", "pixels", "permuted"])
def test_sequences_hold_the_images_pixels(order):
    images, made = toy.mnist_5k(), sequential_mnist_5k(order=order)
    assert made.description == data.describe(Source("sequential_mnist_5k", {"order": order}))
    for part in ("train", "test"):
        x, flat = getattr(made, part).x[INPUT], getattr(images, part).x[INPUT].reshape(-1, 784)
        assert x.shape[1:] == made.description.inputs[INPUT].shape
        if order == "permuted":
            assert not np.array_equal(x.reshape(-1, 784), flat)
            assert np.array_equal(np.sort(x.reshape(-1, 784)), np.sort(flat))
        else:
            assert np.array_equal(x.reshape(-1, 784), flat)
        assert np.array_equal(getattr(made, part).y, getattr(images, part).y)


def test_the_permutation_is_one_for_all_images():
    rows = toy.mnist_5k().train.x[INPUT].reshape(-1, 784)
    permuted = sequential_mnist_5k(order="permuted").train.x[INPUT][..., 0]
    # Columns of a permutation are the old ones in another order: match them by their content.
    old = {column.tobytes() for column in rows.T.copy()}
    assert all(column.tobytes() in old for column in permuted.T.copy())


def test_unmoved_digits_lie_in_the_middle_as_they_are():
    made = moved_digits(canvas=20, shift=6, moved="test")
    images = toy.digits()
    np.testing.assert_allclose(made.train.x[INPUT][:, 6:14, 6:14], images.train.x[INPUT], atol=1e-6)
    around = made.train.x[INPUT].copy()
    around[:, 6:14, 6:14] = 0
    assert not around.any()
    assert np.array_equal(made.train.y, images.train.y)
    assert not np.allclose(made.test.x[INPUT][:, 6:14, 6:14], images.test.x[INPUT])


def test_shifts_stay_within_their_limit_and_reach_it():
    made = moved_digits(canvas=28, shift=5)
    centers = np.array([ndimage.center_of_mass(image[..., 0]) for image in made.train.x[INPUT]])
    still = moved_digits(canvas=28, shift=0)
    before = np.array([ndimage.center_of_mass(image[..., 0]) for image in still.train.x[INPUT]])
    moves = centers - before
    assert 4.8 < np.abs(moves).max() <= 5.001
    assert np.abs(moves.mean(axis=0)).max() < 0.3


def test_the_amounts_are_fixed_and_differ_between_parts():
    first, second = moved_digits(rotation=30, scale=1.5), moved_digits(rotation=30, scale=1.5)
    assert np.array_equal(first.train.x[INPUT], second.train.x[INPUT])
    assert first.description == data.describe(Source("moved_digits", {}))
    images, moved = toy.digits(), moved_digits(shift=3)
    offsets = {}
    for part in ("train", "test"):
        before = [ndimage.center_of_mass(i[..., 0]) for i in getattr(images, part).x[INPUT][:50]]
        after = [ndimage.center_of_mass(i[..., 0]) for i in getattr(moved, part).x[INPUT][:50]]
        offsets[part] = np.array(after) - np.array(before)
    assert not np.allclose(offsets["train"], offsets["test"], atol=0.1)


def test_a_canvas_smaller_than_the_images_is_refused():
    with pytest.raises(DataError, match="canvas is 20, but the images of mnist_5k are 28"):
        data.describe(Source("moved_digits", {"source": "mnist_5k"}))
    assert data.describe(Source("moved_digits", {"source": "mnist_5k", "canvas": 40}))
