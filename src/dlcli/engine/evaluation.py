"""The loss of a model over some examples, computed as `fit` computes that of the validation part.

Losses are not functions of a model's outputs alone: Keras takes the logits from before a softmax or
sigmoid where it finds them, and leaves out what a mask marks. So model and loss run together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tensorflow as tf

from dlcli.engine.model import feed

if TYPE_CHECKING:
    import keras

    from dlcli.data.description import Split


class Evaluated(NamedTuple):
    """What a model makes of some examples.

    Attributes:
        loss: The mean over the examples, penalties included.
        penalty: The regularization losses in it.
        outputs: Every output, raw, shape (n, units) each.
    """

    loss: float
    penalty: float
    outputs: list[np.ndarray]


class Evaluation:
    """Runs a compiled model forward, with its loss; traced once.

    Args:
        model: With its loss attached.
        split: Examples such as will be evaluated.
    """

    def __init__(self, model: keras.Model, split: Split) -> None:
        self._model = model
        self._forward = tf.function(
            self._forward_of, autograph=False, input_signature=self._specs(split)
        )

    def _specs(self, split: Split) -> tuple[Any, tf.TensorSpec]:
        """Return the specs of a batch of any size, of sequences of any length the model takes."""
        arrays = feed(self._model, split)
        shapes = {tensor.name: tensor.shape for tensor in self._model.inputs}
        y = tf.TensorSpec([None, *split.y.shape[1:]], split.y.dtype)
        if not isinstance(arrays, dict):
            (shape,) = shapes.values()
            return tf.TensorSpec([None, *shape[1:]], arrays.dtype), y
        specs = {n: tf.TensorSpec([None, *shapes[n][1:]], a.dtype) for n, a in arrays.items()}
        return specs, y

    def _forward_of(self, x: Any, y: Any) -> tuple[Any, Any, list[Any]]:
        model = self._model
        outputs = model(x, training=False)
        targets = y if len(model.outputs) == 1 else (y,) * len(model.outputs)
        loss = model.compute_loss(
            x=x, y=targets, y_pred=outputs, sample_weight=None, training=False
        )
        penalties = tf.add_n([tf.cast(p, loss.dtype) for p in model.losses] or [loss * 0])
        return loss, penalties, tf.nest.flatten(outputs)

    def __call__(self, split: Split, index: np.ndarray, size: int) -> Evaluated:
        """Return the loss and the outputs of some examples.

        Args:
            split: The examples.
            index: Positions of those that are evaluated, shape (n,).
            size: Examples of a batch; see `feeding.evaluation_batch_size`.
        """
        x, y = feed(self._model, split), split.y
        total, penalty, parts = 0.0, 0.0, []
        for start in range(0, len(index), size):
            part = index[start : start + size]
            chunk = tf.nest.map_structure(lambda array, part=part: tf.constant(array[part]), x)
            loss, penalties, outputs = self._forward(chunk, tf.constant(y[part]))
            total += float(loss) * len(part)
            penalty += float(penalties) * len(part)
            parts.append([np.asarray(output, dtype=np.float32) for output in outputs])
        joined = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
        return Evaluated(total / len(index), penalty / len(index), joined)
