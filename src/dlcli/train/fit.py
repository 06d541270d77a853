"""One training: seed, build, train, score, save; cut off anywhere, it can go on from there."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import keras
import numpy as np
import tensorflow as tf

from dlcli import data, engine, metrics
from dlcli.config.binding import bind
from dlcli.config.outputs import squashed
from dlcli.engine.model import construct, keras_message
from dlcli.errors import InterruptedRunError, UserError, WorkError
from dlcli.metrics import streaming
from dlcli.metrics.points import point
from dlcli.runtime.memory import OUT, REMEDY, is_short
from dlcli.store.runs import CALLBACK_PATHS
from dlcli.train.callbacks import check_callbacks, check_places
from dlcli.train.checkpoint import (
    Checkpoint,
    load_checkpoint,
    restore_callbacks,
    restore_model,
    take_checkpoint,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dlcli.config.experiment import Call, Config
    from dlcli.data.description import Dataset, Encoder, Split
    from dlcli.data.formats.keras_cache import Progress
    from dlcli.store.runs import RunFolder

CHECKPOINT = "checkpoint.npz"
CHECKPOINT_SHARE = 0.05
"""Largest share of the training time that may go into writing checkpoints."""

T = TypeVar("T")


class TrainingObserver(Protocol):
    """Is told how a training goes, to show it."""

    def started(self, *, epochs: int, steps: int, first_epoch: int) -> None:
        """Training begins; `steps` are the batches of an epoch."""

    def batch(self, *, epoch: int, step: int, logs: Mapping[str, float]) -> None:
        """A batch is done; called a few times a second at most."""

    def epoch(self, *, epoch: int, row: Mapping[str, float]) -> None:
        """An epoch is done, with its row of the history."""


@dataclass(frozen=True)
class TrainingResult:
    """What a training came to.

    Attributes:
        history: A row an epoch: epoch, loss, metrics, val_ ..., learning_rate, seconds.
        scores: For each of train, validation, test: the loss and metrics of the saved model.
        diverged: Whether the loss or a weight is no longer a finite number.
    """

    history: list[dict[str, Any]]
    scores: dict[str, dict[str, Any]]
    diverged: bool


@dataclass(frozen=True)
class Experiment:
    """A bound config with its data and its model, ready to train."""

    config: Config
    dataset: Dataset
    model: keras.Model


def prepare(
    config: Config, progress: Progress | None = None, encoder: Encoder | None = None
) -> Experiment:
    """Load a config's data, bind its variables to what was loaded, build and compile its model.

    Args:
        config: As read.
        progress: Told how a download goes.
        encoder: That a run which goes on has saved: its raw examples stay prepared as they were.

    Raises:
        ConfigError: If a variable is undefined, or Keras refuses a layer or an argument.
        DataError: If the data cannot be used.
    """
    dataset = data.load(
        config.data.source,
        validation=config.data.validation,
        seed=config.seed,
        group=config.data.group,
        time=config.data.time,
        progress=progress,
        encoder=encoder,
    )
    if dataset.train.size == 0:
        raise UserError("no training examples are left", remedy="lower data.validation")
    bound = bind(config, dataset.description, train_size=dataset.train.size)
    model = engine.prepare(bound, dataset)
    check_callbacks(bound, engine.log_names(bound, model, validated=dataset.validation is not None))
    return Experiment(bound, dataset, model)


def take_up(experiment: Experiment, run: RunFolder) -> Checkpoint | None:
    """Put a run's checkpoint into its model, and return what else it says.

    A run that was cut off in its first epoch has none; its seed starts it alike.

    Raises:
        UserError: If it is damaged, or of another model, or if a link in the folder would lead
            what the callbacks write out of it.
    """
    callbacks = experiment.config.fit.callbacks
    check_places(callbacks, run)
    saved = run.own(CHECKPOINT)
    if not saved.exists():
        return None
    checkpoint = load_checkpoint(saved)
    if len(checkpoint.callbacks) != len(callbacks):
        remedy = "resume a run with the config it was started with"
        raise UserError(f"{saved} belongs to other callbacks", remedy=remedy)
    restore_model(experiment.model, checkpoint)
    return checkpoint


def train(
    experiment: Experiment,
    run: RunFolder,
    observer: TrainingObserver,
    checkpoint: Checkpoint | None = None,
) -> TrainingResult:
    """Train a model and write the run's results into its folder.

    Args:
        experiment: Its test part is only scored, after training.
        run: A run folder that nobody else is training in.
        observer: Shows the progress.
        checkpoint: Of the run, which is in the model, to go on from.

    Raises:
        InterruptedRunError: On Ctrl-C; the epochs done are kept and can be resumed.
        WorkError: If Keras or the memory gives up.
    """
    config = experiment.config
    callbacks = [
        _construct_callback(call, run.path, checkpoint is not None) for call in config.fit.callbacks
    ]
    recorder = Recorder(run, observer, callbacks, checkpoint, config, experiment.dataset.train.size)
    with _kept_whatever_happens(recorder):
        _fit(experiment, recorder, [*callbacks, recorder], checkpoint)
        recorder.keep()
        result = _score(experiment, run, recorder.history)
    _finish(run, experiment, result)
    return result


def _fit(
    experiment: Experiment,
    recorder: Recorder,
    callbacks: list[keras.callbacks.Callback],
    checkpoint: Checkpoint | None,
) -> None:
    model, config, dataset = experiment.model, experiment.config, experiment.dataset
    first = checkpoint.epoch if checkpoint else 0
    recorder.observer.started(epochs=config.fit.epochs, steps=recorder.steps, first_epoch=first)
    if checkpoint is not None and (first >= config.fit.epochs or _stopped_early(checkpoint)):
        _end_early_stopping(model, recorder.others, checkpoint)
        return
    weights = engine.class_weights(config, dataset.train, dataset.description.classes)
    validation = (
        engine.validation_batches(model, dataset.validation, config)
        if dataset.validation is not None
        else None
    )
    model.fit(
        engine.batches(model, dataset.train, config, first_epoch=first, class_weights=weights),
        epochs=config.fit.epochs,
        initial_epoch=first,
        steps_per_epoch=recorder.steps,
        shuffle=False,  # the stream shuffles by itself
        validation_data=validation,
        callbacks=callbacks,
        verbose=0,
    )


def _stopped_early(checkpoint: Checkpoint) -> bool:
    return any(state.get("stopped_epoch") for state in checkpoint.callbacks)


def _end_early_stopping(
    model: keras.Model, callbacks: list[keras.callbacks.Callback], checkpoint: Checkpoint
) -> None:
    """Restore the best weights, as the end of the training that was cut off would have done."""
    restore_callbacks(callbacks, checkpoint)
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.EarlyStopping):
            callback.set_model(model)
            callback.on_train_end()


def _construct_callback(call: Call, folder: Path, resume: bool) -> keras.callbacks.Callback:
    """Make a callback whose files lie in the run's folder."""
    located = {}
    for name, value in call.arguments.items():
        located[name] = value
        if name in CALLBACK_PATHS and isinstance(value, str):
            path = (folder / value).resolve()
            if not path.is_relative_to(folder.resolve()):
                message = f"{call.path}.{name}: {value} leads out of the run's folder by a link"
                raise UserError(message, remedy=f"remove the link below {folder}")
            path.parent.mkdir(parents=True, exist_ok=True)
            located[name] = str(path)
    callback = construct(replace(call, arguments=located))
    if resume and isinstance(callback, keras.callbacks.CSVLogger):
        callback.append = True
    return callback


class Recorder(keras.callbacks.Callback):
    """Keeps the history, tells the observer, and holds a checkpoint of the last whole epoch."""

    def __init__(
        self,
        run: RunFolder,
        observer: TrainingObserver,
        others: list[keras.callbacks.Callback],
        checkpoint: Checkpoint | None,
        config: Config,
        examples: int,
    ) -> None:
        super().__init__()
        self.run = run
        self.observer = observer
        self.others = others
        self.latest = checkpoint
        self.epochs = config.fit.epochs
        self.steps = -(-examples // config.data.batch_size)
        self.history: list[dict[str, Any]] = list(checkpoint.history) if checkpoint else []
        self._resumed = checkpoint
        self._saved = checkpoint
        self._started = self._shown = self._epoch_started = time.monotonic()
        self._saving = 0.0
        self._epoch = 0

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 (Keras's form)
        """Put back what the other callbacks' own `on_train_begin` has reset."""
        self._started = time.monotonic()
        if self._resumed is not None:
            restore_callbacks(self.others, self._resumed)
        else:
            self.latest = take_checkpoint(self.model, self.others, 0, [])

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Start the epoch's clock."""
        self._epoch, self._epoch_started = epoch, time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Tell the observer, ten times a second at most."""
        now = time.monotonic()
        if now - self._shown >= 0.1:
            self._shown = now
            shown = {
                name: float(value) for name, value in (logs or {}).items() if np.ndim(value) == 0
            }
            self.observer.batch(epoch=self._epoch, step=batch + 1, logs=shown)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Record the epoch and take a checkpoint; write it if that costs little."""
        now = time.monotonic()
        row: dict[str, Any] = {"epoch": epoch + 1}
        row |= {name: _plain(logs[name]) for name in sorted(logs or {}, key=_column)}
        row["learning_rate"] = _learning_rate(self.model)
        row["seconds"] = round(now - self._epoch_started, 4)
        self.history.append(row)
        self.latest = take_checkpoint(self.model, self.others, epoch + 1, self.history)
        if self._saving <= CHECKPOINT_SHARE * (now - self._started):
            self.keep()
        self.observer.epoch(epoch=epoch + 1, row=row)

    def keep(self) -> None:
        """Write the latest checkpoint and the history, if they are not written yet."""
        if self.latest is None or self.latest is self._saved:
            return
        before = time.monotonic()
        with self.run.replace_into(CHECKPOINT) as path:
            self.latest.save(path)
        self.run.write_text("history.csv", _csv(self.latest.history))
        self._saved = self.latest
        self._saving += time.monotonic() - before


def _column(name: str) -> tuple[bool, bool, str]:
    """Order a row: the loss first, and validation after training."""
    return name.startswith("val_"), name.removeprefix("val_") != "loss", name


def _plain(value: Any) -> Any:
    array = np.asarray(value)
    return float(array) if array.ndim == 0 else array.tolist()


def _learning_rate(model: keras.Model) -> float:
    return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))


def _csv(rows: list[dict[str, Any]]) -> str:
    import pandas as pd

    text: str = pd.DataFrame(rows).to_csv(index=False)
    return text


@contextlib.contextmanager
def _kept_whatever_happens(recorder: Recorder) -> Iterator[None]:
    """Keep what was trained when Ctrl-C, or a failure, ends the training."""
    try:
        yield
    except KeyboardInterrupt:
        recorder.keep()
        _close_files(recorder.others)
        done = recorder.latest.epoch if recorder.latest else 0
        recorder.run.finish("interrupted", epochs_done=done, epochs=recorder.epochs)
        raise InterruptedRunError(
            f"interrupted after {done} whole epoch{'s' if done != 1 else ''}; they are kept",
            remedy=f"go on with: dlcli train --resume {recorder.run.path}",
        ) from None
    except (MemoryError, ValueError, TypeError, tf.errors.OpError) as error:
        if is_short(error):
            with contextlib.suppress(MemoryError):  # what was kept before stays
                recorder.keep()
            raise WorkError(OUT, remedy=REMEDY) from None
        recorder.keep()
        remedy = "check that loss, metrics and last layer fit the data; --debug shows all of it"
        raise WorkError(f"Keras stopped training: {keras_message(error)}", remedy=remedy) from error


def _close_files(callbacks: list[keras.callbacks.Callback]) -> None:
    """Close what `on_train_end` would have closed; calling that would restore best weights."""
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.CSVLogger) and callback.csv_file:
            callback.csv_file.close()


def _score(experiment: Experiment, run: RunFolder, history: list[dict[str, Any]]) -> TrainingResult:
    """Score the trained model on every part and write the run's results."""
    model, config, dataset = experiment.model, experiment.config, experiment.dataset
    parts = {
        name: part
        for name in ("train", "validation", "test")
        if (part := getattr(dataset, name)) is not None
    }
    evaluation = engine.Evaluation(model, dataset.train)
    evaluated = {
        name: evaluation(
            part, np.arange(part.size), engine.evaluation_batch_size(config, part.size)
        )
        for name, part in parts.items()
    }
    task, classes = dataset.description.task, len(dataset.description.classes)
    logits = squashed(config, task)
    predicted = {
        name: metrics.probabilities(found.outputs[0], from_logits=logits, task=task)
        for name, found in evaluated.items()
    }
    names = [item for item in config.compile.metrics or () if isinstance(item, str)]
    scores = {
        name: point(part.y, predicted[name], names, task=task, classes=classes)
        for name, part in parts.items()
    }
    for metric_name, call in engine.named_metrics(config):
        if not isinstance(call, str):
            metric = engine.keras_metric(metric_name, call)
            for name, part in parts.items():
                scores[name][metric_name] = streaming.whole_split(
                    metric, part.y, predicted[name], task=task, classes=classes
                )
    for name in parts:
        scores[name] = {"loss": evaluated[name].loss} | scores[name]
    finite = all(bool(np.isfinite(w.numpy()).all()) for w in model.trainable_weights)
    diverged = not finite or not all(np.isfinite(s["loss"]) for s in scores.values())
    _write_results(model, run, scores, _last(parts), predicted)
    return TrainingResult(history, scores, diverged)


def _finish(run: RunFolder, experiment: Experiment, result: TrainingResult) -> None:
    config = experiment.config
    scored, _ = _last(result.scores)
    run.finish(
        "finished",
        epochs_done=len(result.history),
        epochs=config.fit.epochs,
        dataset=config.data.source.name,
        optimizer=config.compile.optimizer.name,
        scored=scored,
        metrics=result.scores[scored],
        diverged=result.diverged,
    )


def _last(parts: Mapping[str, T]) -> tuple[str, T]:
    """Return the part that a run is judged by: test, or what stands in for it."""
    name = next(name for name in ("test", "validation", "train") if name in parts)
    return name, parts[name]


def _write_results(
    model: keras.Model,
    run: RunFolder,
    scores: dict[str, dict[str, Any]],
    scored: tuple[str, Split],
    predicted: Mapping[str, np.ndarray],
) -> None:
    name, part = scored
    run.write_json("metrics.json", scores)
    with run.replace_into("predictions.npz") as path, path.open("wb") as stream:
        np.savez_compressed(stream, y_true=part.y, y_prob=predicted[name], split=np.array(name))
    with run.replace_into("model.keras") as path:
        # Without the compile state: it is in the config, and loads only with dlcli's own losses.
        keras.Model(model.input, model.output, name=model.name).save(path)
