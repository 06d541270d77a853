"""Sums and products of variables: what is one, and what it comes to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.binding.binding import bind
from dlcli.config.conversion.loading import parse_config
from dlcli.config.grammar import formulas
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.data import describe

VALUES = {"a": 3, "b": 5, "steps_per_epoch": 7}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$a", 3),
        ("$a * $b", 15),
        ("2*$a+1", 7),
        ("2 * ($a + 1)", 8),
        ("$b - $a - 1", 1),
        ("0.5 * $steps_per_epoch", 3.5),
        ("1e-3*$a", 0.003),
        ("(($a))", 3),
    ],
)
def test_a_formula_has_its_value(text, value):
    assert formulas.is_formula(text)
    assert formulas.value(text, VALUES) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["2 * 3", "R$ - net", "price ($)", "$a / 2", "$a $b", "$", "", "$a *", "* $a", "$-a"]
)
def test_other_texts_are_no_formulas(text):
    assert not formulas.is_formula(text)


@pytest.mark.parametrize("text", ["($a", "$a)", "($a + 1) * ($b"])
def test_a_bracket_without_its_other_is_told(text):
    with pytest.raises(ValueError, match=r"bracket|counterpart"):
        formulas.names(text)


TERMS = st.sampled_from(["$a", "$b", "2", "7"])
SUMS = st.recursive(
    TERMS,
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(
        lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
    ),
    max_leaves=6,
)


@given(SUMS)
def test_a_formula_means_what_it_means_in_arithmetic(text):
    python = eval(text.replace("$a", "3").replace("$b", "5"))  # noqa: S307 (made above)
    assert formulas.value(text, VALUES) == python


@given(SUMS, SUMS)
def test_a_replaced_variable_keeps_its_place_in_the_order_of_operations(text, other):
    replaced = formulas.substituted(text, {"a": other})
    inner = formulas.value(other, VALUES)
    assert formulas.value(replaced, VALUES) == formulas.value(text, {"a": inner, "b": 5})


MODEL = """\
data: {dataset: digits, validation: 0.1, batch_size: 64}
blocks:
  widening:
    params: {width: 8, factor: 4}
    layers:
      - {Dense: {units: $width * $factor}}
      - {Dense: {units: $classes + $width}}
model:
  layers:
    - Flatten
    - {use: widening, with: {width: 3}}
    - {use: widening, with: {width: 2 * $classes}}
    - {Dense: {units: $classes, activation: softmax}}
compile:
  optimizer: {SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 0.1,
    decay_steps: $total_steps - 100, warmup_steps: 0.1 * $total_steps}}}}
fit: {epochs: 3}
"""


def bound(text):
    config = parse_config(Text("cfg.yaml", text))
    return bind(config, describe(config.data.source))


def test_formulas_stand_for_numbers_everywhere():
    config = bound(MODEL)
    units = [lay.call.arguments["units"] for lay in config.model.layers if lay.call.name == "Dense"]
    assert units == [12, 13, 80, 30, 10]
    schedule = config.compile.optimizer.arguments["learning_rate"].arguments
    steps = 3 * -(-1294 // 64)
    assert schedule["decay_steps"] == steps - 100
    assert schedule["warmup_steps"] == round(0.1 * steps)
    assert isinstance(schedule["warmup_steps"], int)


@pytest.mark.parametrize(
    ("text", "rule", "said"),
    [
        ("2 * $clases", "unknown-variable", "did you mean 'classes'"),
        ("2 * ($classes", "bad-formula", "not closed"),
        ("2 * $input_shape", "wrong-type", "no number"),
        ("2 * $vocabulary_size", "undefined-variable", "no $vocabulary_size"),
    ],
)
def test_a_mistake_in_a_formula_is_told_at_its_place(text, rule, said):
    with pytest.raises(ConfigError) as raised:
        bound(MODEL.replace("$classes, activation", f"{text}, activation"))
    (found,) = raised.value.diagnostics
    assert found.rule == rule
    assert said in found.message
    assert found.mark.line == 13
