"""Rules see a bound config in plain terms, with Keras's own defaults filled in."""

from __future__ import annotations

from dlcli.config.binding.binding import bind
from dlcli.config.binding.subject import part_of, subject_of
from dlcli.config.conversion.loading import parse_config
from dlcli.config.grammar.calls import Call
from dlcli.config.yaml.nodes import Text
from dlcli.data import describe

TEXT = """\
data: {dataset: digits, validation: 0.25, batch_size: 32}
model:
  layers:
    - {Flatten: {}, id: flat}
    - {Dense: {units: 64, activation: relu}, id: hidden, ignore: linear-stack}
    - {use: hidden, id: again}
    - {Dense: {units: $classes, activation: softmax}, id: end}
compile: {optimizer: {SGD: {momentum: 0.9}}, metrics: [accuracy]}
fit:
  epochs: 3
  shuffle: false
  class_weight: balanced
  callbacks: [{EarlyStopping: {patience: 2}}]
"""


def seen(text=TEXT, **options):
    config = parse_config(Text("c.yaml", text))
    description = describe(config.data.source)
    return subject_of(config, bind(config, description), description, **options), description


def test_a_class_has_what_was_given_and_keras_defaults_beside_it():
    part = part_of(Call("layers", "Dense", {"units": 3}))
    assert part.given == {"units"}
    assert (part.arguments["units"], part.arguments["use_bias"]) == (3, True)
    assert part.arguments["kernel_initializer"].name == "GlorotUniform"
    decay = Call("schedules", "CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 9})
    nested = part_of(Call("optimizers", "SGD", {"learning_rate": decay}))
    assert nested.arguments["learning_rate"].arguments["alpha"] == 0.0


def test_what_trains_is_what_the_config_says():
    subject, description = seen()
    assert (subject.source, subject.batch_size, subject.epochs) == ("digits", 32, 3)
    assert (subject.shuffle, subject.weighted, subject.infers_loss) == (False, True, True)
    assert (subject.optimizer.name, subject.optimizer.arguments["momentum"]) == ("SGD", 0.9)
    assert subject.metrics == ("accuracy",)
    assert subject.callbacks[0].arguments["patience"] == 2
    assert [loss.name for loss in subject.losses] == ["SparseCategoricalCrossentropy"]
    left = round(0.75 * description.train_size)
    assert abs(subject.train_size - left) <= len(description.classes)
    assert seen(train_size=17)[0].train_size == 17
    assert seen(is_comparison=True)[0].is_comparison


def test_the_network_has_shapes_and_a_layer_that_is_used_again_is_the_same_one():
    network = seen()[0].network
    layers = {layer.id: layer for layer in network.layers}
    assert list(layers) == ["flat", "hidden", "again", "end"]
    assert (layers["again"].name, layers["again"].shared) == ("Dense", True)
    assert layers["again"].arguments == layers["hidden"].arguments
    assert layers["again"].inputs == ("hidden",)
    assert layers["hidden"].ignore == ("linear-stack",)
    assert network.outputs == ("end",)
    assert network.shapes["flat"] == (64,)
    assert network.shapes["end"] == (10,)
