"""A trained model in the formats of other programs, and what their runtimes make of it.

Each format is written and run here, so that what is exported is compared with the model at once:
Keras's own export keeps what a layer does while it trains (a random flip of every image that is
predicted) where nothing tells it not to.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import keras
import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass(frozen=True)
class Format:
    """A format that models are exported to.

    Attributes:
        write: A model of `for_inference`, path, Keras's input signature -> nothing.
        run: Path and arrays by input -> the outputs, each (n, ...), as its own runtime has them.
    """

    write: Callable[[keras.Model, Path, Any], None]
    run: Callable[[Path, Mapping[str, np.ndarray]], list[np.ndarray]]


def for_inference(model: keras.Model) -> keras.Model:
    """Return the model as it predicts: dropout, noise and augmentation do nothing.

    It has the weights of the model.
    """
    inputs = [keras.Input(t.shape[1:], dtype=t.dtype, name=t.name) for t in model.inputs]
    given = inputs if len(inputs) > 1 else inputs[0]
    return keras.Model(given, model(given, training=False))


def signature(model: keras.Model, batch: int | None) -> list[Any]:
    """Return what a model takes, for Keras's export: any number of examples, or so many."""
    made = [tf.TensorSpec((batch, *t.shape[1:]), t.dtype, name=t.name) for t in model.inputs]
    return made if len(made) == 1 else [made]


def takes_one(model: keras.Model) -> bool:
    """Whether LiteRT runs the model only for one example at a time, which a recurrent layer asks.

    Its loops over steps need to know the size of the batch.
    """
    return any(isinstance(layer, keras.layers.RNN) for layer in layers_within(model))


def layers_within(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a model, those within nested models and wrappers too."""
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from layers_within(layer)
        elif isinstance(layer, keras.layers.Bidirectional):
            yield layer.forward_layer
        elif isinstance(layer, keras.layers.Wrapper):
            yield layer.layer


def difference(made: list[np.ndarray], wanted: list[np.ndarray]) -> float:
    """Return the largest difference of outputs, in the order of either; NaN where one alone is."""
    largest = [0.0]
    for ours, theirs in zip(made, wanted, strict=True):
        alike = np.isnan(ours) & np.isnan(theirs)  # a diverged model predicts NaN
        largest.append(float(np.max(np.where(alike, 0.0, np.abs(ours - theirs)), initial=0.0)))
    return float(np.max(largest))


def _write_saved_model(model: keras.Model, path: Path, given: Any) -> None:
    model.export(path, format="tf_saved_model", verbose=False, input_signature=given)


def _run_saved_model(path: Path, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    loaded = tf.saved_model.load(str(path))
    given = [tf.constant(array) for array in arrays.values()]
    made = loaded.serve(given if len(given) > 1 else given[0])
    return [np.asarray(output) for output in tf.nest.flatten(made)]


def _write_litert(model: keras.Model, path: Path, given: Any) -> None:
    model.export(path, format="litert", verbose=False, input_signature=given)


def _run_litert(path: Path, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    with warnings.catch_warnings(action="ignore"):  # that it will move to a package of its own
        interpreter = tf.lite.Interpreter(model_path=str(path))
    one = any(told["shape_signature"][0] == 1 for told in interpreter.get_input_details())
    run = interpreter.get_signature_runner()
    size = len(next(iter(arrays.values())))
    pieces = [slice(i, i + 1) for i in range(size)] if one else [slice(0, size)]
    made = [run(**{name: array[piece] for name, array in arrays.items()}) for piece in pieces]
    return [np.concatenate([part[name] for part in made]) for name in sorted(made[0])]


def _write_onnx(model: keras.Model, path: Path, given: Any) -> None:
    from tf2onnx import convert, tf_loader

    # By way of a SavedModel: Keras's own way loses what a Normalization knows.
    with tempfile.TemporaryDirectory() as folder:
        _write_saved_model(model, Path(folder) / "model", given)
        graph, inputs, outputs = tf_loader.from_saved_model(
            str(Path(folder) / "model"), None, None, tag="serve", signatures=["serving_default"]
        )
        convert.from_graph_def(
            graph, input_names=inputs, output_names=outputs, output_path=str(path)
        )


def _run_onnx(path: Path, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [told.name for told in session.get_inputs()]
    return list(session.run(None, {name: arrays[name.partition(":")[0]] for name in names}))


FORMATS: Final = {
    "savedmodel": Format(_write_saved_model, _run_saved_model),
    "litert": Format(_write_litert, _run_litert),
    "onnx": Format(_write_onnx, _run_onnx),
}


def remove(path: Path) -> None:
    """Remove a file or a folder of a model, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def prepared(model: keras.Model, arrays: Any) -> dict[str, np.ndarray]:
    """Return what `feed` gives, by the name of each input and in its type."""
    named = arrays if isinstance(arrays, dict) else {model.inputs[0].name: arrays}
    return {
        tensor.name: np.ascontiguousarray(named[tensor.name]).astype(tensor.dtype)
        for tensor in model.inputs
    }
