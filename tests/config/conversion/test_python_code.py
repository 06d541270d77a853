"""Calls become source that makes the same objects, and names become Python's."""

from __future__ import annotations

import ast
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.conversion.python_code import WIDTH, Names, call_code, invocation, value_code
from dlcli.config.grammar.calls import Call
from dlcli.errors import UserError

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
)


@given(PLAIN)
def test_plain_values_are_read_back_as_they_were(value):
    assert eval(value_code(value), {"float": float}) == value  # noqa: S307 (that is the test)


def test_not_a_number_is_one():
    assert math.isnan(eval(value_code(math.nan)))  # noqa: S307


def test_nested_calls_name_their_modules():
    schedule = Call("schedules", "ExponentialDecay", {"decay_steps": 3, "decay_rate": 1})
    code = call_code(Call("optimizers", "SGD", {"learning_rate": schedule}))
    assert code == (
        "keras.optimizers.SGD(\n    learning_rate=keras.optimizers.schedules.ExponentialDecay("
        "decay_steps=3.0, decay_rate=1.0),\n)"
    )


def test_an_activation_is_its_name():
    relu = Call("activations", "relu")
    code = call_code(Call("layers", "Dense", {"units": 2, "activation": relu}), name="a")
    assert code == 'keras.layers.Dense(units=2, activation="relu", name="a")'


def test_layers_come_in_a_list():
    cells = tuple(Call("layers", "LSTMCell", {"units": n}) for n in (1, 2))
    code = call_code(Call("layers", "StackedRNNCells", {"cells": cells}))
    assert code == (
        "keras.layers.StackedRNNCells(cells=[keras.layers.LSTMCell(units=1), "
        "keras.layers.LSTMCell(units=2)])"
    )


def test_what_keras_lacks_is_refused_by_name():
    with pytest.raises(UserError, match="plain Keras has no Prodigy"):
        call_code(Call("optimizers", "Prodigy"))


@given(st.dictionaries(st.from_regex(r"[a-z]{1,12}", fullmatch=True), st.integers(), max_size=9))
def test_a_long_call_has_a_line_for_each_argument(arguments):
    code = invocation("f", {name: str(value) for name, value in arguments.items()})
    assert max(map(len, code.splitlines())) <= WIDTH
    call = ast.parse(code, mode="eval").body
    assert [word.arg for word in call.keywords] == list(arguments)


@given(st.lists(st.text(min_size=1), unique=True))
def test_names_are_pythons_and_differ(identifiers):
    names = Names(("model",))
    found = [names[identifier] for identifier in identifiers]
    assert len(set(found)) == len(found)
    assert "model" not in found
    for name in found:
        assert name.isidentifier()
        ast.parse(f"{name} = 1")
    assert found == [names[identifier] for identifier in identifiers]


def test_an_input_is_not_called_like_pythons_function():
    assert Names(())["input"] == "inputs"
