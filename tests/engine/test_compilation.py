"""Every optimizer, pooling layer and recurrent layer trains from a config."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dlcli import engine
from dlcli.catalogue.catalogue import load_catalogue
from dlcli.config.binding.binding import bind
from dlcli.config.conversion.loading import parse_config
from dlcli.config.conversion.rendering import to_yaml
from dlcli.config.yaml.nodes import Text
from dlcli.data.description import DataDescription, Dataset, Split, TensorSpec

pytestmark = pytest.mark.slow
OPTIMIZERS = [
    name
    for name in load_catalogue().names("optimizers")
    if not load_catalogue().find("optimizers", name).refused and name != "LossScaleOptimizer"
]
POOLS = [n for n in load_catalogue().names("layers") if "Pooling" in n]
CLASSES = 3


def made(shape, examples=48):
    """Return a data set of noise with one input of the given shape."""
    rng = np.random.default_rng(0)
    split = Split(
        {"input": rng.normal(size=(examples, *shape)).astype("float32")},
        rng.integers(0, CLASSES, examples),
    )
    names = tuple(f"c{i}" for i in range(CLASSES))
    spec = {"input": TensorSpec(shape, "float32")}
    description = DataDescription("made", "multiclass", spec, names, (), examples, 0)
    return Dataset(description, split, None, None)


def fitted(layers, dataset, compile_section="{}"):
    """Train the layers and a softmax for two epochs; return the losses."""
    text = (
        f"data: {{dataset: iris, batch_size: 20}}\ncompile: {compile_section}\nmodel:\n  layers:\n"
    )
    for layer in (*layers, "{Dense: {units: $classes, activation: softmax}}"):
        text += f"    - {layer}\n"
    config = bind(parse_config(Text("cfg.yaml", text)), dataset.description, train_size=48)
    model = engine.prepare(config, dataset)
    stream = engine.batches(model, dataset.train, config)
    return model.fit(stream, epochs=2, steps_per_epoch=3, shuffle=False, verbose=0).history["loss"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_trains(name):
    losses = fitted(["{Dense: {units: 8}}"], made((6,)), f"{{optimizer: {name}}}")
    assert np.isfinite(losses).all()


def test_the_list_of_optimizers_is_keras_own():
    assert {"SGD", "Adam", "Lion", "Lamb", "Muon", "ScheduleFreeAdamW", "Ftrl"} <= set(OPTIMIZERS)


@pytest.mark.parametrize("name", POOLS)
def test_every_pooling_layer_trains(name):
    rank = next(int(digit) for digit in "123" if f"{digit}D" in name)
    argument = "output_size" if "Adaptive" in name else "pool_size"
    arguments = "" if "Global" in name else f"{argument}: 2"
    losses = fitted([f"{{{name}: {{{arguments}}}}}", "Flatten"], made((8,) * rank + (2,)))
    assert np.isfinite(losses).all()


@pytest.mark.parametrize(
    "layer",
    ["{SimpleRNN: {units: 4, unroll: true}}", "{SimpleRNN: {units: 4}}", "{LSTM: {units: 4}}",
     "{GRU: {units: 4}}", "{Bidirectional: {layer: {LSTM: {units: 4}}}}",
     "{RNN: {cell: {LSTMCell: {units: 4}}}}", "{LSTM: {units: 4, dropout: 0.2}}"],
)  # fmt: skip
def test_every_recurrent_layer_trains(layer):
    assert np.isfinite(fitted([layer], made((5, 3)))).all()


def test_masked_padding_does_not_change_what_a_network_says():
    layers = ["{Masking: {mask_value: 0.0}}", "{LSTM: {units: 4}}"]
    text = "data: {dataset: iris}\nmodel:\n  layers:\n"
    text += "".join(f"    - {layer}\n" for layer in (*layers, "{Dense: {units: 3}}"))
    dataset = made((6, 2))
    config = bind(parse_config(Text("cfg.yaml", text)), dataset.description, train_size=48)
    model = engine.prepare(config, dataset)
    short = dataset.train.x["input"].copy()
    short[:, 4:] = 0.0
    truncated = keras.Model(model.input, model.output)
    by_step = keras.Sequential([keras.layers.Input((4, 2)), *model.layers[1:]])
    np.testing.assert_allclose(truncated(short), by_step(short[:, :4]), atol=1e-6)


@pytest.mark.parametrize("losses", ["", "{mse: Poisson, Head: CategoricalCrossentropy}"])
def test_outputs_that_are_called_like_a_class_have_their_own_losses(losses):
    dataset = made((6,))
    text = f"""
data: {{dataset: iris, batch_size: 20}}
compile: {{loss: {losses}}}
model:
  layers:
    - {{Dense: {{units: 4}}, id: shared}}
    - {{Dense: {{units: $classes, activation: softmax}}, from: shared, id: Head}}
    - {{Dense: {{units: $classes}}, from: shared, id: mse}}
  outputs: [Head, mse]
"""
    config = bind(parse_config(Text("cfg.yaml", text)), dataset.description, train_size=48)
    again = parse_config(Text("config.yaml", to_yaml(config)))
    assert again.compile.loss == config.compile.loss
    model = engine.prepare(again, dataset)
    stream = engine.batches(model, dataset.train, again)
    history = model.fit(stream, epochs=1, steps_per_epoch=3, shuffle=False, verbose=0).history
    assert {"Head_loss", "mse_loss"} <= set(history)


def test_a_training_step_is_traced_once_whatever_the_metrics(monkeypatch):
    """A variable that a metric makes while Keras traces the step makes Keras trace it again."""
    traced = []
    step = keras.Model.train_step
    monkeypatch.setattr(keras.Model, "train_step", lambda *given: traced.append(0) or step(*given))
    section = "{metrics: [accuracy, f1, top_k:2, mcc, brier, log_loss, auc]}"
    fitted(["{Dense: {units: 8}}"], made((6,), 60), section)
    assert len(traced) == 1
