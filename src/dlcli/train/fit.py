"""One training: seed, build, train, score, save; cut off anywhere, it can go on from there."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import keras
import numpy as np
import tensorflow as tf

from dlcli import data, engine, metrics
from dlcli.catalogue import plugins
from dlcli.config.binding.binding import bind
from dlcli.engine.graph import append_log, close_log, has_stopped_early
from dlcli.engine.model import construct
from dlcli.errors import InterruptedRunError, UserError, WorkError
from dlcli.metrics import streaming
from dlcli.metrics.points import point
from dlcli.rules.scales import scales_of
from dlcli.runtime.interrupts import never_swallowed
from dlcli.runtime.memory import OUT, REMEDY, is_short
from dlcli.runtime.messages import keras_message
from dlcli.store.runs import ADVICE, CALLBACK_PATHS, SCALES
from dlcli.train.advice import Advice, advise
from dlcli.train.baselines import Scores, baseline_scores, saved_arrays
from dlcli.train.callbacks import check_callbacks, check_places
from dlcli.train.checkpoint import (
    Checkpoint,
    load_checkpoint,
    restore_callbacks,
    restore_model,
    take_checkpoint,
)
from dlcli.train.experiment import Experiment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from dlcli.config.binding.findings import Judge
    from dlcli.config.sections.experiment import Call, Config
    from dlcli.data.description import Encoder, Split
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
        baselines: The same scores of simple predictions, by their name.
        notes: What a reader of the scores should know, a sentence each.
        advice: What to try next, the most important first.
    """

    history: list[dict[str, Any]]
    scores: dict[str, dict[str, Any]]
    diverged: bool
    baselines: Scores = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    advice: tuple[Advice, ...] = ()


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
        fraction=config.data.fraction,
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
        remedy = "Resume the run with the config it was started with."
        raise UserError(f"{saved} was written with other callbacks", remedy=remedy)
    restore_model(experiment.model, checkpoint)
    return checkpoint


def train(
    experiment: Experiment,
    run: RunFolder,
    observer: TrainingObserver,
    checkpoint: Checkpoint | None = None,
    judge: Judge | None = None,
) -> TrainingResult:
    """Train a model and write the run's results into its folder.

    Args:
        experiment: Its test part is only scored, after training.
        run: A run folder that nobody else is training in.
        observer: Shows the progress.
        checkpoint: Of the run, which is in the model, to go on from.
        judge: Gives advice at the end.

    Raises:
        InterruptedRunError: On Ctrl-C; the epochs done are kept and can be resumed.
        WorkError: If Keras or the memory gives up.
    """
    config = experiment.config
    callbacks = [
        _construct_callback(call, run.path, checkpoint is not None) for call in config.fit.callbacks
    ]
    recorder = Recorder(run, observer, callbacks, checkpoint, config, experiment.dataset.train.size)
    with _kept_whatever_happens(recorder), never_swallowed() as recorder.heed:
        _fit(experiment, recorder, [*callbacks, recorder], checkpoint)
        recorder.keep()
        result = _score(experiment, run, recorder.history)
        if judge is not None:
            result = _advised(judge, experiment, run, result)
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
    return any(has_stopped_early(state) for state in checkpoint.callbacks)


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
                message = (
                    f"{call.path}.{name}: {value} leads outside the run's folder through a link"
                )
                raise UserError(message, remedy=f"Remove the link in {folder}.")
            path.parent.mkdir(parents=True, exist_ok=True)
            located[name] = str(path)
    callback = construct(replace(call, arguments=located))
    if resume and isinstance(callback, keras.callbacks.CSVLogger):
        append_log(callback)
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
        self.heed: Callable[[], None] = lambda: None
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
        self.heed()
        now = time.monotonic()
        if now - self._shown >= 0.1:
            self._shown = now
            shown = {
                name: float(value) for name, value in (logs or {}).items() if np.ndim(value) == 0
            }
            self.observer.batch(epoch=self._epoch, step=batch + 1, logs=shown)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Hear Ctrl-C while validating, too."""
        self.heed()

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
        self.heed()

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
            remedy=f"Continue with: dlcli train --resume {recorder.run.path}",
        ) from None
    except (MemoryError, ValueError, TypeError, tf.errors.OpError) as error:
        if is_short(error):
            with contextlib.suppress(MemoryError):  # what was kept before stays
                recorder.keep()
            raise WorkError(OUT, remedy=REMEDY) from None
        recorder.keep()
        remedy = (
            "Check that the loss, the metrics and the last layer fit the data; --debug shows the "
            "whole error."
        )
        if place := plugins.told(error):
            raise WorkError(place, remedy=plugins.MEND) from error
        raise WorkError(f"Keras stopped training: {keras_message(error)}", remedy=remedy) from error
    except Exception as error:
        if not (place := plugins.told(error)):
            raise
        recorder.keep()
        raise WorkError(place, remedy=plugins.MEND) from error


def _close_files(callbacks: list[keras.callbacks.Callback]) -> None:
    """Close what `on_train_end` would have closed; calling that would restore best weights."""
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.CSVLogger):
            close_log(callback)


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
    predicted = {
        name: engine.probabilities(found.outputs, config, task) for name, found in evaluated.items()
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
    last, _ = _last(parts)
    _write_results(
        experiment, run, scores, _last(parts), predicted, dataset.baselines.get(last, {})
    )
    simple = baseline_scores(model, dataset, names)
    if simple:
        run.write_json("baselines.json", simple)
    named = [
        item if isinstance(item, str) else item.name for _, item in engine.named_metrics(config)
    ]
    notes = metrics.told_of_positive(named, task, dataset.description.classes)
    return TrainingResult(history, scores, diverged, simple, notes)


def _advised(
    judge: Judge, experiment: Experiment, run: RunFolder, result: TrainingResult
) -> TrainingResult:
    """Return the result with advice, which is written into the run's folder too."""
    found = advise(judge, experiment, result.history, result.scores, diverged=result.diverged)
    run.write_json(ADVICE, {"advice": [advice._asdict() for advice in found]})
    scales = scales_of(experiment.dataset.train)
    run.write_json(SCALES, {name: scale.to_dict() for name, scale in scales.items()})
    return replace(result, advice=found)


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
    experiment: Experiment,
    run: RunFolder,
    scores: dict[str, dict[str, Any]],
    scored: tuple[str, Split],
    predicted: Mapping[str, np.ndarray],
    baselines: Mapping[str, np.ndarray],
) -> None:
    name, part = scored
    run.write_json("metrics.json", scores)
    arrays: dict[str, Any] = {"y_true": part.y, "y_prob": predicted[name], "split": np.array(name)}
    arrays |= saved_arrays(baselines)
    with run.replace_into("predictions.npz") as path, path.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    with run.replace_into("model.keras") as path:
        engine.for_keras(experiment.model, experiment.config, experiment.dataset.description).save(
            path
        )
