"""Structure: layers that cannot do what they are there for, by themselves or where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dlcli.rules.network import CONVOLUTIONS, DENSE, DROPOUTS, WITH_KERNEL
from dlcli.rules.rule import Finding, config_rule
from dlcli.rules.shapes import POOLING, sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlcli.rules.network import Layer, Network
    from dlcli.rules.subject import Subject

STACKABLE: Final = DENSE | CONVOLUTIONS
LINEAR: Final = (
    DROPOUTS
    | {"BatchNormalization", "Flatten", "Reshape", "Identity", "Rescaling"}
    | {f"{scope}AveragePooling{rank}D" for scope in ("", "Global") for rank in (1, 2, 3)}
)
"""Layers between two matrices that leave their product a matrix."""

SATURATING: Final = ("sigmoid", "hard_sigmoid")
DEEP: Final = 4
"""Hidden sigmoid layers from which on gradients are known to vanish."""

CONSTANT: Final = ("Zeros", "Ones", "Constant")
DIGITS: Final = ("digits", "mnist", "mnist_5k", "moved_digits")
QUARTER: Final = 0.25
"""Of a turn: a rotation by more makes another digit of a 6 or a 9."""


def written(layer: Layer, **changes: object) -> str:
    """Return a layer as it could be written, with some arguments changed."""
    size = "units" if layer.kind in DENSE or "units" in layer.core.arguments else "filters"
    kept = {size: layer.core.get(size)}
    if layer.kind in CONVOLUTIONS:
        kept["kernel_size"] = layer.core.get("kernel_size")
    told = ", ".join(
        f"{name}: {shown(value)}" for name, value in (kept | changes).items() if value is not None
    )
    return f"{{{layer.kind}: {{{told}}}}}"


def shown(value: object) -> str:
    """Return a value as YAML writes it in a line."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(str, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


@config_rule
def linear_stack(subject: Subject) -> Iterator[Finding]:
    """Two layers with weights follow each other without a nonlinearity: together they are one.

    The product of two matrices is a matrix, so the first layer adds parameters and nothing that the
    second one could not do alone. A layer that is narrower than the next one is left alone, because
    it makes a matrix of low rank, which some mean; so is a convolution behind a nonlinearity.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: 64}}
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: 64, activation: relu}}
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Nikanjam et al. 2021, NeuraLint (missing nonlinearity between layers); Schoop et al. 2021,
        UMLAUT (missing activation functions)
    """
    network = subject.network
    for layer in network.layers:
        if layer.kind not in STACKABLE or layer.activation != "linear" or layer.shared:
            continue
        following = next((b for b in network.after(layer) if b.kind not in LINEAR), None)
        if following is None or following.kind not in STACKABLE:
            continue
        if not _is_one(subject.network, layer, following):
            continue
        message = f"nothing but linear layers between '{layer.id}' and '{following.id}': "
        message += "together they can do no more than one of them"
        hint = f"write {written(layer, activation='relu')}"
        yield Finding(layer.path, message, hint, (layer.id, following.id))


def _is_one(network: Network, first: Layer, second: Layer) -> bool:
    """Whether the first of two linear layers adds nothing that a user may have meant."""
    shape = network.shape_before(second)
    width = shape[-1] if shape else first.units
    if width is not None and second.units is not None and width < second.units:
        return False
    if first.kind in CONVOLUTIONS and second.kind in CONVOLUTIONS:
        # A kernel of size 1 before or after a wide or depthwise one saves arithmetic.
        return all(max(_kernel(layer), default=1) > 1 for layer in (first, second))
    if first.kind in CONVOLUTIONS:  # a convolution saves weights, so the whole must be linear
        return all(_is_linear(earlier) for earlier in network.before(first))
    return True


def _is_linear(layer: Layer) -> bool:
    return layer.kind in LINEAR or (layer.kind in STACKABLE and layer.activation == "linear")


def _kernel(layer: Layer) -> tuple[int, ...]:
    return sizes(layer.core.get("kernel_size"), 1) or tuple(layer.core.get("kernel_size") or ())


@config_rule
def deep_sigmoids(subject: Subject) -> Iterator[Finding]:
    """Many sigmoid layers stand in a row, and each one passes on a quarter of the gradient at most.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: sigmoid}, repeat: 5}
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: relu}, repeat: 5}
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Glorot & Bengio 2010, Understanding the Difficulty of Training Deep Feedforward Neural
        Networks; Zhang et al. 2021, AutoTrainer (vanishing gradients)
    """
    for layer in subject.network.layers:
        if not _squashes(layer):
            continue
        earlier = subject.network.previous(layer)
        if earlier is not None and _squashes(earlier):
            continue  # it is told of the first one
        row = [layer]
        for following in subject.network.after(layer):
            if following.kind not in DROPOUTS | {"Flatten", "Activation"}:
                if not _squashes(following):
                    break
                row.append(following)
        hidden = [each for each in row if each.id not in subject.network.outputs]
        if len(hidden) >= DEEP:
            message = f"{len(hidden)} sigmoid layers in a row: the first ones hardly get a gradient"
            hint = f"write {written(layer, activation='relu')}"
            yield Finding(layer.path, message, hint, tuple(each.id for each in hidden))


def _squashes(layer: Layer) -> bool:
    return layer.kind in STACKABLE and layer.activation in SATURATING


@config_rule
def pooled_away(subject: Subject) -> Iterator[Finding]:
    """A pooling or convolution is given a single position, in which there is nothing left to find.

    Wrong:
        model:
          layers:
            - {Conv2D: {filters: 8, kernel_size: 3, padding: same, activation: relu}}
            - {MaxPooling2D: {pool_size: 8}}
            - {Conv2D: {filters: 8, kernel_size: 3, padding: same, activation: relu}}
            - Flatten
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        model:
          layers:
            - {Conv2D: {filters: 8, kernel_size: 3, padding: same, activation: relu}}
            - {MaxPooling2D: {pool_size: 2}}
            - {Conv2D: {filters: 8, kernel_size: 3, padding: same, activation: relu}}
            - Flatten
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Nikanjam et al. 2021, NeuraLint (feature maps must not shrink to nothing)
    """
    for layer in subject.layers(*(POOLING | CONVOLUTIONS)):
        shape = subject.network.shape_before(layer)
        window = layer.core.get("pool_size", layer.core.get("kernel_size"))
        wide = max(sizes(window, 1) or tuple(window or ()), default=1) > 1
        if shape and len(shape) > 1 and wide and all(size == 1 for size in shape[:-1]):
            places = " x ".join("1" for _ in shape[:-1])
            message = f"'{layer.id}' is given {places} positions: earlier layers pooled the rest "
            message += "away"
            pool = f"{{MaxPooling{len(shape) - 1}D: {{pool_size: 2}}}}"
            hint = f"pool less before it, as by {pool}, or leave it out"
            yield Finding(layer.path, message, hint, (layer.id,))


@config_rule
def stride_skips(subject: Subject) -> Iterator[Finding]:
    """A window moves by more than its size, so that parts of the input are never looked at.

    Wrong:
        model:
          layers:
            - {Conv2D: {filters: 8, kernel_size: 2, strides: 3, activation: relu}}
            - Flatten
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        model:
          layers:
            - {Conv2D: {filters: 8, kernel_size: 3, strides: 3, activation: relu}}
            - Flatten
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Dumoulin & Visin 2016, A Guide to Convolution Arithmetic for Deep Learning; Nikanjam et al.
        2021, NeuraLint (sizes of strides and windows)
    """
    for layer in subject.layers(*(POOLING | CONVOLUTIONS)):
        shape = subject.network.shape_before(layer)
        rank = len(shape) - 1 if shape else 1
        name = "pool_size" if layer.kind in POOLING else "kernel_size"
        windows = sizes(layer.core.get(name), rank)
        strides = sizes(layer.core.get("strides"), rank)
        dilation = max(sizes(layer.core.get("dilation_rate", 1), rank), default=1)
        pairs = list(zip(windows, strides, strict=True)) if len(windows) == len(strides) else []
        if dilation == 1 and any(stride > window > 1 for window, stride in pairs):
            window, stride = next((w, s) for w, s in pairs if s > w)
            message = f"strides of {stride} skip parts of the input: the window has size {window}"
            hint = f"write strides: {window}, or {name}: {stride}"
            yield Finding(layer.path, message, hint, (layer.id,))


@config_rule
def constant_weights(subject: Subject) -> Iterator[Finding]:
    """A hidden layer starts with all weights alike, so all its units learn the same for ever.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: relu, kernel_initializer: zeros}}
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: 32, activation: relu, kernel_initializer: he_normal}}
            - {Dense: {units: $classes, activation: softmax, kernel_initializer: zeros}}

    Source:
        Goodfellow et al. 2016, Deep Learning, section 8.4 (initial weights must break symmetry);
        Nikanjam et al. 2021, NeuraLint (initialization)
    """
    last = {head.kernel.id for head in subject.heads if head.kernel}
    for layer in subject.layers(*STACKABLE):
        chosen = layer.core.named("kernel_initializer")
        # Zeros before an addition or a product make it do nothing at first, which is meant.
        hidden = any(following.has_kernel for following in subject.network.after(layer))
        if chosen in CONSTANT and layer.id not in last and hidden and (layer.units or 2) > 1:
            message = f"all weights of '{layer.id}' start alike, so its units stay alike"
            hint = f"write {written(layer, kernel_initializer='he_normal')}"
            yield Finding(layer.core.path_of("kernel_initializer"), message, hint, (layer.id,))


@config_rule
def nothing_to_train(subject: Subject) -> Iterator[Finding]:
    """All layers with weights are frozen, so training changes nothing.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: $classes, activation: softmax, trainable: false}}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Humbatova et al. 2020, Taxonomy of Real Faults in Deep Learning Systems (frozen layers)
    """
    layers = [layer for layer in subject.network.layers if layer.has_kernel]
    if layers and all(_is_frozen(layer) for layer in layers):
        message = "all layers with weights have trainable: false, so nothing can be learned"
        hint = f"leave trainable: false out of the last layer at least: {written(layers[-1])}"
        yield Finding(layers[-1].path, message, hint, tuple(layer.id for layer in layers))


def _is_frozen(layer: Layer) -> bool:
    return layer.get("trainable") is False or layer.core.get("trainable") is False


@config_rule
def frozen_random_weights(subject: Subject) -> Iterator[Finding]:
    """A frozen layer keeps its random initial weights: there are no trained ones to keep here.

    `trainable: false` protects weights that were trained before. A config starts from random ones.

    Wrong:
        model:
          layers:
            - {Conv2D: {filters: 8, kernel_size: 3, activation: relu, trainable: false}}
            - GlobalAveragePooling2D
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        model:
          layers:
            - {Conv2D: {filters: 8, kernel_size: 3, activation: relu}}
            - GlobalAveragePooling2D
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Yosinski et al. 2014, How Transferable Are Features in Deep Neural Networks?; Humbatova et
        al. 2020, Taxonomy of Real Faults in Deep Learning Systems
    """
    layers = [layer for layer in subject.network.layers if layer.kind in WITH_KERNEL]
    if all(_is_frozen(layer) for layer in layers):
        return
    for layer in layers:
        if _is_frozen(layer) and not layer.shared:
            message = f"'{layer.id}' is frozen at random initial weights"
            hint = f"leave trainable: false out: {written(layer)}"
            yield Finding(layer.path, message, hint, (layer.id,))


@config_rule
def single_hidden_unit(subject: Subject) -> Iterator[Finding]:
    """A hidden layer has one unit, so all that later layers know of an example is one number.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: 1, activation: relu}}
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: 16, activation: relu}}
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Humbatova et al. 2020, Taxonomy of Real Faults in Deep Learning Systems (wrong number of
        units)
    """
    for layer in subject.layers("Dense", "LSTM", "GRU", "SimpleRNN"):
        if layer.units != 1 or layer.returns_steps:
            continue
        rest = [following for following in subject.network.after(layer) if following.has_kernel]
        shape = subject.network.shapes.get(layer.id)
        if rest and rest[0].kind == "Dense" and (rest[0].units or 1) > 1 and shape == (1,):
            message = f"'{layer.id}' passes a single number on to all layers behind it"
            yield Finding(layer.path, message, "give it more: units: 16", (layer.id,))


@config_rule
def flipped_digits(subject: Subject) -> Iterator[Finding]:
    """Digits are flipped or turned far at random, which makes others or none of them.

    A turned 6 is a 9, and a mirrored 2 or 5 is no digit: such examples keep their old label.

    Wrong:
        data: {dataset: mnist_5k}
        model:
          layers:
            - RandomFlip
            - {Conv2D: {filters: 8, kernel_size: 3, activation: relu}}
            - GlobalMaxPooling2D
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        data: {dataset: mnist_5k}
        model:
          layers:
            - {RandomRotation: {factor: 0.05}}
            - {Conv2D: {filters: 8, kernel_size: 3, activation: relu}}
            - GlobalMaxPooling2D
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Shorten & Khoshgoftaar 2019, A Survey on Image Data Augmentation for Deep Learning (which
        augmentations keep the label)
    """
    if subject.source not in DIGITS:
        return
    for layer in subject.layers("RandomFlip", "RandomRotation"):
        factor = layer.get("factor", 1.0)
        most = max(map(abs, factor)) if isinstance(factor, tuple | list) else factor
        if layer.kind == "RandomFlip" or most >= QUARTER:
            done = "flips" if layer.kind == "RandomFlip" else "turns"
            message = f"{layer.kind} {done} digits, which then are other digits, or none"
            hint = "write {RandomRotation: {factor: 0.05}}"
            yield Finding(layer.path, message, hint, (layer.id,))
