"""What the end of a training tells: rules look at its history, and say what to try first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dlcli import metrics
from dlcli.metrics.points import chance, places_of
from dlcli.rules.course import Course, RunScore
from dlcli.rules.examples import places

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlcli.config.binding.findings import Judge
    from dlcli.data.description import Split
    from dlcli.train.experiment import Experiment

MOST = 3
"""Pieces of advice: the first is tried first, and more are not read."""

BATCH = 256
"""Examples on which units and gradients are looked at, at most."""


class Advice(NamedTuple):
    """A piece of advice.

    Attributes:
        rule: Its name, for `dlcli explain`.
        message: What was seen.
        hint: What to try first.
    """

    rule: str
    message: str
    hint: str

    def line(self) -> str:
        """Return it as it is printed."""
        return f"advice[{self.rule}]: {self.message}; {self.hint}"


def advise(
    judge: Judge,
    experiment: Experiment,
    rows: Sequence[Mapping[str, Any]],
    scores: Mapping[str, Mapping[str, Any]],
    *,
    diverged: bool,
) -> tuple[Advice, ...]:
    """Return what to try next, the most important first, and nothing where all is well.

    Args:
        judge: Of the config; what it ignores is not said.
        experiment: With the model at the end.
        rows: Of the history.
        scores: Of each part.
        diverged: Whether a loss or weight is not a finite number.
    """
    course = course_of(judge, experiment, rows, scores, diverged=diverged)
    found = sorted(judge.findings("history", course), key=lambda pair: -pair[1].weight)
    first: dict[str, Advice] = {}
    for rule, finding in found:
        first.setdefault(rule.name, Advice(rule.name, finding.message, finding.hint))
    return tuple(first.values())[:MOST]


def course_of(
    judge: Judge,
    experiment: Experiment,
    rows: Sequence[Mapping[str, Any]],
    scores: Mapping[str, Mapping[str, Any]],
    *,
    diverged: bool,
) -> Course:
    """Return what rules see of a training."""
    dataset, subject = experiment.dataset, judge.subject
    parts = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    signals: Any = ()
    if not diverged and rows:
        from dlcli.engine.probe import signals as probed

        signals = probed(experiment.model, _batch(dataset.train, subject.batch_size), subject)
    return Course(
        rows,
        _score(judge, dataset.train, scores),
        {name: part.size for name, part in parts.items() if part is not None},
        diverged,
        any(callback.get("restore_best_weights") for callback in subject.callbacks),
        signals,
    )


def _batch(split: Split, size: int) -> Split:
    return split.take(places(split.size, max(1, min(BATCH, max(size, 32)))))


def _score(judge: Judge, train: Split, scores: Mapping[str, Mapping[str, Any]]) -> RunScore | None:
    """Return the scores by the first metric that is a single number, and by chance."""
    data = judge.subject.data
    for item in judge.bound.compile.metrics or ():
        request = metrics.parse(item) if isinstance(item, str) else None
        if request is None or request.result != "scalar":
            continue
        better = request.metric.greater_is_better
        value = scores["train"].get(str(item))
        if better is None or not isinstance(value, int | float):
            continue
        y = places_of(train.y, task=data.task, shape=data.target_shape)
        guessed = chance(y, [str(item)], task=data.task, classes=len(data.classes))[str(item)]
        if not isinstance(guessed, int | float):
            continue
        other = scores.get("validation", {}).get(str(item))
        best = request.metric.bounds[1 if better else 0]
        validated = float(other) if isinstance(other, int | float) else None
        return RunScore(str(item), float(value), validated, float(guessed), best, bool(better))
    return None
