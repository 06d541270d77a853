"""The yearly sunspot numbers of the National Geophysical Data Center, as a forecasting task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from dlcli.catalogue.signature import Bounds
from dlcli.data.description import INPUT, DataDescription, Dataset, Split, TensorSpec
from dlcli.data.entry import DataEntry
from dlcli.data.splitting import TEST_FRACTION

if TYPE_CHECKING:
    import numpy as np

YEARS = 309
TEST_YEARS = round(TEST_FRACTION * YEARS)

Window = Annotated[int, Bounds(minimum=1, maximum=100)]
Horizon = Annotated[int, Bounds(minimum=1, maximum=20)]


def sunspots(*, window: Window = 12, horizon: Horizon = 1) -> Dataset:
    """The number of sunspots in a year from the years before it, 1700 to 2008 (offline).

    An example is a window of years and the year, or years, after it; the numbers are as
    published, 0 to 190.2. The test part forecasts the last 62 years, 1947 to 2008, from windows
    that may begin before; the training part knows nothing after 1946, and its latest years
    validate.

    Args:
        window: How many years each forecast is made from. Twelve as in the paper cited.
        horizon: How many years are forecast, each window by one model at once.

    Licence:
        Public domain
    Citation:
        Weigend, A. S., Huberman, B. A. & Rumelhart, D. E. (1990). Predicting the future: a
        connectionist approach. International Journal of Neural Systems 1(3), 193-209.
    """
    numbers = _numbers()
    return Dataset(
        _describe_sunspots(window=window, horizon=horizon),
        _windows(numbers[:-TEST_YEARS], window, horizon),
        None,
        _windows(numbers[-TEST_YEARS - window :], window, horizon),
    )


def _windows(series: np.ndarray, window: int, horizon: int) -> Split:
    """Cut a series into examples, each a step after the one before.

    Args:
        series: Values in the order of time, shape (n,).
        window: Steps of an input.
        horizon: Steps of a target.
    """
    import numpy as np

    pieces = np.lib.stride_tricks.sliding_window_view(series, window + horizon)
    targets = pieces[:, window:]
    return Split(
        {INPUT: np.ascontiguousarray(pieces[:, :window, np.newaxis])},
        np.ascontiguousarray(targets if horizon > 1 else targets[:, 0]),
    )


def _numbers() -> np.ndarray:
    """Return the number of each year, shape (309,): the 3 kB for which statsmodels takes 65 MB."""
    from importlib.resources import files

    import numpy as np

    table = files("dlcli.data.builtin").joinpath("sunspots.csv")
    rows = table.read_text("utf-8").splitlines()[1:]
    return np.array([row.split(",")[1] for row in rows], np.float32)


def _describe_sunspots(*, window: int = 12, horizon: int = 1) -> DataDescription:
    return DataDescription(
        "sunspots",
        "forecasting",
        {INPUT: TensorSpec((window, 1), "float32")},
        target_shape=(horizon,) if horizon > 1 else (),
        train_size=YEARS - TEST_YEARS - window - horizon + 1,
        test_size=TEST_YEARS - horizon + 1,
    )


DATASETS = (DataEntry(sunspots, _describe_sunspots, "offline"),)
