"""Trials by Keras's own `fit`, for networks that a compiled epoch cannot train."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from dlcli.engine.compilation import attach_loss
from dlcli.engine.feeding import batches
from dlcli.engine.program import Network, Program

if TYPE_CHECKING:
    from dlcli.config.sections.experiment import Call
    from dlcli.data.draw import Draw


def make_program(network: Network, optimizer: Call) -> Program:
    """Return what trains a network: compiled epochs, or `fit` where there is an obstacle."""
    return FittedProgram(network, optimizer) if network.obstacle else Program(network, optimizer)


class FittedProgram(Program):
    """One network trained by one optimizer through `fit`, an epoch a call, with the same results.

    Batches are gathered from NumPy arrays, which may be memory-mapped.
    """

    def _compile(self) -> None:
        """Make what the stream of batches reads anew each time; `fit` traces at its first call."""
        self._seed = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._streamed: Draw | None = None

    def _batches(self) -> tf.data.Dataset:
        """Return the stream of batches of the network's draw, for all trainings on it."""
        network = self.network
        if self._streamed is not network.draw:
            self._stream = batches(
                network.model,
                network.draw.examples,
                network.config,
                seed=self._seed,
                first_epoch=self._epoch,
                class_weights=network.class_weights,
                index=network.draw.parts.train,
            )
            self._streamed = network.draw
        return self._stream

    def warm_up(self) -> None:
        """Trace now, so that the first trial's time is that of training."""
        self.start(self.network.state(), 0.0)
        self.train_epoch(0, 0, 1)

    def train_epoch(self, seed: int, epoch: int, steps: int | None = None) -> float:
        """Train one epoch and return its mean loss; see `Program.train_epoch`."""
        network = self.network
        model = network.model
        if network.fitted_by is not self:
            attach_loss(model, network.config, network.draw.description, self.optimizer)
            network.fitted_by = self
        self._seed.assign(seed)
        self._epoch.assign(epoch)
        callbacks = [keras.callbacks.TerminateOnNaN()]
        if self.averages:
            callbacks.append(_NotAveraged())
        history = model.fit(
            self._batches(),
            initial_epoch=epoch,
            epochs=epoch + 1,
            steps_per_epoch=steps or self.steps,
            shuffle=False,
            callbacks=callbacks,
            verbose=0,
        )
        weights = model.trainable_variables
        self._finite = all(bool(np.isfinite(weight.numpy()).all()) for weight in weights)
        return float(history.history["loss"][-1])


class _NotAveraged(keras.callbacks.Callback):
    """Puts the weights back as the epoch left them: `fit` ends by averaging, a trial does so once.

    `fit` averages between the end of its last epoch and that of the training.
    """

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 (Keras's form)
        """Keep the weights."""
        self._kept = [weight.numpy() for weight in self.model.trainable_variables]

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Put them back."""
        for weight, value in zip(self.model.trainable_variables, self._kept, strict=True):
            weight.assign(value)
