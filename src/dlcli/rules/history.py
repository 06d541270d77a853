"""History: what the end of a training tells, and what to try first."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Final

from dlcli.catalogue.family import family
from dlcli.catalogue.rate_ranges import RANGES
from dlcli.rules.course import smoothed
from dlcli.rules.optimization import peak_rate
from dlcli.rules.rule import Finding, history_rule
from dlcli.rules.sequences import CLIPPING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlcli.rules.course import Course, RunScore
    from dlcli.rules.subject import Subject

LAST_PART: Final = 5
"""The last fifth of the epochs shows whether there is more to gain."""

MATERIAL: Final = 0.02
"""Share of the first loss by which a training has moved at all."""

STILL: Final = 0.05
"""Share of the whole progress that the last fifth makes where a training is not at its end: a loss
that falls exponentially makes it after less than three of its time constants."""

TURNED: Final = 1.15
"""Times its lowest value to which a validation loss has risen."""

VALIDATED: Final = 50
"""Examples without which a validation loss says little of a turn."""

WINDOW: Final = 3
UPS: Final = 0.4
"""Share of the epochs in which a training loss may rise that falls on the whole."""

SHORTEST: Final = 6
GAP: Final = 0.15
RISES: Final = 0.25
"""Share of the epochs in which the training loss jumps where the steps are too large."""

JUMP: Final = 1.1
SETTLED: Final = 0.1
DEAD: Final = 0.5
FEWEST_UNITS: Final = 8
VANISHED: Final = 1e-4
"""Of the largest relative gradient of a layer."""

EXPLODED: Final = 0.3
"""Share of a layer's weights that one step changes."""

ENDED: Final = 0.05
"""Share of the highest rate at which a schedule has ended a training."""


def _rate_path(subject: Subject) -> str:
    return subject.optimizer.path_of("learning_rate") or "compile.optimizer"


def _lower(subject: Subject) -> str:
    """Return the rate to try where the present one is too high."""
    rate = peak_rate(subject) or float(subject.optimizer.get("learning_rate") or 0.01)
    name = "initial_learning_rate" if subject.schedule else "learning_rate"
    return f"{name}: {rate / 10:.3g}"


def _higher(subject: Subject) -> str:
    rate = peak_rate(subject) or float(subject.optimizer.get("learning_rate") or 0.01)
    name = "initial_learning_rate" if subject.schedule else "learning_rate"
    return f"{name}: {rate * 10:.3g}"


def _other(subject: Subject, losses: list[float]) -> str:
    """Return the rate to try where nothing is learned: lower if it is high or the loss rose."""
    known = RANGES.get(family(subject.optimizer.name, subject.optimizer.arguments))
    rate = peak_rate(subject) or float(subject.optimizer.get("learning_rate") or 0.01)
    high = known is not None and rate**2 > 1.01 * known.low * known.high
    rose = len(losses) > 1 and losses[-1] > losses[0]
    return _lower(subject) if high or rose else _higher(subject)


@history_rule
def not_a_number(subject: Subject, course: Course) -> Iterator[Finding]:
    """The loss or a weight is not a number any more: the training diverged.

    Wrong:
        data: {dataset: sunspots}
        model: {layers: [Normalization, Flatten, {Dense: {units: 1}}]}
        compile: {optimizer: {SGD: {learning_rate: 1.0}}}

    Right:
        data: {dataset: sunspots}
        model: {layers: [Normalization, Flatten, {Dense: {units: 1}}]}
        compile: {optimizer: {SGD: {learning_rate: 0.01}}}
        fit: {epochs: 60}

    Source:
        Schoop et al. 2021, UMLAUT (loss is NaN); Goodfellow et al. 2016, Deep Learning, section
        8.2.4 (cliffs and exploding gradients)
    """
    losses = course.column("loss")
    bad = [i for i, value in enumerate(losses, 1) if not math.isfinite(value)]
    if not bad and not course.diverged:
        return
    since = (
        f"the loss is not a number from epoch {bad[0]} on" if bad else "a weight is not a number"
    )
    message = f"the training diverged: {since}"
    hint = f"lower the rate first, {_lower(subject)}, then clip gradients, clipnorm: 1.0"
    yield Finding(_rate_path(subject), message, hint, weight=1.0)


@history_rule
def loss_rises(subject: Subject, course: Course) -> Iterator[Finding]:
    """The training loss is highest at the end: each step overshoots.

    Wrong:
        data: {dataset: sunspots}
        model: {layers: [Normalization, Flatten, {Dense: {units: 1}}]}
        compile: {optimizer: {SGD: {learning_rate: 0.6}}}
        fit: {epochs: 4}

    Right:
        data: {dataset: sunspots}
        model: {layers: [Normalization, Flatten, {Dense: {units: 1}}]}
        compile: {optimizer: {SGD: {learning_rate: 0.02}}}
        fit: {epochs: 60}

    Source:
        Zhang et al. 2021, AutoTrainer (oscillating loss); Bengio 2012, Practical Recommendations
        for Gradient-Based Training of Deep Architectures (section 3.1.1)
    """
    losses = course.column("loss")
    if len(losses) < WINDOW or not course.is_finite():
        return
    if losses[-1] > losses[0] and min(losses) >= 0.98 * losses[0]:
        message = f"the training loss rose from {losses[0]:.3g} to {losses[-1]:.3g}"
        yield Finding(
            _rate_path(subject), message, f"lower the rate: {_lower(subject)}", weight=0.95
        )


@history_rule
def chance_level(subject: Subject, course: Course) -> Iterator[Finding]:
    """The network is no better than chance on the very examples that it was trained on.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: sigmoid}, repeat: 4}
            - {Dense: {units: $classes, activation: softmax}}
        compile: {optimizer: {SGD: {learning_rate: 0.01}}}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: relu}, repeat: 4}
            - {Dense: {units: $classes, activation: softmax}}
        compile: {optimizer: {SGD: {learning_rate: 0.1}}}

    Source:
        Schoop et al. 2021, UMLAUT (accuracy at chance); Google's Deep Learning Tuning Playbook 2023
        (how to debug a model that does not train)
    """
    score, losses = course.score, course.column("loss")
    if score is None or not course.is_finite() or not score.is_chance:
        return
    message = f"{score.metric} is {score.train:.3g} on the training part, and chance scores "
    message += f"{score.chance:.3g}: nothing was learned"
    hint = f"try other learning rates first: {_other(subject, losses)}, or dlcli compare-optimizers"
    yield Finding(_rate_path(subject), message, hint, weight=0.9)


@history_rule
def exploding_gradients(subject: Subject, course: Course) -> Iterator[Finding]:
    """The gradient of a layer is so large that one step changes most of its weights.

    Measured on one batch with the weights at the end, for SGD: other optimizers divide by the size
    of the gradient.

    Wrong:
        data: {dataset: sunspots}
        model: {layers: [Normalization, Flatten, {Dense: {units: 1}}]}
        compile: {optimizer: {SGD: {learning_rate: 0.6}}}
        fit: {epochs: 2}

    Right:
        data: {dataset: sunspots}
        model: {layers: [Normalization, Flatten, {Dense: {units: 1}}]}
        compile: {optimizer: {SGD: {learning_rate: 0.02}}}
        fit: {epochs: 60}

    Source:
        Pascanu et al. 2013, On the Difficulty of Training Recurrent Neural Networks; Zhang et al.
        2021, AutoTrainer (exploding gradients)
    """
    known = [signal for signal in course.signals if signal.gradient is not None]
    worst = max(known, key=lambda signal: signal.gradient or 0.0, default=None)
    if worst is None or not course.is_finite() or subject.optimizer.name != "SGD":
        return
    if any(subject.optimizer.get(name) for name in CLIPPING):
        return
    step = (worst.gradient or 0.0) * float(course.rows[-1].get("learning_rate") or 0.0)
    if step < EXPLODED:
        return
    message = f"one step changes the weights of '{worst.layer}' by {step:.0%} of their size"
    hint = f"clip gradients, global_clipnorm: 1.0, or lower the rate, {_lower(subject)}"
    yield Finding(_rate_path(subject), message, hint, (worst.layer,), weight=0.85)


@history_rule
def vanishing_gradients(subject: Subject, course: Course) -> Iterator[Finding]:
    """The first layers get ten thousand times less gradient than the last ones, and learn nothing.

    Measured on one batch with the weights at the end, each gradient as a share of its weights.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: sigmoid}, repeat: 8}
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: relu, kernel_initializer: he_normal}, repeat: 8}
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Glorot & Bengio 2010, Understanding the Difficulty of Training Deep Feedforward Neural
        Networks; Zhang et al. 2021, AutoTrainer (vanishing gradients)
    """
    known = [signal for signal in course.signals if signal.gradient is not None]
    if len(known) < 2 or not course.is_finite():
        return
    sizes = [signal.gradient or 0.0 for signal in known]
    largest, first = max(sizes), known[0]
    if largest > 0 and sizes[0] < VANISHED * largest and largest == max(sizes[1:]):
        message = f"the gradient of '{first.layer}' is {sizes[0] / largest:.0e} of the largest "
        message += "layer's: the first layers stand still"
        hint = "use activation: relu with kernel_initializer: he_normal, or BatchNormalization: {} "
        hint += "between layers"
        layer = subject.network.by_id.get(first.layer)
        yield Finding(layer.path if layer else "model", message, hint, (first.layer,), weight=0.92)


@history_rule
def dead_units(subject: Subject, course: Course) -> Iterator[Finding]:
    """Most relu units of a layer are 0 for a whole batch: they pass nothing on and learn nothing.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: 64, activation: relu}}
            - {Dense: {units: $classes, activation: softmax}}
        compile: {optimizer: {SGD: {learning_rate: 5.0}}}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: 64, activation: relu}}
            - {Dense: {units: $classes, activation: softmax}}
        compile: {optimizer: {SGD: {learning_rate: 0.1}}}

    Source:
        Lu et al. 2020, Dying ReLU and Initialization; Zhang et al. 2021, AutoTrainer (dying ReLU)
    """
    for signal in course.signals:
        if signal.dead is None or signal.units < FEWEST_UNITS or signal.dead <= DEAD:
            continue
        message = f"{signal.dead:.0%} of the {signal.units} relu units of '{signal.layer}' never "
        message += "fire"
        layer = subject.network.by_id.get(signal.layer)
        hint = f"lower the rate first, {_lower(subject)}, or write activation: leaky_relu"
        path = layer.path if layer else "model"
        yield Finding(path, message, hint, (signal.layer,), weight=0.5 + 0.45 * signal.dead)


@history_rule
def loss_jumps(subject: Subject, course: Course) -> Iterator[Finding]:
    """The training loss jumps up and down: the steps are too large to settle.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: tanh}}
            - {Dense: {units: $classes, activation: softmax}}
        compile: {optimizer: {Adam: {learning_rate: 0.3}}}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: tanh}}
            - {Dense: {units: $classes, activation: softmax}}
        compile: {optimizer: {Adam: {learning_rate: 0.01}}}

    Source:
        Zhang et al. 2021, AutoTrainer (oscillating loss); Schoop et al. 2021, UMLAUT (loss spikes)
    """
    losses = course.column("loss")
    if len(losses) < SHORTEST or not course.is_finite() or min(losses) <= 0:
        return
    ups = sum(after > JUMP * before for before, after in itertools.pairwise(losses))
    if ups >= RISES * (len(losses) - 1) and losses[-1] > SETTLED * losses[0]:
        message = f"the training loss jumped up by a tenth or more in {ups} of {len(losses)} epochs"
        yield Finding(
            _rate_path(subject), message, f"lower the rate: {_lower(subject)}", weight=0.65
        )


@history_rule
def overfitting(subject: Subject, course: Course) -> Iterator[Finding]:
    """The validation loss turns and rises while the training loss falls on.

    Wrong:
        data: {dataset: mnist_5k, validation: 0.9}
        model:
          layers:
            - Flatten
            - {Dense: {units: 128, activation: relu}}
            - {Dense: {units: $classes, activation: softmax}}
        compile: {optimizer: {Adam: {learning_rate: 1e-2}}}
        fit: {epochs: 60}

    Right:
        data: {dataset: mnist_5k, validation: 0.9}
        model:
          layers:
            - Flatten
            - {Dense: {units: 128, activation: relu}}
            - {Dense: {units: $classes, activation: softmax}}
        compile: {optimizer: {Adam: {learning_rate: 1e-2}}}
        fit:
          epochs: 60
          callbacks: [{EarlyStopping: {patience: 5, restore_best_weights: true}}]

    Source:
        Prechelt 1998, Early Stopping - But When?; Schoop et al. 2021, UMLAUT (overfitting)
    """
    del subject
    turned = _turned(course)
    if turned is None:
        return
    epoch, low, last = turned
    message = f"val_loss is lowest in epoch {epoch} ({low:.3g}) and rises to {last:.3g}, while the "
    message += "training loss falls: overfitting"
    hint = "stop there: callbacks: [{EarlyStopping: {patience: 3, restore_best_weights: true}}]"
    yield Finding("fit.callbacks", message, hint, weight=0.6)


def _turned(course: Course) -> tuple[int, float, float] | None:
    """Return the epoch from which validation gets worse, and its loss then and at the end."""
    losses, validated = course.column("loss"), course.column("val_loss")
    few = course.sizes.get("validation", 0) < VALIDATED
    if few or len(validated) < SHORTEST or course.restored or not course.is_finite():
        return None
    smooth = smoothed(validated, WINDOW)
    at = min(range(len(smooth)), key=smooth.__getitem__)
    best = min(range(len(validated)), key=validated.__getitem__)
    behind = losses[best:]
    ups = sum(after > before for before, after in itertools.pairwise(behind))
    falls = behind[-1] < behind[0] and ups <= UPS * len(behind)
    if falls and at < len(smooth) - WINDOW and smooth[-1] > TURNED * smooth[at] > 0:
        return best + 1, validated[best], smooth[-1]
    return None


@history_rule
def train_validation_gap(subject: Subject, course: Course) -> Iterator[Finding]:
    """The network scores far better on the examples that it was trained on than on others.

    Wrong:
        data: {dataset: osu_leaf, validation: 0.5}
        model:
          layers:
            - Flatten
            - {Dense: {units: 256, activation: relu}}
            - {Dense: {units: $classes, activation: softmax}}
        fit: {epochs: 40}

    Right:
        data: {dataset: digits, validation: 0.5}
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: relu}}
            - {Dropout: {rate: 0.3}}
            - {Dense: {units: $classes, activation: softmax}}
        fit: {epochs: 100}

    Source:
        Goodfellow et al. 2016, Deep Learning, section 11.3 (gather more data, or regularize);
        Srivastava et al. 2014, Dropout
    """
    score, size = course.score, course.sizes.get("validation", 0)
    if score is None or score.validation is None or not score.greater_is_better or size < 2:
        return
    gap = score.train - score.validation
    luck = 2 * math.sqrt(0.25 / size)
    if score.best == 1 and gap > GAP + luck and not score.is_chance:
        message = f"{score.metric} is {score.train:.3g} on the training part and "
        message += f"{score.validation:.3g} on the validation part"
        last = subject.heads[0].kernel if subject.heads else None
        hint = "regularize: {Dropout: {rate: 0.3}} before the last layer; more examples help most"
        yield Finding(last.path if last else "model", message, hint, weight=0.55)


@history_rule
def loss_hardly_falls(subject: Subject, course: Course) -> Iterator[Finding]:
    """The training loss hardly moves, so the steps are too small.

    Wrong:
        compile: {optimizer: {SGD: {learning_rate: 1e-5}}}

    Right:
        compile: {optimizer: {SGD: {learning_rate: 0.3}}}
        fit: {epochs: 60}

    Source:
        Zhang et al. 2021, AutoTrainer (slow convergence); Bengio 2012, Practical Recommendations
        for Gradient-Based Training of Deep Architectures (section 3.1.1)
    """
    losses, score = course.column("loss"), course.score
    if len(losses) < WINDOW or not course.is_finite() or score is None or losses[0] <= 0:
        return
    falls = 0 < losses[0] - losses[-1] < MATERIAL * losses[0]
    if falls and losses[-1] == min(losses) and not _is_good(score):
        message = f"the training loss fell by {1 - losses[-1] / losses[0]:.1%} in {len(losses)} "
        message += "epochs"
        yield Finding(
            _rate_path(subject), message, f"raise the rate: {_higher(subject)}", weight=0.91
        )


def _is_good(score: RunScore) -> bool:
    """Whether at least half of what there is to learn is learned on the training part."""
    whole = abs(score.best - score.chance)
    return math.isfinite(whole) and abs(score.best - score.train) < whole / 2


@history_rule
def still_improving(subject: Subject, course: Course) -> Iterator[Finding]:
    """The loss still falls at the end, so more epochs would help.

    Wrong:
        fit: {epochs: 2}

    Right:
        fit:
          epochs: 60
          callbacks: [{EarlyStopping: {patience: 5, restore_best_weights: true}}]

    Source:
        Google's Deep Learning Tuning Playbook 2023 (deciding how long to train when training is not
        compute-bound); Prechelt 1998, Early Stopping - But When?
    """
    name = course.watched
    values, rates = course.column(name), course.column("learning_rate")
    count = len(values)
    if count < 2 or count < subject.epochs or not course.is_finite():
        return
    if rates and rates[-1] < ENDED * max(rates):
        return
    part = max(1, count // LAST_PART)
    progress = values[0] - min(values)
    late = min(values[:-part]) - values[-1]
    if values[-1] == min(values) and late > STILL * progress > STILL * MATERIAL * abs(values[0]):
        message = f"{name} still falls at the end: {values[-1]:.3g} after {count} epochs, "
        message += f"{min(values[:-part]):.3g} {part} epoch{'s' if part > 1 else ''} before that"
        hint = f"train longer: epochs: {3 * count} (dlcli train --resume RUN --epochs {3 * count})"
        yield Finding("fit.epochs", message, hint, weight=0.4)
