"""One training of a comparison: a trial from its initial weights to its scores and status."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from dlcli import metrics
from dlcli.comparison.plan import STEERING
from dlcli.comparison.records import Result
from dlcli.evaluation import point
from dlcli.model import construct, is_logits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlcli.comparison.plan import Plan, Problem
    from dlcli.comparison.records import Status, Trial
    from dlcli.config.experiment import Call
    from dlcli.data.description import Split
    from dlcli.engine.program import Network, Program

SAMPLE = 512
"""Training examples on which the loss at the start and at the end is measured."""

CHANCE_MARGIN = 0.02
"""A training is stuck if it ends no better than chance and this much (2 points)."""

HEADROOM_SHARE = 0.1
"""Where chance is near the best possible score, 2 points are too many: then this share of what is
left above chance."""


class Training:
    """One trial while it is trained; it can be put aside for another one.

    Args:
        plan: Whose trial it is.
        trial: What is trained.
        program: Trains it; used by one training at a time.
        state: The initial weights.
        loss: With them.
        compiling: Seconds spent on the program before.
    """

    def __init__(
        self,
        plan: Plan,
        trial: Trial,
        program: Program,
        state: Sequence[np.ndarray],
        loss: float,
        compiling: float,
    ) -> None:
        contender = plan.contenders[trial.contender]
        self.trial = trial
        self.problem = plan.problems[contender.problem]
        self.score = plan.score
        self.epochs = contender.config.fit.epochs
        self._program = program
        self._network = program.network
        self._initial = state
        self._start_loss = loss
        self._compiling = compiling
        self._history: list[dict[str, Any]] = []
        self._seconds = self._evaluating = 0.0
        self._finite = True
        self._best_epoch: int | None = None
        self._best: dict[str, float | None] = {}
        self._best_state: list[np.ndarray] = []
        self._last: dict[str, float | None] = {}
        self._kept: list[np.ndarray] = []
        self._stopped = False
        calls = [c for c in contender.config.fit.callbacks if c.name in STEERING]
        self._callbacks = keras.callbacks.CallbackList([construct(_directed(c)) for c in calls])

    def begin(self) -> None:
        """Set the weights, and tell the callbacks."""
        self._program.start(self._initial, self.trial.rate)
        self._take_over()
        self._callbacks.on_train_begin()

    def _take_over(self) -> None:
        model = self._network.model
        model.optimizer = self._program.optimizer
        model.stop_training = self._stopped
        self._callbacks.set_model(model)

    def suspend(self) -> None:
        """Keep the weights, the optimizer's state, and whether a callback has stopped it."""
        self._stopped = bool(self._network.model.stop_training)
        optimizer = [variable.numpy() for variable in self._program.optimizer.variables]
        self._kept = [*self._network.state(), *optimizer]

    def resume(self) -> None:
        """Go on from where it was put aside."""
        self._program.start(self._initial, self.trial.rate)
        own = len(self._initial)
        self._network.set_state(self._kept[:own])
        variables = self._program.optimizer.variables
        for variable, value in zip(variables, self._kept[own:], strict=True):
            variable.assign(value)
        self._take_over()

    def advance(self, epochs: int) -> None:
        """Train until so many epochs are done, or it diverges, or a callback stops it."""
        while self._goes_on() and len(self._history) < epochs:
            self._train_epoch(len(self._history))

    def _goes_on(self) -> bool:
        return self._finite and not self._network.model.stop_training

    def _train_epoch(self, epoch: int) -> None:
        self._callbacks.on_epoch_begin(epoch)
        started = time.perf_counter()
        loss = self._program.train_epoch(self.trial.seed, epoch)
        seconds = time.perf_counter() - started
        self._seconds += seconds
        self._finite = math.isfinite(loss) and self._program.has_finite_weights()
        with self._program.as_finished():
            validated = self._scored("val", self._network.dataset.validation)
            self._note_best(epoch + 1, validated)
        row = {"epoch": epoch + 1, "train_loss": loss, **validated, "seconds": seconds}
        self._history.append(row)
        self._callbacks.on_epoch_end(epoch, {"loss": loss, **_numbers(validated)})

    def _scored(self, part: str, split: Split | None) -> dict[str, float | None]:
        if split is None:
            return {}
        started = time.perf_counter()
        loss, scores = part_scores(self._network, self.problem, split)
        self._evaluating += time.perf_counter() - started
        named = {f"{part}_{name}": value for name, value in scores.items()}
        return {f"{part}_loss": loss, **named}

    def _note_best(self, epoch: int, validated: Mapping[str, float | None]) -> None:
        value = validated.get(f"val_{self.score.metric}")
        if not self._finite or value is None:
            return
        if self._best_epoch is None or self._is_better(value):
            self._best_epoch, self._best = epoch, dict(validated)
            if self.trial.stage == "confirm":
                self._best_state = self._network.state()

    def _is_better(self, value: float) -> bool:
        best = self._best[f"val_{self.score.metric}"]
        return best is None or value * self.score.sign > best * self.score.sign

    @property
    def standing(self) -> float:
        """The last validation score, greater being better; the worst for a diverged training."""
        value = self._history[-1].get(f"val_{self.score.metric}") if self._history else None
        return -math.inf if value is None or not self._finite else value * self.score.sign

    def conclude(self) -> None:
        """End the training as `fit` does, and score the test part where the stage allows it."""
        self._program.finish()
        self._callbacks.on_train_end()
        self._end_loss = sample_loss(self._network) if self._finite else math.nan
        self._last = self._ended()
        if self.trial.stage != "confirm" or not self._finite:
            return
        test = self._network.dataset.test
        self._last |= self._scored("test", test)
        if self._best_state and test is not None:
            self._network.set_state(self._best_state)
            self._best |= self._scored("test", test)

    def _ended(self) -> dict[str, float | None]:
        """Return the validation part's scores at the end.

        They are the last epoch's, unless a callback has changed the weights since.
        """
        if self._callbacks.callbacks:
            return self._scored("val", self._network.dataset.validation)
        return self._last_row()

    def result(self, *, concluded: bool = False) -> Result:
        """Return what the training came to."""
        if not concluded:
            self.conclude()
        return self._result(self._status())

    def pruned(self) -> Result:
        """Return what it came to before it was stopped; a diverged one had stopped by itself."""
        if self._finite:
            return self._result("pruned")
        self._last = self._last_row()
        return self._result("diverged")

    def _last_row(self) -> dict[str, float | None]:
        return {k: v for k, v in self._history[-1].items() if k.startswith("val_")}

    def _result(self, status: Status) -> Result:
        return Result(
            status=status,
            history=tuple(self._history),
            steps=len(self._history) * self._program.steps,
            seconds=self._seconds,
            compile_seconds=self._compiling,
            evaluation_seconds=self._evaluating,
            best_epoch=self._best_epoch,
            best=self._best,
            last=self._last,
        )

    def _status(self) -> Status:
        if not self._finite:
            return "diverged"
        value = self._last.get(f"val_{self.score.metric}")
        chance = self.problem.validation_chance[self.score.metric]
        return "stuck" if value is None or self._is_stuck(value, chance) else "ok"

    def _is_stuck(self, value: float, chance: float) -> bool:
        if self._end_loss >= self._start_loss:
            return True
        if self.score.greater_is_better:
            headroom = self.score.bounds[1] - chance
            return value <= chance + min(CHANCE_MARGIN, HEADROOM_SHARE * headroom)
        return value >= chance * (1 - CHANCE_MARGIN)


def sample_loss(network: Network) -> float:
    """Return the loss, unweighted, of the same random training examples every time.

    The loss of an epoch is no measure of progress: class weights and dropout are in it.
    """
    order = np.random.RandomState(0).permutation(network.examples)
    loss, _ = network.evaluate(network.dataset.train.take(order[:SAMPLE]))
    return loss


def part_scores(
    network: Network, problem: Problem, split: Split | None
) -> tuple[float, dict[str, Any]]:
    """Return the loss and the metrics of a split."""
    assert split is not None  # noqa: S101 (a comparison needs a validation part)
    config, description = network.config, network.dataset.description
    loss, outputs = network.evaluate(split)
    predicted = metrics.probabilities(
        outputs[0], from_logits=is_logits(config.compile.loss), task=description.task
    )
    classes = len(description.classes)
    scores = point(split.y, predicted, problem.metrics, task=description.task, classes=classes)
    return loss, scores


def _directed(call: Call) -> Call:
    """Return a callback that is told whether what it watches should rise or fall.

    Keras asks the model's metrics for that, and a trial's model has none.
    """
    watched = str(call.arguments.get("monitor", "")).removeprefix("val_")
    if not watched or watched == "loss" or call.arguments.get("mode", "auto") != "auto":
        return call
    mode = "max" if metrics.parse(watched).metric.greater_is_better else "min"
    return replace(call, arguments={**call.arguments, "mode": mode})


def _numbers(row: Mapping[str, float | None]) -> dict[str, float]:
    """Return the row as callbacks take it: an undefined score is NaN."""
    return {name: math.nan if value is None else value for name, value in row.items()}
