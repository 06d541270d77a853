"""Tasks from the literature on memory in recurrent networks, made anew each time, always the same.

Training and test examples come from random streams of their own. The streams are NumPy's
`RandomState`, which never changes (NEP 19), so that a figure measured today can be measured again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from dlcli.catalogue.signature import Bounds
from dlcli.data.description import INPUT, DataDescription, Dataset, Split, TensorSpec, single_input
from dlcli.data.entry import DataEntry, class_names

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

TRAIN_SEED, TEST_SEED = 19970911, 19971115
"""Of the streams that training and test examples come from."""

Count = Annotated[int, Bounds(minimum=10, maximum=1_000_000)]
Length = Annotated[int, Bounds(minimum=2, maximum=10_000)]
OrderLength = Annotated[int, Bounds(minimum=10, maximum=10_000)]
Delay = Annotated[int, Bounds(minimum=1, maximum=10_000)]


def adding(*, length: Length = 100, train_size: Count = 10_000, test_size: Count = 1000) -> Dataset:
    """Add two numbers of a long sequence, those that are marked (generated, regression).

    Each step holds a number drawn evenly from 0 to 1 and a mark, 1 at two steps and 0 at the
    others: one marked step in each half. The target is the sum of the two marked numbers. Who
    always says 1, the mean, has a mean squared error of 1/6 = 0.167; to do better, a network
    must remember a number over about half of the sequence.

    Args:
        length: Steps of a sequence.
        train_size: Training sequences.
        test_size: Test sequences.

    Licence:
        None needed: generated
    Citation:
        Hochreiter, S. & Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9(8),
        1735-1780; in the form of Le, Q. V., Jaitly, N. & Hinton, G. E. (2015). A simple way to
        initialize recurrent networks of rectified linear units. arXiv:1504.00941.
    """
    import numpy as np

    def make(stream: np.random.RandomState, size: int) -> tuple[np.ndarray, np.ndarray]:
        x = np.zeros((size, length, 2), np.float32)
        x[..., 0] = stream.uniform(size=(size, length))
        rows = np.arange(size)
        x[rows, stream.randint(0, length // 2, size), 1] = 1
        x[rows, stream.randint(length // 2, length, size), 1] = 1
        return x, (x[..., 0] * x[..., 1]).sum(axis=1)

    description = _describe_adding(length=length, train_size=train_size, test_size=test_size)
    return _generated(description, make)


def temporal_order(
    *, length: OrderLength = 100, train_size: Count = 10_000, test_size: Count = 1000
) -> Dataset:
    """In which order did X and Y come, twice, among distractors? (generated).

    A sequence of token ids begins with B (1), ends with E (2), and holds distractors a, b, c, d
    (3 to 6) but at two steps, one between the first and second tenth of the sequence, one between
    its fifth and sixth, each of which holds X (7) or Y (8). The four classes are XX, XY, YX and
    YY: experiment 6a of the paper. Guessing is right in a quarter.

    Args:
        length: Steps of a sequence.
        train_size: Training sequences.
        test_size: Test sequences.

    Licence:
        None needed: generated
    Citation:
        Hochreiter, S. & Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9(8),
        1735-1780, section 5.6.
    """
    import numpy as np

    def make(stream: np.random.RandomState, size: int) -> tuple[np.ndarray, np.ndarray]:
        x = stream.randint(3, 7, (size, length)).astype(np.int32)
        x[:, 0], x[:, -1] = 1, 2
        rows = np.arange(size)
        first, second = stream.randint(0, 2, (2, size))
        tenth = length // 10
        x[rows, stream.randint(tenth, 2 * tenth, size)] = 7 + first
        x[rows, stream.randint(5 * tenth, 6 * tenth, size)] = 7 + second
        return x, (2 * first + second).astype(np.int32)

    description = _describe_order(length=length, train_size=train_size, test_size=test_size)
    return _generated(description, make)


def copy_memory(
    *, delay: Delay = 50, train_size: Count = 10_000, test_size: Count = 1000
) -> Dataset:
    """Say ten symbols again after a long delay: a class for every step (generated).

    A sequence of token ids holds ten symbols (1 to 8), then blanks (0), and, ten steps before its
    end, the sign to begin (9). The targets are blanks, and after the sign the ten symbols: one of
    nine classes at each of the delay + 20 steps, so the model's output has the shape (steps,
    classes). Who forgets everything and guesses the symbols has a cross-entropy of
    10 ln(8) / (delay + 20), and an accuracy of (delay + 11.25) / (delay + 20).

    Args:
        delay: Blanks between the symbols and the sign; the paper's T.
        train_size: Training sequences.
        test_size: Test sequences.

    Licence:
        None needed: generated
    Citation:
        Arjovsky, M., Shah, A. & Bengio, Y. (2016). Unitary evolution recurrent neural networks.
        ICML; after Hochreiter & Schmidhuber (1997).
    """
    import numpy as np

    def make(stream: np.random.RandomState, size: int) -> tuple[np.ndarray, np.ndarray]:
        symbols = stream.randint(1, 9, (size, 10)).astype(np.int32)
        x, y = np.zeros((2, size, delay + 20), np.int32)
        x[:, :10] = symbols
        x[:, delay + 9] = 9
        y[:, -10:] = symbols
        return x, y

    description = _describe_copy(delay=delay, train_size=train_size, test_size=test_size)
    return _generated(description, make)


def _generated(
    description: DataDescription,
    make: Callable[[np.random.RandomState, int], tuple[np.ndarray, np.ndarray]],
) -> Dataset:
    """Make training and test examples, each from a stream of its own."""
    import numpy as np

    def part(seed: int, size: int | None) -> Split:
        x, y = make(np.random.RandomState(seed), size or 0)
        return Split({INPUT: x}, y)

    train = part(TRAIN_SEED, description.train_size)
    return Dataset(description, train, None, part(TEST_SEED, description.test_size))


def _describe_adding(
    *, length: int = 100, train_size: int = 10_000, test_size: int = 1000
) -> DataDescription:
    return single_input("adding", TensorSpec((length, 2), "float32"), (), (train_size, test_size))


def _describe_order(
    *, length: int = 100, train_size: int = 10_000, test_size: int = 1000
) -> DataDescription:
    spec, classes = TensorSpec((length,), "int32"), class_names("XX XY YX YY")
    sizes = (train_size, test_size)
    return single_input("temporal_order", spec, classes, sizes, vocabulary_size=9)


def _describe_copy(
    *, delay: int = 50, train_size: int = 10_000, test_size: int = 1000
) -> DataDescription:
    return DataDescription(
        "copy_memory",
        "multiclass",
        {INPUT: TensorSpec((delay + 20,), "int32")},
        ("blank", *class_names("1 2 3 4 5 6 7 8")),
        (delay + 20,),
        train_size=train_size,
        test_size=test_size,
        vocabulary_size=10,
    )


DATASETS = (
    DataEntry(adding, _describe_adding, "generated"),
    DataEntry(temporal_order, _describe_order, "generated"),
    DataEntry(copy_memory, _describe_copy, "generated"),
)
