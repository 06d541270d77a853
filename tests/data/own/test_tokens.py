"""Token ids are those of Keras's `TextVectorization`."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.data.own.tokens import TextEncoder, tokens

TEXTS = [
    "The cat sat on the mat.",
    "the THE cat!!! it's a cat's life",
    "A dog (not a cat) barked: woof; woof, woof",
    "  ",
    "cat dog the a woof",
]


def encoder(**changes):
    settings = {"columns": ("text", ("label",)), "unit": "word", "size": 100, "max_length": None}
    return TextEncoder(**settings | changes)


def everything(count):
    return np.arange(count)


@pytest.mark.slow
def test_words_and_ids_are_keras_own():
    import keras

    layer = keras.layers.TextVectorization(max_tokens=100)
    layer.adapt(TEXTS)
    fitted = encoder().fit(TEXTS, everything(5))
    theirs = layer.get_vocabulary()
    assert set(fitted.vocabulary) == set(theirs[2:])
    # Keras orders words of the same frequency its own way: by hers, the ids must be the same.
    same = TextEncoder(fitted.columns, "word", 100, None, tuple(str(w) for w in theirs[2:]))
    ours = same.encode(TEXTS, everything(5))
    expected = np.array(layer(TEXTS))
    expected[3, 0] = 1  # a text without words is an unknown one, not padding alone
    assert np.array_equal(ours, expected)


def test_the_most_frequent_come_first_and_ties_by_code_point():
    fitted = encoder(size=6).fit(["b b a", "c a b", "z"], everything(3))
    assert fitted.vocabulary == ("b", "a", "c", "z")
    assert encoder(size=4).fit(["b b a", "c a b"], everything(2)).vocabulary == ("b", "a")


def test_only_the_given_positions_are_learned_from():
    assert encoder().fit(TEXTS, np.array([0])).vocabulary == ("the", "cat", "mat", "on", "sat")


def test_punctuation_of_every_script_goes():
    assert list(tokens("«Привет», “world”… ¿Qué?", "word")) == ["привет", "world", "qué"]
    assert list(tokens("ab c", "character")) == ["a", "b", " ", "c"]


def test_rows_end_in_padding_and_are_cut():
    fitted = encoder(max_length=3).fit(["a b c d", "a"], everything(2))
    assert fitted.encode(["a b c d", "a", "x"], everything(3)).tolist() == [
        [2, 3, 4],
        [2, 0, 0],
        [1, 0, 0],
    ]
