"""Compiled once, trained hundreds of times: the trials of one network in one process.

A hand-written loop builds, traces and compiles a model anew for every trial. Here a `Network` is
built once, its forward and backward pass are traced once, and each `Program`, one an optimizer,
wraps them in one compiled loop over a whole epoch. A trial begins by assigning the seed's initial
weights, a fresh optimizer state and the learning rate; nothing is traced again. The data is
resident as tensors, and the batches are gathered through the same permutation that
`feeding.batches` uses, so that a trial equals `keras.Model.fit` on those batches.
"""

from __future__ import annotations

import contextlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from dlcli.data.description import Split
from dlcli.engine.adapting import adapt_preprocessing
from dlcli.engine.compilation import attach_loss, initial_model, scales_loss
from dlcli.engine.evaluation import Evaluated, Evaluation
from dlcli.engine.feeding import (
    class_weights,
    evaluation_batch_size,
    example_order,
    example_weights,
    is_resident,
)
from dlcli.engine.graph import learns_from_data, moments, rate_of, set_moments, set_rate
from dlcli.engine.model import check_trainable, construct, feed
from dlcli.engine.summary import summarize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dlcli.config.sections.experiment import Call, Config
    from dlcli.data.draw import Draw
    from dlcli.engine.summary import ModelSummary


class Network:
    """A model with its data, ready to be trained by any optimizer.

    Args:
        config: Bound; its seed counts for nothing here, every trial brings its own.
        draw: The examples and their parts; `use` changes to those of another replication.
        jit: Whether it is compiled with XLA: the caller decides, because the config may leave it
            open.

    Attributes:
        draw: The one in use. Its examples are held as tensors as long as the network lives, if
            they fit into memory.
        class_weights: A weight for each label, shape (classes,); None if all count alike.
        obstacle: Why it must be trained by Keras's own `fit`; empty if a `Program` can do it.
        fitted_by: The program whose optimizer the model's `fit` was last compiled with.
    """

    def __init__(self, config: Config, draw: Draw, *, jit: bool = False) -> None:
        self.config = config
        self.draw = draw
        self.model = initial_model(config, draw.description, config.seed)
        check_trainable(self.model, config)
        self._state = _settable(self.model)
        self._adapted = Adapted(self.model)
        self._adapted.use(draw)
        attach_loss(self.model, config, draw.description)
        self.batch_size = config.data.batch_size
        self.class_weights = self._class_weights()
        self.is_jit = jit
        leave_optimizing_to_xla(jit=jit)
        self.obstacle = _obstacle(config, draw.examples)
        self.fitted_by: Program | None = None
        self._evaluation = Evaluation(self.model, draw.examples)
        self.train = tf.constant(draw.parts.train, tf.int32)
        if not self.obstacle:
            self._compile_training(draw)

    @cached_property
    def summary(self) -> ModelSummary:
        """The model's size."""
        return summarize(self.model)

    @property
    def examples(self) -> int:
        """How many examples are trained on."""
        return len(self.draw.parts.train)

    def use(self, draw: Draw) -> bool:
        """Go on with another replication's data, without compiling or tracing anything anew.

        Returns:
            False if that is impossible, because the data have another shape or a layer has learned
            from the former ones what is compiled into the program: then make another network.
        """
        if draw is self.draw:
            return True
        same = draw.examples is self.draw.examples
        if not same and (self._specs(draw) != self._specs(self.draw) or draw.is_shared):
            return False
        if not self._adapted.can_change:
            return False
        self.draw = draw
        self._adapted.use(draw)
        self.class_weights = self._class_weights()
        self.train = tf.constant(draw.parts.train, tf.int32)
        if not self.obstacle:
            self._hold(draw, anew=not same)
        return True

    def _specs(self, draw: Draw) -> Any:
        arrays = {**draw.examples.x, "": draw.examples.y}
        return {name: (array.shape, array.dtype) for name, array in arrays.items()}

    def _class_weights(self) -> np.ndarray | None:
        y = self.draw.examples.y[self.draw.parts.train]
        return class_weights(self.config, Split({}, y), self.draw.description.classes)

    def _example_weights(self, draw: Draw) -> np.ndarray | None:
        return example_weights(draw.examples, self.class_weights, draw.parts.train)

    def _compile_training(self, draw: Draw) -> None:
        """Hold the examples as tensors, and have a batch's gradients compiled."""
        # Data that each replication prepares anew are assigned to variables, which XLA reads.
        held = tf.constant if draw.is_shared else lambda a: tf.Variable(a, trainable=False)
        x = tf.nest.map_structure(held, feed(self.model, draw.examples))
        self._train = x, held(draw.examples.y)
        weights = self._example_weights(draw)
        self._weights = None if weights is None else tf.Variable(weights, trainable=False)
        # XLA compiles it twice, for a whole batch and for the last one.
        self._gradients = tf.function(
            self._gradients_of,
            autograph=False,
            input_signature=[tf.TensorSpec([None], tf.int32)],
            jit_compile=self.is_jit or None,
        )

    def _hold(self, draw: Draw, *, anew: bool) -> None:
        """Take over what a draw changes: the examples if they are others, and the weights."""
        if anew:
            inputs, targets = self._train
            arrays = feed(self.model, draw.examples)
            tf.nest.map_structure(lambda held, array: held.assign(array), inputs, arrays)
            targets.assign(draw.examples.y)
        weights = self._example_weights(draw)
        if self._weights is not None and weights is not None:
            self._weights.assign(weights)

    def _targets(self, y: Any) -> Any:
        outputs = len(self.model.outputs)
        return y if outputs == 1 else (y,) * outputs

    def gradients(self, index: Any) -> tuple[Any, list[Any]]:
        """Return the loss and the gradients of a batch; compiled once for all optimizers.

        Args:
            index: The batch's examples, int32 (batch,).
        """
        made: tuple[Any, list[Any]] = self._gradients(index)
        return made

    def _gradients_of(self, index: Any) -> tuple[Any, list[Any]]:
        inputs, targets = self._train
        x = tf.nest.map_structure(lambda array: tf.gather(array, index), inputs)
        y = self._targets(tf.gather(targets, index))
        w = None if self._weights is None else self._targets(tf.gather(self._weights, index))
        with tf.GradientTape() as tape:
            outputs = self.model(x, training=True)
            loss = self.model.compute_loss(x=x, y=y, y_pred=outputs, sample_weight=w, training=True)
        return loss, tape.gradient(loss, self.model.trainable_variables)

    def evaluate(self, index: np.ndarray) -> Evaluated:
        """Return the loss and the outputs of some examples.

        Args:
            index: Positions of the examples, shape (n,).
        """
        # As `fit` does: a recurrent layer with dropout draws from its stream at every batch.
        size = evaluation_batch_size(self.config, len(index))
        return self._evaluation(self.draw.examples, index, size)

    def initial_state(self, config: Config, seed: int) -> list[np.ndarray]:
        """Return the weights and dropout streams that a seed starts with.

        Args:
            config: The network's own, or one with other initializers.
            seed: The trial's.
        """
        fresh = initial_model(config, self.draw.description, seed)
        return [variable.numpy() for variable in _settable(fresh)]

    def set_state(self, state: Sequence[np.ndarray]) -> None:
        """Assign what `state` or `initial_state` returned."""
        for variable, value in zip(self._state, state, strict=True):
            variable.assign(value)

    def state(self) -> list[np.ndarray]:
        """Return the weights and dropout streams as they are."""
        return [variable.numpy() for variable in self._state]


class Adapted:
    """The layers of a model that learn from data before it is trained (Normalization, ...).

    What they learned is remembered for each draw. A Normalization reads it from variables, so that
    it can change; other layers have it compiled in.

    Args:
        model: Whose layers they are.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._layers = [layer for layer in model.layers if learns_from_data(layer)]
        self.can_change = all(isinstance(x, keras.layers.Normalization) for x in self._layers)
        self._learned: dict[bytes, list[Any]] = {}
        self._held: list[Any] = []

    def use(self, draw: Draw) -> None:
        """Learn from a draw's training part, or recall what was learned from it."""
        if not self._layers:
            return
        if not self.can_change:
            adapt_preprocessing(self._model, draw.train)
            return
        key = draw.parts.train.tobytes() if draw.is_shared else b""
        learned = self._learned.get(key)
        if learned is None:
            adapt_preprocessing(self._model, draw.train)
            learned = [np.asarray(moment) for layer in self._layers for moment in moments(layer)]
        if draw.is_shared:
            self._learned[key] = learned
        if not self._held:
            self._held = [tf.Variable(value, trainable=False) for value in learned]
        for variable, value in zip(self._held, learned, strict=True):
            variable.assign(value)
        for number, layer in enumerate(self._layers):
            set_moments(layer, *self._held[2 * number : 2 * number + 2])


def _settable(model: keras.Model) -> list[Any]:
    """Return the variables that a trial resets: all but what was learnt from data beforehand."""
    adapted = [layer for layer in model.layers if hasattr(layer, "adapt")]
    kept = {id(variable) for layer in adapted for variable in layer.variables}
    return [variable for variable in model.variables if id(variable) not in kept]


def _obstacle(config: Config, split: Split) -> str:
    if not is_resident(split):
        return "the training data do not fit in memory twice"
    if config.data.bucketing:
        return "batches have different lengths"
    if scales_loss(config):
        return "float16 needs its losses scaled"
    return ""


def leave_optimizing_to_xla(*, jit: bool) -> None:
    """Keep TensorFlow from rewriting graphs that XLA rewrites anyway: 0.1 s for a recurrent one.

    The setting is the process's; a process has one network at work at a time.
    """
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": jit})


class Program:
    """One network trained by one optimizer, an epoch a call.

    Args:
        network: May be shared by programs, which then train in turn.
        optimizer: Its learning rate, or its schedule's peak, is multiplied by each trial's rate,
            so it should be 1.
    """

    def __init__(self, network: Network, optimizer: Call) -> None:
        self.network = network
        self._call = optimizer
        self._rate = tf.Variable(1.0, trainable=False, name="rate")
        self.optimizer = self._made()
        self.optimizer.build(network.model.trainable_variables)
        self._origins = self._found_origins()
        self._finite = True
        self._compile()

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return -(-self.network.examples // self.network.batch_size)

    def _compile(self) -> None:
        network = self.network
        specs = [
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([], tf.int32),
        ]
        self._epoch = tf.function(self._epoch_of, autograph=False, input_signature=specs)
        shuffle = network.config.fit.shuffle
        self._ordered = tf.function(
            lambda train, seed, epoch: tf.gather(
                train, example_order(tf.size(train), seed, epoch, shuffle=shuffle)
            ),
            autograph=False,
            input_signature=[specs[0], *[tf.TensorSpec([], tf.int32)] * 2],
        )

    def _made(self) -> Any:
        """Make the optimizer, as Keras's own compile would."""
        optimizer = construct(self._call)
        rate = rate_of(optimizer)
        if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
            set_rate(optimizer, ScaledSchedule(rate, self._rate))
        if scales_loss(self.network.config):
            return keras.optimizers.LossScaleOptimizer(optimizer)
        return optimizer

    def start(self, state: Sequence[np.ndarray], rate: float) -> None:
        """Begin a trial: weights, the state of a new optimizer, the learning rate or its peak."""
        self.network.set_state(state)
        self._rate.assign(rate)
        for variable, value in zip(self.optimizer.variables, self._fresh_state(), strict=True):
            variable.assign(value)
        if not isinstance(rate_of(self._inner), ScaledSchedule):
            self._inner.learning_rate.assign(rate)

    @property
    def _inner(self) -> Any:
        """The optimizer of the config, which one that scales losses may wrap."""
        return getattr(self.optimizer, "inner_optimizer", self.optimizer)

    @property
    def averages(self) -> bool:
        """Whether the weights are averaged at the end."""
        return bool(self._inner.use_ema) or getattr(self._inner, "averages_weights", False)

    def _fresh_state(self) -> list[Any]:
        """Return the state of a new optimizer of the weights as they are."""
        if self._origins is None:
            return self._made_state()
        weights = self.network.model.trainable_variables
        return [weights[o] if isinstance(o, int) else o for o in self._origins]

    def _made_state(self) -> list[np.ndarray]:
        """Make a new optimizer, and return its state; it costs memory that TensorFlow keeps."""
        fresh = self._made()
        fresh.build(self.network.model.trainable_variables)
        return [variable.numpy() for variable in fresh.variables]

    def _found_origins(self) -> list[np.ndarray | int] | None:
        """Find out what a new optimizer's state consists of, by trying two sets of weights.

        Returns:
            For each variable its constant value, or the number of the weight that it copies; None
            if one is neither.
        """
        weights = self.network.model.trainable_variables
        kept = [weight.numpy() for weight in weights]
        random = np.random.default_rng(0)
        tried = []
        for _ in range(2):
            for weight in weights:
                weight.assign(random.normal(size=weight.shape))
            values = [weight.numpy() for weight in weights]
            tried.append([_origin(value, values) for value in self._made_state()])
        for weight, value in zip(weights, kept, strict=True):
            weight.assign(value)
        first, second = tried
        return first if all(map(np.array_equal, first, second)) else None

    def warm_up(self) -> None:
        """Trace and compile now, so that the first trial's time is that of training."""
        self._epoch(self.order(0, 0), 0)

    def order(self, seed: int, epoch: int) -> Any:
        """Return the positions of an epoch's examples, in the order of its batches, int32 (n,)."""
        return self._ordered(self.network.train, seed, epoch)

    def train_epoch(self, seed: int, epoch: int, steps: int | None = None) -> float:
        """Train one epoch and return its mean loss; stop it at the first loss that is not finite.

        Args:
            seed: With the epoch, decides the order of the examples.
            epoch: From 0.
            steps: Stop after so many batches.
        """
        loss, finite = self._epoch(self.order(seed, epoch), steps or self.steps)
        self._finite = bool(finite)
        return float(loss)

    def _epoch_of(self, order: Any, steps: Any) -> tuple[Any, Any]:
        """Return the mean loss of an epoch, and whether all weights are finite at its end."""
        size = self.network.batch_size

        def going_on(step: Any, total: Any) -> Any:
            return tf.logical_and(step < steps, tf.math.is_finite(total))

        def batch(step: Any, total: Any) -> tuple[Any, Any]:
            return step + 1, total + self._updated(order[step * size : (step + 1) * size])

        start = (tf.constant(0), tf.constant(0.0))
        _, total = tf.while_loop(going_on, batch, start, parallel_iterations=1)
        weights = self.network.model.trainable_variables
        finite = [tf.reduce_all(tf.math.is_finite(weight)) for weight in weights]
        return total / tf.cast(tf.size(order), total.dtype), tf.reduce_all(finite)

    def _updated(self, index: Any) -> Any:
        """Update the weights by a batch, and return its loss times its examples."""
        loss, gradients = self.network.gradients(index)
        self.optimizer.apply(gradients, self.network.model.trainable_variables)
        return loss * tf.cast(tf.size(index), loss.dtype)

    def finish(self) -> None:
        """Leave the weights as the end of Keras's `fit` does: averaged, if the optimizer does."""
        self.optimizer.finalize_variable_values(self.network.model.trainable_variables)

    @contextlib.contextmanager
    def as_finished(self) -> Iterator[None]:
        """Have the weights, for a while, as they would be if the training ended here."""
        if not self.averages:
            yield
            return
        weights = self.network.model.trainable_variables
        kept = [weight.numpy() for weight in weights]
        self.finish()
        yield
        for weight, value in zip(weights, kept, strict=True):
            weight.assign(value)

    def has_finite_weights(self) -> bool:
        """Whether no weight was infinite or NaN at the end of the last epoch."""
        return self._finite


def _origin(value: np.ndarray, weights: Sequence[np.ndarray]) -> np.ndarray | int:
    """Return the number of the weight that a value is a copy of, or the value itself."""
    copies = (number for number, weight in enumerate(weights) if np.array_equal(value, weight))
    return next(copies, value)


class ScaledSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule times a factor that may change between trials without compiling anew."""

    def __init__(self, schedule: Any, factor: tf.Variable) -> None:
        super().__init__()
        self.schedule = schedule
        self.factor = factor

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step."""
        return self.schedule(step) * self.factor

    def get_config(self) -> dict[str, Any]:
        """Return the schedule and the factor, as Keras's protocol wants it."""
        return {"schedule": self.schedule, "factor": float(self.factor)}
