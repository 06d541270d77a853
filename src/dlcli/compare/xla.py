"""XLA or not: measured once for each network on each machine, where it matters, and remembered.

What that brings over `plan.xla.by_rule`, in processor time of an epoch (two cores, TensorFlow
2.21): the rule is right for recurrent networks (10 networks: 0.21 to 0.77 of the time with XLA) and
for dense ones (0.92), but no rule is for convolutions: 0.71 for LeNet-5, 0.79 and 0.86 for the two
FCNs of configs/, 0.87 to 1.07 for the pooling networks, 2.5 for the CNN of benchmarks/trials.py.
LeNet-5's comparison of 280 trials takes 26 minutes on two cores without XLA, and 7 fewer with it.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from dlcli.compare.plan.records import JitCheck, JitTimes
from dlcli.compare.plan.xla import by_rule, is_open, network_key
from dlcli.runtime.cachedir import cache_folder
from dlcli.runtime.environment import computing_versions, processor
from dlcli.runtime.files import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dlcli.compare.plan.plan import Plan
    from dlcli.compare.plan.records import Measurement
    from dlcli.config.sections.experiment import Config
    from dlcli.parallel import Executor

PAYS_FROM = 100.0
"""Seconds that a problem's trials must take before it is worth the 2 to 6 that measuring takes."""

GAIN = 0.9
"""XLA must come to less than this share of the time, which compiling it adds to."""


def known_or_ruled(config: Config) -> bool:
    """Return whether a network is compiled with XLA: as it was measured before, else by rule."""
    known = _read(_place(config)) if is_open(config) else None
    return by_rule(config) if known is None else _pays(known)


def measured(plan: Plan, checked: Mapping[int, Measurement], executor: Executor, jobs: int) -> Plan:
    """Return the plan, its networks compiled as is faster: measured where that pays.

    Args:
        plan: Compiled as `known_or_ruled` has it.
        checked: Roughly how long the epochs of each network take.
        executor: Measures, with nothing beside it.
        jobs: Trials side by side.
    """
    first = {candidate.network: i for i, candidate in reversed([*enumerate(plan.candidates)])}
    places = {}
    for number, measurement in checked.items():
        config = plan.networks[number].config
        place = _place(config)
        worth = _seconds(plan, number, measurement) / jobs >= PAYS_FROM
        if worth and is_open(config) and not measurement.obstacle and _read(place) is None:
            places[number] = place
            executor.submit(JitCheck(first[number]), plan.candidates[first[number]].program)
    networks = list(plan.networks)
    while (done := executor.next_done()) is not None:
        if done.error:  # both ways do: the trials will say what is wrong
            continue
        number = plan.candidates[done.task.candidate].network
        _write(places[number], done.value)
        networks[number] = replace(networks[number], jit=_pays(done.value))
    return replace(plan, networks=tuple(networks))


def _seconds(plan: Plan, network: int, measurement: Measurement) -> float:
    """Return how long all trainings of a network take one after another."""
    return sum(
        plan.work_of(candidate) * measurement.trial_seconds(candidate.config.fit.epochs)
        for candidate in plan.candidates
        if candidate.network == network
    )


def _pays(times: JitTimes) -> bool:
    return times.with_xla < GAIN * times.without


def _place(config: Config) -> Path:
    key = network_key(config, computing_versions(), processor())
    return cache_folder() / "jit" / f"{key}.json"


def _read(path: Path) -> JitTimes | None:
    """Return what was measured before; a damaged file counts as missing."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return JitTimes(float(content["with_xla"]), float(content["without"]))
    except (OSError, ValueError, TypeError, LookupError):
        return None


def _write(path: Path, times: JitTimes) -> None:
    with contextlib.suppress(OSError), replacing(path) as stream:
        stream.write(json.dumps(asdict(times)).encode())
