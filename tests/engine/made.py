"""Models that configs in a line or two describe."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from dlcli.config.binding.binding import bind
from dlcli.config.conversion.loading import parse_config
from dlcli.config.yaml.nodes import Text
from dlcli.data import describe
from dlcli.data.description import INPUT, DataDescription, Split, TensorSpec
from dlcli.engine.adapting import adapt_preprocessing
from dlcli.engine.model import build_model

CONFIGS = sorted(Path(__file__).parents[2].joinpath("configs").glob("*.yaml"))


def build(yaml: str, description: DataDescription | None = None) -> keras.Model:
    config = parse_config(Text("cfg.yaml", yaml))
    description = description or describe(config.data.source)
    bound = bind(config, description)
    keras.utils.set_random_seed(bound.seed)
    return build_model(bound, description)


CONSTANTS = np.float32([0, 1, 0.1, 1234.567])
"""The mean of many 0.1 in float32 is not 0.1: their variance is not 0 either."""


def constant_but_one(count: int) -> np.ndarray:
    x = np.repeat(CONSTANTS[None], count, axis=0)
    x[:, 1] = np.arange(count) % 7
    return x


def normalized(x, yaml="Normalization", memory_mapped=None):
    text = f"data: {{dataset: iris}}\nmodel: {{layers: [{yaml}, {{Dense: {{units: 3}}}}]}}"
    inputs = {"input": TensorSpec(x.shape[1:], "float32")}
    model = build(text, DataDescription("made", "multiclass", inputs, ("a", "b", "c")))
    held = x
    if memory_mapped is not None:
        held = np.memmap(memory_mapped, "float32", "w+", shape=x.shape)
        held[:] = x
    adapt_preprocessing(model, Split({"input": held}, np.zeros(len(x))))
    return keras.Model(model.input, model.layers[1].output), model.layers[1]


FLOATS = DataDescription(
    "own", "multiclass", {INPUT: TensorSpec((None, 2), "float32")}, ("a", "b", "c")
)
