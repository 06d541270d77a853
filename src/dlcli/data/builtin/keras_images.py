"""The images of `keras.datasets`, with the same examples in the same order and parts."""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Literal

from dlcli.data.description import INPUT, DataDescription, Dataset, Split, TensorSpec, single_input
from dlcli.data.entry import DataEntry, Pictures, class_names
from dlcli.data.formats import keras_cache, npy
from dlcli.data.formats.keras_cache import TF_KERAS, KerasFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

MNIST = KerasFile(
    f"{TF_KERAS}mnist.npz",
    "mnist.npz",
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
)
# Keras checks no hash here; these are of the unpacked files, whose packed form has the MD5 sums
# that the authors publish.
FASHION_MNIST = tuple(
    KerasFile(f"{TF_KERAS}{name}", f"fashion-mnist/{name}", sha256)
    for name, sha256 in (
        (
            "train-images-idx3-ubyte.gz",
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        (
            "train-labels-idx1-ubyte.gz",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        (
            "t10k-images-idx3-ubyte.gz",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    )
)
CIFAR10 = KerasFile(
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    "cifar-10-batches-py-target_archive",
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    # The second is where earlier versions of Keras unpacked it.
    ("cifar-10-batches-py-target/cifar-10-batches-py", "cifar-10-batches-py"),
)
CIFAR100 = KerasFile(
    "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
    "cifar-100-python-target_archive",
    "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    ("cifar-100-python-target/cifar-100-python", "cifar-100-python"),
)
LabelMode = Literal["fine", "coarse"]


def mnist() -> Dataset:
    """Handwritten digits, 28x28 grey levels from 0 to 1, with the official test part.

    60,000 training and 10,000 test images.

    Licence:
        CC BY-SA 3.0
    Citation:
        LeCun, Y., Bottou, L., Bengio, Y. & Haffner, P. (1998). Gradient-based learning applied
        to document recognition. Proceedings of the IEEE 86(11), 2278-2324.
    """
    arrays = keras_cache.read_arrays(MNIST)
    return Dataset(
        _MNIST,
        _images(arrays["x_train"][..., None], arrays["y_train"]),
        None,
        _images(arrays["x_test"][..., None], arrays["y_test"]),
    )


def fashion_mnist() -> Dataset:
    """Photographs of clothes in ten kinds, 28x28 grey levels from 0 to 1.

    60,000 training and 10,000 test images, as the authors split them.

    Licence:
        MIT
    Citation:
        Xiao, H., Rasul, K. & Vollgraf, R. (2017). Fashion-MNIST: a Novel Image Dataset for
        Benchmarking Machine Learning Algorithms. arXiv:1708.07747.
    """
    x_train, y_train, x_test, y_test = (_idx(keras_cache.read(file)) for file in FASHION_MNIST)
    return Dataset(
        _FASHION_MNIST,
        _images(x_train[..., None], y_train),
        None,
        _images(x_test[..., None], y_test),
    )


def cifar10() -> Dataset:
    """Photographs of ten kinds of animals and vehicles, 32x32 RGB from 0 to 1.

    50,000 training and 10,000 test images, as the authors split them.

    Licence:
        Not stated by the authors; they ask to be cited
    Citation:
        Krizhevsky, A. (2009). Learning Multiple Layers of Features from Tiny Images. Technical
        report, University of Toronto.
    """
    batches = [f"data_batch_{number}" for number in range(1, 6)]
    train, test = _cifar(CIFAR10, [batches, ["test_batch"]], b"labels")
    return Dataset(_CIFAR10, train, None, test)


def cifar100(*, label_mode: LabelMode = "fine") -> Dataset:
    """Photographs of a hundred kinds of things, 32x32 RGB from 0 to 1.

    50,000 training and 10,000 test images, as the authors split them.

    Args:
        label_mode: `fine` for the 100 kinds, `coarse` for the 20 groups they are in.

    Licence:
        Not stated by the authors; they ask to be cited
    Citation:
        Krizhevsky, A. (2009). Learning Multiple Layers of Features from Tiny Images. Technical
        report, University of Toronto.
    """
    key = f"{label_mode}_labels".encode()
    train, test = _cifar(CIFAR100, [["train"], ["test"]], key)
    return Dataset(_describe_cifar100(label_mode=label_mode), train, None, test)


def _idx(content: bytes) -> np.ndarray:
    """Read the IDX format of MNIST: two zeros, the type (8: uint8), the number of axes, the axes.

    Args:
        content: The unpacked file.

    Returns:
        A uint8 array.
    """
    import numpy as np

    axes = content[3]
    shape = np.frombuffer(content, ">u4", count=axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def _images(x: np.ndarray, y: np.ndarray) -> Split:
    """Scale uint8 images (n, height, width, channels) to float32 from 0 to 1."""
    import numpy as np

    scaled = np.divide(x, np.float32(255), dtype=np.float32, order="C")
    return Split({INPUT: scaled}, y.astype("int32"))


def _cifar(file: KerasFile, parts: Sequence[Sequence[str]], label_key: bytes) -> tuple[Split, ...]:
    """Read one `Split` for each list of batch files."""
    members = keras_cache.read_members(file, [name for names in parts for name in names])
    try:
        return tuple(_cifar_part([members[name] for name in names], label_key) for names in parts)
    # Lookup and what follows it: the pickle is whole but holds something else.
    except (pickle.UnpicklingError, LookupError, TypeError, ValueError) as error:
        raise keras_cache.unusable(file, error) from error


def _cifar_part(batches: Sequence[bytes], label_key: bytes) -> Split:
    """Join batches, pickles of rows of 3072 bytes, one colour plane after the other."""
    import numpy as np

    for batch in batches:
        npy.check_pickle(batch)
    unpickled = [npy.restricted_load(io.BytesIO(batch)) for batch in batches]
    rows = np.concatenate([batch[b"data"] for batch in unpickled])
    labels = np.concatenate([batch[label_key] for batch in unpickled])
    return _images(rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), labels)


def _describe_cifar100(*, label_mode: LabelMode = "fine") -> DataDescription:
    classes = CIFAR100_FINE if label_mode == "fine" else CIFAR100_COARSE
    return _images_description("cifar100", (32, 32, 3), classes, 50000)


def _images_description(
    name: str, shape: tuple[int, ...], classes: tuple[str, ...], train_size: int
) -> DataDescription:
    return single_input(name, TensorSpec(shape, "float32"), classes, (train_size, 10000))


CIFAR100_FINE = class_names("""
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
    butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch
    crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo
    keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse
    mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy
    porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper
    snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television
    tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm
""")
CIFAR100_COARSE = class_names("""
    aquatic_mammals fish flowers food_containers fruit_and_vegetables
    household_electrical_devices household_furniture insects large_carnivores
    large_man-made_outdoor_things large_natural_outdoor_scenes large_omnivores_and_herbivores
    medium_mammals non-insect_invertebrates people reptiles small_mammals trees vehicles_1
    vehicles_2
""")
CLOTHES = (
    *class_names("T-shirt/top Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag"),
    "Ankle boot",
)
THINGS = class_names("airplane automobile bird cat deer dog frog horse ship truck")

_MNIST = _images_description("mnist", (28, 28, 1), class_names("0 1 2 3 4 5 6 7 8 9"), 60000)
_FASHION_MNIST = _images_description("fashion_mnist", (28, 28, 1), CLOTHES, 60000)
_CIFAR10 = _images_description("cifar10", (32, 32, 3), THINGS, 50000)

DATASETS = (
    DataEntry(mnist, lambda: _MNIST, "keras", (MNIST,), pictures=Pictures(on_black=True)),
    DataEntry(
        fashion_mnist,
        lambda: _FASHION_MNIST,
        "keras",
        FASHION_MNIST,
        pictures=Pictures(on_black=True),
    ),
    DataEntry(cifar10, lambda: _CIFAR10, "keras", (CIFAR10,), pictures=Pictures()),
    DataEntry(cifar100, _describe_cifar100, "keras", (CIFAR100,), pictures=Pictures()),
)
