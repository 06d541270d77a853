"""What a preparation learns, it learns from the training part of its own split alone."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dlcli import data
from dlcli.data.description import INPUT, Source

SEEDS = range(4)


def table(path, values):
    rows = [f"{'' if v is None else v},{'ab'[i % 2]}" for i, v in enumerate(values)]
    path.write_text("v,y\n" + "\n".join(rows))
    return Source("csv", {"path": path, "target": "y"})


@pytest.mark.parametrize("resample", [True, False])
def test_gaps_are_filled_with_the_mean_of_the_training_part(tmp_path, resample):
    values = [None if i % 5 == 0 else float(i * i) for i in range(40)]
    pool = data.load_pool(table(tmp_path / "t.csv", values))
    order = pool.examples.x[INPUT]
    means = set()
    for seed in SEEDS:
        parts = pool.parts(seed, 0.2, resample=resample)
        found = pool.dataset(parts)
        known = [values[i] for i in order[parts.train] if values[i] is not None]
        assert found.encoder.columns[0].mean == pytest.approx(np.mean(known))
        filled = found.test.x[INPUT][found.test.x[INPUT][:, 1] == 1, 0]
        assert np.allclose(filled, np.mean(known))
        means.add(found.encoder.columns[0].mean)
    assert len(means) == len(SEEDS)


def test_values_outside_the_training_part_have_no_influence(tmp_path):
    values = [None if i % 5 == 0 else float(i) for i in range(40)]
    pool = data.load_pool(table(tmp_path / "t.csv", values))
    order = pool.examples.x[INPUT]
    for seed in SEEDS:
        parts = pool.parts(seed, 0.2, resample=True)
        trained = set(order[parts.train].tolist())
        other = [v if i in trained or v is None else 1e6 for i, v in enumerate(values)]
        changed = data.load_pool(table(tmp_path / f"{seed}.csv", other))
        assert changed.dataset(parts).encoder == pool.dataset(parts).encoder
        one, two = changed.dataset(parts).train, pool.dataset(parts).train
        assert np.array_equal(one.x[INPUT], two.x[INPUT])


def test_steps_of_sequences_are_filled_from_the_training_part(tmp_path):
    rows = [
        f"s{i},{'' if (i + t) % 5 == 0 else i * i + t},{'ab'[i % 2]}"
        for i in range(30)
        for t in range(3)
    ]
    (tmp_path / "s.csv").write_text("id,v,y\n" + "\n".join(rows))
    source = Source("sequences", {"path": tmp_path / "s.csv", "id": "id", "target": "y"})
    pool = data.load_pool(source)
    for seed in SEEDS:
        parts = pool.parts(seed, 0.2, resample=True)
        trained = pool.examples.x[INPUT][parts.train]
        known = [i * i + t for i in trained for t in range(3) if (i + t) % 5]
        mean = pool.dataset(parts).encoder.steps.columns[0].mean
        assert mean == pytest.approx(np.mean(known))


def test_the_vocabulary_is_that_of_the_training_texts(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text(
        "\n".join(json.dumps({"text": f"common word{i}", "label": i % 2}) for i in range(40))
    )
    pool = data.load_pool(Source("text", {"path": path}))
    for seed in SEEDS:
        parts = pool.parts(seed, 0.2, resample=True)
        found = pool.dataset(parts)
        trained = {f"word{i}" for i in pool.examples.x[INPUT][parts.train]}
        assert set(found.encoder.vocabulary) == {"common", *trained}
        for part in (found.validation, found.test):
            assert part.x[INPUT].tolist() == [[2, 1]] * part.size


def test_the_pool_itself_learns_nothing(tmp_path):
    pool = data.load_pool(table(tmp_path / "t.csv", [None, *range(39)]))
    assert pool.is_encoded
    before = pool.encoder
    pool.dataset(pool.parts(0, 0.2, resample=True))
    assert pool.encoder is before
    assert pool.encoder.columns[0].mean == 0
