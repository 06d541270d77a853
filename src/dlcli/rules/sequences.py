"""Sequences: recurrent layers, embeddings and masks that do not fit what stands around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dlcli.rules.network import NORMALIZERS, RECURRENT
from dlcli.rules.rule import Finding, config_error, config_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlcli.rules.network import Layer
    from dlcli.rules.subject import Subject

ENCODING: Final = frozenset(
    {
        "Embedding",
        "ReversibleEmbedding",
        "CategoryEncoding",
        "Hashing",
        "IntegerLookup",
        "StringLookup",
        "TextVectorization",
        "HashedCrossing",
    }
)
"""Layers for which a number is a name."""

CLIPPING: Final = ("clipnorm", "clipvalue", "global_clipnorm")


def recurrent(layer: Layer, **changes: object) -> str:
    """Return a recurrent layer as it could be written, with its wrapper."""
    kept = {"units": layer.core.get("units")} | changes
    told = ", ".join(f"{k}: {v}" for k, v in kept.items())
    inner = f"{{{layer.kind}: {{{told}}}}}"
    return f"{{Bidirectional: {{layer: {inner}}}}}" if layer.name == "Bidirectional" else inner


@config_error
def last_step_to_recurrent(subject: Subject) -> Iterator[Finding]:
    """A recurrent layer passes on its last step alone, and the next one needs all steps.

    Wrong:
        data: {dataset: japanese_vowels}
        model:
          layers:
            - Masking
            - {LSTM: {units: 32}}
            - {LSTM: {units: 32}}
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        data: {dataset: japanese_vowels}
        model:
          layers:
            - Masking
            - {LSTM: {units: 32, return_sequences: true}}
            - {LSTM: {units: 32}}
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Humbatova et al. 2020, Taxonomy of Real Faults in Deep Learning Systems (wrong shape between
        layers); Keras's documentation of return_sequences
    """
    for layer in subject.layers(*RECURRENT):
        shape = subject.network.shape_before(layer)
        if shape is None or len(shape) != 1:
            continue
        for earlier in subject.network.before(layer):
            if earlier.kind in RECURRENT and not earlier.returns_steps:
                message = (
                    f"'{earlier.id}' passes on its last step alone, and '{layer.id}' needs all"
                )
                hint = f"write {recurrent(earlier, return_sequences='true')}"
                yield Finding(earlier.path, message, hint, (earlier.id, layer.id))
                break


@config_error
def all_steps_to_classifier(subject: Subject) -> Iterator[Finding]:
    """A recurrent layer passes on all its steps, and the network answers at each of them.

    Wrong:
        data: {dataset: japanese_vowels}
        model:
          layers:
            - Masking
            - {LSTM: {units: 32, return_sequences: true}}
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        data: {dataset: japanese_vowels}
        model:
          layers:
            - Masking
            - {LSTM: {units: 32}}
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Humbatova et al. 2020, Taxonomy of Real Faults in Deep Learning Systems (wrong shape of the
        output); Keras's documentation of return_sequences
    """
    if subject.data.target_shape:
        return
    for head in subject.heads:
        shape = subject.network.shapes.get(head.output)
        if head.kernel is None or shape is None or len(shape) != 2:
            continue
        for layer in subject.network.before(head.kernel):
            if layer.kind in RECURRENT and layer.returns_steps:
                message = f"'{layer.id}' passes on all steps, so the network answers at every one"
                hint = f"leave return_sequences: true out: {recurrent(layer)}"
                yield Finding(layer.path, message, hint, (layer.id,))
                break


@config_rule
def relu_recurrent(subject: Subject) -> Iterator[Finding]:
    """A recurrent layer with relu multiplies its state at every step, and may grow without bound.

    Wrong:
        data: {dataset: japanese_vowels}
        model:
          layers:
            - Masking
            - {LSTM: {units: 32, activation: relu}}
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        data: {dataset: japanese_vowels}
        model:
          layers:
            - Masking
            - {LSTM: {units: 32}}
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Pascanu et al. 2013, On the Difficulty of Training Recurrent Neural Networks; Le et al.
        2015, A Simple Way to Initialize Recurrent Networks of Rectified Linear Units (which needs
        an identity matrix)
    """
    clipped = any(subject.optimizer.get(name) for name in CLIPPING)
    for layer in subject.layers(*RECURRENT):
        identity = layer.core.named("recurrent_initializer") == "Identity"
        if layer.activation == "relu" and not identity and not clipped:
            message = f"the state of '{layer.id}' may grow at every step"
            hint = f"leave activation: relu out: {recurrent(layer)}, which is tanh"
            yield Finding(layer.path, message, hint, (layer.id,))


@config_error
def embedding_too_small(subject: Subject) -> Iterator[Finding]:
    """An embedding has fewer rows than the data have token ids.

    A CPU stops at the first id that is too large; a GPU reads zeros without a word.

    Wrong:
        data: {dataset: languages, vocabulary: 1500}
        model:
          layers:
            - {Embedding: {input_dim: 1000, output_dim: 16, mask_zero: true}}
            - {GRU: {units: 32}}
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        data: {dataset: languages, vocabulary: 1500}
        model:
          layers:
            - {Embedding: {input_dim: $vocabulary_size, output_dim: 16, mask_zero: true}}
            - {GRU: {units: 32}}
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Humbatova et al. 2020, Taxonomy of Real Faults in Deep Learning Systems (wrong input size);
        Keras's documentation of Embedding
    """
    size = subject.data.vocabulary_size
    for layer in subject.layers("Embedding"):
        rows = layer.get("input_dim")
        direct = layer.inputs[0] in subject.network.inputs
        if size is not None and direct and isinstance(rows, int) and rows < size:
            message = f"'{layer.id}' has {rows} rows, but the data have {size} token ids"
            hint = "write input_dim: $vocabulary_size"
            yield Finding(layer.path_of("input_dim"), message, hint, (layer.id,))


@config_rule
def ids_as_amounts(subject: Subject) -> Iterator[Finding]:
    """Token ids are computed with as if they were amounts: word 4000 is not twice word 2000.

    Wrong:
        data: {dataset: temporal_order}
        model:
          layers:
            - Flatten
            - {Dense: {units: 16, activation: relu}}
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        data: {dataset: temporal_order}
        model:
          layers:
            - {Embedding: {input_dim: $vocabulary_size, output_dim: 8}}
            - {LSTM: {units: 16}}
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Humbatova et al. 2020, Taxonomy of Real Faults in Deep Learning Systems (missing
        preprocessing); Goodfellow et al. 2016, Deep Learning, section 12.4
    """
    if subject.data.vocabulary_size is None:
        return
    for name in subject.network.inputs:
        spec = subject.data.inputs.get(name)
        if spec is not None and spec.dtype.startswith("float"):
            continue
        for passed, layer in subject.network.first_with_kernel(name):
            if not ENCODING & {layer.kind, *(each.kind for each in passed)}:
                message = f"'{layer.id}' computes with token ids as if they were amounts"
                hint = "begin with {Embedding: {input_dim: $vocabulary_size, output_dim: 32}}"
                yield Finding(layer.path, message, hint, (layer.id,))


@config_rule
def masking_too_late(subject: Subject) -> Iterator[Finding]:
    """A Masking stands behind a layer that changes the padding, so that it finds none.

    Masking looks for steps that are all 0. A normalization turns the padding's zeros into something
    else, and the network learns from them. Sequences of different lengths, whose lengths dlcli
    knows, are masked anyway.

    Wrong:
        data: {dataset: basic_motions}
        model:
          layers:
            - Normalization
            - Masking
            - {LSTM: {units: 32}}
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        data: {dataset: basic_motions}
        model:
          layers:
            - Masking
            - Normalization
            - {LSTM: {units: 32}}
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Keras's guide Understanding Masking and Padding; Humbatova et al. 2020, Taxonomy of Real
        Faults in Deep Learning Systems (missing preprocessing)
    """
    for layer in subject.layers("Masking"):
        if subject.network.has_lengths(layer):
            continue
        for earlier in subject.network.before(layer):
            if _moves_zero(earlier):
                message = f"'{earlier.id}' changes the padding before '{layer.id}' looks for it"
                hint = f"put Masking first: layers: [Masking, {earlier.kind}, ...]"
                yield Finding(layer.path, message, hint, (layer.id, earlier.id))
                break


@config_rule
def padding_in_statistics(subject: Subject) -> Iterator[Finding]:
    """A normalization takes its mean and variance over the steps of a sequence, padding included.

    Sequences of different lengths are padded to the longest of their batch. GroupNormalization
    counts the padding, so that a prediction depends on what else is in the batch.
    LayerNormalization treats each step by itself, and BatchNormalization leaves masked steps out.

    Wrong:
        data: {dataset: languages}
        model:
          layers:
            - {Embedding: {input_dim: $vocabulary_size, output_dim: 16, mask_zero: true}}
            - {Conv1D: {filters: 32, kernel_size: 5, activation: relu}}
            - {GroupNormalization: {groups: 8}}
            - GlobalMaxPooling1D
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        data: {dataset: languages}
        model:
          layers:
            - {Embedding: {input_dim: $vocabulary_size, output_dim: 16, mask_zero: true}}
            - {Conv1D: {filters: 32, kernel_size: 5, activation: relu}}
            - LayerNormalization
            - GlobalMaxPooling1D
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Wu & He 2018, Group Normalization; Ba et al. 2016, Layer Normalization; Keras's guide
        Understanding Masking and Padding
    """
    for layer in subject.layers("GroupNormalization"):
        shape = subject.network.shape_before(layer)
        if shape is not None and len(shape) == 2 and shape[0] is None:
            message = f"'{layer.id}' counts the padding in its mean and variance"
            hint = "write {LayerNormalization: {axis: -1}}, which normalizes each step by itself"
            yield Finding(layer.path, message, hint, (layer.id,))


def _moves_zero(layer: Layer) -> bool:
    """Whether a layer makes something else of a step of zeros."""
    if layer.kind == "Rescaling":
        return bool(layer.get("offset"))
    return layer.has_kernel or layer.kind in NORMALIZERS - {"UnitNormalization", "RMSNormalization"}
