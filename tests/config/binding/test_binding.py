"""Variables come from the data; the loss is inferred only where nothing else could be meant."""

from __future__ import annotations

import pytest

from dlcli.config.binding.binding import bind
from dlcli.config.conversion.loading import parse_config
from dlcli.config.sections.experiment import Call
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.data import describe
from dlcli.data.description import DataDescription, TensorSpec
from dlcli.errors import UserError


def description(task: str, classes: int) -> DataDescription:
    names = tuple(f"c{i}" for i in range(classes))
    return DataDescription("made", task, {"input": TensorSpec((4,), "float32")}, names, (), 100)


def bound(last: str, task: str, classes: int, extra: str = ""):
    yaml = f"data: {{dataset: iris}}\nmodel: {{layers: [{last}]}}\n{extra}"
    return bind(parse_config(Text("cfg.yaml", yaml)), description(task, classes))


@pytest.mark.parametrize(
    ("last", "task", "classes", "name", "logits"),
    [
        ("{Dense: {units: $classes, activation: softmax}}", "multiclass", 3,
         "SparseCategoricalCrossentropy", False),
        ("{Dense: {units: $classes}}", "multiclass", 3, "SparseCategoricalCrossentropy", True),
        ("{Dense: {units: 3}}, {Activation: {activation: softmax}}", "multiclass", 3,
         "SparseCategoricalCrossentropy", False),
        ("{Dense: {units: 3}}, Softmax", "multiclass", 3, "SparseCategoricalCrossentropy", False),
        ("{Dense: {units: 1, activation: sigmoid}}", "binary", 2, "BinaryCrossentropy", False),
        ("{Dense: {units: 1}}", "binary", 2, "BinaryCrossentropy", True),
        ("{Dense: {units: 2, activation: softmax}}", "binary", 2,
         "SparseCategoricalCrossentropy", False),
        ("{Dense: {units: 3, activation: sigmoid}}", "multilabel", 3, "BinaryCrossentropy", False),
        ("{Dense: {units: 1}}", "regression", 0, "MeanSquaredError", False),
        ("{Dense: {units: 1}}", "forecasting", 0, "MeanSquaredError", False),
    ],
)  # fmt: skip
def test_the_loss_follows_from_task_and_last_activation(last, task, classes, name, logits):
    loss = bound(last, task, classes).compile.loss
    assert loss == Call("losses", name, {"from_logits": True} if logits else {})


@pytest.mark.parametrize(
    ("last", "task", "classes"),
    [
        ("{Dense: {units: 3, activation: sigmoid}}", "multiclass", 3),
        ("{Dense: {units: 1, activation: softmax}}", "binary", 2),
        ("{Dense: {units: 2, activation: sigmoid}}", "binary", 2),
        ("{Dense: {units: 1, activation: relu}}", "binary", 2),
        ("{Dense: {units: 3, activation: softmax}}", "multilabel", 3),
    ],
)
def test_an_open_choice_of_loss_is_an_error_that_shows_the_usual_ending(last, task, classes):
    with pytest.raises(ConfigError) as caught:
        bound(last, task, classes)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.rule == "ambiguous-loss"
    assert "Dense" in diagnostic.hint


def test_a_named_loss_is_never_second_guessed():
    extra = "compile: {loss: {Hinge: {}}}"
    loss = bound("{Dense: {units: 1, activation: tanh}}", "binary", 2, extra).compile.loss
    assert loss == Call("losses", "Hinge")


def test_variables_get_the_datas_values():
    yaml = """
        data: {dataset: {imdb: {vocabulary: 500, max_length: 80}}, validation: 0.2, batch_size: 64}
        model:
          layers:
            - {Embedding: {input_dim: $vocabulary_size, output_dim: 8}}
            - GlobalMaxPooling1D
            - {Dense: {units: 1, activation: sigmoid}}
        compile:
          optimizer: {SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 0.1,
                                                          decay_steps: $steps_per_epoch}}}}
    """
    config = parse_config(Text("cfg.yaml", yaml))
    result = bind(config, describe(config.data.source))
    assert result.model.layers[0].call.arguments["input_dim"] == 500
    schedule = result.compile.optimizer.arguments["learning_rate"]
    assert schedule.arguments["decay_steps"] == 20_000 // 64 + 1


def test_the_years_between_training_and_validation_are_no_training_examples():
    yaml = """
        data: {dataset: {sunspots: {horizon: 3}}, validation: 0.2}
        model: {layers: [Flatten, {Dense: {units: $train_size}}, {Dense: {units: 3}}]}
    """
    config = parse_config(Text("cfg.yaml", yaml))
    result = bind(config, describe(config.data.source))
    assert result.model.layers[1].call.arguments["units"] == 233 - 47 - 2


def test_the_size_of_the_loaded_training_part_goes_before_the_described_one():
    yaml = "data: {dataset: iris}\nmodel: {layers: [{Dense: {units: $train_size}}, Softmax]}"
    config = parse_config(Text("cfg.yaml", yaml))
    result = bind(config, description("multiclass", 3), train_size=77)
    assert result.model.layers[0].call.arguments["units"] == 77


def test_metrics_default_to_the_tasks_own():
    dense = "{Dense: {units: 1}}"
    assert bound(dense, "regression", 0).compile.metrics == ("mae",)
    assert bound(dense, "forecasting", 0).compile.metrics == ("mae",)
    assert bound(dense, "binary", 2).compile.metrics == ("accuracy",)


def test_a_metric_that_does_not_suit_the_task_is_refused():
    with pytest.raises(UserError, match="f1"):
        bound("{Dense: {units: 1}}", "regression", 0, "compile: {metrics: [f1]}")


def test_a_binary_cross_entropy_on_a_softmax_is_refused():
    extra = "compile: {loss: BinaryCrossentropy}"
    with pytest.raises(ConfigError, match="loss-mismatch"):
        bound("{Dense: {units: 3, activation: softmax}}", "multiclass", 3, extra)
    assert bound("{Dense: {units: 3, activation: sigmoid}}", "multiclass", 3, extra)


def test_a_weight_for_a_class_that_does_not_exist_is_refused_at_its_place():
    last = "{Dense: {units: 3, activation: softmax}}"
    with pytest.raises(ConfigError) as caught:
        bound(last, "multiclass", 3, "fit: {class_weight: {1: 2, 7: 2}}")
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.rule, diagnostic.mark.line, diagnostic.mark.column) == (
        "unknown-label",
        3,
        28,
    )
    assert "0 c0, 1 c1, 2 c2" in diagnostic.hint
    assert bound(last, "multiclass", 3, "fit: {class_weight: {2: 2}}")
    with pytest.raises(ConfigError, match="no meaning for a regression"):
        bound("{Dense: {units: 1}}", "regression", 0, "fit: {class_weight: balanced}")


def test_all_metrics_without_meaning_are_told_at_once_at_their_places():
    with pytest.raises(ConfigError) as caught:
        bound("{Dense: {units: 1}}", "binary", 2, "compile: {metrics: [mae, f1, r2]}")
    places = [(d.rule, d.mark.line, d.mark.column) for d in caught.value.diagnostics]
    assert places == [("unsuitable-metric", 3, 21), ("unsuitable-metric", 3, 30)]


def test_a_metric_given_alone_is_pointed_at_too():
    with pytest.raises(ConfigError, match=r"cfg\.yaml:3:20: error\[unsuitable-metric\]"):
        bound("{Dense: {units: 1}}", "regression", 0, "compile: {metrics: f1}")


def test_variables_of_a_comparison_get_their_values():
    compare = """
compare:
  optimizers: [{Adam: {learning_rate: {CosineDecay:
    {initial_learning_rate: 1, decay_steps: $steps_per_epoch}}}}]
  initializers: [{VarianceScaling: {seed: $classes}}]
"""
    found = bound("{Dense: {units: $classes, activation: softmax}}", "multiclass", 3, compare)
    (candidate,), (initializer,) = found.compare.optimizers, found.compare.initializers
    assert candidate.optimizer.arguments["learning_rate"].arguments["decay_steps"] == 3
    assert initializer.arguments["seed"] == 3


HEADS = """\
data: {dataset: iris}
model:
  layers:
    - {Dense: {units: 4, activation: relu}, id: hidden}
    - {Dense: {units: 3, activation: softmax}, from: hidden, id: main}
    - {Dense: {units: 3}, from: hidden, id: side}
  outputs: [main, side]
"""
LOGITS = "{SparseCategoricalCrossentropy: {from_logits: true}}"


def with_heads(extra):
    return bind(parse_config(Text("cfg.yaml", HEADS + extra)), description("multiclass", 3))


def test_probabilities_are_never_squashed_a_second_time_whatever_from_logits_says():
    end = "{Dense: {units: 3, activation: softmax}}"
    loss = bound(end, "multiclass", 3, f"compile: {{loss: {LOGITS}}}").compile.loss
    assert loss == Call("losses", "SparseCategoricalCrossentropy")
    one = "{Dense: {units: 1, activation: sigmoid}}"
    given = "compile: {loss: {BinaryCrossentropy: {from_logits: true, label_smoothing: 0.1}}}"
    loss = bound(one, "binary", 2, given).compile.loss
    assert loss == Call("losses", "BinaryCrossentropy", {"label_smoothing": 0.1})


def test_logits_stay_logits_and_each_output_has_its_own():
    plain = Call("losses", "SparseCategoricalCrossentropy")
    logits = Call("losses", "SparseCategoricalCrossentropy", {"from_logits": True})
    assert with_heads(f"compile: {{loss: {LOGITS}}}").compile.loss == {
        "main": plain,
        "side": logits,
    }
    alone = bound("{Dense: {units: 3}}", "multiclass", 3, f"compile: {{loss: {LOGITS}}}")
    assert alone.compile.loss == logits


@pytest.mark.parametrize(
    ("extra", "rule", "said"),
    [
        ("compile: {loss: {main: mse, sied: mse}}", "unknown-output", "did you mean 'side'"),
        ("compile: {loss: {main: mse}}", "missing-loss", "'side' has no loss"),
        ("compile: {loss_weights: {mian: 1.0}}", "unknown-output", "did you mean 'main'"),
    ],
)
def test_losses_and_weights_are_those_of_the_outputs(extra, rule, said):
    with pytest.raises(ConfigError) as raised:
        with_heads(extra)
    assert rule in [found.rule for found in raised.value.diagnostics]
    (found,) = [found for found in raised.value.diagnostics if found.rule == rule]
    assert said in found.message
    assert found.mark.line == 8
