"""Targets: classes and values from which the wrong thing is learned, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dlcli.rules.rule import Finding, data_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from dlcli.rules.examples import Examples
    from dlcli.rules.network import Head
    from dlcli.rules.subject import Subject

FEWEST: Final = 10
"""Examples of a class without which nothing can be said of it."""

MAJORITY: Final = 0.8
LARGE: Final = 50.0
"""Root mean square of targets that a last layer reaches slowly from weights around 0.1."""

OUTSIDE: Final = 0.01
ALIKE: Final = 0.9999
LEAKS_FROM: Final = 50
EACH_SIDE: Final = 30
REPEATED: Final = 0.01
REPEATS: Final = 5
NATURALLY: Final = 1.7
"""Times the share of doubles in train up to which those in test are of the same kind."""

SORTED: Final = 0.9

SCALED: Final = ("csv", "npz", "sequences", "forecast", "text", "images")
"""Kinds of data that can scale their targets."""

RANGES: Final = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, float("inf")),
    "exponential": (0.0, float("inf")),
}
"""What activations can put out."""

BY_CLASS: Final = frozenset(
    {
        "f1", "f1_score", "balanced_accuracy", "mcc", "kappa", "auc", "average_precision",
        "precision", "recall", "specificity", "confusion", "F1Score", "FBetaScore", "AUC",
        "Precision", "Recall", "PrecisionAtRecall", "RecallAtPrecision", "MeanIoU",
    }
)  # fmt: skip
"""Metrics that show how rare classes do."""


def _labels(subject: Subject, examples: Examples) -> np.ndarray | None:
    """Return all labels of a task in which an example has one class, else None."""
    if not subject.has_classes or examples.targets.ndim != 1:
        return None
    return examples.targets


@data_rule
def rare_classes(subject: Subject, examples: Examples) -> Iterator[Finding]:
    """A class has fewer than ten examples to learn it from, and to choose a model by.

    Wrong:
        data: {npz: {path: rare.npz}}
        model:
          layers:
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        data: {npz: {path: merged.npz}}
        model:
          layers:
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        He & Garcia 2009, Learning from Imbalanced Data; Google's Rules of Machine Learning (rule
        21, how many examples a feature needs)
    """
    import numpy as np

    labels = _labels(subject, examples)
    if labels is None:
        return
    counts = np.bincount(labels.astype(np.int64), minlength=len(subject.data.classes))
    rare = np.flatnonzero(counts < FEWEST)
    if len(rare):
        told = ", ".join(f"'{subject.data.classes[i]}' has {counts[i]}" for i in rare[:3])
        more = f", and {len(rare) - 3} more classes have fewer" if len(rare) > 3 else ""
        message = f"of {len(labels):,} examples to train and validate, {told}{more}"
        hint = "merge or leave out such classes, or silence this with ignore: rare-classes"
        yield Finding("data", message, hint)


@data_rule
def accuracy_hides_classes(subject: Subject, examples: Examples) -> Iterator[Finding]:
    """One class is most of the data, and the score is accuracy: always guessing it looks good.

    Wrong:
        data: {npz: {path: fraud.npz}}
        model:
          layers:
            - {Dense: {units: 1, activation: sigmoid}}
        compile: {metrics: [accuracy]}

    Right:
        data: {npz: {path: fraud.npz}}
        model:
          layers:
            - {Dense: {units: 1, activation: sigmoid}}
        compile: {metrics: [accuracy, balanced_accuracy, f1]}
        fit: {class_weight: balanced}

    Source:
        He & Garcia 2009, Learning from Imbalanced Data; Humbatova et al. 2020, Taxonomy of Real
        Faults in Deep Learning Systems (unbalanced training data)
    """
    import numpy as np

    labels = _labels(subject, examples)
    if labels is None or not len(labels):
        return
    seen = {name.partition(":")[0] for name in subject.metrics}
    counts = np.bincount(labels.astype(np.int64))
    share = counts.max() / counts.sum()
    if share >= MAJORITY and not seen & BY_CLASS:
        name = subject.data.classes[int(counts.argmax())]
        message = f"{share:.0%} of {len(labels):,} examples are '{name}': an accuracy of "
        message += f"{share:.2f} needs no network"
        hint = "write metrics: [accuracy, balanced_accuracy, f1]"
        hint += "" if subject.weighted else " and class_weight: balanced"
        yield Finding("compile.metrics", message, hint)


@data_rule
def constant_target(subject: Subject, examples: Examples) -> Iterator[Finding]:
    """All training examples have the same target, so there is nothing to learn.

    Wrong:
        data: {npz: {path: one.npz}}
        model:
          layers:
            - {Dense: {units: 1}}

    Right:
        data: {npz: {path: many.npz}}
        model:
          layers:
            - {Dense: {units: 1}}

    Source:
        Humbatova et al. 2020, Taxonomy of Real Faults in Deep Learning Systems (wrong labels)
    """
    del subject
    targets = examples.targets
    if len(targets) > 1 and (targets == targets[:1]).all():
        message = f"the target is the same in all {len(targets):,} examples: there is nothing to "
        message += "learn"
        yield Finding("data", message, "name another target in the data's options: target: NAME")


@data_rule
def index_as_target(subject: Subject, examples: Examples) -> Iterator[Finding]:
    """The target numbers the examples: it is an index, not something to predict.

    Wrong:
        data: {csv: {path: rows.csv, target: id}}
        model:
          layers:
            - Normalization
            - {Dense: {units: 1}}

    Right:
        data: {csv: {path: rows.csv, target: price}}
        model:
          layers:
            - Normalization
            - {Dense: {units: 1}}

    Source:
        Humbatova et al. 2020, Taxonomy of Real Faults in Deep Learning Systems (wrong labels);
        Kaufman et al. 2012, Leakage in Data Mining
    """
    import numpy as np

    targets = examples.targets
    if targets.ndim != 1 or len(targets) < FEWEST or subject.data.task == "forecasting":
        return
    values = np.sort(np.asarray(targets, np.float64))
    whole = bool((values == np.round(values)).all())
    distinct = len(np.unique(values)) == len(values)
    # The test part's numbers are missing from the row.
    dense = values[-1] - values[0] < 2 * len(values)
    if whole and distinct and dense:
        message = (
            f"the target is another whole number from {values[0]:g} to {values[-1]:g} in each "
        )
        message += f"of {len(values):,} examples: it seems to number them"
        yield Finding("data", message, "name another target in the data's options: target: NAME")


@data_rule
def target_scale(subject: Subject, examples: Examples) -> Iterator[Finding]:
    """The values to predict are far from those that a last layer says at first, which are near 0.

    Plain SGD diverges on such targets, and Adam takes thousands of steps to come near them.

    Wrong:
        data: {csv: {path: houses.csv, target: price}}
        model:
          layers:
            - Normalization
            - {Dense: {units: 16, activation: relu}}
            - {Dense: {units: 1}}

    Right:
        data: {csv: {path: houses.csv, target: price, target_scale: standard}}
        model:
          layers:
            - Normalization
            - {Dense: {units: 16, activation: relu}}
            - {Dense: {units: 1}}

    Source:
        LeCun et al. 1998, Efficient BackProp, section 4.5; Bishop 1995, Neural Networks for Pattern
        Recognition, section 8.2
    """
    import numpy as np

    if not subject.has_values or subject.data.target_scale:
        return
    values = np.asarray(examples.targets, np.float64)
    for head in subject.heads:
        scale, offset = head.scaled
        if head.activation in RANGES or head.kernel is None or not scale:
            continue
        size = float(np.sqrt(np.mean(((values - offset) / scale) ** 2)))
        if size > LARGE:
            message = f"the targets are of size {_plain(size * abs(scale))} "
            message += f"(mean {_plain(values.mean())}, standard deviation {_plain(values.std())}, "
            message += f"{len(values):,} examples), and the network begins near {_plain(offset)}"
            rescaling = f"{{Rescaling: {{scale: {_digit(values.std())}, "
            rescaling += f"offset: {_digit(values.mean())}}}}}"
            hint = f"end in {rescaling}, behind the last layer"
            if subject.source in SCALED:
                hint = f"write {subject.source}: {{..., target_scale: standard}}, or {hint}"
            yield Finding(head.kernel.path, message, hint, tuple(x.id for x in head.layers))


def _plain(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _digit(value: float) -> str:
    """Return a number with its first digits alone, as a person would write it."""
    rounded = float(f"{value:.1e}")
    return f"{rounded:.1f}" if abs(rounded) < 1e6 else f"{rounded:.1e}"


@data_rule
def targets_out_of_reach(subject: Subject, examples: Examples) -> Iterator[Finding]:
    """The last activation cannot reach the values that are to be predicted.

    Wrong:
        data: {dataset: sunspots}
        model:
          layers:
            - Normalization
            - {LSTM: {units: 8}}
            - {Dense: {units: 1, activation: sigmoid}}

    Right:
        data: {dataset: sunspots}
        model:
          layers:
            - Normalization
            - {LSTM: {units: 8}}
            - {Dense: {units: 1}}
            - {Rescaling: {scale: 40.0, offset: 50.0}}

    Source:
        Nikanjam et al. 2021, NeuraLint (last activation of a regression); Goodfellow et al. 2016,
        Deep Learning, section 6.2.2
    """
    import numpy as np

    if not subject.has_values:
        return
    values = np.asarray(examples.targets, np.float64)
    for head in subject.heads:
        low, high = _reach(head)
        outside = float(((values < low) | (values > high)).mean()) if len(values) else 0.0
        if outside > OUTSIDE and head.at is not None:
            message = f"{head.activation} reaches from {low:g} to {high:g}, and {outside:.0%} of "
            message += f"{len(values):,} examples have targets outside"
            hint = f"write {{Dense: {{units: {head.units or 1}}}}} without the activation"
            yield Finding(head.at.path, message, hint, tuple(x.id for x in head.layers))


def _reach(head: Head) -> tuple[float, float]:
    """Return the least and the greatest value that an end can say."""
    low, high = RANGES.get(head.activation, (-float("inf"), float("inf")))
    scale, offset = head.scaled
    ends = sorted((low * scale + offset, high * scale + offset))
    return ends[0], ends[1]


@data_rule
def column_gives_target_away(subject: Subject, examples: Examples) -> Iterator[Finding]:
    """A single column says what is to be predicted, as no real measurement does.

    Often it was made from the target, or is known only afterwards. The score is perfect, and the
    network of no use where the column is missing.

    Wrong:
        data: {csv: {path: leak.csv, target: ill}}
        model:
          layers:
            - Normalization
            - {Dense: {units: 1, activation: sigmoid}}

    Right:
        data: {csv: {path: leak.csv, target: ill, features: [age, pressure]}}
        model:
          layers:
            - Normalization
            - {Dense: {units: 1, activation: sigmoid}}

    Source:
        Kaufman et al. 2012, Leakage in Data Mining; Kapoor & Narayanan 2023, Leakage and the
        Reproducibility Crisis in Machine-Learning-Based Science
    """
    import numpy as np

    y = examples.train.y
    if len(y) < LEAKS_FROM or y.ndim != 1 or subject.data.task == "forecasting":
        return
    for name, array in examples.train.x.items():
        if not examples.is_table(name) or array.shape[1] < 2 or subject.data.vocabulary_size:
            continue
        gives = _follows if subject.has_values else _decides
        found = np.array([i for i in range(array.shape[1]) if gives(array[:, i], y)], np.int64)
        if len(found):
            message = f"{examples.columns(found)} {'gives' if len(found) == 1 else 'give'} the "
            message += f"target away in all of {examples.looked}"
            hint = "leave it out of the data's options: features: [...]"
            yield Finding("data", message, hint)


def _follows(column: np.ndarray, y: np.ndarray) -> bool:
    """Whether values are a column's, but for their unit."""
    import numpy as np

    if column.std() == 0 or y.std() == 0:
        return False
    return abs(float(np.corrcoef(column.astype(float), y.astype(float))[0, 1])) > ALIKE


def _decides(column: np.ndarray, y: np.ndarray) -> bool:
    """Whether a column has a value of its own for each class, or parts two classes at a point."""
    import numpy as np

    labels, numbers = np.unique(y, return_inverse=True)
    if len(labels) < 2:
        return False
    values, places = np.unique(column, return_inverse=True)
    if len(values) == len(labels):
        pairs = np.unique(places * len(labels) + numbers)
        return len(pairs) == len(labels)
    if len(labels) != 2 or np.bincount(numbers).min() < EACH_SIDE:
        return False
    one, other = column[numbers == 0], column[numbers == 1]
    return bool(one.max() < other.min() or other.max() < one.min())


@data_rule
def test_examples_in_train(subject: Subject, examples: Examples) -> Iterator[Finding]:
    """Test examples occur in the training part, letter by letter, so the score is of what was seen.

    Wrong:
        data: {npz: {path: doubled.npz}}
        model:
          layers:
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        data: {npz: {path: distinct.npz}}
        model:
          layers:
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Barz & Denzler 2020, Do We Train on Test Data? (3 % and 10 % of CIFAR); Kapoor & Narayanan
        2023, Leakage and the Reproducibility Crisis in Machine-Learning-Based Science
    """
    del subject
    if examples.test is None or not examples.test.size:
        return
    count, doubled = examples.repeated
    share = count / examples.test.size
    if count >= REPEATS and share > max(REPEATED, NATURALLY * doubled):
        message = f"{count:,} of {examples.test.size:,} test examples occur in "
        message += f"{examples.compared:,} training examples too"
        hint = "drop the doubles, or name what belongs together: data.group; see docs/data.md, "
        hint += "group: NAME"
        yield Finding("data", message, hint)


@data_rule
def sorted_without_shuffling(subject: Subject, examples: Examples) -> Iterator[Finding]:
    """The examples are sorted by class and not shuffled, so each batch teaches a single class.

    Wrong:
        data: {npz: {path: sorted.npz}}
        model:
          layers:
            - {Dense: {units: $classes, activation: softmax}}
        fit: {shuffle: false}

    Right:
        data: {npz: {path: sorted.npz}}
        model:
          layers:
            - {Dense: {units: $classes, activation: softmax}}
        fit: {shuffle: true}

    Source:
        Humbatova et al. 2020, Taxonomy of Real Faults in Deep Learning Systems (training data not
        shuffled); Bengio 2012, Practical Recommendations for Gradient-Based Training
    """
    import numpy as np

    labels = examples.train.y
    if subject.shuffle or not subject.has_classes or labels.ndim != 1 or len(labels) < FEWEST:
        return
    shares = np.bincount(labels.astype(np.int64)) / len(labels)
    by_chance = float((shares**2).sum())
    alike = float((labels[1:] == labels[:-1]).mean())
    if alike > SORTED and by_chance < MAJORITY**2:
        message = f"{alike:.0%} of neighbors are of one class in {examples.looked}, and batches "
        message += "are taken in this order"
        yield Finding("fit.shuffle", message, "write shuffle: true")
