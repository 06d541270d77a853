"""Ends: the last layer's units and activation do not fit the loss and the task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dlcli.rules.network import CONVOLUTIONS, DENSE, DROPOUTS, NORMALIZERS
from dlcli.rules.rule import Finding, config_error, config_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlcli.rules.network import Head, Layer, Part
    from dlcli.rules.subject import Subject

CATEGORICAL: Final = (
    "SparseCategoricalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
)
CROSS_ENTROPIES: Final = (*CATEGORICAL, "BinaryCrossentropy", "BinaryFocalCrossentropy")
OF_VALUES: Final = (
    "MeanSquaredError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError",
    "LogCosh",
    "Huber",
)
MARGINS: Final = ("Hinge", "SquaredHinge")
TWO_SIDED: Final = ("linear", "tanh", "hard_tanh", "softsign")
"""Activations whose values are negative and positive."""

PROBABILITIES: Final = ("softmax", "sigmoid", "hard_sigmoid", "sparse_sigmoid", "sparsemax")
KEEPING: Final = DROPOUTS | NORMALIZERS | {"Flatten", "Reshape", "Identity", "Activation"}
"""Layers that neither compute with weights of their own nor take the maximum of anything."""

SOFTMAX_END: Final = "{Dense: {units: $classes, activation: softmax}}"
SIGMOID_END: Final = "{Dense: {units: 1, activation: sigmoid}}"
LABELS_END: Final = "{Dense: {units: $classes, activation: sigmoid}}"


def _usual(subject: Subject) -> str:
    """Return the end that suits a task with classes or labels."""
    ends = {"multiclass": SOFTMAX_END, "binary": SIGMOID_END, "multilabel": LABELS_END}
    return ends[subject.data.task]


def _place(loss: Part, head: Head) -> str:
    """Return where a mistake of a loss is shown: at the loss, or where none is written."""
    last = head.at or head.last
    return loss.path or (last.path if last else "")


def _ids(head: Head) -> tuple[str, ...]:
    return tuple(layer.id for layer in head.layers)


@config_rule
def probabilities_as_logits(subject: Subject) -> Iterator[Finding]:
    """A loss with from_logits: true is given probabilities, and would squash them a second time.

    Keras notices that a softmax or sigmoid is the last thing computed, and takes what goes into it;
    anything between hides it. Either way the config says something else than what happens.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: $classes, activation: softmax}}
        compile: {loss: {SparseCategoricalCrossentropy: {from_logits: true}}}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: $classes}}
        compile: {loss: {SparseCategoricalCrossentropy: {from_logits: true}}}

    Source:
        Humbatova et al. 2020, Taxonomy of Real Faults in Deep Learning Systems (wrong loss function
        calculation); Schoop et al. 2021, UMLAUT (softmax with from_logits)
    """
    for head, loss in subject.ends:
        if loss.get("from_logits") is True and head.activation in PROBABILITIES:
            message = f"{loss.name} expects logits, but the network ends in {head.activation}"
            hint = f"write loss: {loss.name}, or leave activation: {head.activation} out"
            yield Finding(_place(loss, head), message, hint, _ids(head))


@config_rule
def logits_as_probabilities(subject: Subject) -> Iterator[Finding]:
    """A cross-entropy without from_logits is given numbers that are no probabilities.

    Keras cuts them off at 0 and 1 and takes their logarithm, so that most examples have no gradient
    and the network hardly learns.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: $classes}}
        compile: {loss: sparse_categorical_crossentropy}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: $classes, activation: softmax}}
        compile: {loss: sparse_categorical_crossentropy}

    Source:
        Nikanjam et al. 2021, NeuraLint (the last layer's activation must suit the loss); Schoop et
        al. 2021, UMLAUT (missing softmax before the loss)
    """
    for head, loss in subject.ends:
        known = head.kernel is not None and all(
            layer.kind in KEEPING or layer.activation != "linear" for layer in head.after
        )
        if loss.name not in CROSS_ENTROPIES or loss.get("from_logits") is True or not known:
            continue
        if head.activation not in PROBABILITIES:
            ends = "without an activation" if head.activation == "linear" else head.activation
            ends = f"ends {'' if head.activation == 'linear' else 'in '}{ends}"
            message = f"{loss.name} expects probabilities, but the network {ends}"
            hint = f"end in {_usual(subject)}" if subject.data.classes else "end in a softmax"
            if head.activation == "linear":
                hint += f", or write loss: {{{loss.name}: {{from_logits: true}}}}"
            yield Finding(_place(loss, head), message, hint, _ids(head))


@config_error
def one_unit_softmax(subject: Subject) -> Iterator[Finding]:
    """A softmax over a single unit is always 1, so the network says the same of every example.

    Wrong:
        data: {dataset: breast_cancer}
        model:
          layers:
            - Normalization
            - {Dense: {units: 1, activation: softmax}}
        compile: {loss: BinaryCrossentropy}

    Right:
        data: {dataset: breast_cancer}
        model:
          layers:
            - Normalization
            - {Dense: {units: 1, activation: sigmoid}}
        compile: {loss: BinaryCrossentropy}

    Source:
        Nikanjam et al. 2021, NeuraLint (units and activation of the last layer); Islam et al. 2019,
        A Comprehensive Study on Deep Learning Bug Characteristics
    """
    for head in subject.heads:
        shape = subject.network.shapes.get(head.at.id) if head.at else None
        if head.at is None or head.activation != "softmax" or not shape or shape[-1] != 1:
            continue
        if head.at.get("axis", -1) != -1:
            continue
        message = "a softmax over one unit is always 1: nothing can be learned"
        end = "{Dense: {units: 1}}" if subject.has_values else SIGMOID_END
        yield Finding(head.at.path, message, f"write {end}", _ids(head))


@config_error
def categorical_loss_on_one_unit(subject: Subject) -> Iterator[Finding]:
    """A categorical loss compares classes, and one unit has none to compare.

    With SparseCategoricalCrossentropy the label 1 is out of range and the loss is not a number;
    with CategoricalCrossentropy it is 0 whatever the network says.

    Wrong:
        data: {dataset: breast_cancer}
        model:
          layers:
            - Normalization
            - {Dense: {units: 1, activation: sigmoid}}
        compile: {loss: SparseCategoricalCrossentropy}

    Right:
        data: {dataset: breast_cancer}
        model:
          layers:
            - Normalization
            - {Dense: {units: 1, activation: sigmoid}}
        compile: {loss: BinaryCrossentropy}

    Source:
        Humbatova et al. 2020, Taxonomy of Real Faults in Deep Learning Systems (wrong selection of
        loss function)
    """
    for head, loss in subject.ends:
        shape = subject.network.shapes.get(head.output)
        if loss.name in CATEGORICAL and subject.has_classes and shape and shape[-1] == 1:
            message = f"{loss.name} compares classes, but the network ends in one unit"
            hint = f"end in {SOFTMAX_END}"
            if subject.data.task == "binary":
                hint = f"write loss: BinaryCrossentropy, or {hint}"
            yield Finding(_place(loss, head), message, hint, _ids(head))


@config_rule
def relu_output(subject: Subject) -> Iterator[Finding]:
    """A relu ends a regression: no value below 0 is ever predicted, and a unit that is 0 is stuck.

    Where the last unit is negative for all examples, its gradient is 0, and it stays so.

    Wrong:
        data: {dataset: california_housing}
        model:
          layers:
            - Normalization
            - {Dense: {units: 16, activation: relu}}
            - {Dense: {units: 1, activation: relu}}

    Right:
        data: {dataset: california_housing}
        model:
          layers:
            - Normalization
            - {Dense: {units: 16, activation: relu}}
            - {Dense: {units: 1}}
            - {Rescaling: {scale: 1e5}}

    Source:
        Nikanjam et al. 2021, NeuraLint (last activation of a regression); Lu et al. 2020, Dying
        ReLU and Initialization
    """
    for head in subject.heads:
        if subject.has_values and head.activation in ("relu", "relu6") and head.at:
            if head.scaled[1] < 0:
                continue
            message = "a regression that ends in relu cannot predict values below 0, and may stop "
            message += "learning"
            units = head.units or 1
            hint = f"write {{Dense: {{units: {units}}}}}; where no value is below 0, "
            hint += f"{{Dense: {{units: {units}, activation: softplus}}}}"
            yield Finding(head.at.path, message, hint, _ids(head))


@config_rule
def relu_logits(subject: Subject) -> Iterator[Finding]:
    """A relu in the last layer cuts every logit off at 0, and units that are cut off learn nothing.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: $classes, activation: relu}}
        compile: {loss: {SparseCategoricalCrossentropy: {from_logits: true}}}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: $classes}}
        compile: {loss: {SparseCategoricalCrossentropy: {from_logits: true}}}

    Source:
        Nikanjam et al. 2021, NeuraLint (last layer's activation); Lu et al. 2020, Dying ReLU and
        Initialization
    """
    for head, loss in subject.ends:
        names = [name for name, _ in head.activations]
        cut = names[-1:] == ["relu"] and loss.get("from_logits") is True
        squashed = names[-2:] in (["relu", "softmax"], ["relu", "sigmoid"])
        if loss.name in CROSS_ENTROPIES and (cut or squashed):
            at = head.activations[-2][1] if squashed else head.activations[-1][1]
            message = "a relu before the loss cuts all logits off at 0"
            hint = f"end in {_usual(subject)}" if subject.data.classes else "leave the relu out"
            if cut:
                hint = f"leave activation: relu out: {{Dense: {{units: {at.units}}}}}"
            yield Finding(at.path, message, hint, _ids(head))


@config_rule
def sigmoids_for_classes(subject: Subject) -> Iterator[Finding]:
    """Independent sigmoids end a network whose loss wants probabilities that sum to 1.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: $classes, activation: sigmoid}}
        compile: {loss: SparseCategoricalCrossentropy}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: $classes, activation: softmax}}
        compile: {loss: SparseCategoricalCrossentropy}

    Source:
        Schoop et al. 2021, UMLAUT; Nikanjam et al. 2021, NeuraLint (last layer's activation)
    """
    for head, loss in subject.ends:
        shape = subject.network.shapes.get(head.output)
        several = shape is None or shape[-1] != 1
        sigmoid = head.activation in ("sigmoid", "hard_sigmoid")
        if subject.has_classes and sigmoid and several and loss.name in CATEGORICAL and head.at:
            message = f"{loss.name} wants probabilities that sum to 1, which sigmoids do not"
            yield Finding(head.at.path, message, f"end in {SOFTMAX_END}", _ids(head))


@config_rule
def softmax_for_labels(subject: Subject) -> Iterator[Finding]:
    """A softmax lets one label win, but an example of this task may have several.

    Wrong:
        data: {npz: {path: labels.npz}}
        model:
          layers:
            - {Dense: {units: $classes, activation: softmax}}
        compile: {loss: CategoricalCrossentropy}

    Right:
        data: {npz: {path: labels.npz}}
        model:
          layers:
            - {Dense: {units: $classes, activation: sigmoid}}
        compile: {loss: BinaryCrossentropy}

    Source:
        Humbatova et al. 2020, Taxonomy of Real Faults in Deep Learning Systems (wrong type of
        activation function); Goodfellow et al. 2016, Deep Learning, section 6.2.2
    """
    for head, loss in subject.ends:
        softmax = head.activation == "softmax" or loss.name == "CategoricalCrossentropy"
        if subject.data.task == "multilabel" and softmax and head.at:
            message = "the labels of one example sum to 1 here, so only one can be certain"
            hint = f"end in {LABELS_END} with loss: BinaryCrossentropy"
            yield Finding(head.at.path, message, hint, _ids(head))


@config_rule
def squared_error_on_classes(subject: Subject) -> Iterator[Finding]:
    """A loss for values is used on classes: where the network is surely wrong, it hardly learns.

    The gradient of a squared error through a softmax or sigmoid vanishes where the output is near 0
    or 1, right or wrong; that of the cross-entropy does not.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: $classes, activation: softmax}}
        compile: {loss: MeanSquaredError}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: $classes, activation: softmax}}
        compile: {loss: SparseCategoricalCrossentropy}

    Source:
        Nikanjam et al. 2021, NeuraLint (loss must suit the task); Glorot & Bengio 2010,
        Understanding the Difficulty of Training Deep Feedforward Neural Networks, section 4.1
    """
    for head, loss in subject.ends:
        if loss.name in OF_VALUES and not subject.has_values:
            single = subject.data.task != "multiclass"
            right = "BinaryCrossentropy" if single else "SparseCategoricalCrossentropy"
            message = f"{loss.name} is a loss for values, and this is a {subject.data.task} task"
            hint = f"write loss: {right}, with the end {_usual(subject)}"
            yield Finding(_place(loss, head), message, hint, _ids(head))


@config_rule
def softmax_twice(subject: Subject) -> Iterator[Finding]:
    """Two squashing functions stand in a row, so no probability comes near 0 or 1.

    A softmax of ten probabilities lies between 0.08 and 0.23: the loss cannot fall below 1.46.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: $classes, activation: softmax}}
            - Softmax
        compile: {loss: SparseCategoricalCrossentropy}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: $classes}}
            - Softmax
        compile: {loss: SparseCategoricalCrossentropy}

    Source:
        Humbatova et al. 2020, Taxonomy of Real Faults in Deep Learning Systems (redundant
        activation); Schoop et al. 2021, UMLAUT
    """
    for head in subject.heads:
        for (first, one), (second, other) in zip(
            head.activations, head.activations[1:], strict=False
        ):
            if first in PROBABILITIES and second in PROBABILITIES:
                message = f"{second} follows {first}: no probability can come near 0 or 1"
                hint = f"leave one out: end in {{Dense: {{units: {one.units or '$classes'}, "
                hint += f"activation: {second}}}}}"
                yield Finding(other.path, message, hint, (one.id, other.id))


@config_rule
def softmax_hidden(subject: Subject) -> Iterator[Finding]:
    """A softmax within the network lets its units compete, and passes hardly any gradient on.

    Wrong:
        model:
          layers:
            - Flatten
            - {Dense: {units: 64, activation: softmax}}
            - {Dense: {units: $classes, activation: softmax}}

    Right:
        model:
          layers:
            - Flatten
            - {Dense: {units: 64, activation: relu}}
            - {Dense: {units: $classes, activation: softmax}}

    Source:
        Nikanjam et al. 2021, NeuraLint (softmax belongs to the output); Schoop et al. 2021, UMLAUT
    """
    for layer in subject.network.layers:
        if layer.kind in DENSE | CONVOLUTIONS and layer.activation == "softmax":
            following = _next_kernel(subject, layer)
            if following is not None and following.kind in DENSE | CONVOLUTIONS:
                message = f"a softmax in the hidden layer '{layer.id}' squeezes what it passes on"
                hint = f"write {{{layer.kind}: {{{_size(layer)}, activation: relu}}}}"
                yield Finding(layer.path, message, hint, (layer.id,))


def _next_kernel(subject: Subject, layer: Layer) -> Layer | None:
    """Return the next layer with weights, if only what keeps its numbers is between."""
    for following in subject.network.after(layer):
        if following.has_kernel:
            return following
        if following.kind not in KEEPING:
            return None
    return None


def _size(layer: Layer) -> str:
    """Return a layer's argument that says how wide it is, as it is written."""
    name = "units" if layer.kind in DENSE else "filters"
    return f"{name}: {layer.core.get(name)}"


@config_rule
def hinge_output(subject: Subject) -> Iterator[Finding]:
    """A hinge loss needs one output, negative for one class and positive for the other.

    Such an output is a score, not a probability. A sigmoid or a relu is never negative, so the loss
    pushes the examples of one class towards a value that the network cannot reach.

    Wrong:
        data: {dataset: breast_cancer}
        model:
          layers:
            - Normalization
            - {Dense: {units: 1, activation: sigmoid}}
        compile: {loss: hinge}

    Right:
        data: {dataset: breast_cancer}
        model:
          layers:
            - Normalization
            - {Dense: {units: 1, activation: tanh}}
        compile: {loss: hinge}

    Source:
        Rosasco et al. 2004, Are Loss Functions All the Same?; Keras's documentation of Hinge, whose
        labels are -1 and 1
    """
    for head, loss in subject.ends:
        if loss.name not in MARGINS or subject.has_values:
            continue
        several = subject.data.task != "binary" or head.units not in (1, None)
        if not several and head.activation in TWO_SIDED:
            continue
        ends = "has several outputs" if several else f"ends in {head.activation}"
        message = f"{loss.name} needs one output with a sign for each class, but the network {ends}"
        hint = "end in {Dense: {units: 1, activation: tanh}}"
        if subject.data.task != "binary":
            hint = f"end in {_usual(subject)}, and leave loss: {loss.name} out"
        yield Finding(_place(loss, head), message, hint, _ids(head))
