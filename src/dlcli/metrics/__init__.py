"""Metrics by the names a config and `dlcli eval --metrics` use: `f1`, `top_k:3`, `auc`.

parse("top_k:3")            # a Request, or a UserError with the word that was probably meant
check_task(request, task)   # a UserError where the metric has no meaning
"""

from __future__ import annotations

import contextlib
import functools
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from dlcli.errors import UserError, did_you_mean
from dlcli.metrics.families import Matrix
from dlcli.metrics.predictions import probabilities
from dlcli.metrics.table import TABLE, VALUES, Metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dlcli.catalogue.signature import Argument, Entry
    from dlcli.metrics.families import Family
    from dlcli.metrics.predictions import OutputKind

__all__ = [
    "Request",
    "check_outputs",
    "check_task",
    "default_names",
    "entries",
    "parse",
    "probabilities",
    "told_of_positive",
]

LONGEST = 9
"""Digits of an option's number."""


@dataclass(frozen=True)
class Request:
    """A metric as the user asked for it.

    Attributes:
        text: As typed.
        metric: The table's entry.
        options: Its options.
    """

    text: str
    metric: Metric
    options: dict[str, Any]

    def family(self, task: str) -> Family:
        """Return how it is computed for a task."""
        return self.metric.make(task, **self.options)

    def option(self, name: str, missing: Any) -> Any:
        """Return an option's value or default, or `missing` if the metric has no such option."""
        argument = self.metric.signature.by_name.get(name)
        return self.options.get(name, argument.default if argument else missing)

    @property
    def result(self) -> Literal["scalar", "vector", "matrix"]:
        """Whether it is a number, one for each class, or one for each pair of classes."""
        if self.option("average", "") == "none":
            return "vector"
        return "matrix" if isinstance(self.family(self.metric.tasks[0]), Matrix) else "scalar"


@functools.cache
def entries() -> tuple[Entry, ...]:
    """Return every metric's name, aliases, options and help."""
    return tuple(metric.signature for metric in TABLE)


@functools.cache
def _by_name() -> dict[str, Metric]:
    return {n: m for m in TABLE for n in (m.name, *m.signature.aliases)}


def parse(text: str) -> Request:
    """Read `name` or `name:option`, such as `top_k:3` or `f1:micro`.

    Raises:
        UserError: For an unknown name, or an option the metric does not take.
    """
    name, colon, value = text.strip().partition(":")
    metric = _by_name().get(name)
    if metric is None:
        other = _with_option(name) if not colon else ""
        meant = f"; did you mean '{other}'?" if other else did_you_mean(name, _by_name())
        remedy = "List them with `dlcli ls metrics`."
        raise UserError(f"'{text}' is not a metric of dlcli{meant}", remedy=remedy)
    options = _options(metric, text, value) if colon else {}
    return Request(text, metric, options)


def _with_option(name: str) -> str:
    """Return what `macro_f1`, `f1_macro` or `top5` is called here, empty if it is nothing."""
    for known, metric in _by_name().items():
        stem = known.removesuffix("_k")
        found = re.fullmatch(rf"(?:([a-z]+)_)?{stem}_?(?:score_)?(\w+)?", name.lower())
        option = found and (found[1] or found[2])
        if option and metric.signature.arguments:
            with contextlib.suppress(UserError):
                return parse(f"{known}:{option}").text
    return ""


def _options(metric: Metric, text: str, value: str) -> dict[str, Any]:
    arguments = metric.signature.arguments
    if not arguments:
        raise UserError(f"'{text}': {metric.name} takes no option", remedy=f"write {metric.name}")
    argument = arguments[0]
    read = int(value) if value.isdecimal() and len(value) <= LONGEST else value
    if not _accepts(argument, read):
        meant = did_you_mean(value, argument.types[0].choices[1:])
        remedy = f"e.g. {metric.name}:{_example(argument)}; {argument.help}"
        raise UserError(f"'{text}': '{value}' is not a valid {argument.name}{meant}", remedy=remedy)
    return {argument.name: read}


def _accepts(argument: Argument, value: object) -> bool:
    accepted = argument.types[0]
    if accepted.choices:
        return value in accepted.choices and value != "default"
    least = -math.inf if accepted.minimum is None else accepted.minimum
    most = math.inf if accepted.maximum is None else accepted.maximum
    return isinstance(value, int) and least <= value <= most


def _example(argument: Argument) -> str:
    choices = argument.types[0].choices
    return choices[1] if choices else str(argument.default)


def check_task(request: Request, task: str) -> None:
    """Make sure that a metric has a meaning for a task.

    Raises:
        UserError: If it has none; it names those that have.
    """
    if task not in request.metric.tasks:
        fitting = ", ".join(m.name for m in TABLE if task in m.tasks)
        remedy = f"for {task} there are: {fitting}"
        raise UserError(f"'{request.text}' has no meaning for a {task} task", remedy=remedy)


def check_outputs(request: Request, kind: OutputKind) -> None:
    """Make sure that a model's outputs are what a metric is about.

    Raises:
        UserError: If it is about probabilities, and they are scores.
    """
    if request.metric.needs == "probabilities":
        check_probabilities(request.text, kind)


OF_PROBABILITIES = (
    "BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy",
    "KLDivergence", "Poisson",
)  # fmt: skip
"""Keras's metrics that are about probabilities."""


def check_probabilities(name: str, kind: OutputKind) -> None:
    """Refuse a metric of probabilities where a model's outputs are scores.

    Raises:
        UserError: If they are.
    """
    if kind in ("margins", "scores"):
        raise UserError(
            f"'{name}' is about probabilities, but the model's outputs are scores",
            remedy="end the model in softmax or sigmoid, or in logits with from_logits: true; of "
            "scores there are accuracy, f1, auc and their like",
        )


OF_POSITIVE = ("f1_score", "precision", "recall", "specificity", "average_precision", "brier")
"""Those of dlcli's metrics that are about one of two classes, unless they average both."""

KERAS_OF_POSITIVE = ("Precision", "Recall", "PrecisionAtRecall", "RecallAtPrecision",
                     "SensitivityAtSpecificity", "SpecificityAtSensitivity", "TruePositives",
                     "TrueNegatives", "FalsePositives", "FalseNegatives")  # fmt: skip


def told_of_positive(names: Iterable[str], task: str, classes: Sequence[str]) -> tuple[str, ...]:
    """Say which of two classes metrics are about; nothing if none of them is about one.

    Args:
        names: Metrics as typed, dlcli's or Keras's.
        task: The task.
        classes: Their names.
    """
    if task != "binary" or len(classes) != 2:
        return ()
    about = [name for name in names if _is_about_one(name)]
    if not about:
        return ()
    shown = " and ".join(filter(None, (", ".join(about[:-1]), about[-1])))
    verb = "takes" if len(about) == 1 else "take"
    return (f"{shown} {verb} '{classes[1]}' for the positive class, not '{classes[0]}'",)


def _is_about_one(name: str) -> bool:
    if name in KERAS_OF_POSITIVE:
        return True
    if name.partition(":")[0] not in _by_name():
        return False
    request = parse(name)
    return request.metric.name in OF_POSITIVE and request.option("average", "default") == "default"


def default_names(task: str) -> tuple[str, ...]:
    """Return the metrics of a config that names none."""
    return ("mae",) if task in VALUES else ("accuracy",)
