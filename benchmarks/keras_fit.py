"""One training as a Keras user writes it: build, compile, fit, evaluate, save.

python benchmarks/keras_fit.py KIND DATA.npz EPOCHS MODEL.keras
"""

from __future__ import annotations

import sys

import keras
import numpy as np
from problems import BATCH, LAYERS, OUTPUT


def main() -> None:
    """Train, and print the scores of the validation part."""
    kind, data, epochs, saved = sys.argv[1:]
    with np.load(data) as arrays:
        x_train, y_train, x_val, y_val = (
            arrays[name] for name in ("x_train", "y_train", "x_validation", "y_validation")
        )
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input(x_train.shape[1:])]
        + [getattr(keras.layers, name)(**args) for name, args in [*LAYERS[kind], OUTPUT]]
    )
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        x_train, y_train, batch_size=BATCH, epochs=int(epochs), validation_data=(x_val, y_val),
        verbose=0,
    )  # fmt: skip
    print(model.evaluate(x_train, y_train, verbose=0), model.evaluate(x_val, y_val, verbose=0))
    model.save(saved)


if __name__ == "__main__":
    main()
