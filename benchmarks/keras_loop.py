"""The loop a Keras user writes by hand: build, compile, fit, for each optimizer, rate and seed.

python benchmarks/keras_loop.py KIND DATA.npz TRIALS
"""

from __future__ import annotations

import itertools
import sys

import keras
from problems import BATCH, EPOCHS, OPTIMIZERS, RATES, keras_model, read_arguments


def main() -> None:
    """Train the grid and print the best validation accuracy of each setting."""
    kind, (x_train, y_train, *validation), (trials,) = read_arguments(sys.argv[1:])
    settings = itertools.product(range(trials), OPTIMIZERS, RATES)
    for seed, optimizer, rate in itertools.islice(settings, trials):
        model = keras_model(kind, getattr(keras.optimizers, optimizer)(learning_rate=rate), seed)
        history = model.fit(
            x_train, y_train, batch_size=BATCH, epochs=EPOCHS, validation_data=validation,
            verbose=0,
        ).history  # fmt: skip
        print(optimizer, rate, seed, max(history["val_accuracy"]))


if __name__ == "__main__":
    main()
