"""What one batch does in a trained network: relu units that never fire, gradients by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from dlcli.engine.graph import applications
from dlcli.engine.model import feed
from dlcli.rules.course import LayerSignal
from dlcli.runtime.memory import is_short

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.data.description import Split
    from dlcli.rules.subject import Subject


def signals(model: keras.Model, split: Split, subject: Subject) -> tuple[LayerSignal, ...]:
    """Return what a batch does in each layer that has relu units or a kernel, from the input on.

    Args:
        model: Compiled, with its weights at the end of a training.
        split: The batch.
        subject: Says which layers end in relu.

    Returns:
        Nothing if there is not enough memory for it.
    """
    try:
        dead = _dead(model, split, _relus(model, subject))
        gradients = _gradients(model, split)
    except (MemoryError, tf.errors.OpError) as error:
        if isinstance(error, MemoryError) or is_short(error):
            return ()
        raise
    found = []
    for layer in model.layers:
        if layer.name in dead or layer.name in gradients:
            share, units = dead.get(layer.name, (None, 0))
            found.append(LayerSignal(layer.name, share, units, gradients.get(layer.name)))
    return tuple(found)


def _relus(model: keras.Model, subject: Subject) -> list[keras.layers.Layer]:
    """Return the layers that end in relu and are applied once, but for the outputs."""
    applied = [layer.id for layer in subject.network.layers if layer.activation == "relu"]
    shared = {layer.id for layer in subject.network.layers if layer.shared}
    names = [name for name in applied if name not in shared | set(subject.network.outputs)]
    layers = [model.get_layer(name) for name in names]
    return [layer for layer in layers if len(applications(layer)) == 1]


def _dead(
    model: keras.Model, split: Split, layers: list[keras.layers.Layer]
) -> dict[str, tuple[float, int]]:
    """Return the share of units that are 0 everywhere, and how many there are."""
    if not layers:
        return {}
    inner = keras.Model(model.inputs, [layer.output for layer in layers])
    made = inner.predict_on_batch(feed(model, split))
    outputs = made if isinstance(made, list | tuple) else [made]
    found = {}
    for layer, output in zip(layers, outputs, strict=True):
        fires = np.any(np.asarray(output).reshape(-1, output.shape[-1]) > 0, axis=0)
        found[layer.name] = float(1 - fires.mean()), int(fires.size)
    return found


def _gradients(model: keras.Model, split: Split) -> Mapping[str, float]:
    """Return the norm of each layer's gradient, as a share of the norm of its matrices."""
    groups = {layer.name: _matrices(layer) for layer in model.layers}
    weights = [w.value for matrices in groups.values() for w in matrices]
    if not weights:
        return {}
    y: Any = split.y if len(model.outputs) == 1 else [split.y] * len(model.outputs)

    def gradients(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = model.compute_loss(x=None, y=y, y_pred=model(x, training=False), training=False)
        return [
            tf.zeros_like(w) if g is None else tf.convert_to_tensor(g)
            for g, w in zip(tape.gradient(loss, weights), weights, strict=True)
        ]

    x = tf.nest.map_structure(tf.constant, feed(model, split))
    found = iter(tf.function(gradients)(x, tf.nest.map_structure(tf.constant, y)))
    return {name: _share([next(found) for _ in ws], ws) for name, ws in groups.items() if ws}


def _matrices(layer: keras.layers.Layer) -> list[Any]:
    return [w for w in layer.trainable_weights if len(w.shape) >= 2]


def _share(gradients: list[Any], weights: list[Any]) -> float:
    squares = sum(float(np.sum(np.square(np.asarray(g, np.float64)))) for g in gradients)
    sizes = sum(float(np.sum(np.square(np.asarray(w.numpy(), np.float64)))) for w in weights)
    return float(np.sqrt(squares / sizes)) if sizes > 0 else 0.0
