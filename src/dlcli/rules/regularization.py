"""Regularization: dropout, batch normalization and penalties where they harm or do nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from dlcli.rules.network import (
    CONVOLUTIONS,
    DENSE,
    DROPOUTS,
    NORMALIZERS,
    RECURRENT,
    Part,
)
from dlcli.rules.rule import Finding, config_rule
from dlcli.rules.shapes import sizes
from dlcli.rules.structure import shown, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlcli.rules.network import Layer, Network
    from dlcli.rules.subject import Subject

HIGHEST_RATE: Final = 0.8
HEAVIEST: Final = 1.0
"""A penalty's factor; usual ones lie between 1e-6 and 1e-2."""

WASTED: Final = 0.05
"""Share of a network's parameters that biases without effect may have."""

BIAS_ARGUMENTS: Final = ("bias_initializer", "bias_regularizer", "bias_constraint")
BETWEEN: Final = NORMALIZERS | DROPOUTS | {"Flatten", "Reshape", "Activation", "Softmax", "ReLU"}
"""Layers that treat each number for itself, or only lay them out anew."""


@config_rule
def dropout_at_the_end(subject: Subject) -> Iterator[Finding]:
    """A dropout stands behind the last layer, so that it erases answers and not features.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: relu}}
            - {Dense: {units: $classes, activation: softmax}}
            - {Dropout: {rate: 0.2}}
        compile: {loss: SparseCategoricalCrossentropy}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: relu}}
            - {Dropout: {rate: 0.2}}
            - {Dense: {units: $classes, activation: softmax}}
        compile: {loss: SparseCategoricalCrossentropy}

    Source:
        Srivastava et al. 2014, Dropout: A Simple Way to Prevent Neural Networks from Overfitting;
        Nikanjam et al. 2021, NeuraLint (dropout before the output)
    """
    for head in subject.heads:
        behind = _behind(head.kernel, head.after, DROPOUTS)
        for layer in behind:
            message = f"'{layer.id}' erases what the last layer with weights says"
            rate = shown(layer.get("rate"))
            hint = f"put {{{layer.kind}: {{rate: {rate}}}}} before the last layer"
            yield Finding(layer.path, message, hint, (layer.id,))


def _behind(
    kernel: Layer | None, after: tuple[Layer, ...], kinds: frozenset[str]
) -> Iterator[Layer]:
    """Yield the layers of some classes behind the last one with weights, if nothing is pooled."""
    if kernel is None or kernel.kind not in DENSE | CONVOLUTIONS:
        return
    for i, layer in enumerate(after):
        if layer.kind in kinds and all(rest.kind in BETWEEN for rest in after[i:]):
            yield layer


@config_rule
def batchnorm_at_the_end(subject: Subject) -> Iterator[Finding]:
    """A batch normalization behind the last layer ties each answer to the rest of its batch.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: $classes}}
            - BatchNormalization
            - Softmax
        compile: {loss: SparseCategoricalCrossentropy}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32}}
            - BatchNormalization
            - ReLU
            - {Dense: {units: $classes, activation: softmax}}
        compile: {loss: SparseCategoricalCrossentropy}

    Source:
        Ioffe & Szegedy 2015, Batch Normalization; Nikanjam et al. 2021, NeuraLint (normalization
        before the output)
    """
    for head in subject.heads:
        for layer in _behind(head.kernel, head.after, frozenset({"BatchNormalization"})):
            message = f"'{layer.id}' normalizes the answers themselves over each batch"
            kept = written(head.kernel, activation=_last(head.activation)) if head.kernel else ""
            yield Finding(layer.path, message, f"leave it out: end in {kept}", (layer.id,))


def _last(activation: str) -> str | None:
    return None if activation == "linear" else activation


@config_rule
def dropout_rate(subject: Subject) -> Iterator[Finding]:
    """A dropout erases more than four fifths: `rate` is what is dropped, not what is kept.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: relu}}
            - {Dropout: {rate: 0.9}}
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: relu}}
            - {Dropout: {rate: 0.1}}
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Srivastava et al. 2014, Dropout (rates between 0.2 and 0.5 work best); Schoop et al. 2021,
        UMLAUT (high dropout rate)
    """
    for layer in subject.network.layers:
        names = ("rate",) if layer.kind in DROPOUTS else ("dropout", "recurrent_dropout")
        for name in names if layer.kind in DROPOUTS | RECURRENT else ():
            rate = layer.core.get(name)
            if isinstance(rate, int | float) and rate > HIGHEST_RATE:
                message = f"{name}: {rate:g} erases {rate:.0%} of what passes in each step"
                hint = f"write {name}: {round(1 - rate, 6):g} if {rate:g} is to be kept"
                yield Finding(layer.core.path_of(name), message, hint, (layer.id,))


@config_rule
def batchnorm_on_batches_of_one(subject: Subject) -> Iterator[Finding]:
    """Batch normalization over a single example subtracts the example from itself.

    Wrong:
        data: {dataset: iris, batch_size: 1}
        model:
          layers:
            - {Dense: {units: 16, use_bias: false}}
            - BatchNormalization
            - ReLU
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        data: {dataset: iris, batch_size: 16}
        model:
          layers:
            - {Dense: {units: 16, use_bias: false}}
            - BatchNormalization
            - ReLU
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Wu & He 2018, Group Normalization (batch normalization fails with small batches)
    """
    if subject.batch_size != 1:
        return
    for layer in subject.layers("BatchNormalization"):
        message = f"batches of one leave '{layer.id}' nothing to average over"
        hint = "write batch_size: 32, or LayerNormalization: {} in its place"
        yield Finding(layer.path, message, hint, (layer.id,))


@config_rule
def dropout_before_batchnorm(subject: Subject) -> Iterator[Finding]:
    """A dropout right before a batch normalization shifts the variance that it remembers.

    The normalization learns the variance of what dropout has scaled up, and meets another one where
    nothing is dropped: in validation, test and use.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: relu}}
            - {Dropout: {rate: 0.5}}
            - BatchNormalization
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: relu}}
            - BatchNormalization
            - {Dropout: {rate: 0.5}}
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Li et al. 2019, Understanding the Disharmony between Dropout and Batch Normalization by
        Variance Shift
    """
    for layer in subject.layers(*DROPOUTS):
        for following in subject.network.after(layer):
            if following.kind == "BatchNormalization":
                message = f"'{layer.id}' shifts the variance that '{following.id}' remembers"
                rate = shown(layer.get("rate"))
                hint = f"put {{{layer.kind}: {{rate: {rate}}}}} behind the normalization"
                yield Finding(layer.path, message, hint, (layer.id, following.id))
            if following.kind not in BETWEEN:
                break


@config_rule
def bias_before_batchnorm(subject: Subject) -> Iterator[Finding]:
    """A bias before a batch normalization has no effect: the normalization subtracts it again.

    Told where such biases are more than a twentieth of all parameters, or where a bias has settings
    of its own, which then do nothing.

    Wrong:
        data: {dataset: iris}
        model:
          layers:
            - {Dense: {units: 16}}
            - BatchNormalization
            - ReLU
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        data: {dataset: iris}
        model:
          layers:
            - {Dense: {units: 16, use_bias: false}}
            - BatchNormalization
            - ReLU
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Ioffe & Szegedy 2015, Batch Normalization, section 3.2; Nikanjam et al. 2021, NeuraLint
        (redundant bias)
    """
    found = [
        layer for layer in subject.layers(*(DENSE | CONVOLUTIONS)) if _is_undone(subject, layer)
    ]
    counts = [_parameters(subject.network, layer) for layer in subject.network.layers]
    total = None if None in counts else sum(count for count in counts if count is not None)
    share = sum(layer.units or 0 for layer in found) / total if total else 0.0
    for layer in found:
        explicit = [name for name in BIAS_ARGUMENTS if name in layer.core.given]
        if explicit or share > WASTED:
            why = f"{explicit[0]} does nothing" if explicit else f"{share:.0%} of all parameters"
            message = f"the normalization behind '{layer.id}' subtracts its bias again: {why}"
            hint = f"write {written(layer, use_bias=False)}"
            yield Finding(layer.path, message, hint, (layer.id,))


def _is_undone(subject: Subject, layer: Layer) -> bool:
    """Whether a layer has a bias, and a batch normalization right behind it."""
    following = subject.network.next(layer)
    return (
        layer.core.get("use_bias") is True
        and layer.activation == "linear"
        and following is not None
        and following.kind == "BatchNormalization"
    )


def _parameters(network: Network, layer: Layer) -> int | None:
    """Return the number of a layer's parameters; None if it is not known."""
    if not layer.has_kernel:
        shape = network.shape_before(layer)
        width = shape[-1] if shape else None
        if layer.kind in NORMALIZERS - {"UnitNormalization", "Normalization"}:
            return None if width is None else 4 * width
        return 0
    shape, units = network.shape_before(layer), layer.units
    if not shape or shape[-1] is None or units is None or layer.shared:
        return 0 if layer.shared else None
    biases = units if layer.core.get("use_bias") else 0
    if layer.kind == "Dense":
        return shape[-1] * units + biases
    if layer.kind in CONVOLUTIONS and layer.kind.startswith("Conv"):
        window = math.prod(sizes(layer.core.get("kernel_size"), len(shape) - 1))
        return window * shape[-1] * units + biases
    return None


@config_rule
def heavy_penalty(subject: Subject) -> Iterator[Finding]:
    """A penalty on the weights is so heavy that the network learns to have none.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: relu, kernel_regularizer: {L2: {l2: 100}}}}
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: relu, kernel_regularizer: {L2: {l2: 1e-4}}}}
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Humbatova et al. 2020, Taxonomy of Real Faults in Deep Learning Systems (regularization);
        Google's Deep Learning Tuning Playbook 2023 (regularization strength)
    """
    for layer in subject.network.layers:
        for part in (layer, layer.core):
            for penalty in (value for value in part.arguments.values() if isinstance(value, Part)):
                factors = [penalty.get(name) for name in ("l1", "l2") if name in penalty.given]
                heavy = [f for f in factors if isinstance(f, int | float) and f >= HEAVIEST]
                if heavy and penalty.name in ("L1", "L2", "L1L2"):
                    message = f"a penalty of {heavy[0]:g} outweighs any loss"
                    usual = "{L2: {l2: 1e-4}}" if penalty.name != "L1" else "{L1: {l1: 1e-5}}"
                    yield Finding(penalty.path, message, f"begin with {usual}", (layer.id,))
            if part is layer.core:
                break


@config_rule
def selu_setup(subject: Subject) -> Iterator[Finding]:
    """A selu keeps its outputs normalized only after LecunNormal weights, and never after Dropout.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: selu}}
            - {Dropout: {rate: 0.1}}
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: selu, kernel_initializer: lecun_normal}}
            - {AlphaDropout: {rate: 0.1}}
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Klambauer et al. 2017, Self-Normalizing Neural Networks; Keras's documentation of selu
    """
    for layer in subject.layers(*(DENSE | CONVOLUTIONS)):
        if layer.activation != "selu":
            continue
        following = subject.network.next(layer)
        fitting = layer.core.named("kernel_initializer").startswith("Lecun")
        if fitting and (following is None or following.kind != "Dropout"):
            continue
        message = "selu normalizes only with LecunNormal weights"
        hint = f"write {written(layer, activation='selu', kernel_initializer='lecun_normal')}"
        if following is not None and following.kind == "Dropout":
            message = "a Dropout behind selu undoes its normalization"
            hint = f"write {{AlphaDropout: {{rate: {shown(following.get('rate'))}}}}}"
            hint += "" if fitting else " and kernel_initializer: lecun_normal"
        yield Finding(layer.path, message, hint, (layer.id,))
