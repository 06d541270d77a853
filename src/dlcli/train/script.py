"""An experiment as a plain Keras script: the same initial weights, batches and final weights.

The script has no dlcli in it. What dlcli prepares of the data (the split, the features of a table,
token ids) comes in an .npz beside it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import keras
import numpy as np

from dlcli import engine, metrics
from dlcli.config.binding.outputs import loss_of, squashed
from dlcli.config.conversion.python_code import Names, call_code, invocation, text_code, value_code
from dlcli.config.sections.experiment import Call
from dlcli.engine.compilation import OF_LABELS
from dlcli.engine.export import OF_CLASSES, OF_VALUES, SPARSE
from dlcli.engine.feeding import example_weights
from dlcli.engine.graph import adapted_moments, learns_from_data
from dlcli.engine.masking import takes_list
from dlcli.engine.model import feed
from dlcli.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlcli.config.sections.experiment import Config, LayerConfig, Reference
    from dlcli.data.description import Split
    from dlcli.train.experiment import Experiment

RESERVED: Final = (
    "keras", "np", "tf", "itertools", "os", "data", "model", "batches", "before", "layer", "epoch",
    "order", "start", "index", "SEED", "EPOCHS", "BATCH_SIZE", "STEPS", "EXAMPLES",
    *(f"{letter}_{part}" for letter in "xyw" for part in ("train", "validation", "test")),
)  # fmt: skip
"""Names of the script that no layer's variable may have."""


class Script(NamedTuple):
    """A Keras script with its data.

    Attributes:
        text: The Python source.
        arrays: What its .npz holds, by name.
    """

    text: str
    arrays: dict[str, np.ndarray]


def script_of(experiment: Experiment, *, data_file: str, model_file: str) -> Script:
    """Return the script that trains as `dlcli train` does.

    Args:
        experiment: Prepared, not trained.
        data_file: The .npz that the script reads.
        model_file: Where the script saves the model.

    Raises:
        UserError: If plain Keras cannot say it; the message names what it is.
    """
    _check(experiment)
    writer = _Writer(experiment)
    parts = (
        writer.head(data_file),
        writer.data(data_file),
        writer.model(),
        writer.adapting(),
        writer.compiling(),
        writer.batches(),
        writer.fitting(),
        writer.ending(model_file),
    )
    return Script("\n\n".join("\n".join(part) for part in parts if part) + "\n", writer.arrays)


def _check(experiment: Experiment) -> None:
    """Refuse what dlcli does around Keras.

    Raises:
        UserError: If the experiment needs it.
    """
    config, model, dataset = experiment.config, experiment.model, experiment.dataset
    own = {layer.id for layer in config.model.layers} | {tensor.name for tensor in model.inputs}
    declared = {spec.id for spec in config.model.inputs}
    parts = [part for part in (dataset.train, dataset.validation) if part is not None]
    reasons = {
        "it scales the targets (target_scale)": bool(dataset.description.target_scale),
        "it batches sequences by their length (data.bucketing)": config.data.bucketing,
        "it masks the padding of sequences of different lengths": (
            any(tensor.name not in declared for tensor in model.inputs)
            or any(operation.name not in own for operation in model.operations)
        ),
        "some places of its targets do not count": any(_has_gaps(part.y) for part in parts),
    }
    for reason, holds in reasons.items():
        if holds:
            message = f"{config.name}: no script of plain Keras trains like this config: {reason}"
            remedy = "Leave it out for the script, or use dlcli from Python: dlcli.train(config)."
            raise UserError(message, remedy=remedy)


def _plain(text: str) -> str:
    """Return a text that cannot end the comment, or the docstring, in which it stands."""
    return re.sub(r"[^\w .,:()+-]", "_", text)


def _has_gaps(y: np.ndarray) -> bool:
    if y.ndim < 2:
        return False
    return bool(np.isnan(y).any()) if y.dtype.kind == "f" else bool((y < 0).any())


class _Writer:
    """Writes the sections of a script, a list of lines each."""

    def __init__(self, experiment: Experiment) -> None:
        self.config: Config = experiment.config
        self.keras_model = experiment.model
        self.dataset = experiment.dataset
        self.names = Names(RESERVED)
        self.parts: dict[str, Split] = {
            name: part
            for name in ("train", "validation", "test")
            if (part := getattr(self.dataset, name)) is not None and part.size
        }
        self.one_hot = self._wants_one_hot()
        self.arrays = self._arrays()

    def _wants_one_hot(self) -> bool:
        """Whether the losses want one-hot targets; labels are left as they are otherwise.

        Raises:
            UserError: If the outputs differ in that.
        """
        units = [output.shape[-1] for output in self.keras_model.outputs]
        losses = [self._loss(ref) for ref in self.config.model.outputs]
        is_label = self.dataset.description.task in ("multiclass", "binary")
        wanted = {
            is_label and n > 1 and not self._is_of_labels(loss)
            for loss, n in zip(losses, units, strict=True)
        }
        if len(wanted) > 1:
            message = f"{self.config.name}: some losses want labels, and others one-hot targets"
            raise UserError(message, remedy="Give all outputs losses of one kind.")
        return wanted == {True}

    @staticmethod
    def _is_of_labels(loss: Call) -> bool:
        return issubclass(getattr(keras.losses, loss.name), OF_LABELS)

    def _loss(self, output: Reference) -> Call:
        """Return an output's loss, for labels where Keras has the same loss for those."""
        call = loss_of(self.config.compile.loss, output)
        labels = self.dataset.description.task in ("multiclass", "binary")
        several = self.keras_model.outputs[0].shape[-1] > 1
        if labels and several and call.name in SPARSE and set(call.arguments) <= {"from_logits"}:
            return Call("losses", SPARSE[call.name].__name__, call.arguments, call.path)
        return call

    def _arrays(self) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        for name, part in self.parts.items():
            x = feed(self.keras_model, part)
            named = x if isinstance(x, dict) else {"": x}
            for key, array in named.items():
                found[f"x_{name}.{key}" if key else f"x_{name}"] = np.asarray(array)
            found[f"y_{name}"] = np.asarray(part.y)
        weights = self._weights()
        return found if weights is None else {**found, "w_train": weights}

    def _weights(self) -> np.ndarray | None:
        train = self.dataset.train
        by_class = engine.class_weights(self.config, train, self.dataset.description.classes)
        return example_weights(train, by_class, np.arange(train.size))

    @property
    def is_weighted(self) -> bool:
        """Whether training examples count differently."""
        return "w_train" in self.arrays

    def head(self, data_file: str) -> list[str]:
        """Return what stands above everything."""
        config = self.config
        return [
            f'"""{_plain(config.name)}: a Keras script that dlcli wrote from a config.',
            "",
            "It needs Keras 3, TensorFlow and NumPy, and beside it the examples as dlcli has split",
            f"and prepared them: {_plain(data_file)}. It begins with the weights of `dlcli train`,",
            "sees the same batches, and ends with the same weights.",
            '"""',
            "",
            "import itertools",
            "import os",
            "",
            'os.environ["KERAS_BACKEND"] = "tensorflow"',
            "",
            "import keras",
            "import numpy as np",
            "import tensorflow as tf",
            "",
            f"SEED = {config.seed}",
            f"EPOCHS = {config.fit.epochs}",
            f"BATCH_SIZE = {config.data.batch_size}",
        ]

    def data(self, data_file: str) -> list[str]:
        """Return what loads the arrays."""
        lines = [f"data = np.load({text_code(data_file)})"]
        for part in self.parts:
            lines.append(f"x_{part} = {self._loaded(part)}")
            lines.append(f'y_{part} = data["y_{part}"]')
            if self.one_hot:
                classes = self.keras_model.outputs[0].shape[-1]
                lines.append(f"y_{part} = keras.utils.to_categorical(y_{part}, {classes})")
        if self.is_weighted:
            lines.append('w_train = data["w_train"]  # how much each example counts in the loss')
        return lines

    def _loaded(self, part: str) -> str:
        names = [tensor.name for tensor in self.keras_model.inputs]
        if len(names) == 1:
            return f'data["x_{part}"]'
        items = (f"{text_code(n)}: data[{text_code(f'x_{part}.{n}')}]" for n in names)
        return "{" + ", ".join(items) + "}"

    def model(self) -> list[str]:
        """Return what builds the network."""
        lines = ["keras.utils.set_random_seed(SEED)"]
        if self.config.fit.mixed_precision:
            policy = self.keras_model.layers[-1].dtype_policy.name
            lines.append(f"keras.config.set_dtype_policy({text_code(policy)})")
        for tensor in self.keras_model.inputs:
            arguments = {
                "shape": value_code(tuple(tensor.shape[1:])),
                "dtype": text_code(keras.backend.standardize_dtype(tensor.dtype)),
                "name": text_code(tensor.name),
            }
            lines.append(f"{self.names[tensor.name]} = {invocation('keras.Input', arguments)}")
        shared = {layer.shared for layer in self.config.model.layers}
        for layer in self.config.model.layers:
            lines += self._layer(layer, is_shared=layer.id in shared)
        lines.append(self._whole())
        return lines

    def _layer(self, layer: LayerConfig, *, is_shared: bool) -> Iterator[str]:
        applied = self._applied(layer)
        if layer.call is None:
            yield f"{self.names[layer.id]} = {self.names[f'{layer.shared} layer']}({applied})"
            return
        name = self.names[layer.id]
        made = call_code(layer.call, spare=len(f"{name} = ({applied})"), name=layer.id)
        if is_shared:
            yield f"{self.names[f'{layer.id} layer']} = {made}"
            made = self.names[f"{layer.id} layer"]
        yield f"{name} = {made}({applied})"

    def _applied(self, layer: LayerConfig) -> str:
        """Return what a layer is applied to: a list for merging, or one argument each."""
        tensors = [self._tensor(ref) for ref in layer.inputs]
        built = self.keras_model.get_layer(layer.shared or layer.id)
        joined = ", ".join(tensors)
        return f"[{joined}]" if len(tensors) > 1 and takes_list(built) else joined

    def _tensor(self, ref: Reference) -> str:
        name = self.names[ref.id]
        return name if ref.index is None else f"{name}[{ref.index}]"

    def _whole(self) -> str:
        inputs = [self.names[tensor.name] for tensor in self.keras_model.inputs]
        outputs = [self._tensor(ref) for ref in self.config.model.outputs]
        given = inputs[0]
        if len(inputs) > 1:
            names = (text_code(tensor.name) for tensor in self.keras_model.inputs)
            pairs = (f"{name}: {value}" for name, value in zip(names, inputs, strict=True))
            given = "{" + ", ".join(pairs) + "}"
        made = outputs[0] if len(outputs) == 1 else f"[{', '.join(outputs)}]"
        return f"model = keras.Model({given}, {made}, name={text_code(self.keras_model.name)})"

    def adapting(self) -> list[str]:
        """Return what lets layers learn from the training part before the training."""
        learning = [layer for layer in self.keras_model.layers if learns_from_data(layer)]
        if not learning:
            return []
        lines = ["# What these layers know of the data is of the training part alone."]
        for layer in learning:
            lines += self._adapted(layer)
        return lines

    def _adapted(self, layer: Any) -> Iterator[str]:
        yield f"layer = model.get_layer({text_code(layer.name)})"
        if len(self.keras_model.inputs) == 1 and layer.input is self.keras_model.input:
            yield f"layer.adapt(x_train.astype({text_code(layer.input.dtype)}))"
        else:
            yield "before = keras.Model(model.input, layer.input)"
            yield "layer.adapt(before.predict(x_train, verbose=0))"
        if isinstance(layer, keras.layers.Normalization):
            mean, variance = (np.asarray(v) for v in adapted_moments(layer))
            if (variance == 1).any():
                yield from self._unscaled(layer.name, mean, variance)

    def _unscaled(self, name: str, mean: np.ndarray, variance: np.ndarray) -> Iterator[str]:
        """Write moments in which constants and flags are not scaled."""
        self.arrays[f"{name}.mean"], self.arrays[f"{name}.variance"] = mean, variance
        yield "# Features that never vary are shifted, but not divided by 1e-7; features that are"
        yield "# always 0 or 1, such as those of categories, stay as they are."
        yield f"layer.adapt_mean.assign(data[{text_code(f'{name}.mean')}])"
        yield f"layer.adapt_variance.assign(data[{text_code(f'{name}.variance')}])"
        yield "layer.finalize_state()"

    def compiling(self) -> list[str]:
        """Return what attaches optimizer, loss and metrics."""
        settings = self.config.compile
        losses = [call_code(self._loss(ref)) for ref in self.config.model.outputs]
        found, missing = self._metrics()
        several = len(losses) > 1
        listed = f"[{', '.join(found)}]"
        arguments = {
            "optimizer": call_code(settings.optimizer),
            "loss": f"[{', '.join(losses)}]" if several else losses[0],
            "metrics": f"[{', '.join([listed, *('[]' for _ in losses[1:])])}]"
            if several
            else listed,
        }
        if several and settings.loss_weights:
            names = [str(ref) for ref in self.config.model.outputs]
            weights = [settings.loss_weights.get(name, 1.0) for name in names]
            arguments["loss_weights"] = value_code(weights).replace("(", "[").replace(")", "]")
        if self.config.fit.jit != "auto":
            arguments["jit_compile"] = value_code(self.config.fit.jit)
        lines = [invocation("model.compile", arguments)]
        if missing:
            lines.insert(
                0, f"# Of the config's metrics, Keras has no {', '.join(missing)} for this."
            )
        return lines

    def _metrics(self) -> tuple[list[str], list[str]]:
        """Return the metrics as source, and the names of those that Keras lacks."""
        found, missing = [], []
        for name, item in engine.named_metrics(self.config):
            code = self._metric(name, item)
            if code is None:
                missing.append(name)
            else:
                found.append(code)
        return found, missing

    def _metric(self, name: str, item: str | Call) -> str | None:
        task = self.dataset.description.task
        named = {"name": text_code(name)}
        if isinstance(item, Call):  # dlcli gives Keras's metrics of classes the targets they want
            return None if task in ("multiclass", "binary") else call_code(item)
        asked = metrics.parse(item)
        known = asked.metric.name
        if known in OF_VALUES:
            return invocation(f"keras.metrics.{OF_VALUES[known].__name__}", named)
        if task not in ("multiclass", "binary"):
            return None
        if known == "accuracy" and self.keras_model.outputs[0].shape[-1] == 1:
            threshold = "0.0" if squashed(self.config, task) else "0.5"
            return invocation("keras.metrics.BinaryAccuracy", {**named, "threshold": threshold})
        if known not in OF_CLASSES:
            return None
        options = {key: value_code(value) for key, value in asked.options.items()}
        name_of_class = OF_CLASSES[known].__name__
        if self.one_hot:  # Keras calls the same metric of one-hot targets so
            name_of_class = name_of_class.removeprefix("Sparse")
        return invocation(f"keras.metrics.{name_of_class}", {**named, **options})

    def batches(self) -> list[str]:
        """Return the generator of batches."""
        order = "np.arange(EXAMPLES)"
        told = "Yield batches without end, in the order of the data."
        if self.config.fit.shuffle:
            order = "stateless_shuffle(tf.range(EXAMPLES), seed=[SEED, epoch]).numpy()"
            told = "Yield batches without end; seed and epoch decide the order of an epoch."
        x = "x_train[index]"
        if len(self.keras_model.inputs) > 1:
            x = "{name: array[index] for name, array in x_train.items()}"
        count = len(self.keras_model.outputs)
        y = self._of_each("y_train[index]", count)
        weights = f", {self._of_each('w_train[index]', count)}" if self.is_weighted else ""
        return [
            "EXAMPLES = len(y_train)",
            "STEPS = -(-EXAMPLES // BATCH_SIZE)",
            "",
            "",
            "def batches():",
            f'    """{told}"""',
            *(
                ["    stateless_shuffle = tf.random.experimental.stateless_shuffle"]
                if self.config.fit.shuffle
                else []
            ),
            "    for epoch in itertools.count():",
            f"        order = {order}",
            "        for start in range(0, EXAMPLES, BATCH_SIZE):",
            "            index = order[start : start + BATCH_SIZE]",
            f"            yield {x}, {y}{weights}",
            "",
        ]

    @staticmethod
    def _of_each(code: str, count: int) -> str:
        """Return the same for each output: all learn the same targets."""
        return code if count == 1 else f"({', '.join([code] * count)})"

    def fitting(self) -> list[str]:
        """Return what trains."""
        arguments = {"epochs": "EPOCHS", "steps_per_epoch": "STEPS", "shuffle": "False"}
        count = len(self.keras_model.outputs)
        if "validation" in self.parts:
            y = self._of_each("y_validation", count)
            size = self.parts["validation"].size
            arguments["validation_data"] = f"(x_validation, {y})"
            arguments["validation_batch_size"] = str(
                engine.evaluation_batch_size(self.config, size)
            )
        if self.config.fit.callbacks:
            calls = [call_code(call) for call in self.config.fit.callbacks]
            arguments["callbacks"] = f"[{', '.join(calls)}]"
        arguments["verbose"] = "2"
        return [invocation("model.fit", arguments, first=["batches()"])]

    def ending(self, model_file: str) -> list[str]:
        """Return what scores and saves the model."""
        lines = []
        if "test" in self.parts:
            y = self._of_each("y_test", len(self.keras_model.outputs))
            lines.append(f"print(model.evaluate(x_test, {y}, verbose=0, return_dict=True))")
        return [*lines, f"model.save({text_code(model_file)})"]
