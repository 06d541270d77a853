"""Inputs: examples of a scale, a padding or a content that no network can work with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dlcli.data.lengths import sequence_lengths
from dlcli.rules.network import NORMALIZERS, RECURRENT
from dlcli.rules.rule import Finding, data_rule
from dlcli.rules.sequences import ENCODING
from dlcli.rules.shapes import SAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from dlcli.rules.examples import Examples
    from dlcli.rules.network import Layer
    from dlcli.rules.subject import Subject

LARGE: Final = 30.0
"""Root mean square of a feature; networks are made for about 1."""

SMALL: Final = 1e-3
RESCALED_TWICE: Final = 0.02
FEWEST: Final = 20
"""Examples without which nothing is said of columns."""

WIDEST: Final = 2000
ALIKE: Final = 1 - 1e-6
"""Correlation of two columns that say the same; float32 has 7 digits."""

CORRELATED: Final = 200
PADDED: Final = 0.2
CUT: Final = 0.5
UNKNOWN_SHARE: Final = 0.3
MASKED_STEPS: Final = 1e-3

BOUNDED: Final = ("tanh", "sigmoid", "softsign", "hard_tanh", "hard_sigmoid")
TRANSPARENT: Final = (SAME - NORMALIZERS) | {
    "Flatten", "Reshape", "Permute", "Cropping1D", "Cropping2D", "ZeroPadding1D", "ZeroPadding2D",
    "Resizing", "RandomCrop", "CenterCrop", "AveragePooling1D", "AveragePooling2D",
    "MaxPooling1D", "MaxPooling2D", "Concatenate",
}  # fmt: skip
"""Layers that keep the scale of what they are given, or change it by what is known."""


def _scaled_by(passed: Sequence[Layer]) -> tuple[float, float] | None:
    """Return the factor and shift of layers before the first weights; None if they normalize."""
    factor, shift = 1.0, 0.0
    for layer in passed:
        if layer.kind not in TRANSPARENT or layer.activation in BOUNDED:
            return None
        if layer.kind == "Rescaling":
            scale, offset = layer.get("scale"), layer.get("offset")
            if not isinstance(scale, int | float) or not isinstance(offset, int | float):
                return None
            factor, shift = factor * scale, shift * scale + offset
    return factor, shift


def _entries(
    subject: Subject, examples: Examples
) -> Iterator[tuple[str, Sequence[Layer], Layer, float, float]]:
    """Yield each layer that takes an input's numbers as they are, with their factor and shift."""
    for name in subject.network.inputs:
        known = name if name in examples.train.x else next(iter(examples.train.x))
        for passed, layer in subject.network.first_with_kernel(name):
            scaled = _scaled_by(passed)
            following = subject.network.next(layer)
            normalized = following is not None and following.kind in NORMALIZERS
            if scaled is not None and layer.kind not in ENCODING and not normalized:
                yield known, passed, layer, *scaled


@data_rule
def input_scale(subject: Subject, examples: Examples) -> Iterator[Finding]:
    """Inputs are of a size that no network likes: initial weights are made for numbers around 1.

    Large inputs saturate the first layer or let its gradients explode; tiny ones hardly move it. A
    column of large numbers drowns all others.

    Wrong:
        data: {dataset: wine}
        model:
          layers:
            - {Dense: {units: 16, activation: relu}}
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        data: {dataset: wine}
        model:
          layers:
            - Normalization
            - {Dense: {units: 16, activation: relu}}
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        LeCun et al. 1998, Efficient BackProp, section 4.3; Schoop et al. 2021, UMLAUT (input data
        exceeds typical limits)
    """
    import numpy as np

    for name, passed, layer, factor, shift in _entries(subject, examples):
        if subject.data.vocabulary_size is not None:
            continue
        values = examples.features(name) * factor + shift
        if not len(values):
            continue
        size = np.sqrt(np.mean(values**2, axis=0))
        rescaling = next((each for each in passed if each.kind == "Rescaling"), None)
        at = (rescaling or layer).path
        if size.max() > LARGE:
            large = np.argsort(-size)[: (size > LARGE).sum()]
            is_table = examples.is_table(name)
            what = examples.columns(large) if is_table else "the inputs"
            verb = "is" if is_table and len(large) == 1 else "are"
            message = f"{what} {verb} of size {size.max():.3g} in {examples.looked}; "
            message += "networks are made for numbers around 1"
            yield Finding(at, message, _normalized(subject), (layer.id,))
        elif size.max() < SMALL and rescaling is None:
            message = f"the inputs are of size {size.max():.1g} in {examples.looked}; networks are "
            message += "made for numbers around 1"
            yield Finding(at, message, _normalized(subject), (layer.id,))


def _normalized(subject: Subject) -> str:
    if subject.is_sequence:
        return "begin with layers: [Masking, Normalization, ...]"
    return "begin with layers: [Normalization, ...]"


@data_rule
def rescaled_twice(subject: Subject, examples: Examples) -> Iterator[Finding]:
    """A Rescaling divides pixels by 255 that are 0 to 1 already.

    dlcli reads 8-bit images as numbers between 0 and 1.

    Wrong:
        data: {dataset: digits}
        model:
          layers:
            - {Rescaling: {scale: 0.00392156862745098}}
            - Flatten
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        data: {dataset: digits}
        model:
          layers:
            - {Rescaling: {scale: 2.0, offset: -1.0}}
            - Flatten
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Schoop et al. 2021, UMLAUT (image data may have incorrect normalization); Humbatova et al.
        2020, Taxonomy of Real Faults in Deep Learning Systems (wrong preprocessing)
    """
    import numpy as np

    for name, passed, layer, factor, shift in _entries(subject, examples):
        rescaling = next((each for each in passed if each.kind == "Rescaling"), None)
        values = examples.features(name)
        if rescaling is None or not len(values) or shift:
            continue
        before = float(np.abs(values).max())
        if before * abs(factor) < RESCALED_TWICE and before > RESCALED_TWICE:
            message = f"inputs of at most {before:.3g} become at most {before * abs(factor):.1g} "
            message += f"(in {examples.looked})"
            hint = "leave the Rescaling out, or write {Rescaling: {scale: 2.0, offset: -1.0}}"
            yield Finding(rescaling.path, message, hint, (rescaling.id, layer.id))


@data_rule
def constant_column(subject: Subject, examples: Examples) -> Iterator[Finding]:
    """A column of the table has one value in all training examples, so nothing follows from it.

    Wrong:
        data: {csv: {path: patients.csv, target: ill}}
        model:
          layers:
            - Normalization
            - {Dense: {units: 1, activation: sigmoid}}

    Right:
        data: {csv: {path: patients.csv, target: ill, features: [age, pressure]}}
        model:
          layers:
            - Normalization
            - {Dense: {units: 1, activation: sigmoid}}

    Source:
        Google's Rules of Machine Learning (rule 22, clean up features that you do not use); Kuhn &
        Johnson 2013, Applied Predictive Modeling (zero-variance predictors)
    """
    import numpy as np

    for name in _tables(subject, examples):
        x = examples.train.x[name]
        constant = np.flatnonzero(np.all(x == x[:1], axis=0))
        if len(constant) and len(constant) < x.shape[1]:
            what = examples.columns(constant)
            message = f"{what} never {'changes' if len(constant) == 1 else 'change'} in "
            message += examples.looked
            hint = "name the others in the data's options: features: [...]"
            yield Finding("data", message, hint)


def _tables(subject: Subject, examples: Examples) -> Iterator[str]:
    """Yield the inputs that are tables, of a width and length of which something can be said."""
    if examples.train.size < FEWEST or subject.data.vocabulary_size is not None:
        return
    for name, array in examples.train.x.items():
        if examples.is_table(name) and 1 < array.shape[1] <= WIDEST:
            yield name


@data_rule
def duplicate_column(subject: Subject, examples: Examples) -> Iterator[Finding]:
    """Two columns say the same: one is the other, perhaps in another unit.

    Wrong:
        data: {csv: {path: twice.csv, target: ill}}
        model:
          layers:
            - Normalization
            - {Dense: {units: 1, activation: sigmoid}}

    Right:
        data: {csv: {path: twice.csv, target: ill, features: [age, pressure]}}
        model:
          layers:
            - Normalization
            - {Dense: {units: 1, activation: sigmoid}}

    Source:
        Kuhn & Johnson 2013, Applied Predictive Modeling (between-predictor correlations)
    """
    import numpy as np

    for name in _tables(subject, examples):
        x = np.asarray(examples.train.x[name], np.float64)
        if x.shape[1] > CORRELATED:
            continue
        centred = x - x.mean(axis=0)
        length = np.sqrt((centred**2).sum(axis=0))
        varying = np.flatnonzero(length > 0)
        scaled = centred[:, varying] / length[varying]
        pairs = np.argwhere(np.triu(scaled.T @ scaled, 1) > ALIKE)
        if len(pairs):
            first, second = (examples.column(int(varying[i])) for i in pairs[0])
            more = f", and {len(pairs) - 1} more pairs do" if len(pairs) > 1 else ""
            message = f"{first} and {second} say the same in {examples.looked}{more}"
            hint = "name one of them in the data's options: features: [...]"
            yield Finding("data", message, hint)


@data_rule
def padding_unmasked(subject: Subject, examples: Examples) -> Iterator[Finding]:
    """A recurrent layer reads the padding behind short sequences, and forgets what came before it.

    dlcli masks the padding unless an Embedding says mask_zero: false: then the last state follows
    dozens of steps of zeros. A Bidirectional layer reads the sequence from its end, too, and is
    left alone.

    Wrong:
        data: {dataset: languages}
        model:
          layers:
            - {Embedding: {input_dim: $vocabulary_size, output_dim: 16, mask_zero: false}}
            - {LSTM: {units: 32}}
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        data: {dataset: languages}
        model:
          layers:
            - {Embedding: {input_dim: $vocabulary_size, output_dim: 16}}
            - {LSTM: {units: 32}}
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Keras's guide Understanding Masking and Padding; Dwarampudi & Reddy 2019, Effects of Padding
        on LSTMs and CNNs
    """
    for name in subject.network.inputs:
        if not _is_unmasked(subject, name):
            continue
        known = name if name in examples.train.x else next(iter(examples.train.x))
        spec = subject.data.inputs.get(known)
        share = examples.padding(known) if spec and spec.shape[:1] == (None,) else 0.0
        if share < PADDED:
            continue
        for layer in _forgetting(subject, name):
            message = f"{share:.0%} of all steps are padding (in {examples.looked}), and "
            message += f"'{layer.id}' reads it last"
            hint = "leave mask_zero: false out of the Embedding"
            yield Finding(layer.path, message, hint, (layer.id,))


def _is_unmasked(subject: Subject, name: str) -> bool:
    """Whether an Embedding of an input is told not to mask its padding."""
    embeddings = subject.layers("Embedding")
    given = (layer for layer in embeddings if layer.inputs == (name,))
    return any("mask_zero" in layer.given and not layer.get("mask_zero") for layer in given)


def _forgetting(subject: Subject, name: str) -> Iterator[Layer]:
    """Yield recurrent layers that end in what follows an input's last step."""
    for layer in subject.layers(*RECURRENT):
        ends = layer.name != "Bidirectional" and not layer.returns_steps
        forward = not layer.core.get("go_backwards")
        if ends and forward and _leads_to(subject, name, layer):
            yield layer


def _leads_to(subject: Subject, name: str, layer: Layer) -> bool:
    earlier = [layer, *subject.network.before(layer)]
    return earlier[-1].inputs == (name,)


@data_rule
def real_steps_masked(subject: Subject, examples: Examples) -> Iterator[Finding]:
    """Steps within sequences are all 0, which Masking takes for padding and skips.

    A sensor at rest, a day without rain: real steps that look like padding. Where the data know how
    long each sequence is, as those of a CSV file do, Masking skips the padding alone.

    Wrong:
        data: {npz: {path: sensors.npz}}
        model:
          layers:
            - Masking
            - {LSTM: {units: 8}}
            - {Dense: {units: 1, activation: sigmoid}}

    Right:
        data: {sequences: {path: sensors.csv, id: id, time: t, target: y, features: [a]}}
        model:
          layers:
            - {LSTM: {units: 8}}
            - {Dense: {units: 1, activation: sigmoid}}

    Source:
        Keras's documentation of Masking (all features of a step equal the mask value)
    """
    import numpy as np

    for layer in subject.layers("Masking"):
        name = layer.inputs[0]
        known = name if name in examples.train.x else next(iter(examples.train.x))
        if name not in subject.network.inputs or not examples.is_sequence(known):
            continue
        if subject.network.has_lengths(layer) and layer.get("mask_value") == 0:
            continue
        array = examples.train.x[known]
        lengths = sequence_lengths(examples.train.x, known)
        within = np.arange(array.shape[1]) < lengths[:, None]
        masked = np.all(array == layer.get("mask_value"), axis=2) & within
        count, steps = int(masked.sum()), int(within.sum())
        if count > MASKED_STEPS * steps:
            message = f"{count:,} of {steps:,} steps before the padding are all "
            message += f"{layer.get('mask_value'):g} and are skipped (in {examples.looked})"
            hint = "pad with a value that no real step has, such as -999, and write "
            hint += "{Masking: {mask_value: -999}}"
            yield Finding(layer.path, message, hint, (layer.id,))


@data_rule
def texts_cut(subject: Subject, examples: Examples) -> Iterator[Finding]:
    """Most texts are longer than max_length, and what is cut off is never read.

    Wrong:
        data: {text: {path: letters.csv, max_length: 10}}
        model:
          layers:
            - {Embedding: {input_dim: $vocabulary_size, output_dim: 16, mask_zero: true}}
            - {GRU: {units: 16}}
            - {Dense: {units: 1, activation: sigmoid}}

    Right:
        data: {text: {path: letters.csv, max_length: 400}}
        model:
          layers:
            - {Embedding: {input_dim: $vocabulary_size, output_dim: 16, mask_zero: true}}
            - {GRU: {units: 16}}
            - {Dense: {units: 1, activation: sigmoid}}

    Source:
        Keras's documentation of TextVectorization (output_sequence_length); Humbatova et al. 2020,
        Taxonomy of Real Faults in Deep Learning Systems (missing or wrong preprocessing)
    """
    limit = subject.options.get("max_length")
    for array in _texts(subject, examples):
        if array.shape[1] != limit:
            continue
        full = int((array[:, -1] != 0).sum())
        if full > CUT * len(array):
            message = f"{full:,} of {examples.looked} fill all {limit} tokens of max_length: what "
            message += "is longer is cut off"
            hint = f"write max_length: {2 * int(limit)}, or null to keep all"
            yield Finding(_option(subject, "max_length"), message, hint)


def _option(subject: Subject, name: str) -> str:
    """Return the path of a data set's option, in the way that most configs write it."""
    inner = f"data.{subject.source}" if subject.source == "text" else "data"
    return f"{inner}.{name}"


def _texts(subject: Subject, examples: Examples) -> Iterator[np.ndarray]:
    if subject.data.vocabulary_size is None or not subject.is_sequence:
        return
    for array in examples.train.x.values():
        if array.ndim == 2 and array.dtype.kind in "iu" and len(array) >= FEWEST:
            yield array


@data_rule
def unknown_words(subject: Subject, examples: Examples) -> Iterator[Finding]:
    """Many words are outside the vocabulary, and all of them are one to the network.

    Wrong:
        data: {text: {path: letters.csv, vocabulary: 10}}
        model:
          layers:
            - {Embedding: {input_dim: $vocabulary_size, output_dim: 16, mask_zero: true}}
            - {GRU: {units: 16}}
            - {Dense: {units: 1, activation: sigmoid}}

    Right:
        data: {text: {path: letters.csv, vocabulary: 20000}}
        model:
          layers:
            - {Embedding: {input_dim: $vocabulary_size, output_dim: 16, mask_zero: true}}
            - {GRU: {units: 16}}
            - {Dense: {units: 1, activation: sigmoid}}

    Source:
        Keras's documentation of TextVectorization (max_tokens); Jurafsky & Martin 2024, Speech and
        Language Processing (unknown words)
    """
    from dlcli.data.builtin.keras_texts import OUT_OF_VOCABULARY
    from dlcli.data.own.tokens import UNKNOWN

    unknown = OUT_OF_VOCABULARY if subject.source in ("imdb", "reuters") else UNKNOWN
    for array in _texts(subject, examples):
        words, strange = int((array != 0).sum()), int((array == unknown).sum())
        if words and strange > UNKNOWN_SHARE * words:
            message = f"{strange / words:.0%} of all tokens are unknown (in {examples.looked})"
            size = subject.data.vocabulary_size or 1
            hint = f"write vocabulary: {10 * size}"
            if subject.source == "text" and subject.options.get("unit", "word") == "word":
                hint += ", or unit: character for a language without spaces between words"
            yield Finding(_option(subject, "vocabulary"), message, hint)
