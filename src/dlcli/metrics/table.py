"""The table of metrics: an entry is a function, its name the YAML key, its docstring the help.

Definitions are scikit-learn's where it has them. Classes that occur neither among the targets nor
among the predictions are left out of averages (labels of a multilabel task never are); a ratio
with an empty denominator is 0, without a warning. Among equal probabilities the lowest class index
comes first, so that ties never depend on the order of the examples or on the machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from dlcli.catalogue.signature import Bounds, Entry, entry_from_function
from dlcli.metrics.averaging import Average, averaged, counted_classes, weighted_mean
from dlcli.metrics.families import (
    Family,
    Matrix,
    RankMetric,
    Share,
    Sums,
    counts,
    occurs,
    ratio,
    split_counts,
    with_count,
)
from dlcli.metrics.predictions import CLASS_TASKS, LABEL_TASKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlcli.metrics.predictions import Batch

Needs = Literal["classes", "order", "probabilities", "values"]
VALUES = ("regression", "forecasting")
UNDEFINED = float("nan")
INFINITY = float("inf")
POSITIVE = (0.0, INFINITY)
Count = Annotated[int, Bounds(minimum=1)]


@dataclass(frozen=True)
class Metric:
    """An entry of the table.

    Attributes:
        make: Task and options -> how it is computed.
        tasks: The tasks it has a meaning for.
        needs: What it looks at: the predicted classes only, the order of the outputs too, the
            probabilities, or values.
        bounds: Least and greatest number it can be.
        greater_is_better: None for the confusion matrix.
        signature: Name, aliases, options, help.
    """

    make: Callable[..., Family]
    tasks: tuple[str, ...]
    needs: Needs
    bounds: tuple[float, float]
    greater_is_better: bool | None
    signature: Entry

    @property
    def name(self) -> str:
        """The name in a config."""
        return self.signature.name


def _entry(
    make: Callable[..., Family],
    tasks: tuple[str, ...],
    *aliases: str,
    needs: Needs = "classes",
    bounds: tuple[float, float] = (0.0, 1.0),
    greater_is_better: bool | None = True,
) -> Metric:
    signature = entry_from_function("metrics", make, aliases=aliases)
    return Metric(make, tasks, needs, bounds, greater_is_better, signature)


def _mean(statistic: Callable[[Batch], Any], *, proportion: bool = False) -> Sums:
    """Return a metric that is the mean of one number an example."""
    return Sums(
        lambda batch: with_count(batch, statistic(batch)),
        lambda sums, xp: sums[..., 0] / sums[..., -1],
        Share(lambda sums: (sums[0], sums[-1])) if proportion else None,
    )


def _is_right(batch: Batch) -> Any:
    """Return 1 for an example whose class, or whose every label, is right."""
    return 1 - occurs(batch.xp, batch.xp.sum(batch.xp.abs(batch.truth - batch.guess), axis=1))


def accuracy(task: str) -> Family:  # noqa: ARG001 (one form for all)
    """Share of examples whose class is right; for several labels, those with every label right.

    Among equal probabilities the class with the lowest index counts as predicted; a single
    probability of exactly one half predicts class 0.
    """
    return _mean(_is_right, proportion=True)


def categorical_accuracy(task: str) -> Family:
    """Share of examples whose class is right (Keras's name for one-hot targets)."""
    return accuracy(task)


def sparse_categorical_accuracy(task: str) -> Family:
    """Share of examples whose class is right (Keras's name for integer targets)."""
    return accuracy(task)


def binary_accuracy(task: str) -> Family:
    """Share of yes-or-no decisions at the threshold 0.5 that are right.

    For a binary task this is the accuracy; for several classes or labels every one of them is a
    decision of its own, as in Keras.
    """
    if task == "binary":
        return accuracy(task)

    def share(batch: Batch) -> Any:
        xp = batch.xp
        decided = xp.where(
            batch.output > 0.5, xp.ones_like(batch.output), xp.zeros_like(batch.output)
        )
        return 1 - xp.mean(xp.abs(decided - batch.truth), axis=1)

    return _mean(share)


def top_k(task: str, *, k: Count = 5) -> Family:  # noqa: ARG001
    """Share of examples whose class is among the k likeliest.

    Among equal probabilities the lower index comes first, so that `top_k:1` is the accuracy.
    Keras's k of 5 stays the default however few the classes: with k or fewer of them it is always
    1, which `dlcli eval` says.

    Args:
        k: How many classes may be named.
    """

    def among(batch: Batch) -> Any:
        xp = batch.xp
        own = xp.sum(batch.output * batch.truth, axis=1, keepdims=True)
        # Classes before the true one: 1 there and at the true one, 0 after it.
        before = xp.cumsum(xp.flip(batch.truth, axis=1), axis=1)
        before = xp.flip(before, axis=1) - batch.truth
        zero, one = xp.zeros_like(batch.output), xp.ones_like(batch.output)
        higher = xp.where(batch.output > own, one, zero)
        tied = xp.where(batch.output == own, before, zero)
        return occurs(xp, k - xp.sum(higher + tied, axis=1))

    return _mean(among, proportion=True)


def top_k_categorical_accuracy(task: str, *, k: Count = 5) -> Family:
    """Share of examples whose class is among the k likeliest (Keras's name, one-hot targets).

    Args:
        k: How many classes may be named.
    """
    return top_k(task, k=k)


def sparse_top_k_categorical_accuracy(task: str, *, k: Count = 5) -> Family:
    """Share of examples whose class is among the k likeliest (Keras's name, integer targets).

    Args:
        k: How many classes may be named.
    """
    return top_k(task, k=k)


def f1_score(task: str, *, average: Average = "default") -> Family:
    """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).

    For one class it is 2 q / (1 + q) with q = TP / (TP + FP + FN), a share of those examples that
    are of the class or taken for it; so it has an exact interval like a share.

    Args:
        average: `macro` (the default for several classes), `micro`, `weighted` by support, or
            `none`, a value for each class. A binary task defaults to its positive class.
    """
    return averaged(
        task,
        average,
        lambda xp, tp, fp, fn: ratio(xp, 2 * tp, 2 * tp + fp + fn),
        lambda tp, fp, fn: tp + fp + fn,
        lambda share: 2 * share / (1 + share),
        by_parts=True,
    )


def precision(task: str, *, average: Average = "default") -> Family:
    """Share of what is predicted as a class that is of that class: TP / (TP + FP).

    Args:
        average: As for f1_score.
    """
    return averaged(
        task, average, lambda xp, tp, fp, fn: ratio(xp, tp, tp + fp), lambda tp, fp, fn: tp + fp
    )


def recall(task: str, *, average: Average = "default") -> Family:
    """Share of a class that is found: TP / (TP + FN).

    Args:
        average: As for f1_score.
    """
    return averaged(
        task, average, lambda xp, tp, fp, fn: ratio(xp, tp, tp + fn), lambda tp, fp, fn: tp + fn
    )


def specificity(task: str) -> Family:
    """Share of the other classes that is not taken for a class: TN / (TN + FP), macro-averaged.

    A binary task counts its negative class only.
    """

    def finish(sums: Any, xp: Any) -> Any:
        tp, fp, fn, n = split_counts(sums)
        tn = n - tp - fp - fn
        values = ratio(xp, tn, tn + fp)
        if task == "binary":
            return values[..., 1]
        return weighted_mean(xp, values, counted_classes(task, xp, tp, fp, fn))

    def counted(sums: Any) -> tuple[Any, Any]:
        tp, fp, fn, n = split_counts(sums)
        tn = n - tp - fp - fn
        return tn[1], tn[1] + fp[1]

    return Sums(counts, finish, Share(counted) if task == "binary" else None)


def balanced_accuracy(task: str) -> Family:  # noqa: ARG001
    """Mean recall of the classes that occur among the targets (Brodersen et al. 2010)."""

    def finish(sums: Any, xp: Any) -> Any:
        tp, _, fn, _ = split_counts(sums)
        return weighted_mean(xp, ratio(xp, tp, tp + fn), occurs(xp, tp + fn))

    return Sums(counts, finish)


def mcc(task: str) -> Family:  # noqa: ARG001
    """Matthews correlation of targets and predictions (Gorodkin 2004 for several classes).

    1 is perfect, 0 is chance; 0 too where one of the two is a single class.
    """

    def finish(sums: Any, xp: Any) -> Any:
        tp, fp, fn, n = split_counts(sums)
        true, guessed, n = tp + fn, tp + fp, n[..., 0]
        covariance = n * xp.sum(tp, axis=-1) - xp.sum(true * guessed, axis=-1)
        spread = (n**2 - xp.sum(true**2, axis=-1)) * (n**2 - xp.sum(guessed**2, axis=-1))
        return ratio(xp, covariance, xp.sqrt(spread))

    return Sums(counts, finish)


def kappa(task: str) -> Family:  # noqa: ARG001
    """Cohen's kappa: agreement beyond what the class frequencies alone would give.

    0 where targets and predictions are one and the same class, and nothing can be said.
    """

    def finish(sums: Any, xp: Any) -> Any:
        tp, fp, fn, n = split_counts(sums)
        n = n[..., 0]
        observed = xp.sum(tp, axis=-1) / n
        expected = xp.sum((tp + fn) * (tp + fp), axis=-1) / n**2
        return ratio(xp, observed - expected, 1 - expected)

    return Sums(counts, finish)


def auc(task: str) -> Family:  # noqa: ARG001
    """Area under the ROC curve; several classes each against the rest, macro-averaged.

    A class without positives or without negatives is left out; with no other it is undefined.
    While training it is approximated with 4,000 thresholds.
    """

    def area(tp: Any, fp: Any, xp: Any) -> Any:
        zero = xp.zeros_like(tp[..., :1])
        rise = xp.concatenate([zero, tp], axis=-1)
        run = xp.concatenate([zero, fp], axis=-1)
        under = xp.sum(xp.diff(run, axis=-1) * (rise[..., 1:] + rise[..., :-1]) / 2, axis=-1)
        total = tp[..., -1] * fp[..., -1]
        return xp.where(total > 0, under, UNDEFINED) / xp.where(total > 0, total, 1.0)

    return RankMetric(area, pairs=True)


def average_precision(task: str) -> Family:  # noqa: ARG001
    """Precision averaged over the recalls of all thresholds, without interpolation.

    Several classes each against the rest, macro-averaged; a class without positives is left out.
    While training it is approximated with 4,000 thresholds.
    """

    def area(tp: Any, fp: Any, xp: Any) -> Any:
        found = xp.diff(xp.concatenate([xp.zeros_like(tp[..., :1]), tp], axis=-1), axis=-1)
        precisions = ratio(xp, tp, tp + fp)
        total = tp[..., -1]
        value = xp.sum(found * precisions, axis=-1)
        return xp.where(total > 0, value, UNDEFINED) / xp.where(total > 0, total, 1.0)

    return RankMetric(area)


def log_loss(task: str) -> Family:
    """Mean negative logarithm of the true class's probability (cross-entropy), in nats."""

    def loss(batch: Batch) -> Any:
        xp = batch.xp
        likely = xp.clip(batch.output, batch.epsilon, 1 - batch.epsilon)
        named = batch.truth * xp.log(likely)
        if task == "multilabel":
            named = named + (1 - batch.truth) * xp.log(1 - likely)
            return -xp.mean(named, axis=1)
        return -xp.sum(named, axis=1)

    return _mean(loss)


def brier(task: str) -> Family:
    """Mean squared error of the probabilities (Brier 1950): summed over several classes.

    A binary task counts its positive class once, labels are averaged.
    """

    def error(batch: Batch) -> Any:
        squared = (batch.output - batch.truth) ** 2
        if task == "binary":
            return squared[:, 1]
        return (batch.xp.mean if task == "multilabel" else batch.xp.sum)(squared, axis=1)

    return _mean(error)


def ece(task: str, *, bins: Annotated[int, Bounds(1, 1000)] = 15) -> Family:  # noqa: ARG001
    """Expected calibration error: how far confidence and accuracy differ (Guo et al. 2017).

    Of a well-calibrated model few examples show too large a value, by noise alone; the interval
    makes up for it and can lie far more to its left than to its right.

    Args:
        bins: Number of equally wide bins of confidence.
    """

    def statistics(batch: Batch) -> Any:
        xp = batch.xp
        confidence = xp.max(batch.output, axis=1, keepdims=True)
        right = xp.reshape(_is_right(batch), (-1, 1))
        lower = xp.reshape(xp.arange(bins, dtype="float64"), (1, -1)) / bins
        above = occurs(xp, confidence - lower)  # bins are open below, closed above
        below = xp.concatenate([above[:, 1:], xp.zeros_like(confidence)], axis=1)
        return with_count(batch, (above - below) * (confidence - right))

    def finish(sums: Any, xp: Any) -> Any:
        return xp.sum(xp.abs(sums[..., :-1]), axis=-1) / sums[..., -1]

    return Sums(statistics, finish, biased=True)


def confusion(task: str) -> Family:  # noqa: ARG001
    """Confusion matrix: rows are true classes, columns predicted ones."""
    return Matrix()


def mae(task: str) -> Family:  # noqa: ARG001
    """Mean absolute error."""
    return _mean(lambda batch: batch.xp.mean(batch.xp.abs(batch.truth - batch.output), axis=1))


def _squared_error(batch: Batch) -> Any:
    return batch.xp.mean((batch.truth - batch.output) ** 2, axis=1)


def mse(task: str) -> Family:  # noqa: ARG001
    """Mean squared error."""
    return _mean(_squared_error)


def rmse(task: str) -> Family:  # noqa: ARG001
    """Root of the mean squared error, in the target's units."""
    return Sums(
        lambda batch: with_count(batch, _squared_error(batch)),
        lambda sums, xp: xp.sqrt(sums[..., 0] / sums[..., -1]),
    )


def r2(task: str) -> Family:  # noqa: ARG001
    """Coefficient of determination: 1 minus the residual over the total sum of squares.

    Averaged over several targets; 0 for constant targets (1 if they are met exactly).
    """

    def statistics(batch: Batch) -> Any:
        residual = (batch.truth - batch.output) ** 2
        return with_count(batch, residual, batch.truth, batch.truth**2)

    def finish(sums: Any, xp: Any) -> Any:
        residual, total, squares, n = split_counts(sums)
        spread = squares - total**2 / n
        constant = spread <= 1e-12 * squares
        met = xp.where(residual == 0, xp.ones_like(residual), xp.zeros_like(residual))
        safe = xp.where(constant, xp.ones_like(spread), spread)
        return xp.mean(xp.where(constant, met, 1 - residual / safe), axis=-1)

    return Sums(statistics, finish)


TABLE: tuple[Metric, ...] = (
    _entry(accuracy, LABEL_TASKS, "acc"),
    _entry(binary_accuracy, LABEL_TASKS, needs="order"),
    _entry(categorical_accuracy, CLASS_TASKS),
    _entry(sparse_categorical_accuracy, CLASS_TASKS),
    _entry(top_k, CLASS_TASKS, needs="order"),
    _entry(top_k_categorical_accuracy, CLASS_TASKS, needs="order"),
    _entry(sparse_top_k_categorical_accuracy, CLASS_TASKS, needs="order"),
    _entry(f1_score, LABEL_TASKS, "f1"),
    _entry(precision, LABEL_TASKS),
    _entry(recall, LABEL_TASKS),
    _entry(specificity, LABEL_TASKS),
    _entry(balanced_accuracy, CLASS_TASKS),
    _entry(mcc, CLASS_TASKS, bounds=(-1.0, 1.0)),
    _entry(kappa, CLASS_TASKS, bounds=(-1.0, 1.0)),
    _entry(auc, LABEL_TASKS, needs="order"),
    _entry(average_precision, LABEL_TASKS, needs="order"),
    _entry(log_loss, LABEL_TASKS, needs="probabilities", bounds=POSITIVE, greater_is_better=False),
    _entry(brier, LABEL_TASKS, needs="probabilities", bounds=(0.0, 2.0), greater_is_better=False),
    _entry(ece, CLASS_TASKS, needs="probabilities", greater_is_better=False),
    _entry(confusion, CLASS_TASKS, bounds=POSITIVE, greater_is_better=None),
    _entry(mae, VALUES, needs="values", bounds=POSITIVE, greater_is_better=False),
    _entry(mse, VALUES, needs="values", bounds=POSITIVE, greater_is_better=False),
    _entry(rmse, VALUES, needs="values", bounds=POSITIVE, greater_is_better=False),
    _entry(r2, VALUES, needs="values", bounds=(-INFINITY, 1.0)),
)
"""Every metric, in the order of `dlcli ls metrics`."""
