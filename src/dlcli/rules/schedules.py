"""Schedules: learning rates that fall to nothing too early, or do not fall while one trains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dlcli.rules.rule import Finding, config_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlcli.rules.network import Part
    from dlcli.rules.subject import Subject

EARLY: Final = 0.8
"""Share of a training before which a schedule should not have come to nothing."""

LATE: Final = 3.0
"""Times a training that a schedule may take; at a third, a cosine still has three quarters."""

NOTHING: Final = 0.01
"""Share of the peak at which hardly anything is learned any more."""

GONE: Final = 1e-4
UNCHANGED: Final = 0.95
LONG_WARMUP: Final = 0.5

PASTE: Final = "decay_steps: $total_steps"


def updates(subject: Subject) -> int | None:
    """Return how often the weights are updated, which is what schedules count."""
    every = subject.optimizer.get("gradient_accumulation_steps") or 1
    return None if subject.total_steps is None else max(1, subject.total_steps // int(every))


def _number(part: Part, name: str, default: float = 0.0) -> float:
    value = part.get(name)
    return float(value) if isinstance(value, int | float) else default


def end_of(schedule: Part) -> tuple[float, float] | None:
    """Return the step at which a schedule ends, and the share of its peak that is left then.

    None for one that has no end.
    """
    start = _number(schedule, "initial_learning_rate")
    steps = _number(schedule, "decay_steps")
    if schedule.name == "CosineDecay":
        warm = schedule.get("warmup_target") is not None
        warmup = _number(schedule, "warmup_steps") if warm else 0.0
        return steps + warmup, _number(schedule, "alpha")
    if schedule.name == "PolynomialDecay" and not schedule.get("cycle") and start > 0:
        return steps, _number(schedule, "end_learning_rate") / start
    return None


def left_at(schedule: Part, step: float) -> float | None:
    """Return the share of its rate that a schedule without an end has left; None for others."""
    steps, rate = _number(schedule, "decay_steps"), _number(schedule, "decay_rate")
    if steps <= 0 or rate <= 0:
        return None
    times = step // steps if schedule.get("staircase") else step / steps
    if schedule.name == "ExponentialDecay":
        return float(rate**times)
    if schedule.name == "InverseTimeDecay":
        return 1 / (1 + rate * times)
    return None


@config_rule
def schedule_ends_early(subject: Subject) -> Iterator[Finding]:
    """The learning rate comes to nothing long before the training ends; the rest learns nothing.

    Wrong:
        compile:
          optimizer:
            Adam: {learning_rate: {CosineDecay: {initial_learning_rate: 1e-3, decay_steps: 41}}}
        fit: {epochs: 20}

    Right:
        compile:
          optimizer:
            Adam:
              learning_rate: {CosineDecay: {initial_learning_rate: 1e-3, decay_steps: $total_steps}}
        fit: {epochs: 20}

    Source:
        Loshchilov & Hutter 2017, SGDR; Google's Deep Learning Tuning Playbook 2023 (a schedule
        should end where the training ends)
    """
    schedule, steps = subject.schedule, updates(subject)
    if schedule is None or steps is None or subject.is_comparison:
        return
    path = schedule.path_of("decay_steps")
    end = end_of(schedule)
    if end is not None and end[0] < EARLY * steps and end[1] <= NOTHING:
        message = f"{schedule.name} ends after {end[0]:.0f} of {steps} updates; the rest learns "
        message += "nothing"
        yield Finding(path, message, f"write {PASTE}")
    left = left_at(schedule, steps / 2)
    if left is not None and left < GONE:
        message = f"half-way, {schedule.name} has {left:.0e} of its rate left"
        yield Finding(path, message, "write decay_steps: $steps_per_epoch, or decay_rate: 0.96")


@config_rule
def schedule_ends_late(subject: Subject) -> Iterator[Finding]:
    """The training ends long before the schedule, so that the learning rate hardly falls.

    Wrong:
        compile:
          optimizer:
            Adam: {learning_rate: {CosineDecay: {initial_learning_rate: 1e-3, decay_steps: 100000}}}
        fit: {epochs: 20}

    Right:
        compile:
          optimizer:
            Adam:
              learning_rate: {CosineDecay: {initial_learning_rate: 1e-3, decay_steps: $total_steps}}
        fit: {epochs: 20}

    Source:
        Loshchilov & Hutter 2017, SGDR; Google's Deep Learning Tuning Playbook 2023 (a schedule
        should end where the training ends)
    """
    schedule, steps = subject.schedule, updates(subject)
    if schedule is None or steps is None or subject.is_comparison:
        return
    end = end_of(schedule)
    if end is not None and end[0] > LATE * steps:
        message = f"{schedule.name} takes {end[0]:.0f} updates, and the training has {steps}"
        yield Finding(schedule.path_of("decay_steps"), message, f"write {PASTE}")
    left = left_at(schedule, steps)
    if left is not None and left > UNCHANGED:
        message = f"in {steps} updates, {schedule.name} takes {1 - left:.0%} of the rate away"
        hint = "write decay_steps: $steps_per_epoch"
        yield Finding(schedule.path_of("decay_steps"), message, hint)
    boundaries = schedule.get("boundaries")
    if isinstance(boundaries, tuple | list) and boundaries and boundaries[0] >= steps:
        message = f"the first change comes after {boundaries[0]} updates, and the training has "
        message += f"{steps}"
        hint = "write boundaries: [0.5 * $total_steps, 0.75 * $total_steps]"
        yield Finding(schedule.path_of("boundaries"), message, hint)


@config_rule
def warmup_too_long(subject: Subject) -> Iterator[Finding]:
    """The learning rate still rises after half of the training, and reaches its peak late or never.

    Wrong:
        compile:
          optimizer:
            Adam:
              learning_rate:
                CosineDecay: {initial_learning_rate: 0.0, warmup_target: 1e-3, warmup_steps: 5000,
                              decay_steps: $total_steps}

    Right:
        compile:
          optimizer:
            Adam:
              learning_rate:
                CosineDecay: {initial_learning_rate: 0.0, warmup_target: 1e-3,
                              warmup_steps: 0.1 * $total_steps, decay_steps: 0.9 * $total_steps}

    Source:
        Goyal et al. 2017, Accurate, Large Minibatch SGD (five of ninety epochs); Google's Deep
        Learning Tuning Playbook 2023 (warmup)
    """
    steps = updates(subject)
    if steps is None or subject.is_comparison:
        return
    for part in filter(None, (subject.schedule, subject.optimizer)):
        warmup = _number(part, "warmup_steps")
        if warmup > LONG_WARMUP * steps and part.get("warmup_target", 1.0) is not None:
            message = f"the warmup takes {warmup:.0f} of {steps} updates"
            hint = "write warmup_steps: 0.1 * $total_steps"
            yield Finding(part.path_of("warmup_steps"), message, hint)


@config_rule
def warmup_without_target(subject: Subject) -> Iterator[Finding]:
    """warmup_steps does nothing without warmup_target: Keras leaves the warmup out.

    Wrong:
        compile:
          optimizer:
            Adam:
              learning_rate:
                CosineDecay: {initial_learning_rate: 1e-3, warmup_steps: 0.1 * $total_steps,
                              decay_steps: 0.9 * $total_steps}

    Right:
        compile:
          optimizer:
            Adam:
              learning_rate:
                CosineDecay: {initial_learning_rate: 0.0, warmup_target: 1e-3,
                              warmup_steps: 0.1 * $total_steps, decay_steps: 0.9 * $total_steps}

    Source:
        Keras's documentation of CosineDecay (warmup_target: None will skip warmup)
    """
    schedule = subject.schedule
    if schedule is None or subject.is_comparison:
        return
    if schedule.get("warmup_steps") and schedule.get("warmup_target", 1.0) is None:
        rate = _number(schedule, "initial_learning_rate")
        message = "warmup_steps does nothing without warmup_target"
        hint = f"write initial_learning_rate: 0.0 and warmup_target: {rate:g}"
        yield Finding(schedule.path_of("warmup_steps"), message, hint)
