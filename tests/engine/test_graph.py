"""What Keras does not promise to keep, and dlcli depends on."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dlcli.engine import graph


@pytest.mark.parametrize("private", graph.PRIVATE, ids=lambda p: f"{p.owner}.{p.name}")
def test_the_installed_keras_has_every_private_name(private):
    assert graph.missing([private]) == []


def test_a_name_that_is_gone_is_told_with_the_place_that_needs_it():
    gone = [
        graph.Private("Operation", "_incoming_nodes", "why", keras.layers.Flatten),
        graph.Private("Node", "parents", "why", lambda: keras.layers.Flatten().no_such_name),
    ]
    first, second = graph.missing(gone)
    start = f"Keras {keras.version()} has no"
    assert first == f"{start} `Operation._incoming_nodes` any more; see engine/graph.py (why)"
    assert second.startswith(f"{start} `Node.parents` any more")


def test_the_applications_of_a_shared_layer_are_in_the_order_of_the_graph():
    layer = keras.layers.Dense(2)
    first, second = keras.Input((3,)), keras.Input((3,))
    made = layer(first), layer(second)
    nodes = graph.applications(layer)
    assert [node.input_tensors[0] for node in nodes] == [first, second]
    assert [node.output_tensors[0] for node in nodes] == list(made)
    assert graph.maker(made[0]) is layer


def test_a_mask_is_what_keras_finds_too():
    tensor, mask = keras.Input((3, 2)), keras.Input((3,), dtype="bool")
    assert graph.mask_of(tensor) is None
    marked = graph.with_mask(keras.layers.Rescaling(1.0)(tensor), mask)
    after = keras.layers.Activation("relu")(marked)
    assert graph.mask_of(after) is mask


@pytest.mark.parametrize("greater_is_better", [True, False])
def test_early_stopping_watches_a_metric_in_its_direction(greater_is_better):
    given = keras.metrics.MeanSquaredError(name="score")
    copied = keras.metrics.MeanSquaredError(name="copied")
    graph.set_direction(given, greater_is_better=greater_is_better)
    graph.copy_direction(given, copied)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss="mse", metrics=[given, copied])
    model.evaluate(np.zeros((1, 1)), np.zeros((1, 1)), verbose=0)
    for name in ("score", "copied"):
        callback = keras.callbacks.EarlyStopping(monitor=f"val_{name}")
        callback.set_model(model)
        callback.on_train_begin()
        callback._set_monitor_op()
        assert bool(callback.monitor_op(1.0, 0.0)) is greater_is_better
