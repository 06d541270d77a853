"""Training programs: batches, loss, metrics and optimizer of a bound config, compiled.

`compilation` and `feeding` serve Keras's own `fit`, for one training; `program` trains hundreds of
trials of one network in one process, with the same results. All of them import TensorFlow.
"""

from dlcli.engine.compilation import compile_model, log_names, prepare
from dlcli.engine.feeding import batches, class_weights, validation_batches
from dlcli.engine.prediction import loss, outputs, probabilities

__all__ = [
    "batches",
    "class_weights",
    "compile_model",
    "log_names",
    "loss",
    "outputs",
    "prepare",
    "probabilities",
    "validation_batches",
]
