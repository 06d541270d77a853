"""The loop a Keras user writes by hand: build, compile, fit, for each optimizer, rate and seed.

python benchmarks/keras_loop.py KIND DATA.npz [TRIALS]
"""

from __future__ import annotations

import itertools
import sys

import keras
import numpy as np
from problems import BATCH, EPOCHS, LAYERS, OPTIMIZERS, OUTPUT, RATES, SEEDS


def main() -> None:
    """Train the grid and print the best validation accuracy of each setting."""
    kind, data = sys.argv[1:3]
    trials = int(sys.argv[3]) if len(sys.argv) > 3 else len(OPTIMIZERS) * len(RATES) * SEEDS
    with np.load(data) as arrays:
        x_train, y_train, x_val, y_val = (
            arrays[name] for name in ("x_train", "y_train", "x_validation", "y_validation")
        )
    settings = itertools.product(range(trials), OPTIMIZERS, RATES)
    for seed, optimizer, rate in itertools.islice(settings, trials):
        keras.utils.set_random_seed(seed)
        model = keras.Sequential(
            [keras.Input(x_train.shape[1:])]
            + [getattr(keras.layers, name)(**args) for name, args in [*LAYERS[kind], OUTPUT]]
        )
        model.compile(
            optimizer=getattr(keras.optimizers, optimizer)(learning_rate=rate),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        history = model.fit(
            x_train, y_train, batch_size=BATCH, epochs=EPOCHS, validation_data=(x_val, y_val),
            verbose=0,
        ).history  # fmt: skip
        print(optimizer, rate, seed, max(history["val_accuracy"]))


if __name__ == "__main__":
    main()
