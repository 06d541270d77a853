"""The networks and the workload of the trial benchmarks, for dlcli and for the loop alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import keras

TRAIN, VALIDATION = 4000, 1000
EPOCHS, BATCH = 3, 64
OPTIMIZERS = ("SGD", "Adam")
RATES = (1e-3, 3.16e-3, 1e-2, 3.16e-2)
SEEDS = 3

LAYERS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "mlp": [
        ("Flatten", {}),
        ("Dense", {"units": 64, "activation": "relu"}),
    ],
    "rnn": [
        ("Reshape", {"target_shape": [28, 28]}),
        ("SimpleRNN", {"units": 64}),
    ],
    "lstm": [
        ("Reshape", {"target_shape": [28, 28]}),
        ("LSTM", {"units": 64}),
    ],
    "cnn": [
        ("Conv2D", {"filters": 32, "kernel_size": 3, "activation": "relu"}),
        ("MaxPooling2D", {"pool_size": 2}),
        ("Conv2D", {"filters": 64, "kernel_size": 3, "activation": "relu"}),
        ("MaxPooling2D", {"pool_size": 2}),
        ("Flatten", {}),
    ],
}
"""MLP 784-64-10, SimpleRNN-64 and LSTM-64 over 28 rows, conv32-pool-conv64-pool-dense."""

OUTPUT = ("Dense", {"units": 10, "activation": "softmax"})


def write_data(path: Path) -> None:
    """Write the images once, so that neither side pays for converting them."""
    from dlcli.data import load
    from dlcli.data.description import INPUT, Source

    dataset = load(Source("mnist_5k"), validation=0)
    parts = [part for part in (dataset.train, dataset.test) if part is not None]
    x = np.concatenate([part.x[INPUT] for part in parts])
    y = np.concatenate([part.y for part in parts])
    np.savez(
        path, x_train=x[:TRAIN], y_train=y[:TRAIN], x_validation=x[TRAIN:], y_validation=y[TRAIN:]
    )


def write_config(path: Path, kind: str, data: Path) -> None:
    """Write the dlcli config of one network."""
    import yaml

    layers = [{name: arguments} for name, arguments in [*LAYERS[kind], OUTPUT]]
    path.write_text(
        yaml.safe_dump(
            {
                "name": kind,
                "data": {"npz": {"path": str(data)}, "batch_size": BATCH},
                "model": {"layers": layers},
                "compile": {"metrics": ["accuracy"]},
                "fit": {"epochs": EPOCHS},
            },
            sort_keys=False,
        )
    )


def read_arguments(arguments: list[str]) -> tuple[str, tuple[np.ndarray, ...], list[int]]:
    """Return what the scripts beside dlcli are given: KIND DATA.npz NUMBER ...

    Returns:
        The network's name; x_train, y_train, x_validation, y_validation; the numbers.
    """
    kind, data, *numbers = arguments
    names = ("x_train", "y_train", "x_validation", "y_validation")
    with np.load(data) as arrays:
        return kind, tuple(arrays[name] for name in names), [int(number) for number in numbers]


def keras_model(kind: str, optimizer: keras.optimizers.Optimizer, seed: int) -> keras.Model:
    """Seed, build and compile a network, as a Keras user does for every trial."""
    import keras

    keras.utils.set_random_seed(seed)
    layers = [getattr(keras.layers, name)(**given) for name, given in [*LAYERS[kind], OUTPUT]]
    model = keras.Sequential([keras.Input((28, 28, 1)), *layers])
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
