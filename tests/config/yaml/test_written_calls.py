"""Classes as Python writes them mean what the mapping means."""

from __future__ import annotations

import pytest

from dlcli.config.yaml.nodes import nowhere
from dlcli.config.yaml.written_calls import (
    is_call,
    read_call,
    split_outside_brackets,
    with_names,
)
from tests.config.yaml.plain import plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("SGD()", {"SGD": {}}),
        ("SGD(momentum=0.9, nesterov=True)", {"SGD": {"momentum": 0.9, "nesterov": True}}),
        ("keras.optimizers.Adam(epsilon=None)", {"Adam": {"epsilon": None}}),
        ("A(x=B(y=[1, 2]), z='a, b')", {"A": {"x": {"B": {"y": [1, 2]}}, "z": "a, b"}}),
        ("Adam(\n  learning_rate=1e-3,\n)", {"Adam": {"learning_rate": 0.001}}),
    ],
)  # fmt: skip
def test_a_call_is_the_mapping_of_its_arguments(text, value):
    assert is_call(text)
    assert plain(read_call(text, nowhere())) == value


@pytest.mark.parametrize("text", ["SGD(0.1)", "SGD(a=(1)", "SGD(a=)", "SGD(a='x)"])
def test_what_names_no_arguments_or_has_an_open_bracket_is_none(text):
    assert read_call(text, nowhere()) is None


@pytest.mark.parametrize("text", ["SGD", "a + (b)", "3(x=1)"])
def test_other_texts_are_no_calls(text):
    assert not is_call(text)


def test_commas_in_brackets_and_quotes_split_nothing():
    assert split_outside_brackets("a=[1, 2], b=',', c={d, e},") == [
        "a=[1, 2]",
        " b=','",
        " c={d, e}",
    ]
    assert split_outside_brackets("a]") is None
    assert split_outside_brackets("a, [b") is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Conv2D(16, 3)", "Conv2D(filters=16, kernel_size=3)"),
        ("Conv2D(16, kernel_size=(3, 3))", "Conv2D(filters=16, kernel_size=(3, 3))"),
        ("Conv2D(1, 2, 3)", ""),
        ("Conv2D(1, (2)", ""),
        ("Cnv(1)", ""),
    ],
)
def test_arguments_get_their_names_from_their_order(text, named):
    known = {"Conv2D": ("filters", "kernel_size")}
    assert with_names(text, lambda name: known.get(name, ())) == named
