"""Sequences from a file with a row for each step."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli import data
from dlcli.data.description import INPUT, Source
from dlcli.errors import DataError

ROWS = "id,t,v,kind,y\n"


def source(tmp_path, text, **options):
    (tmp_path / "s.csv").write_text(text)
    options = {"path": tmp_path / "s.csv", "id": "id", "target": "y"} | options
    return Source("sequences", options)


def alternating(count):
    rows = []
    for i in range(count):
        label = "ab"[i % 2]
        rows += [f"s{i},{t},{i + t / 10},{'u' if t else ''},{label}" for t in range(i % 3 + 1)]
    return ROWS + "\n".join(rows) + "\n"


def test_rows_become_padded_sequences_sorted_by_time(tmp_path):
    text = ROWS + "p,2,20,u,a\nq,1,5,w,b\np,1,10,w,a\np,10,30,u,a\n"
    (tmp_path / "test.csv").write_text(text)
    loaded = data.load(
        source(tmp_path, alternating(10) + "z,1,1,w,a\n", time="t", test=tmp_path / "test.csv"),
        validation=0,
    )
    x = loaded.test.x[INPUT]
    assert x.shape == (2, 3, 3)  # v, kind=u, kind=w
    assert x[0].tolist() == [[10, 0, 1], [20, 1, 0], [30, 1, 0]]
    assert x[1].tolist() == [[5, 0, 1], [0, 0, 0], [0, 0, 0]]
    assert loaded.test.y.tolist() == [0, 1]
    assert loaded.description.inputs[INPUT].shape == (None, 3)


def test_dates_order_steps_and_the_files_order_does_without_time(tmp_path):
    text = "id,t,v,y\n" + "".join(
        f"s{i},2024-02-1{9 - t},{t},{i % 2}\n" for i in range(10) for t in range(3)
    )
    loaded = data.load(source(tmp_path, text, time="t"), validation=0)
    assert loaded.train.x[INPUT][0, :, 0].tolist() == [2, 1, 0]
    loaded = data.load(source(tmp_path, text, features=["v"]), validation=0)
    assert loaded.train.x[INPUT][0, :, 0].tolist() == [0, 1, 2]


def test_no_sequence_is_torn_apart_by_the_split(tmp_path):
    loaded = data.load(source(tmp_path, alternating(30), time="t"), validation=0.2)
    parts = (loaded.train, loaded.validation, loaded.test)
    starts = [value for part in parts for value in part.x[INPUT][:, 0, 0]]
    assert sorted(np.round(starts).astype(int)) == list(range(30))
    assert sum(part.size for part in parts) == 30


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (ROWS + "p,1,1,u,a\np,2,1,u,b\n", {}, "s.csv:3: sequence 'p' has the y b here"),
        (ROWS + ",1,1,u,a\n", {}, "s.csv:2: 'id' is empty"),
        (ROWS + "p,,1,u,a\n", {"time": "t"}, "s.csv:2: 't' is empty"),
        (ROWS + "p,1,1,u,a\np,x,1,u,a\n", {"time": "t"}, "numbers in some rows, words in others"),
        (ROWS + "p,1,1,u,a\n", {"id": "name"}, "no column 'name'"),
        (ROWS + "p,1,1,u,a\nq,1,1,u,a\n", {}, "a single class, 'a'"),
        (ROWS + "p,1,1,u,a\nq,1,inf,u,b\n", {"time": "t"}, "s.csv:3: 'v' is 'inf'"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_row(tmp_path, text, options, message):
    with pytest.raises(DataError, match=message) as caught:
        data.load(source(tmp_path, text, **options), validation=0)
    assert caught.value.remedy


def test_new_sequences_are_prepared_as_the_training_was(tmp_path):
    loaded = data.load(source(tmp_path, alternating(20), time="t"))
    form = data.read_form(data.form_of(loaded).to_dict())
    (tmp_path / "new.csv").write_text("id,t,v,kind\nn,1,,u\nn,0,3,w\n")
    new = data.read_examples(tmp_path / "new.csv", form, targets=False).x[INPUT]
    assert new[0, 0, 0] == 3
    first = [round(float(x[0, 0])) for x in loaded.train.x[INPUT]]
    steps = [i + t / 10 for i in first for t in range(i % 3 + 1)]
    assert new.shape == (1, 2, 2)
    assert new[0, 1, 0] == pytest.approx(np.mean(steps))


@pytest.mark.parametrize("seed", range(4))
def test_categories_are_those_of_the_training_sequences_alone(tmp_path, seed):
    rows = [
        f"s{i},{t},{i},{f'only in {i}' if t and i % 4 == 0 else 'usual'},{'ab'[i % 2]}"
        for i in range(40)
        for t in range(2)
    ]
    asked = source(tmp_path, ROWS + "\n".join(rows) + "\n", time="t")
    loaded = data.load(asked, validation=0.2, seed=seed)
    inside = {f"only in {int(x[0, 0])}" for x in loaded.train.x[INPUT] if x[0, 0] % 4 == 0}
    (_, kind) = loaded.encoder.steps.columns
    assert kind.categories == tuple(sorted(inside | {"usual"}))
    assert len(inside) < 10
    width = 1 + len(kind.categories)
    assert {part.x[INPUT].shape[2] for part in (loaded.train, loaded.validation, loaded.test)} == {
        width
    }
    assert loaded.description.inputs[INPUT].shape == (None, width)
    assert loaded.description == data.describe(asked, validation=0.2, seed=seed)
    # In a part that is not trained on, a step of a word that training lacks is all zeros.
    seen = [x[1, 1:].sum() for x in loaded.test.x[INPUT] if x[0, 0] % 4 == 0]
    assert set(seen) == {0.0}
