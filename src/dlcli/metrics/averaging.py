"""Scores of one class against the rest, averaged over the classes as scikit-learn does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from dlcli.metrics.families import Share, Sums, counts, occurs, ratio, split_counts
from dlcli.metrics.predictions import CLASS_TASKS

if TYPE_CHECKING:
    from collections.abc import Callable

Average = Literal["default", "macro", "micro", "weighted", "none"]


def averaged(
    task: str,
    average: Average,
    score: Callable[[Any, Any, Any, Any], Any],
    trials: Callable[[Any, Any, Any], Any],
    made: Callable[[Any], Any] = lambda share: share,
    *,
    by_parts: bool = False,
) -> Sums:
    """Return a score of TP, FP, FN, averaged over the classes as scikit-learn does.

    Args:
        task: A binary task defaults to its positive class, the others to the macro average.
        average: `none` keeps one value a class.
        score: Array module, TP, FP, FN -> value.
        trials: TP, FP, FN -> the trials of which TP is the share that the score is made of.
        made: That share -> score.
        by_parts: The interval of a macro average is made of those of its classes.
    """
    positive = task == "binary" and average == "default"

    def finish(sums: Any, xp: Any) -> Any:
        tp, fp, fn, _ = split_counts(sums)
        if average == "micro":
            tp, fp, fn = (xp.sum(part, axis=-1) for part in (tp, fp, fn))
            return score(xp, tp, fp, fn)
        values = score(xp, tp, fp, fn)
        if positive:
            return values[..., 1]
        if average == "none":
            return values
        return weighted_mean(
            xp, values, tp + fn if average == "weighted" else counted_classes(task, xp, tp, fp, fn)
        )

    def counted(sums: Any) -> tuple[Any, Any]:
        tp, fp, fn, _ = split_counts(sums)
        tried = trials(tp, fp, fn)
        return (tp[1], tried[1]) if positive else (tp, tried)

    if positive or average == "none":
        return Sums(counts, finish, Share(counted, made))
    if average == "micro" and task in CLASS_TASKS:  # then all three are the accuracy
        return Sums(counts, finish, Share(lambda s: (split_counts(s)[0].sum(), s[-1])))
    macro = by_parts and average not in ("micro", "weighted")
    return Sums(counts, finish, parts=Share(counted, made) if macro else None)


def counted_classes(task: str, xp: Any, tp: Any, fp: Any, fn: Any) -> Any:
    """Return 1 for what counts in a macro average: every label, each class that occurs."""
    return xp.ones_like(tp) if task == "multilabel" else occurs(xp, tp + fp + fn)


def weighted_mean(xp: Any, values: Any, weights: Any) -> Any:
    """Return the mean over the last axis; 0 if no weight is positive."""
    return ratio(xp, xp.sum(values * weights, axis=-1), xp.sum(weights, axis=-1))
