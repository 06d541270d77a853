"""Optimization: rates, batches, clipping and callbacks that do not what they are there for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from dlcli import metrics
from dlcli.catalogue.family import family
from dlcli.catalogue.rate_ranges import RANGES
from dlcli.errors import UserError
from dlcli.rules.network import Part
from dlcli.rules.rule import Finding, config_error, config_rule
from dlcli.rules.sequences import CLIPPING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlcli.rules.subject import Subject

TOO_HIGH: Final = 3.0
"""Times the highest rate of the search, from which on a rate is surely none that is meant."""

TOO_LOW: Final = 0.05
"""Times its lowest rate, which is low already."""

DECAY_PER_STEP: Final = 0.01
TRAVEL: Final = 0.01
"""How far weights must be able to move in a training; the initial ones are about 0.1 each."""

BETAS: Final = ("Adam", "AdamW", "Adamax", "Nadam", "Lamb")
ADAPTIVE_TO_SCALE: Final = ("SGD",)
"""Optimizers whose step is proportional to the gradient, so that clipping limits it."""


def peak_rate(subject: Subject) -> float | None:
    """Return the highest learning rate of the config's optimizer; None if it gives none."""
    if "learning_rate" not in subject.optimizer.given:
        return None
    schedule = subject.schedule
    if schedule is None:
        return float(subject.optimizer.get("learning_rate"))
    names = ("initial_learning_rate", "warmup_target", "values")
    given = [schedule.get(name) for name in names]
    flat = [n for value in given for n in (value if isinstance(value, tuple | list) else [value])]
    numbers = [float(n) for n in flat if isinstance(n, int | float)]
    return max(numbers, default=None)


@config_rule
def learning_rate_range(subject: Subject) -> Iterator[Finding]:
    """The learning rate is far outside the range in which the optimizer works anywhere.

    The ranges are those that `dlcli compare-optimizers` searches.

    Wrong:
        compile: {optimizer: {Adam: {learning_rate: 1.0}}}

    Right:
        compile: {optimizer: {Adam: {learning_rate: 1e-3}}}

    Source:
        Schneider et al. 2019, DeepOBS; Schmidt et al. 2021, Descending through a Crowded Valley;
        Humbatova et al. 2020, Taxonomy of Real Faults in Deep Learning Systems (learning rate)
    """
    optimizer = subject.optimizer
    known = RANGES.get(family(optimizer.name, optimizer.arguments))
    rate = peak_rate(subject)
    if subject.is_comparison or known is None or rate is None:
        return
    if known.low * TOO_LOW <= rate <= known.high * TOO_HIGH:
        return
    side = "above" if rate > known.high else "below"
    message = f"a learning rate of {rate:g} is far {side} those that {optimizer.name} works at, "
    message += f"{known.low:g} to {known.high:g}"
    middle = float(f"{math.sqrt(known.low * known.high):.0e}")
    name = "initial_learning_rate" if subject.schedule else "learning_rate"
    yield Finding(optimizer.path_of("learning_rate"), message, f"begin with {name}: {middle:g}")


@config_rule
def weight_decay_beside_penalty(subject: Subject) -> Iterator[Finding]:
    """Weights are decayed by the optimizer and penalized by the layers: the same thing twice.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: relu, kernel_regularizer: {L2: {l2: 1e-4}}}}
            - {Dense: {units: $classes, activation: softmax}}
        compile: {optimizer: {AdamW: {learning_rate: 1e-3, weight_decay: 1e-4}}}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: relu}}
            - {Dense: {units: $classes, activation: softmax}}
        compile: {optimizer: {AdamW: {learning_rate: 1e-3, weight_decay: 1e-4}}}

    Source:
        Loshchilov & Hutter 2019, Decoupled Weight Decay Regularization
    """
    decay = subject.optimizer.get("weight_decay")
    if subject.is_comparison or not decay:
        return
    for layer in subject.network.layers:
        penalty = layer.core.get("kernel_regularizer")
        if isinstance(penalty, Part) and penalty.name in ("L2", "L1L2") and penalty.get("l2"):
            message = f"{subject.optimizer.name} decays the weights by {decay:g} already"
            hint = "leave kernel_regularizer out, or write weight_decay: 0.0"
            yield Finding(layer.core.path_of("kernel_regularizer"), message, hint, (layer.id,))


@config_rule
def weight_decay_too_heavy(subject: Subject) -> Iterator[Finding]:
    """Each step takes more than a hundredth of every weight away, before anything is learned.

    Decoupled weight decay multiplies the weights by 1 - learning rate x decay in each step.

    Wrong:
        compile: {optimizer: {AdamW: {learning_rate: 0.1, weight_decay: 0.5}}}

    Right:
        compile: {optimizer: {AdamW: {learning_rate: 1e-3, weight_decay: 0.05}}}

    Source:
        Loshchilov & Hutter 2019, Decoupled Weight Decay Regularization; Google's Deep Learning
        Tuning Playbook 2023 (weight decay is tuned together with the learning rate)
    """
    decay, rate = subject.optimizer.get("weight_decay"), peak_rate(subject)
    given = "weight_decay" in subject.optimizer.given
    if subject.is_comparison or not given or not isinstance(decay, int | float) or rate is None:
        return
    if rate * decay > DECAY_PER_STEP:
        message = f"each step takes {rate * decay:.0%} of every weight away ({rate:g} x {decay:g})"
        path = subject.optimizer.path_of("weight_decay")
        yield Finding(path, message, "begin with weight_decay: 0.01")


@config_error
def several_clips(subject: Subject) -> Iterator[Finding]:
    """Gradients can be clipped in one way only; Keras refuses two.

    Wrong:
        compile: {optimizer: {Adam: {learning_rate: 1e-3, clipnorm: 1.0, clipvalue: 0.5}}}

    Right:
        compile: {optimizer: {Adam: {learning_rate: 1e-3, global_clipnorm: 1.0}}}

    Source:
        Keras's documentation of Optimizer; Pascanu et al. 2013, On the Difficulty of Training
        Recurrent Neural Networks
    """
    given = [name for name in CLIPPING if subject.optimizer.get(name) is not None]
    if len(given) > 1:
        message = f"{' and '.join(given)} contradict each other"
        path = subject.optimizer.path_of(given[1])
        yield Finding(path, message, "keep one of them, such as global_clipnorm: 1.0")


@config_rule
def clipped_to_nothing(subject: Subject) -> Iterator[Finding]:
    """Gradients are clipped so short that the weights cannot move far in the whole training.

    Wrong:
        compile: {optimizer: {SGD: {learning_rate: 0.01, clipnorm: 1e-6}}}

    Right:
        compile: {optimizer: {SGD: {learning_rate: 0.01, clipnorm: 1.0}}}

    Source:
        Pascanu et al. 2013, On the Difficulty of Training Recurrent Neural Networks (thresholds
        near the usual norm of the gradient); Zhang et al. 2021, AutoTrainer
    """
    steps, rate = subject.total_steps, peak_rate(subject)
    if subject.is_comparison or steps is None or rate is None:
        return
    if subject.optimizer.name not in ADAPTIVE_TO_SCALE:
        return
    momentum = float(subject.optimizer.get("momentum") or 0.0)
    for name in CLIPPING:
        limit = subject.optimizer.get(name)
        if isinstance(limit, int | float) and 0 < limit * rate * steps / (1 - momentum) < TRAVEL:
            message = f"{name}: {limit:g} lets no weight move by more than "
            message += f"{limit * rate * steps / (1 - momentum):.1g} in {steps} steps"
            yield Finding(subject.optimizer.path_of(name), message, f"write {name}: 1.0")


@config_rule
def accumulation_longer_than_epoch(subject: Subject) -> Iterator[Finding]:
    """Gradients are accumulated over more batches than an epoch has, so it may change nothing.

    Wrong:
        data: {dataset: iris, batch_size: 32}
        model:
          layers:
            - Normalization
            - {Dense: {units: $classes, activation: softmax}}
        compile: {optimizer: {Adam: {learning_rate: 1e-2, gradient_accumulation_steps: 16}}}

    Right:
        data: {dataset: iris, batch_size: 32}
        model:
          layers:
            - Normalization
            - {Dense: {units: $classes, activation: softmax}}
        compile: {optimizer: {Adam: {learning_rate: 1e-2, gradient_accumulation_steps: 2}}}

    Source:
        Keras's documentation of Optimizer (gradient_accumulation_steps); Google's Deep Learning
        Tuning Playbook 2023 (batch size)
    """
    count, steps = subject.optimizer.get("gradient_accumulation_steps"), subject.steps_per_epoch
    if subject.is_comparison or not isinstance(count, int) or steps is None or count <= steps:
        return
    message = f"an update takes {count} batches, and an epoch has {steps}"
    hint = f"write gradient_accumulation_steps: {max(2, steps // 4)}, or leave it out"
    yield Finding(subject.optimizer.path_of("gradient_accumulation_steps"), message, hint)


@config_rule
def batch_larger_than_train(subject: Subject) -> Iterator[Finding]:
    """A batch holds more than all training examples, so an epoch is a single step.

    Wrong:
        data: {dataset: iris, batch_size: 256}
        model:
          layers:
            - Normalization
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        data: {dataset: iris, batch_size: 16}
        model:
          layers:
            - Normalization
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Humbatova et al. 2020, Taxonomy of Real Faults in Deep Learning Systems (batch size);
        Google's Deep Learning Tuning Playbook 2023
    """
    if subject.train_size is not None and subject.batch_size > subject.train_size:
        message = f"a batch of {subject.batch_size} holds all {subject.train_size} training "
        message += "examples: an epoch is a single step"
        smaller = max(1, min(32, subject.train_size // 8))
        yield Finding("data.batch_size", message, f"write batch_size: {smaller}")


@config_rule
def patience_outlasts_training(subject: Subject) -> Iterator[Finding]:
    """A callback waits for more epochs than there are, so it never acts.

    An EarlyStopping that restores the best weights does so at the end in any case, and is left
    alone.

    Wrong:
        fit:
          epochs: 10
          callbacks: [{EarlyStopping: {patience: 20}}]

    Right:
        fit:
          epochs: 50
          callbacks: [{EarlyStopping: {patience: 5, restore_best_weights: true}}]

    Source:
        Prechelt 1998, Early Stopping - But When?; Google's Deep Learning Tuning Playbook 2023 (how
        long to train)
    """
    for i, callback in enumerate(subject.callbacks):
        if callback.name not in ("EarlyStopping", "ReduceLROnPlateau"):
            continue
        patience = callback.get("patience") + (callback.get("start_from_epoch") or 0)
        if patience < subject.epochs or callback.get("restore_best_weights"):
            continue
        message = f"{callback.name} waits for {patience} epochs, and there are {subject.epochs}"
        hint = f"write patience: {max(1, subject.epochs // 4)}"
        if callback.name == "EarlyStopping":
            hint += ", or restore_best_weights: true to keep the best epoch in any case"
        yield Finding(callback.path_of("patience") or f"fit.callbacks[{i}]", message, hint)


@config_error
def plateau_with_schedule(subject: Subject) -> Iterator[Finding]:
    """ReduceLROnPlateau cannot change what a schedule sets: Keras fails at the first plateau.

    Wrong:
        compile:
          optimizer:
            SGD:
              learning_rate: {CosineDecay: {initial_learning_rate: 0.1, decay_steps: $total_steps}}
        fit: {callbacks: [{ReduceLROnPlateau: {patience: 2}}]}

    Right:
        compile: {optimizer: {SGD: {learning_rate: 0.1}}}
        fit: {callbacks: [{ReduceLROnPlateau: {patience: 2}}]}

    Source:
        Keras's documentation of ReduceLROnPlateau and of learning-rate schedules
    """
    if subject.schedule is None or subject.is_comparison:
        return
    for callback in subject.callbacks:
        if callback.name == "ReduceLROnPlateau":
            rate = peak_rate(subject) or 0.01
            message = f"the optimizer's rate follows {subject.schedule.name}, which cannot be "
            message += "reduced on a plateau"
            hint = f"leave the callback out, or write learning_rate: {rate:g}"
            yield Finding(callback.path, message, hint)


@config_rule
def monitor_direction(subject: Subject) -> Iterator[Finding]:
    """A callback waits for a loss to rise, or for a score to fall.

    Wrong:
        fit: {callbacks: [{EarlyStopping: {monitor: val_loss, mode: max, patience: 3}}]}

    Right:
        fit: {callbacks: [{EarlyStopping: {monitor: val_loss, mode: min, patience: 3}}]}

    Source:
        Keras's documentation of EarlyStopping (mode); Humbatova et al. 2020, Taxonomy of Real
        Faults in Deep Learning Systems (wrong use of callbacks)
    """
    for callback in subject.callbacks:
        mode, monitor = callback.get("mode"), str(callback.get("monitor") or "")
        greater = _greater_is_better(monitor.removeprefix("val_"))
        if greater is not None and mode == ("min" if greater else "max"):
            better = "greater" if greater else "less"
            right = "max" if greater else "min"
            message = f"of '{monitor}', {better} is better, and mode: {mode} waits for the contrary"
            yield Finding(callback.path_of("mode"), message, f"write mode: {right}")


def _greater_is_better(name: str) -> bool | None:
    if name == "loss":
        return False
    try:
        return metrics.parse(name).metric.greater_is_better
    except UserError:
        return None


@config_rule
def adam_betas(subject: Subject) -> Iterator[Finding]:
    """The first moment's memory is longer than the second's: the two betas may be exchanged.

    Adam divides a mean gradient by its size. Where the mean remembers longer, a few large steps
    come when the size has forgotten why they must be small.

    Wrong:
        compile: {optimizer: {Adam: {learning_rate: 1e-3, beta_1: 0.999, beta_2: 0.9}}}

    Right:
        compile: {optimizer: {Adam: {learning_rate: 1e-3, beta_1: 0.9, beta_2: 0.999}}}

    Source:
        Kingma & Ba 2015, Adam; Reddi et al. 2018, On the Convergence of Adam and Beyond (beta_1
        below the root of beta_2)
    """
    first, second = (subject.optimizer.get(name) for name in ("beta_1", "beta_2"))
    if subject.is_comparison or subject.optimizer.name not in BETAS:
        return
    numbers = isinstance(first, int | float) and isinstance(second, int | float)
    if numbers and first >= math.sqrt(max(second, 0.0)):
        message = f"beta_1 {first:g} is not below the root of beta_2 {second:g}"
        path = subject.optimizer.path_of("beta_1")
        yield Finding(path, message, "write beta_1: 0.9 and beta_2: 0.999")


@config_rule
def momentum_outlasts_training(subject: Subject) -> Iterator[Finding]:
    """The momentum remembers more steps than the training has.

    A momentum m averages over about 1 / (1 - m) steps.

    Wrong:
        data: {dataset: iris, batch_size: 32}
        model:
          layers:
            - Normalization
            - {Dense: {units: $classes, activation: softmax}}
        compile: {optimizer: {SGD: {learning_rate: 0.01, momentum: 0.999}}}

    Right:
        data: {dataset: iris, batch_size: 32}
        model:
          layers:
            - Normalization
            - {Dense: {units: $classes, activation: softmax}}
        compile: {optimizer: {SGD: {learning_rate: 0.01, momentum: 0.9}}}

    Source:
        Sutskever et al. 2013, On the Importance of Initialization and Momentum in Deep Learning;
        Goh 2017, Why Momentum Really Works
    """
    name = "momentum" if "momentum" in subject.optimizer.given else "beta_1"
    momentum, steps = subject.optimizer.get(name), subject.total_steps
    if subject.is_comparison or name not in subject.optimizer.given or steps is None:
        return
    if isinstance(momentum, int | float) and 0 < momentum < 1 and 1 / (1 - momentum) > steps:
        message = f"{name}: {momentum:g} averages over {1 / (1 - momentum):.0f} steps, and the "
        message += f"training has {steps}"
        yield Finding(subject.optimizer.path_of(name), message, f"write {name}: 0.9")


@config_rule
def loss_weight_of_zero(subject: Subject) -> Iterator[Finding]:
    """An output's loss counts nothing, so what leads to it alone is never trained.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: 16, activation: relu}, id: hidden}
            - {Dense: {units: $classes, activation: softmax}, from: hidden, id: main}
            - {Dense: {units: $classes, activation: softmax}, from: hidden, id: side}
          outputs: [main, side]
        compile: {loss_weights: {main: 1.0, side: 0}}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: 16, activation: relu}, id: hidden}
            - {Dense: {units: $classes, activation: softmax}, from: hidden, id: main}
            - {Dense: {units: $classes, activation: softmax}, from: hidden, id: side}
          outputs: [main, side]
        compile: {loss_weights: {main: 1.0, side: 0.3}}

    Source:
        Szegedy et al. 2015, Going Deeper with Convolutions (auxiliary classifiers weigh 0.3);
        Keras's documentation of compile
    """
    for output, weight in subject.loss_weights.items():
        if weight == 0:
            message = f"the loss of '{output}' counts nothing: its layers keep their random weights"
            hint = f"write {output}: 0.3, or leave the output out"
            yield Finding(f"compile.loss_weights.{output}", message, hint)
