"""The same grid by KerasTuner's GridSearch, as its guide shows it.

python benchmarks/tuner.py KIND DATA.npz TRIALS
"""

from __future__ import annotations

import sys
import tempfile

import keras
import keras_tuner
from problems import BATCH, EPOCHS, OPTIMIZERS, RATES, keras_model, read_arguments


def main() -> None:
    """Search the grid and print the best trial's score."""
    kind, (x_train, y_train, *validation), (trials,) = read_arguments(sys.argv[1:])
    seeds = list(range(-(-trials // (len(OPTIMIZERS) * len(RATES)))))

    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        optimizer = getattr(keras.optimizers, hp.Choice("optimizer", list(OPTIMIZERS)))
        rate = hp.Choice("rate", list(RATES))
        return keras_model(kind, optimizer(learning_rate=rate), hp.Choice("seed", seeds))

    with tempfile.TemporaryDirectory() as folder:
        tuner = keras_tuner.GridSearch(
            build, "val_accuracy", max_trials=trials, directory=folder, project_name=kind
        )
        tuner.search(
            x_train, y_train, batch_size=BATCH, epochs=EPOCHS, validation_data=validation,
            verbose=0,
        )  # fmt: skip
        done = tuner.oracle.get_best_trials(trials)
        print(len(done), done[0].score)


if __name__ == "__main__":
    main()
