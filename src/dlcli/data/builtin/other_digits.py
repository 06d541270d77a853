"""The shipped digits in other forms: as sequences of rows or pixels, and moved on a canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from dlcli.catalogue.signature import Bounds
from dlcli.data.builtin import moving, toy
from dlcli.data.description import INPUT, DataDescription, Dataset, Split, TensorSpec, single_input
from dlcli.data.entry import DataEntry, Pictures, class_names
from dlcli.errors import DataError

if TYPE_CHECKING:
    import numpy as np

PERMUTATION_SEED = 92916
"""Of the one order in which the permuted pixels are read."""

MOVE_SEEDS = {"train": 40, "test": 41}

TEN = class_names("0 1 2 3 4 5 6 7 8 9")

Order = Literal["rows", "pixels", "permuted"]
DigitSource = Literal["digits", "mnist_5k"]
Moved = Literal["all", "test"]
Canvas = Annotated[int, Bounds(minimum=8, maximum=256)]
Shift = Annotated[float, Bounds(minimum=0)]
Rotation = Annotated[float, Bounds(minimum=0, maximum=180)]
Scale = Annotated[float, Bounds(minimum=1, maximum=4)]


def sequential_mnist_5k(*, order: Order = "rows") -> Dataset:
    """MNIST's digits read one row, or one pixel, at a time (offline).

    The images and parts of `mnist_5k` as sequences: 28 rows of 28 pixels, or 784 single pixels,
    from the top left row by row, or in an order that is shuffled once, the same for all images,
    so that what belongs together is far apart.

    Args:
        order: `rows`, `pixels`, or `permuted` pixels.

    Licence:
        CC BY-SA 3.0
    Citation:
        Le, Q. V., Jaitly, N. & Hinton, G. E. (2015). A simple way to initialize recurrent networks
        of rectified linear units. arXiv:1504.00941; the images: LeCun, Y., Bottou, L., Bengio, Y.
        & Haffner, P. (1998). Proceedings of the IEEE 86(11), 2278-2324.
    """
    import numpy as np

    loaded = toy.mnist_5k()
    steps = np.random.RandomState(PERMUTATION_SEED).permutation(784)

    def read(split: Split) -> Split:
        images = split.x[INPUT]
        if order == "rows":
            return Split({INPUT: images.reshape(-1, 28, 28)}, split.y)
        pixels = images.reshape(-1, 784, 1)
        return Split({INPUT: pixels if order == "pixels" else pixels[:, steps]}, split.y)

    assert loaded.test is not None  # noqa: S101 - mnist_5k has one
    return Dataset(_describe_sequences(order=order), read(loaded.train), None, read(loaded.test))


def moved_digits(
    *,
    source: DigitSource = "digits",
    canvas: Canvas = 20,
    shift: Shift = 4.0,
    rotation: Rotation = 0.0,
    scale: Scale = 1.0,
    moved: Moved = "all",
) -> Dataset:
    """Digits shifted, turned and resized on a larger canvas (offline, generated).

    Each image of `digits` (8x8) or `mnist_5k` (28x28) lies on an empty canvas, moved by amounts
    that are drawn evenly, once and for all: what stays inside depends on the canvas. With
    `moved: test` the training digits lie in the middle as they are, so that the test part asks
    what a network makes of places and poses that it has not seen: what pooling is for. A comparison
    then keeps to this test part. Each image is there once, so none is on both sides of a split.

    Args:
        source: Whose images.
        canvas: Height and width, in pixels; at least the images' own.
        shift: Largest shift along each axis, in pixels.
        rotation: Largest rotation to either side, in degrees.
        scale: Largest factor of growth; its inverse is that of shrinkage.
        moved: `all` images, or those of the `test` part alone.

    Licence:
        CC BY 4.0 (digits), CC BY-SA 3.0 (mnist_5k)
    Citation:
        The images: see `digits` and `mnist_5k`; moving them to test invariance: Jaderberg, M.,
        Simonyan, K., Zisserman, A. & Kavukcuoglu, K. (2015). Spatial transformer networks. NIPS.
    """
    loaded = getattr(toy, source)()
    description = _describe_moved(source=source, canvas=canvas)
    limits = (shift, rotation, scale)

    def part(name: str, split: Split) -> Split:
        still = moved == "test" and name == "train"
        bounds = (0.0, 0.0, 1.0) if still else limits
        return Split({INPUT: _moved(split.x[INPUT], canvas, bounds, MOVE_SEEDS[name])}, split.y)

    train, test = part("train", loaded.train), part("test", loaded.test)
    kept = "only its test digits are moved (moved: test)" if moved == "test" else ""
    return Dataset(description, train, None, test, kept=kept)


def _moved(
    images: np.ndarray, canvas: int, limits: tuple[float, float, float], seed: int
) -> np.ndarray:
    """Lay images on a canvas, each moved at random within limits.

    Args:
        images: Shape (n, side, side, 1).
        canvas: Side of the canvas, in pixels.
        limits: Of the shift in pixels, the rotation in degrees, the factor of the scale.
        seed: Of the amounts.

    Returns:
        float32, shape (n, canvas, canvas, 1).
    """
    import numpy as np

    shift, rotation, scale = limits
    stream = np.random.RandomState(seed)
    moves = zip(
        stream.uniform(-shift, shift, (len(images), 2)),
        stream.uniform(-rotation, rotation, len(images)),
        np.exp(stream.uniform(-np.log(scale), np.log(scale), len(images))),
        strict=True,
    )
    laid = [
        moving.moved(image, (canvas, canvas), moving.Move(down, right, angle, factor))
        for image, ((down, right), angle, factor) in zip(images, moves, strict=True)
    ]
    return np.stack(laid)


def _describe_sequences(*, order: Order = "rows") -> DataDescription:
    shape = (28, 28) if order == "rows" else (784, 1)
    return single_input("sequential_mnist_5k", TensorSpec(shape, "float32"), TEN, (4000, 1000))


def _describe_moved(
    *, source: DigitSource = "digits", canvas: int = 20, **_moves: object
) -> DataDescription:
    sizes = {"digits": (8, 1438, 359), "mnist_5k": (28, 4000, 1000)}
    side, train_size, test_size = sizes[source]
    if canvas < side:
        message = f"canvas is {canvas}, but the images of {source} are {side} pixels high and wide"
        raise DataError(message, remedy=f"Give canvas: {side + 12} or so.")
    spec = TensorSpec((canvas, canvas, 1), "float32")
    return single_input("moved_digits", spec, TEN, (train_size, test_size))


DATASETS = (
    DataEntry(sequential_mnist_5k, _describe_sequences, "generated"),
    DataEntry(moved_digits, _describe_moved, "generated", pictures=Pictures(on_black=True)),
)
