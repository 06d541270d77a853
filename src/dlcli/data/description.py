"""What is known about a data set without loading it, and the arrays once it is loaded."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Self

    import numpy as np

    from dlcli.data.grouping import Groups

Task = Literal["multiclass", "binary", "multilabel", "regression", "forecasting"]

INPUT = "input"
"""The name of the only input of a data set that has just one."""


@dataclass(frozen=True)
class Source:
    """Which data: a data set's name with its options, as the config gives them."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TensorSpec:
    """The shape of one example, without the batch axis (None: variable length), and its dtype."""

    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True)
class DataDescription:
    """What a model and a config's variables need to know of a data set.

    Attributes:
        inputs: One spec for each named input; a data set with a single input calls it `INPUT`.
        classes: Class names in the order of their labels; empty for regression.
        target_shape: Shape of one target: () for a class label or a scalar, (L,) for L labels or a
            class at each of L steps, (None,) where the number of steps varies.
        train_size: Examples in the training part before validation is taken from it, if known.
        test_size: Examples in the test part, if known; 0 if there is none.
        vocabulary_size: Number of token ids (largest id + 1) of a text data set.
        targets: Names of the values to predict together, if they have any.
        target_scale: How the targets are scaled while the model trains: `standard` to mean 0 and
            variance 1; empty for not at all.
    """

    name: str
    task: Task
    inputs: Mapping[str, TensorSpec]
    classes: tuple[str, ...] = ()
    target_shape: tuple[int | None, ...] = ()
    train_size: int | None = None
    test_size: int | None = None
    vocabulary_size: int | None = None
    targets: tuple[str, ...] = ()
    target_scale: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DataDescription:
        """Return the description of a JSON form.

        Raises:
            AttributeError, KeyError, TypeError, ValueError: If it is none.
        """
        inputs = {
            name: TensorSpec(tuple(spec["shape"]), str(spec["dtype"]))
            for name, spec in values["inputs"].items()
        }
        tuples = {key: tuple(values[key]) for key in ("classes", "target_shape", "targets")}
        made = cls(**{**values, "inputs": inputs, **tuples})
        made._check_types()
        return made

    def _check_types(self) -> None:
        """Make sure that a form that was read, which may be damaged, says what it should."""
        lengths = [n for spec in self.inputs.values() for n in spec.shape if n is not None]
        sizes = [self.train_size, self.test_size, self.vocabulary_size]
        places = [n for n in self.target_shape if n is not None]
        numbers = [*lengths, *places, *(n for n in sizes if n is not None)]
        words = [self.name, *self.classes, *self.targets, self.target_scale]
        right = (
            self.inputs
            and self.task in get_args(Task)
            and all(isinstance(number, int) for number in numbers)
            and all(isinstance(word, str) for word in words)
        )
        if not right:
            raise ValueError("this describes no data set")


def single_input(
    name: str,
    spec: TensorSpec,
    classes: tuple[str, ...],
    sizes: tuple[int, int],
    *,
    vocabulary_size: int | None = None,
) -> DataDescription:
    """Describe a data set with one input and one target, a class or a number.

    Args:
        name: The data set's name.
        spec: Of its input.
        classes: Class names; two make it binary, none a regression.
        sizes: Examples to train, and to test.
        vocabulary_size: Of token ids.
    """
    tasks: dict[int, Task] = {0: "regression", 2: "binary"}
    return DataDescription(
        name,
        tasks.get(len(classes), "multiclass"),
        {INPUT: spec},
        classes,
        train_size=sizes[0],
        test_size=sizes[1],
        vocabulary_size=vocabulary_size,
    )


class Preparation(Protocol):
    """How raw examples become the array of an input."""

    def fit(self, raw: Sequence[Any], positions: np.ndarray) -> Self:
        """Return the encoder with all it learns from the examples at some positions."""

    def encode(
        self, raw: Sequence[Any], positions: np.ndarray
    ) -> np.ndarray | Mapping[str, np.ndarray]:
        """Return the input of the examples at some positions, (m, ...), or several by name."""


class Encoder(Preparation, Protocol):
    """A preparation that a run saves, so that it can prepare new examples alike.

    Attributes:
        kind: Its name in `data.json`.
    """

    kind: ClassVar[str]

    def specs(self, known: Mapping[str, TensorSpec]) -> Mapping[str, TensorSpec]:
        """Return the form of each input once it is fitted.

        Args:
            known: The forms that the description has before that.
        """

    def accepts(self, other: Encoder) -> bool:
        """Whether it can encode the raw examples that were read for another encoder."""

    def read(self, path: Path, description: DataDescription, *, targets: bool) -> NewRaw:
        """Read raw examples of the same kind, and their targets (zeros if there are none).

        Raises:
            DataError: If they cannot be read; it names the file and the row.
        """

    def told(self, raw: Sequence[Any], positions: np.ndarray) -> tuple[str, ...]:
        """Return what encoding the examples at some positions loses, a sentence each."""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the encoder of a JSON form."""


class NewRaw(NamedTuple):
    """Raw examples that a trained model has not met.

    Attributes:
        raw: The examples.
        y: Their targets, or zeros.
        columns: See `NewExamples`, as `identity` and `told`.
    """

    raw: Sequence[Any]
    y: np.ndarray
    columns: Mapping[str, Sequence[str]] = {}
    identity: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


@dataclass(frozen=True)
class Split:
    """Examples and their targets.

    Attributes:
        x: One array (n, ...) for each input of the description; variable-length sequences are
            padded at the end with zeros (token id 0 is the padding's).
        y: Integer labels (n,) for multiclass and binary, 0/1 (n, labels) for multilabel,
            float32 (n,) or (n, d) for regression and forecasting; with more axes, a label or value
            for each step or pixel, where -1 and NaN stand for padding.
        weights: How much each example counts in the loss while training, float32 (n,); None if
            all count alike.
    """

    x: Mapping[str, np.ndarray]
    y: np.ndarray
    weights: np.ndarray | None = None

    @property
    def size(self) -> int:
        """The number of examples."""
        return len(self.y)

    def take(self, index: np.ndarray) -> Split:
        """Return the examples at the given positions (an integer array, shape (m,))."""
        weights = None if self.weights is None else self.weights[index]
        return Split({n: array[index] for n, array in self.x.items()}, self.y[index], weights)


@dataclass(frozen=True)
class NewExamples(Split):
    """Examples that a trained model has not met.

    Attributes:
        columns: What may be shown beside their predictions: names of files, or the columns of
            their file that are no features.
        identity: Those of them that are shown unless others are asked for.
        told: What should be said of the way they were read, a sentence each.
        baselines: Simple predictions of their targets, shaped as those, by name.
    """

    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    identity: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    baselines: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset:
    """A loaded data set: its description, and the three parts that never overlap.

    Attributes:
        validation: None where there is none, as for `test`.
        encoder: How raw examples of the user's own become inputs; None for data that come as
            arrays.
        raw: The examples as they were read, while the inputs are positions in it; None once the
            encoder is fitted and has made arrays.
        groups: Which examples belong together, while the parts are the official ones; None where
            examples are independent.
        preparation: An encoder that no run saves; see `encoder`.
        kept: Why the official parts cannot be exchanged for others; empty if they can.
        times: When each example is, float64 (n,) or, from when to when its target is, (n, 2), in
            the order train, validation, test: later examples validate and test. None where
            that does not matter.
        told: What should be said of the way the data were read, a sentence each.
        baselines: Simple predictions of the targets of each part, by part and name.
    """

    description: DataDescription
    train: Split
    validation: Split | None
    test: Split | None
    encoder: Encoder | None = None
    raw: Sequence[Any] | None = None
    groups: Groups | None = None
    preparation: Preparation | None = None
    kept: str = ""
    times: np.ndarray | None = None
    told: tuple[str, ...] = ()
    baselines: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
