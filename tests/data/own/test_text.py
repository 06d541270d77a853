"""Texts of the user's own, from files and folders, in any language."""

from __future__ import annotations

import json

import numpy as np

from dlcli import data
from dlcli.data.description import INPUT
from tests.data.own.written_texts import labelled, lines, load, write


def test_the_vocabulary_is_that_of_the_training_texts_alone(tmp_path):
    loaded = load(write(tmp_path / "t.jsonl", lines(*labelled(50))), validation=0.2)
    vocabulary = set(loaded.encoder.vocabulary)
    own = {f"word{i}" for i in range(50)} & vocabulary
    assert len(own) == loaded.train.size == 32
    for part in (loaded.validation, loaded.test):
        assert (part.x[INPUT][:, 0] == 1).all()


def test_long_texts_are_cut_and_empty_ones_are_unknown(tmp_path):
    examples = [{"text": "a b c d" if i else "...", "label": i % 2} for i in range(10)]
    loaded = load(write(tmp_path / "t.jsonl", lines(*examples)), max_length=2)
    rows = np.concatenate([loaded.train.x[INPUT], loaded.test.x[INPUT]])
    assert rows.shape == (10, 2)
    assert min(map(tuple, rows)) == (1, 0)
    long = load(tmp_path / "t.jsonl", max_length=None)
    assert long.train.x[INPUT].shape[1] == 4


def test_several_labels_and_amounts(tmp_path):
    examples = [{"text": "a", "funny": i % 2, "sad": int(i > 4)} for i in range(10)]
    path = write(tmp_path / "t.jsonl", lines(*examples))
    known = load(path, label=["funny", "sad"]).description
    assert (known.task, known.classes) == ("multilabel", ("funny", "sad"))
    path = write(tmp_path / "s.jsonl", lines(*({"text": "a", "stars": i / 2} for i in range(10))))
    assert load(path, label="stars").description.task == "regression"


def test_new_texts_are_prepared_as_the_training_was(tmp_path):
    loaded = load(write(tmp_path / "t.jsonl", lines(*labelled(20))))
    form = data.read_form(json.loads(json.dumps(data.form_of(loaded).to_dict())))
    assert form.encoder == loaded.encoder
    good = loaded.encoder.vocabulary.index("good") + 2
    for name, content in [
        ("new.txt", "GOOD!\n\nnew good\n"),
        ("new.jsonl", lines({"text": "GOOD!"}, {"text": "new good"})),
        ("new.csv", 'text\n"GOOD!"\nnew good\n'),
    ]:
        new = data.read_examples(write(tmp_path / name, content), form, targets=False)
        assert new.x[INPUT].tolist() == [[good, 0], [1, good]]
    path = write(tmp_path / "more.jsonl", lines(*labelled(3)))
    assert data.read_examples(path, form, targets=True).y.tolist() == [0, 1, 0]
