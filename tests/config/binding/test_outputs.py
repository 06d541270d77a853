"""What the numbers at a model's end are."""

from __future__ import annotations

import pytest

from dlcli.config.binding.binding import bind
from dlcli.config.binding.outputs import output_kind, squashed
from dlcli.config.conversion.loading import parse_config
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.data.description import DataDescription, TensorSpec


def bound(last, task, extra=""):
    classes = {"binary": ("a", "b"), "multiclass": ("a", "b", "c"), "multilabel": ("a", "b")}
    names = classes.get(task, ())
    inputs = {"input": TensorSpec((4,), "float32")}
    description = DataDescription("made", task, inputs, names, (), 100)
    yaml = f"data: {{dataset: iris}}\nmodel: {{layers: [{last}]}}\n{extra}"
    return bind(parse_config(Text("c.yaml", yaml)), description)


CROSS = "compile: {loss: {SparseCategoricalCrossentropy: {from_logits: true}}}"
HINGE = "compile: {loss: hinge, metrics: [%s]}"


@pytest.mark.parametrize(
    ("last", "task", "extra", "kind"),
    [
        ("{Dense: {units: 3, activation: softmax}}", "multiclass", "", "probabilities"),
        ("{Dense: {units: 3}}, Softmax", "multiclass", "", "probabilities"),
        ("{Dense: {units: 3, activation: softmax}}, Flatten", "multiclass", "", "probabilities"),
        ("{Dense: {units: 3}}", "multiclass", "", "logits"),
        ("{Dense: {units: 3}}", "multiclass", CROSS, "logits"),
        ("{Dense: {units: 3, activation: softmax}}", "multiclass", CROSS, "probabilities"),
        ("{Dense: {units: 1, activation: sigmoid}}", "binary", "", "probabilities"),
        ("{Dense: {units: 1}}", "binary", "", "logits"),
        ("{Dense: {units: 1, activation: tanh}}", "binary", HINGE % "accuracy", "margins"),
        ("{Dense: {units: 1}}", "binary", HINGE % "accuracy", "margins"),
        ("{Dense: {units: 3, activation: relu}}", "multiclass",
         "compile: {loss: sparse_categorical_crossentropy}", "scores"),
        ("{Dense: {units: 1, activation: tanh}}", "regression", "", "values"),
    ],
)  # fmt: skip
def test_the_end_and_the_loss_tell_what_outputs_are(last, task, extra, kind):
    config = bound(last, task, extra)
    assert output_kind(config, task) == kind
    assert squashed(config, task) == (kind in ("logits", "margins"))


@pytest.mark.parametrize("name", ["log_loss", "ece", "brier", "BinaryCrossentropy"])
def test_metrics_of_probabilities_are_refused_for_scores(name):
    with pytest.raises(ConfigError) as error:
        bound("{Dense: {units: 1, activation: tanh}}", "binary", HINGE % name)
    (found,) = error.value.diagnostics
    assert "is about probabilities, but the model's outputs are scores" in found.message
    assert found.rule == "unsuitable-metric"


@pytest.mark.parametrize("name", ["accuracy", "f1", "auc", "precision"])
def test_metrics_that_decide_or_rank_are_fine_for_scores(name):
    config = bound("{Dense: {units: 1, activation: tanh}}", "binary", HINGE % name)
    assert config.compile.metrics == (name,)
