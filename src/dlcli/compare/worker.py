"""The trials of a comparison in one process: networks built once, trained again and again."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from dlcli.catalogue import plugins
from dlcli.compare.loading import load_data, replicated
from dlcli.compare.plan.records import Check, JitCheck, JitTimes, Measurement, Result, Task, Trial
from dlcli.compare.trial import PartScores, TrialRun, sample_loss
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.engine.fitting import make_program
from dlcli.engine.model import MEMORY, construct
from dlcli.engine.program import Network, Program, leave_optimizing_to_xla
from dlcli.errors import DlcliError
from dlcli.runtime.memory import check_room, is_short
from dlcli.runtime.quiet import LOG_LEVEL, SILENT
from dlcli.runtime.xla_cache import forget_compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    import numpy as np

    from dlcli.compare.plan.candidates import Candidate
    from dlcli.compare.plan.plan import Plan
    from dlcli.data.draw import Draw
    from dlcli.data.pool import Pool

STATES_BYTES = 256e6
"""Memory for initial states, which are made and kept for as many seeds as it holds."""

AHEAD = 40
"""Initial states that are made together; with thousands of seeds, nobody waits for all of them."""

DRAWS = 2
"""Replications whose examples are held at once, where each one prepares them anew."""

NETWORKS, NETWORKS_BYTES = 16, 1e9
"""Networks that are kept at once, and the memory for the examples that each of them holds."""

ROUGHLY, CLOSELY = (2, 4), (4, 16)
"""By how many rounds of how many batches a training is timed, of which the fastest counts."""

RUNGS = (0.25, 0.5)
"""The shares of the epochs after which the worse half is pruned (Jamieson & Talwalkar 2016)."""


def open_workshop(plan: Plan, data: Callable[[int], Pool] | None = None) -> Workshop:
    """Prepare this process for a plan's trials: one thread, nothing loaded yet.

    Args:
        plan: Whose trials they are.
        data: Returns a problem's data; loaded as its config says if left out.
    """
    plugins.activate_found(plan.plugins)
    # A process that has computed already, such as a notebook's, keeps its threads and memory.
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        for device in tf.config.list_physical_devices("GPU"):
            # Else the first process takes all of a GPU's memory, whatever it needs.
            tf.config.experimental.set_memory_growth(device, True)
    if os.environ.get(LOG_LEVEL) == SILENT:  # a program each for several networks is no mistake
        tf.get_logger().setLevel("ERROR")
    return Workshop(plan, data)


def open_devices() -> Callable[[str], int]:
    """Prepare this process for being asked how many devices of a kind TensorFlow sees."""
    return lambda kind: len(tf.config.list_physical_devices(kind))


class Workshop:
    """Does a plan's tasks in this process, and keeps what the next one needs.

    Args:
        plan: Whose tasks they are.
        data: Returns a problem's data; loaded as its config says if left out.
    """

    def __init__(self, plan: Plan, data: Callable[[int], Pool] | None = None) -> None:
        self.plan = plan
        self._data = data or self._loaded
        self._problem: int | None = None
        self._pool: Pool | None = None
        self._draws: OrderedDict[tuple[int, float], Draw] = OrderedDict()  # by seed and share
        self._networks: list[Network] = []  # the one in use last
        self._owners: dict[int, tuple[int, str]] = {}  # whose they are, by id
        self._settings: dict[tuple[int, float, float], Candidate] = {}
        self._programs: dict[tuple[Hashable, int], Program] = {}  # and of which network
        # By network, initializer and seed.
        self._states: OrderedDict[tuple[int, str, int], list[np.ndarray]] = OrderedDict()
        self._losses: dict[tuple[int, str, int], float] = {}

    def __call__(self, task: Task | Check | JitCheck) -> Any:
        """Do a task.

        Returns:
            A list with a `Result` for each trial; for a check, a `Measurement` or `JitTimes`.

        Raises:
            ConfigError: If the model cannot be built: it concerns all trials.
        """
        try:
            return self._done(task)
        except DlcliError as error:
            if not isinstance(error, ConfigError):
                raise
            # It could be built before: what is missing is memory, for this task.
            if isinstance(task, Task) and error.diagnostics[0].rule == MEMORY:
                raise MemoryError(error.diagnostics[0].message) from error
            raise
        except tf.errors.OpError as error:  # with XLA, perhaps because its cache is damaged
            compiled = any(network.is_jit for network in self._networks)
            if is_short(error) or not (compiled and forget_compiled()):
                raise
            self._forget()
            return self._done(task)
        except Exception as error:
            if is_short(error) or not (place := plugins.told(error)):
                raise
            if isinstance(task, Task):
                raise plugins.PluginFailure(place) from error
            raise plugins.PluginError(place, remedy=plugins.MEND) from error

    def _forget(self) -> None:
        """Forget all networks and what belongs to them; the next task builds its own."""
        self._problem = self._pool = None
        self._draws.clear()
        self._networks.clear()
        self._owners.clear()
        self._programs.clear()
        self._states.clear()
        self._losses.clear()

    def _done(self, task: Task | Check | JitCheck) -> Any:
        if isinstance(task, Check):
            return self.check(task)
        if isinstance(task, JitCheck):
            return self.jit_times(task)
        if task.prune:
            return self._halved(task.trials)
        return [self._tried(trial) for trial in task.trials]

    def check(self, task: Check) -> Measurement:
        """Build a candidate's program and its problem's optimizers, and time it.

        Raises:
            ConfigError: If one of them cannot be made.
        """
        candidate = self.plan.candidates[task.candidate]
        network = self._network(candidate, self.plan.seeds[0])
        for other in self.plan.candidates:
            if other.problem == candidate.problem:
                construct(other.config.compile.optimizer)
        state = self._state(candidate, self.plan.seeds[0])
        program, compiling = self.program(candidate)
        program.start(state, 0.0)  # a rate of 0 computes all and changes nothing
        if not task.timed:
            seconds = _epoch_seconds(program, ROUGHLY)
            return Measurement(compiling, seconds, obstacle=network.obstacle)
        started = time.perf_counter()
        program.train_epoch(0, 0)
        trained = time.perf_counter()
        problem = self.plan.problems[candidate.problem]
        parts = network.draw.parts
        assert parts.validation is not None  # noqa: S101 (a comparison needs a validation part)
        PartScores(network, problem, parts.validation).values()
        evaluation = time.perf_counter() - trained
        return Measurement(compiling, trained - started, evaluation, network.obstacle)

    def jit_times(self, task: JitCheck) -> JitTimes:
        """Time an epoch with XLA and without; the programs that were made stay as they are."""
        candidate = self.plan.candidates[task.candidate]
        own = self._network(candidate, self.plan.seeds[0])
        seconds = {}
        for jit in (False, True):
            network = own
            if own.is_jit is not jit:
                network = Network(own.config, own.draw, jit=jit)
            try:
                program = make_program(network, candidate.config.compile.optimizer)
                program.start(network.state(), 0.0)
                seconds[jit] = _epoch_seconds(program, CLOSELY)
            except tf.errors.OpError:  # not everything can be compiled with XLA
                seconds[jit] = math.inf
        leave_optimizing_to_xla(jit=own.is_jit)
        return JitTimes(with_xla=seconds[True], without=seconds[False])

    def program(self, candidate: Candidate) -> tuple[Program, float]:
        """Return a candidate's program of the network in use, and the seconds that compiling took.

        They are 0 if it was compiled before.
        """
        network = self._used
        key = candidate.program, id(network)
        if key in self._programs:
            return self._programs[key], 0.0
        started = time.perf_counter()
        made = make_program(network, candidate.config.compile.optimizer)
        made.warm_up()
        self._programs[key] = made
        return made, time.perf_counter() - started

    @property
    def _used(self) -> Network:
        """The network in use."""
        return self._networks[-1]

    def _network(self, candidate: Candidate, seed: int) -> Network:
        """Return a candidate's network, with the data of a seed's replication in use."""
        problem = candidate.problem
        if problem != self._problem:
            self._forget()  # only one problem's data are held: candidates come problem by problem
            self._problem, self._pool = problem, self._data(problem)
        draw, owner = self._draw(candidate, seed), _network_key(candidate)
        for place, network in enumerate(self._networks):
            if self._owners[id(network)] == owner and network.use(draw):
                self._networks.append(self._networks.pop(place))
                leave_optimizing_to_xla(jit=network.is_jit)
                return network
        self._make_room(owner, draw)
        jit = self.plan.networks[candidate.network].jit
        made = Network(candidate.base, draw, jit=jit)
        self._networks.append(made)
        self._owners[id(made)] = owner
        return made

    def _make_room(self, owner: tuple[int, str], draw: Draw) -> None:
        """Forget networks, those not used for longest first, so that another one may be made."""
        held_by = [self._owners[id(network)] for network in self._networks]
        own = [place for place, other in enumerate(held_by) if other == owner]
        if len(own) >= DRAWS:
            self._drop(own[0])
        held = sum(array.nbytes for array in (*draw.examples.x.values(), draw.examples.y))
        room = max(DRAWS, min(NETWORKS, int(NETWORKS_BYTES // max(1, held))))
        while len(self._networks) >= room:
            self._drop(0)

    def _drop(self, place: int) -> None:
        gone = id(self._networks.pop(place))
        del self._owners[gone]
        self._programs = {k: p for k, p in self._programs.items() if k[1] != gone}
        for made in [key for key in self._states if key[0] == gone]:
            del self._states[made]
        for known in [key for key in self._losses if key[0] == gone]:
            del self._losses[known]

    def _draw(self, candidate: Candidate, seed: int) -> Draw:
        """Return a seed's draw of the problem's data, of which a candidate may use a share."""
        assert self._pool is not None  # noqa: S101 (there is one once a network is asked for)
        place = seed, candidate.base.data.fraction
        if place not in self._draws:
            while self._pool.is_encoded and len(self._draws) >= DRAWS:
                self._draws.popitem(last=False)
            self._draws[place] = replicated(self.plan, candidate.base, self._pool, seed)
        self._draws.move_to_end(place)
        return self._draws[place]

    def _loaded(self, problem: int) -> Pool:
        return load_data(self.plan.problems[problem])

    def _state(self, candidate: Candidate, seed: int) -> list[np.ndarray]:
        """Return the initial state of a seed, the same for every optimizer.

        Those of the next seeds are made with it: Keras's seeding lets TensorFlow forget how it
        runs its functions, which it then has to find out again.
        """
        made = (id(self._used), repr(candidate.initializer))
        if (*made, seed) not in self._states:
            network = self._used
            state = network.initial_state(candidate.config, seed)
            room = max(1, int(STATES_BYTES // max(1, sum(array.nbytes for array in state))))
            self._states[*made, seed] = state
            for other in _after(seed, self.plan)[: min(room, AHEAD) - 1]:
                self._states[*made, other] = network.initial_state(candidate.config, other)
            while len(self._states) > room:
                self._states.popitem(last=False)
        self._states.move_to_end((*made, seed))
        return self._states[*made, seed]

    def _start_loss(self, candidate: Candidate, seed: int) -> float:
        """Return the loss that a seed starts with."""
        key = (id(self._used), repr(candidate.initializer), seed)
        if key not in self._losses:
            network = self._used
            network.set_state(self._state(candidate, seed))
            self._losses[key] = sample_loss(network)
        return self._losses[key]

    def _tried_candidate(self, trial: Trial) -> Candidate:
        """Return a trial's candidate with the values of its setting, which are read once."""
        key = trial.candidate, trial.rate, trial.fraction
        if key not in self._settings:
            self._settings[key] = self.plan.candidate_of(trial)
        return self._settings[key]

    def training(self, trial: Trial) -> TrialRun:
        """Return a trial that is about to begin."""
        candidate = self._tried_candidate(trial)
        self._network(candidate, trial.seed)
        state = self._state(candidate, trial.seed)
        program, compiling = self.program(candidate)
        loss = self._start_loss(candidate, trial.seed)
        check_room(sum(array.nbytes for array in state))
        return TrialRun(self.plan, trial, program, state, loss, compiling, candidate)

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


def _network_key(candidate: Candidate) -> tuple[int, str]:
    """Identify a candidate's network, with what a setting has changed of it."""
    return candidate.network, candidate.tried


def _after(seed: int, plan: Plan) -> Sequence[int]:
    """Return the seeds that come after a seed."""
    return plan.seeds[plan.seeds.index(seed) + 1 :] if seed in plan.seeds else ()


def _epoch_seconds(program: Program, timing: tuple[int, int]) -> float:
    """Estimate how long an epoch takes, from some of its steps."""
    rounds, steps = timing[0], min(timing[1], program.steps)
    seconds = []  # the first round's are out of the question: XLA compiles in it
    for _ in range(rounds):
        started = time.perf_counter()
        program.train_epoch(0, 0, steps)
        seconds.append(time.perf_counter() - started)
    return min(seconds) / steps * program.steps
