"""The table of `keras.datasets`, with the same examples in the same order and parts."""

from __future__ import annotations

from dlcli.data.description import Dataset, TensorSpec, single_input
from dlcli.data.entry import DataEntry
from dlcli.data.formats import keras_cache
from dlcli.data.formats.keras_cache import TF_KERAS, KerasFile
from dlcli.data.splitting import keras_orders, with_keras_test

CALIFORNIA_HOUSING = KerasFile(
    f"{TF_KERAS}california_housing.npz",
    "california_housing.npz",
    "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
)


def california_housing() -> Dataset:
    """Median house value, in dollars, of California's districts from 8 features (regression).

    16,512 training and 4128 test districts of the census of 1990, Keras's own shuffle and split.
    The features are raw, so a model starts best with a `Normalization` layer: median income,
    house age, rooms and bedrooms a household, population, occupancy, latitude, longitude.

    Licence:
        Not stated by its source
    Citation:
        Pace, R. K. & Barry, R. (1997). Sparse spatial autoregressions. Statistics & Probability
        Letters 33(3), 291-297.
    """
    arrays = keras_cache.read_arrays(CALIFORNIA_HOUSING)
    (order,) = keras_orders(len(arrays["y"]))
    x, y = arrays["x"][order], arrays["y"][order]
    return with_keras_test(_CALIFORNIA_HOUSING, x.astype("float32"), y.astype("float32"))


_CALIFORNIA_HOUSING = single_input(
    "california_housing", TensorSpec((8,), "float32"), (), (16512, 4128)
)

DATASETS = (
    DataEntry(california_housing, lambda: _CALIFORNIA_HOUSING, "keras", (CALIFORNIA_HOUSING,)),
)
