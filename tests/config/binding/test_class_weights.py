"""Weights of classes go by the classes' names, or by their numbers as in Keras."""

from __future__ import annotations

import pytest

from dlcli.config.binding.class_weights import are_numbers, labels_of, unknown_labels

WORDS = ("ham", "spam")


@pytest.mark.parametrize(
    ("weights", "classes", "expected"),
    [
        ({"spam": 5.0, "ham": 1.0}, WORDS, {1: 5.0, 0: 1.0}),
        ({"1": 5.0}, WORDS, {1: 5.0}),
        ({"-1": 2.0, "1": 3.0}, ("-1", "1"), {0: 2.0, 1: 3.0}),
        ({"2": 2.0, "1": 3.0}, ("1", "2"), {1: 2.0, 0: 3.0}),
        ({"1.0": 2.0}, ("0", "1"), {1: 2.0}),
    ],
    ids=["names", "numbers", "signs", "names that are numbers", "fractions"],
)
def test_keys_are_classes_and_else_numbers(weights, classes, expected):
    assert labels_of(weights, classes) == expected
    assert unknown_labels(weights, classes) == []


def test_names_that_are_numbers_are_no_places():
    assert not are_numbers({"1": 1.0}, ("1", "2"))
    assert are_numbers({"1": 1.0}, WORDS)


@pytest.mark.parametrize(
    ("weights", "classes", "message"),
    [
        ({"spm": 5.0}, WORDS, "there is no class 'spm'; did you mean 'spam'?"),
        ({"2": 5.0}, WORDS, "there is no label 2"),
        ({"0": 1.0, "1": 2.0}, ("1", "2"), "there is no class '0'"),
    ],
)
def test_a_key_that_is_no_class_is_told(weights, classes, message):
    (told,) = unknown_labels(weights, classes)
    assert told[1].startswith(message)
