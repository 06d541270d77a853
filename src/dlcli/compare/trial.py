"""One training of a comparison: a trial from its initial weights to its scores and status."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from dlcli import metrics
from dlcli.compare.plan.blocks import without_each
from dlcli.compare.plan.plan import STEERING
from dlcli.compare.plan.records import Result
from dlcli.engine.model import construct
from dlcli.engine.prediction import probabilities
from dlcli.metrics.luck import margin_over
from dlcli.metrics.points import point, without_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dlcli.compare.plan.candidates import Candidate
    from dlcli.compare.plan.plan import Plan, Problem
    from dlcli.compare.plan.records import Status, Trial
    from dlcli.config.sections.experiment import Call
    from dlcli.engine.program import Network, Program

SAMPLE = 512
"""Training examples on which the loss at the start and at the epoch that ranks is measured."""

CLEARLY = 5
"""A score so many times the margin above chance has been learned, even where the loss has not
fallen: class weights raise the loss of the frequent classes."""


class TrialRun:
    """One trial while it is trained; it can be put aside for another one.

    Args:
        plan: Whose trial it is.
        trial: What is trained.
        program: Trains it; used by one training at a time.
        state: The initial weights.
        loss: With them.
        compiling: Seconds spent on the program before.
        candidate: With the values of the trial's setting; the plan's if it has none.
    """

    def __init__(
        self,
        plan: Plan,
        trial: Trial,
        program: Program,
        state: Sequence[np.ndarray],
        loss: float,
        compiling: float,
        candidate: Candidate | None = None,
    ) -> None:
        candidate = candidate or plan.candidates[trial.candidate]
        self.trial = trial
        self.problem = plan.problems[candidate.problem]
        self.score = plan.score
        self.epochs = candidate.config.fit.epochs
        self._program = program
        self._network = program.network
        self._initial = state
        self._start_loss = loss
        self._compiling = compiling
        self._history: list[dict[str, Any]] = []
        self._seconds = self._evaluating = 0.0
        self._predicting = math.inf
        self._finite = True
        self._best_epoch: int | None = None
        self._best: dict[str, float | None] = {}
        self._best_state: list[np.ndarray] = []
        self._last: dict[str, float | None] = {}
        self._kept: list[np.ndarray] = []
        self._stopped = False
        self._scored_test: PartScores | None = None
        self._blocks: tuple[float, ...] = ()
        self._stuck = False
        self._is_grid = plan.is_grid
        self._ranks_last = plan.score.read == "last"
        calls = [c for c in candidate.config.fit.callbacks if c.name in STEERING]
        self._callbacks = keras.callbacks.CallbackList([construct(_directed(c)) for c in calls])

    def begin(self) -> None:
        """Set the weights, and tell the callbacks."""
        self._program.start(self._initial, float(self.trial.rate))
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
        self._program.start(self._initial, float(self.trial.rate))
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
            validated = self._scored("val", self._network.draw.parts.validation)
            self._note_best(epoch + 1, validated)
        row = {"epoch": epoch + 1, "train_loss": loss, **validated, "seconds": seconds}
        self._history.append(row)
        self._callbacks.on_epoch_end(epoch, {"loss": loss, **_numbers(validated)})

    def _scored(self, part: str, index: NDArray[np.intp] | None) -> dict[str, float | None]:
        if index is None:
            return {}
        started = time.perf_counter()
        scored = PartScores(self._network, self.problem, index)
        self._predicting = min(self._predicting, scored.seconds / max(1, len(index)))
        loss, scores = scored.loss, scored.values()
        if part == "test":
            self._scored_test = scored
        self._evaluating += time.perf_counter() - started
        named = {f"{part}_{name}": value for name, value in scores.items()}
        return {f"{part}_loss": loss, **named}

    def _note_best(self, epoch: int, validated: Mapping[str, float | None]) -> None:
        value = validated.get(f"val_{self.score.metric}")
        if not self._finite or value is None:
            return
        if self._best_epoch is None or self._is_better(value):
            self._best_epoch, self._best = epoch, dict(validated)
            if not self._is_grid:
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
        """End the training as `fit` does, and score the test part unless the plan is a grid."""
        self._program.finish()
        self._callbacks.on_train_end()
        self._last = self._ended()
        if not self._finite:
            return
        if self._ranks_last:
            self._judge_here()
        if not self._is_grid:
            self._score_test()
        elif self._best_state:
            self._network.set_state(self._best_state)
        if not self._ranks_last:
            self._judge_here()

    def _judge_here(self) -> None:
        """Find out whether it is stuck, with the weights of the epoch that ranks."""
        read = self._last if self._ranks_last else self._best
        value = read.get(f"val_{self.score.metric}")
        chance = self.problem.validation_chance[self.score.metric]
        self._stuck = value is None or self._is_stuck(value, chance)

    def _score_test(self) -> None:
        """Score the test part at the end and at the best epoch, and leave the latter's weights."""
        test = self._network.draw.parts.test
        self._last |= self._scored("test", test)
        if self._ranks_last:
            self._note_blocks()
        if not self._best_state:
            return
        self._network.set_state(self._best_state)
        if test is not None and self._best_is_last:
            self._best |= {k: v for k, v in self._last.items() if k.startswith("test_")}
        else:
            self._best |= self._scored("test", test)
        if not self._ranks_last:
            self._note_blocks()

    @property
    def _best_is_last(self) -> bool:
        """Whether the weights at the end are those of the best epoch."""
        untouched = not self._callbacks.callbacks and not self._program.averages
        return untouched and self._best_epoch == len(self._history)

    def _note_blocks(self) -> None:
        if self._scored_test is not None:
            self._blocks = self._scored_test.blocks(self.score.metric)

    def _ended(self) -> dict[str, float | None]:
        """Return the validation part's scores at the end.

        They are the last epoch's, unless a callback has changed the weights since.
        """
        if self._callbacks.callbacks:
            return self._scored("val", self._network.draw.parts.validation)
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
            blocks=self._blocks,
            parameters=self._network.summary.parameters,
            flops=self._network.summary.flops,
            prediction_seconds=self._predicting if math.isfinite(self._predicting) else None,
        )

    def _status(self) -> Status:
        if not self._finite:
            return "diverged"
        return "stuck" if self._stuck else "ok"

    def _is_stuck(self, value: float, chance: float) -> bool:
        """Whether a score is no better than chance, or hardly, while the loss has not fallen."""
        score = self.score
        margin = margin_over(chance, score.bounds[1], greater_is_better=score.greater_is_better)
        lead = (value - chance) * self.score.sign
        if lead <= margin:
            return True
        return lead <= CLEARLY * margin and sample_loss(self._network) >= self._start_loss


def sample_loss(network: Network) -> float:
    """Return the loss, unweighted and without penalties, of the same training examples each time.

    The loss of an epoch is no measure of progress: class weights, dropout and penalties of the
    weights are in it.
    """
    train = network.draw.parts.train
    order = np.random.RandomState(0).permutation(len(train))
    found = network.evaluate(train[order[:SAMPLE]])
    return found.loss - found.penalty


class PartScores:
    """The loss and the metrics of a part of the examples.

    Args:
        network: With the weights that are scored.
        problem: Names the metrics.
        index: Positions of the examples, shape (n,).

    Attributes:
        seconds: That predicting them took.
    """

    def __init__(self, network: Network, problem: Problem, index: NDArray[np.intp]) -> None:
        started = time.perf_counter()
        found = network.evaluate(index)
        self.seconds = time.perf_counter() - started
        config, description = network.config, network.draw.description
        self.loss = found.loss
        self._problem = problem
        self._index = index
        self._y = network.draw.examples.y[index]
        self._task, self._classes = description.task, len(description.classes)
        self._predicted = probabilities(found.outputs, config, description.task)

    def values(self) -> dict[str, Any]:
        """Return every metric of the problem."""
        return point(
            self._y,
            self._predicted,
            self._problem.metrics,
            task=self._task,
            classes=self._classes,
        )

    def blocks(self, metric: str) -> tuple[float, ...]:
        """Return a metric without each block of the examples; empty if it is undefined then."""
        kept = without_each(self._index)
        if not all(mask.any() for mask in kept):
            return ()
        found = without_parts(
            self._y, self._predicted, metric, kept, task=self._task, classes=self._classes
        )
        return () if None in found else tuple(map(float, found))


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
