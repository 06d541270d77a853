"""Sequences of the UCR, UEA and TSER archives that come inside sktime, in their official parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcli.data.description import INPUT, DataDescription, Dataset, Split, TensorSpec, single_input
from dlcli.data.entry import DataEntry
from dlcli.data.formats.cache import PARTS, cached
from dlcli.data.lengths import lengths_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import pandas as pd


DIGITS = tuple("0123456789")


def japanese_vowels() -> Dataset:
    """Which of nine men says /ae/: 12 cepstrum coefficients, 7 to 29 time steps (offline).

    640 utterances, a time step every 6.4 ms. Shorter ones are padded with zeros at their end, so
    a recurrent network starts best with a `Masking` layer. The official parts: the test
    utterances were recorded on other occasions, which a new split mixes. The speaker is the class;
    the occasion of an utterance is not in the file.

    Licence:
        CC BY 4.0
    Citation:
        Kudo, M., Toyama, J. & Shimbo, M. (1999). Multidimensional curve classification using
        passing-through regions. Pattern Recognition Letters 20, 1103-1111.
        https://doi.org/10.24432/C5NS47
    """
    return _load(_JAPANESE_VOWELS, "japanese_vowels", labels=DIGITS[1:])


def basic_motions() -> Dataset:
    """What the wearer of a smart watch does, from accelerometer and gyroscope (offline).

    80 recordings of 10 s, 10 time steps a second; 3 channels of acceleration, 3 of rotation, as
    published. The official parts. Four students made the recordings; who made which is not in
    the file, so each may be in several parts.

    Licence:
        Not stated by the UEA archive, which asks to be cited
    Citation:
        Bagnall, A., Dau, H. A., Lines, J., Flynn, M., Large, J., Bostrom, A., Southam, P. &
        Keogh, E. (2018). The UEA multivariate time series classification archive.
        arXiv:1811.00075.
    """
    return _load(_BASIC_MOTIONS, "basic_motions", labels=_BASIC_MOTIONS.classes)


def italy_power_demand() -> Dataset:
    """The half of the year a day is in, from Italy's demand for electricity by the hour (offline).

    1096 days, each of mean 0 and variance 1. The official parts: few to train, many to test.

    Licence:
        Not stated by the UCR archive, which asks to be cited
    Citation:
        Keogh, E., Wei, L., Xi, X., Lonardi, S., Shieh, J. & Sirowy, S. (2006). Intelligent icons:
        integrating lite-weight data mining and visualization into GUI operating systems. ICDM.
    """
    return _load(_ITALY_POWER_DEMAND, "italy_power_demand", labels=DIGITS[1:])


def gunpoint() -> Dataset:
    """Whether an actor draws a gun or only points, from the hand's path to the side (offline).

    200 films of 150 pictures, each path of mean 0 and variance 1. The official parts. Which
    of two actors a path is from is not in the file, so both may be in several parts.

    Licence:
        Not stated by the UCR archive, which asks to be cited
    Citation:
        Ratanamahatana, C. A. & Keogh, E. (2004). Everything you know about dynamic time warping
        is wrong. Workshop on Mining Temporal and Sequential Data, KDD.
    """
    return _load(_GUNPOINT, "gunpoint", labels=DIGITS[1:])


def arrow_head() -> Dataset:
    """The type of an arrowhead from its outline, 251 steps around it (offline).

    211 outlines, each of mean 0 and variance 1. The official parts: 36 to train.

    Licence:
        Not stated by the UCR archive, which asks to be cited
    Citation:
        Ye, L. & Keogh, E. (2009). Time series shapelets: a new primitive for data mining. KDD,
        947-956.
    """
    return _load(_ARROW_HEAD, "arrow_head", labels=DIGITS)


def osu_leaf() -> Dataset:
    """Which of six trees a leaf is from, by its outline, 427 steps around it (offline).

    442 outlines as published. The official parts.

    Licence:
        Not stated by the UCR archive, which asks to be cited
    Citation:
        Gandhi, A. (2002). Content-based image retrieval: plant species identification. MSc
        thesis, Oregon State University.
    """
    return _load(_OSU_LEAF, "osuleaf", labels=DIGITS[1:])


def plaid() -> Dataset:
    """Which household appliance draws a current, 100 to 1344 time steps (offline).

    1074 recordings from 56 households, as published: some never exceed 0.001, others reach 470,
    so a network starts best with a `UnitNormalization` along the time axis, 1. Shorter ones are
    padded with zeros at their end. The official parts. An appliance was recorded three to six
    times; household and appliance of a recording are not in the file, so both may be in several
    parts.

    Licence:
        Not stated by the UCR archive, which asks to be cited
    Citation:
        Gao, J., Giri, S., Kara, E. C. & Berges, M. (2014). PLAID: a public dataset of
        high-resolution electrical appliance measurements for load identification research.
        BuildSys, 198-199.
    """
    return _load(_PLAID, "plaid", labels=(*DIGITS, "10"))


def covid3month() -> Dataset:
    """COVID-19's death rate on 1 April 2020 from 84 days of confirmed cases (offline, regression).

    201 countries; the death rate is a share from 0 to 0.2, the daily cases are as published, up
    to 20,341. The official parts.

    Licence:
        CC BY 4.0
    Citation:
        Tan, C. W., Bergmeir, C., Petitjean, F. & Webb, G. I. (2021). Time series extrinsic
        regression. Data Mining and Knowledge Discovery 35, 1032-1060.
    """
    return _load(_COVID3MONTH, "covid_3month", labels=())


def _load(description: DataDescription, loader: str, labels: Sequence[str]) -> Dataset:
    """Load a data set of sktime's.

    Args:
        description: What it must come out as.
        loader: The name of sktime's function after `load_`.
        labels: Its classes in the order of the description's; none for regression.
    """
    varies = description.inputs[INPUT].shape[0] is None
    wanted = (*PARTS, *STEPS) if varies else PARTS
    arrays = cached(description.name, _from_sktime(loader, labels), wanted)

    def part(name: str) -> Split:
        x = {INPUT: arrays[f"x_{name}"]}
        if varies:
            x[lengths_name(INPUT)] = arrays[f"steps_{name}"]
        return Split(x, arrays[f"y_{name}"])

    return Dataset(description, part("train"), None, part("test"))


STEPS = ("steps_train", "steps_test")
"""The lengths of sequences that are padded."""


def _from_sktime(loader: str, labels: Sequence[str]) -> Callable[[], Mapping[str, np.ndarray]]:
    def convert() -> Mapping[str, np.ndarray]:
        from sktime import datasets

        load = getattr(datasets, f"load_{loader}")
        (x_train, y_train), (x_test, y_test) = load(split="train"), load(split="test")
        length = max(len(channel) for x in (x_train, x_test) for channel in x.iloc[:, 0])
        return {
            "x_train": _padded(x_train, length),
            "y_train": _targets(y_train, labels),
            "x_test": _padded(x_test, length),
            "y_test": _targets(y_test, labels),
            "steps_train": _lengths(x_train),
            "steps_test": _lengths(x_test),
        }

    return convert


def _padded(examples: pd.DataFrame, length: int) -> np.ndarray:
    """Lay sequences out in one array.

    Args:
        examples: A row an example, a column a channel, a series of values in each cell.
        length: Of the longest.

    Returns:
        float32, shape (n, length, channels), zeros after the end of a sequence.
    """
    import numpy as np

    rows = np.zeros((len(examples), length, examples.shape[1]), np.float32)
    for row, channels in zip(rows, examples.itertuples(index=False), strict=True):
        for number, channel in enumerate(channels):
            row[: len(channel), number] = channel
    return rows


def _lengths(examples: pd.DataFrame) -> np.ndarray:
    """Return the steps of each sequence, int32 (n,): those of its longest channel."""
    import numpy as np

    rows = examples.itertuples(index=False)
    return np.array([max(map(len, channels)) for channels in rows], np.int32)


def _targets(published: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    import numpy as np

    if not labels:
        return published.astype("float32")
    return np.array([labels.index(label) for label in published], np.int32)


_JAPANESE_VOWELS = single_input(
    "japanese_vowels",
    TensorSpec((None, 12), "float32"),
    DIGITS[1:],
    (270, 370),
)
_BASIC_MOTIONS = single_input(
    "basic_motions",
    TensorSpec((100, 6), "float32"),
    ("standing", "walking", "running", "badminton"),
    (40, 40),
)
_ITALY_POWER_DEMAND = single_input(
    "italy_power_demand",
    TensorSpec((24, 1), "float32"),
    ("October to March", "April to September"),
    (67, 1029),
)
_GUNPOINT = single_input(
    "gunpoint",
    TensorSpec((150, 1), "float32"),
    ("gun", "point"),
    (50, 150),
)
_ARROW_HEAD = single_input(
    "arrow_head",
    TensorSpec((251, 1), "float32"),
    ("Avonlea", "Clovis", "Mix"),
    (36, 175),
)
_OSU_LEAF = single_input(
    "osu_leaf",
    TensorSpec((427, 1), "float32"),
    (
        "Acer circinatum",
        "Acer glabrum",
        "Acer macrophyllum",
        "Acer negundo",
        "Quercus garryana",
        "Quercus kelloggii",
    ),
    (200, 242),
)
_PLAID = single_input(
    "plaid",
    TensorSpec((None, 1), "float32"),
    (
        "air conditioner",
        "compact fluorescent lamp",
        "fan",
        "fridge",
        "hairdryer",
        "heater",
        "incandescent light bulb",
        "laptop",
        "microwave",
        "vacuum",
        "washing machine",
    ),
    (537, 537),
)
_COVID3MONTH = single_input(
    "covid3month",
    TensorSpec((84, 1), "float32"),
    (),
    (140, 61),
)

DATASETS = (
    DataEntry(japanese_vowels, lambda: _JAPANESE_VOWELS, "offline"),
    DataEntry(basic_motions, lambda: _BASIC_MOTIONS, "offline"),
    DataEntry(italy_power_demand, lambda: _ITALY_POWER_DEMAND, "offline"),
    DataEntry(gunpoint, lambda: _GUNPOINT, "offline"),
    DataEntry(arrow_head, lambda: _ARROW_HEAD, "offline"),
    DataEntry(osu_leaf, lambda: _OSU_LEAF, "offline"),
    DataEntry(plaid, lambda: _PLAID, "offline"),
    DataEntry(covid3month, lambda: _COVID3MONTH, "offline"),
)
