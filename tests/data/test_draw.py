"""A draw takes its training examples from all of them, and is prepared by them alone."""

from __future__ import annotations

import numpy as np

from dlcli import data
from dlcli.data.description import INPUT, Source
from dlcli.data.draw import drawn


def test_draws_of_arrays_share_their_examples(tmp_path):
    x = np.arange(40.0).reshape(20, 2)
    np.savez(tmp_path / "a.npz", x_train=x, y_train=np.arange(20) % 2)
    pool = data.load_pool(Source("npz", {"path": tmp_path / "a.npz"}))
    first, second = (drawn(pool, pool.parts(seed, 0.2, resample=True)) for seed in (0, 1))
    assert first.is_shared
    assert first.examples is second.examples
    for draw in (first, second):
        wanted = draw.examples.x[INPUT][draw.parts.train]
        np.testing.assert_array_equal(draw.train.x[INPUT], wanted)
    assert first.parts.train.tolist() != second.parts.train.tolist()


def test_draws_of_a_table_are_each_prepared_by_their_training_part(tmp_path):
    rows = [f"{'' if i % 4 == 0 else i * i},{'ab'[i % 2]}" for i in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["v,y", *rows]) + "\n")
    pool = data.load_pool(Source("csv", {"path": tmp_path / "t.csv", "target": "y"}))
    filled = []
    for seed in (0, 1):
        draw = drawn(pool, pool.parts(seed, 0.2, resample=True))
        assert not draw.is_shared
        values, is_gap = draw.train.x[INPUT].T
        filled.append(values[is_gap == 1][0])
        assert filled[-1] == np.float32(values[is_gap == 0].mean())
    assert filled[0] != filled[1]
