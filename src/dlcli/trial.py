"""The trials of a comparison in one process: a network built once, trained again and again."""

from __future__ import annotations

import math
import os
import time
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from dlcli import metrics
from dlcli.comparison.plan import STEERING
from dlcli.comparison.records import (
    Check,
    JitCheck,
    JitTimes,
    Measurement,
    Result,
    Task,
    Trial,
)
from dlcli.data import load
from dlcli.engine.fitting import make_program
from dlcli.engine.program import Network, Program
from dlcli.evaluation import point
from dlcli.model import construct, is_logits
from dlcli.quiet import LOG_LEVEL, SILENT
from dlcli.store.xla_cache import forget_compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from dlcli.comparison.plan import Contender, Plan, Problem
    from dlcli.comparison.records import Status
    from dlcli.config.experiment import Call
    from dlcli.data.description import Split

KEPT_STATES = 32
"""Initial states held at once: those of a comparison's seeds."""

SAMPLE = 1024
"""Training examples on which the loss at the start and at the end is measured."""

CHANCE_MARGIN = 0.02
"""A training is stuck if it ends no better than chance and this much (2 points)."""

HEADROOM_SHARE = 0.1
"""Where chance is near the best possible score, 2 points are too many: then this share of what is
left above chance."""

ROUGHLY, CLOSELY = (2, 4), (4, 16)
"""By how many rounds of how many batches a training is timed, of which the fastest counts."""

RUNGS = (0.25, 0.5)
"""The shares of the epochs after which the worse half is pruned (Jamieson & Talwalkar 2016)."""


def open_workshop(plan: Plan) -> Workshop:
    """Prepare this process for a plan's trials: one thread, nothing loaded yet."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for device in tf.config.list_physical_devices("GPU"):
        # Else the first process takes all of a GPU's memory, whatever it needs.
        tf.config.experimental.set_memory_growth(device, True)
    if os.environ.get(LOG_LEVEL) == SILENT:  # a program each for several networks is no mistake
        tf.get_logger().setLevel("ERROR")
    return Workshop(plan)


def open_devices() -> Callable[[str], int]:
    """Prepare this process for being asked how many devices of a kind TensorFlow sees."""
    return lambda kind: len(tf.config.list_physical_devices(kind))


class Workshop:
    """Does a plan's tasks in this process, and keeps what the next one needs.

    Args:
        plan: Whose tasks they are.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._networks: dict[int, Network] = {}
        self._programs: dict[Hashable, Program] = {}
        self._states: OrderedDict[Hashable, list[np.ndarray]] = OrderedDict()

    def __call__(self, task: Task | Check | JitCheck) -> Any:
        """Do a task.

        Returns:
            A list with a `Result` for each trial; for a check, a `Measurement` or `JitTimes`.

        Raises:
            ConfigError: If the model cannot be built: it concerns all trials.
        """
        try:
            return self._done(task)
        except tf.errors.ResourceExhaustedError:
            raise
        except tf.errors.OpError:  # perhaps because XLA's cache is damaged
            if not forget_compiled():
                raise
            self._networks.clear()
            self._programs.clear()
            return self._done(task)

    def _done(self, task: Task | Check | JitCheck) -> Any:
        if isinstance(task, Check):
            return self.check(task)
        if isinstance(task, JitCheck):
            return self.jit_times(task)
        if task.prune:
            return self._halved(task.trials)
        return [self._tried(trial) for trial in task.trials]

    def check(self, task: Check) -> Measurement:
        """Build a contender's program and its problem's optimizers, and time it.

        Raises:
            ConfigError: If one of them cannot be made.
        """
        contender = self.plan.contenders[task.contender]
        network = self._network(contender.problem)
        for other in self.plan.contenders:
            if other.problem == contender.problem:
                construct(other.config.compile.optimizer)
        program, compiling = self.program(contender)
        # A rate of 0 computes all and changes nothing.
        program.start(self._state(contender, contender.config.seed), 0.0)
        if not task.timed:
            seconds = _epoch_seconds(program, ROUGHLY)
            return Measurement(compiling, seconds, obstacle=network.obstacle)
        started = time.perf_counter()
        program.train_epoch(0, 0)
        trained = time.perf_counter()
        problem = self.plan.problems[contender.problem]
        _scores(network, problem, network.dataset.validation)
        evaluation = time.perf_counter() - trained
        return Measurement(compiling, trained - started, evaluation, network.obstacle)

    def jit_times(self, task: JitCheck) -> JitTimes:
        """Time an epoch with XLA and without; the programs that were made stay as they are."""
        contender = self.plan.contenders[task.contender]
        own = self._network(contender.problem)
        seconds = {}
        for jit in (False, True):
            network = own
            if own.is_jit is not jit:
                network = Network(own.config, own.dataset, jit=jit)
            try:
                program = make_program(network, contender.config.compile.optimizer)
                program.start(network.state(), 0.0)
                seconds[jit] = _epoch_seconds(program, CLOSELY)
            except tf.errors.OpError:  # not everything can be compiled with XLA
                seconds[jit] = math.inf
        return JitTimes(with_xla=seconds[True], without=seconds[False])

    def program(self, contender: Contender) -> tuple[Program, float]:
        """Return a contender's program, and the seconds that compiling it took, 0 if it was."""
        key = contender.program
        if key in self._programs:
            return self._programs[key], 0.0
        started = time.perf_counter()
        made = make_program(self._network(contender.problem), contender.config.compile.optimizer)
        made.warm_up()
        self._programs[key] = made
        return made, time.perf_counter() - started

    def _network(self, problem: int) -> Network:
        if problem not in self._networks:
            # Only one network's data is held: contenders come problem by problem.
            self._networks.clear()
            self._programs.clear()
            self._states.clear()
            asked = self.plan.problems[problem]
            data = asked.config.data
            dataset = load(data.source, validation=data.validation, seed=asked.config.seed)
            self._networks[problem] = Network(asked.config, dataset, jit=asked.jit)
        return self._networks[problem]

    def _state(self, contender: Contender, seed: int) -> list[np.ndarray]:
        """Return the initial state of a seed, the same for every optimizer."""
        key = (contender.problem, repr(contender.initializer), seed)
        if key not in self._states:
            network = self._network(contender.problem)
            self._states[key] = network.initial_state(contender.config, seed)
            if len(self._states) > KEPT_STATES:
                self._states.popitem(last=False)
        self._states.move_to_end(key)
        return self._states[key]

    def training(self, trial: Trial) -> Training:
        """Return a trial that is about to begin."""
        contender = self.plan.contenders[trial.contender]
        program, compiling = self.program(contender)
        state = self._state(contender, trial.seed)
        return Training(self.plan, trial, program, state, compiling)

    def _tried(self, trial: Trial) -> Result:
        training = self.training(trial)
        training.begin()
        training.advance(training.epochs)
        return training.result()

    def _halved(self, trials: Sequence[Trial]) -> list[Result]:
        """Train all, but drop the worse half after a quarter of the epochs, and after half."""
        trainings = [self.training(trial) for trial in trials]
        for training in trainings:
            training.begin()
            training.suspend()
        alive = trainings
        for share in (*RUNGS, 1.0):
            for training in alive:
                training.resume()
                training.advance(math.ceil(training.epochs * share))
                if share == 1.0:
                    training.conclude()
                training.suspend()
            if share < 1.0:
                ranked = sorted(alive, key=lambda t: t.standing, reverse=True)
                alive = ranked[: math.ceil(len(ranked) / 2)]
        return [
            t.result(concluded=True) if any(t is kept for kept in alive) else t.pruned()
            for t in trainings
        ]


def _epoch_seconds(program: Program, timing: tuple[int, int]) -> float:
    """Estimate how long an epoch takes, from some of its steps."""
    rounds, steps = timing[0], min(timing[1], program.steps)
    seconds = []  # the first round's are out of the question: XLA compiles in it
    for _ in range(rounds):
        started = time.perf_counter()
        program.train_epoch(0, 0, steps)
        seconds.append(time.perf_counter() - started)
    return min(seconds) / steps * program.steps


class Training:
    """One trial while it is trained; it can be put aside for another one.

    Args:
        plan: Whose trial it is.
        trial: What is trained.
        program: Trains it; used by one training at a time.
        state: The initial weights.
        compiling: Seconds spent on the program before.
    """

    def __init__(
        self,
        plan: Plan,
        trial: Trial,
        program: Program,
        state: Sequence[np.ndarray],
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
        """Set the weights, and measure the loss that they start with."""
        self._network.set_state(self._initial)
        self._start_loss = self._sample_loss()
        self._program.start(self._initial, self.trial.rate)
        self._take_over()
        self._callbacks.on_train_begin()

    def _sample_loss(self) -> float:
        """Return the loss, unweighted, of the same random training examples every time.

        The loss of an epoch is no measure of progress: class weights and dropout are in it.
        """
        order = np.random.RandomState(0).permutation(self._network.examples)
        loss, _ = self._network.evaluate(self._network.dataset.train.take(order[:SAMPLE]))
        return loss

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
        loss, scores = _scores(self._network, self.problem, split)
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
        self._end_loss = self._sample_loss() if self._finite else math.nan
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


def _scores(
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
