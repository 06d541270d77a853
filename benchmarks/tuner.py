"""The same grid by KerasTuner's GridSearch, as its guide shows it.

python benchmarks/tuner.py KIND DATA.npz [TRIALS]
"""

from __future__ import annotations

import sys
import tempfile

import keras
import keras_tuner
import numpy as np
from problems import BATCH, EPOCHS, LAYERS, OPTIMIZERS, OUTPUT, RATES, SEEDS


def main() -> None:
    """Search the grid and print the best trial's score."""
    kind, data = sys.argv[1:3]
    trials = int(sys.argv[3]) if len(sys.argv) > 3 else len(OPTIMIZERS) * len(RATES) * SEEDS
    with np.load(data) as arrays:
        x_train, y_train, x_val, y_val = (
            arrays[name] for name in ("x_train", "y_train", "x_validation", "y_validation")
        )

    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        keras.utils.set_random_seed(hp.Choice("seed", list(range(-(-trials // 8)))))
        model = keras.Sequential(
            [keras.Input(x_train.shape[1:])]
            + [getattr(keras.layers, name)(**args) for name, args in [*LAYERS[kind], OUTPUT]]
        )
        optimizer = getattr(keras.optimizers, hp.Choice("optimizer", list(OPTIMIZERS)))
        model.compile(
            optimizer=optimizer(learning_rate=hp.Choice("rate", list(RATES))),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        return model

    with tempfile.TemporaryDirectory() as folder:
        tuner = keras_tuner.GridSearch(
            build, "val_accuracy", max_trials=trials, directory=folder, project_name=kind
        )
        tuner.search(
            x_train, y_train, batch_size=BATCH, epochs=EPOCHS, validation_data=(x_val, y_val),
            verbose=0,
        )  # fmt: skip
        done = tuner.oracle.get_best_trials(trials)
        print(len(done), done[0].score)


if __name__ == "__main__":
    main()
