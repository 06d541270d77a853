"""One training as a Keras user writes it: build, compile, fit, evaluate, save to model.keras.

python benchmarks/keras_fit.py KIND DATA.npz EPOCHS
"""

from __future__ import annotations

import sys

import keras
from problems import BATCH, keras_model, read_arguments


def main() -> None:
    """Train, and print the scores of both parts."""
    kind, (x_train, y_train, *validation), (epochs,) = read_arguments(sys.argv[1:])
    model = keras_model(kind, keras.optimizers.Adam(), 0)
    model.fit(
        x_train, y_train, batch_size=BATCH, epochs=epochs, validation_data=validation, verbose=0
    )
    print(model.evaluate(x_train, y_train, verbose=0), model.evaluate(*validation, verbose=0))
    model.save("model.keras")


if __name__ == "__main__":
    main()
