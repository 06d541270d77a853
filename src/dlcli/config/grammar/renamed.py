"""Arguments that Keras has renamed or dropped: what old scripts write, and what to write now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dlcli.catalogue.signature import Entry

NEW_NAMES: Final = {
    "lr": "learning_rate",
    "nb_filter": "filters", "nb_kernel": "filters", "subsample": "strides",
    "border_mode": "padding", "pool_length": "pool_size", "filter_length": "kernel_size",
    "init": "kernel_initializer", "inner_init": "recurrent_initializer",
    "W_regularizer": "kernel_regularizer", "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint", "b_constraint": "bias_constraint",
    "dropout_W": "dropout", "dropout_U": "recurrent_dropout", "inner_activation":
    "recurrent_activation", "p": "rate", "sigma": "stddev", "alpha": "negative_slope",
    "output_dim": "units", "epsilon": "min_delta", "dim_ordering": "data_format",
    "bias": "use_bias",
}  # fmt: skip
"""Old name -> new name, where the class has an argument of the new one."""

LEFT_OUT: Final = {
    "input_shape": "leave it out: the shape of the input comes from the data",
    "batch_input_shape": "leave it out: the shape of the input comes from the data",
    "input_dim": "leave it out: the shape of the input comes from the data",
    "input_length": "leave it out: the length comes from the data",
    "batch_size": "it belongs to the data: data: {batch_size: 32}",
    "decay": (
        "name a schedule: learning_rate: {InverseTimeDecay: {initial_learning_rate: 0.01, "
        "decay_steps: 1, decay_rate: 1e-6}}"
    ),
    "metrics": "it belongs to compile: compile: {metrics: [accuracy]}",
    "return_sequence": "write return_sequences",
}
"""What to do instead of an argument that has no successor."""


def renamed(name: str, entry: Entry) -> str:
    """Return what to write instead of an argument of an older Keras; empty if it is none.

    Args:
        name: The argument as written.
        entry: The class that does not know it.
    """
    new = NEW_NAMES.get(name, "")
    if new in entry.by_name:
        return f"it is called {new} now"
    return LEFT_OUT.get(name, "")


PRETRAINED: Final = (
    "dlcli trains every network from random weights: those of another program, or of an earlier "
    "run, cannot be put in"
)

APPLICATIONS: Final = (
    "ConvNeXt", "DenseNet", "EfficientNet", "Inception", "MobileNet", "NASNet", "ResNet", "VGG",
    "Xception",
)  # fmt: skip
"""How the names of the networks in `keras.applications` begin."""

ELSEWHERE: Final = {
    "weights": PRETRAINED,
    "metrics": "write compile: {metrics: [accuracy]}",
    "loss": "write compile: {loss: ...}",
    "optimizer": "write compile: {optimizer: Adam}",
    "epochs": "write fit: {epochs: 10}",
    "callbacks": "write fit: {callbacks: [...]}",
    "class_weight": "write fit: {class_weight: balanced}",
    "layers": "write model: {layers: [...]}",
    "validation_split": "write data: {validation: 0.2}",
    "validation_data": "write data: {csv: {path: ..., validation: dev.csv}}",
    "batch_size": "write data: {batch_size: 32}",
    "sample_weight": "name the column: data: {csv: {path: ..., weights: w}}",
    "steps_per_epoch": "an epoch is all training examples; data.batch_size decides the steps",
    "samples_per_epoch": "an epoch is all training examples; data.batch_size decides the steps",
    "verbose": "leave it out: dlcli shows its progress by itself",
    "lr": "it belongs to the optimizer: optimizer: {Adam: {learning_rate: 0.001}}",
    "learning_rate": "it belongs to the optimizer: optimizer: {Adam: {learning_rate: 0.001}}",
}
"""Arguments of Keras's `fit` and `compile` that a config has elsewhere."""
