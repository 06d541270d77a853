"""Training programs: batches, loss, metrics and optimizer of a bound config, compiled.

`compilation` and `feeding` serve Keras's own `fit`, for one training; `program` trains hundreds of
trials of one network in one process, with the same results. All of them import TensorFlow.
"""

from dlcli.engine.compilation import (
    compile_model,
    keras_metric,
    log_names,
    named_metrics,
    prepare,
)
from dlcli.engine.evaluation import Evaluation
from dlcli.engine.export import for_keras
from dlcli.engine.feeding import (
    batches,
    class_weights,
    evaluation_batch_size,
    validation_batches,
)
from dlcli.engine.prediction import lengthened, outputs, probabilities

__all__ = [
    "Evaluation",
    "batches",
    "class_weights",
    "compile_model",
    "evaluation_batch_size",
    "for_keras",
    "keras_metric",
    "lengthened",
    "log_names",
    "named_metrics",
    "outputs",
    "prepare",
    "probabilities",
    "validation_batches",
]
