"""Texts come as the token ids that keras.datasets gives them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.builtin import keras_texts
from dlcli.data.builtin.keras_texts import _token_rows
from dlcli.data.description import INPUT
from dlcli.errors import DataError
from tests.data.conftest import Malicious, publish

word_lists = st.lists(st.lists(st.integers(1, 50), max_size=12), min_size=1, max_size=8)


@given(word_lists, st.integers(4, 60), st.integers(1, 15) | st.none())
def test_rows_hold_the_end_of_each_text_and_are_padded_at_their_end(texts, vocabulary, length):
    rows = _token_rows(texts, vocabulary, length)
    longest = length or max(map(len, texts)) + 1
    assert rows.shape == (len(texts), longest)
    assert rows.dtype == "int32"
    for row, text in zip(rows, texts, strict=True):
        ids = [1, *(word + 3 if word + 3 < vocabulary else 2 for word in text)][-longest:]
        assert row.tolist() == ids + [0] * (longest - len(ids))


def ragged(texts: list[list[int]]) -> np.ndarray:
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


def npz(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def test_imdb_keeps_reviews_with_their_labels(monkeypatch):
    texts = [[label + 1, 30, 7][: 1 + label % 3] for label in range(20)]
    labels = np.arange(20)
    content = npz(
        x_train=ragged(texts), y_train=labels, x_test=ragged(texts[:5]), y_test=labels[:5]
    )
    monkeypatch.setattr(keras_texts, "IMDB", publish(keras_texts.IMDB, content))
    dataset = keras_texts.imdb(vocabulary=30, max_length=4)
    assert sorted(dataset.train.y) == list(range(20))
    assert list(dataset.train.y) != list(range(20))
    for part in (dataset.train, dataset.test):
        for row, label in zip(part.x[INPUT], part.y, strict=True):
            words = [1, label + 4, 2, 10][: 2 + label % 3]
            assert row.tolist() == words + [0] * (4 - len(words))
    assert dataset.description.vocabulary_size == 30


def test_reuters_tests_on_a_fifth(monkeypatch):
    texts, labels = [[label + 1] for label in range(10)], np.arange(10)
    content = npz(x=ragged(texts), y=labels)
    monkeypatch.setattr(keras_texts, "REUTERS", publish(keras_texts.REUTERS, content))
    dataset = keras_texts.reuters(max_length=None)
    assert (dataset.train.size, dataset.test.size) == (8, 2)
    for part in (dataset.train, dataset.test):
        assert part.x[INPUT].tolist() == [[1, label + 4] for label in part.y]


def test_a_file_that_runs_code_is_refused_and_not_run(monkeypatch, tmp_path):
    attack = np.array([Malicious(tmp_path / "made")], dtype=object)
    content = npz(x_train=attack, y_train=attack, x_test=attack, y_test=attack)
    monkeypatch.setattr(keras_texts, "IMDB", publish(keras_texts.IMDB, content))
    with pytest.raises(DataError, match="mkdir"):
        keras_texts.imdb()
    assert not (tmp_path / "made").exists()


def test_there_are_46_topics():
    assert len(set(keras_texts.TOPICS)) == len(keras_texts.TOPICS) == 46
