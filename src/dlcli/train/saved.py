"""A saved run, its model and data: scores of any of its parts, and predictions for new examples."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcli import metrics
from dlcli.catalogue.catalogue import load_catalogue
from dlcli.config.experiment import Call
from dlcli.config.loading import parse_config
from dlcli.config.nodes import Text
from dlcli.config.outputs import output_kind, squashed
from dlcli.data import Form, describe, load, own_files, read_examples
from dlcli.errors import UserError, did_you_mean
from dlcli.metrics.evaluation import Evaluation, Score, score
from dlcli.metrics.predictions import CLASS_TASKS, LABEL_TASKS, batch_of_arrays
from dlcli.runtime.quiet import load_tensorflow
from dlcli.store.forms import changed_data, saved_form
from dlcli.store.model_file import check_model_file
from dlcli.store.runs import CONFIG, DATA, RunFolder, find_run, newest_run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dlcli.config.experiment import Config
    from dlcli.data.description import DataDescription, Dataset, NewExamples, Split

MODEL = "model.keras"
PREDICTIONS = "predictions.npz"
KERAS_RESAMPLES = 200


def open_run(root: Path, name: str | None) -> tuple[RunFolder, Config]:
    """Return a run, the newest finished one by default, and its config."""
    run = newest_run(root) if name is None else find_run(root, name)
    return run, parse_config(Text(str(run.path / CONFIG), run.read_text(CONFIG)))


def data_form(run: RunFolder, config: Config) -> Form:
    """Return what a run's model knows of its data, which need not be there any more.

    Raises:
        UserError: If the run's file of it is damaged.
    """
    data = config.data
    return saved_form(run) or Form(
        describe(
            data.source,
            group=data.group,
            time=data.time,
            validation=data.validation,
            seed=config.seed,
        )
    )


def evaluate_run(
    root: Path,
    name: str | None,
    names: list[str] | None,
    *,
    split: str | None = None,
    path: Path | None = None,
) -> tuple[RunFolder, Evaluation]:
    """Score a saved run.

    The test part is scored from the probabilities that the run saved, without TensorFlow.

    Args:
        root: Folder of the runs.
        name: Which run; the newest finished one by default.
        names: Metrics as typed; the run's own by default.
        split: `test`, `validation` or `train`; by default the part that the run is judged by.
        path: A file of examples to score instead.

    Raises:
        UserError: For an unknown run, metric or part.
    """
    if split is not None and path is not None:
        raise UserError("--split and --data exclude each other", remedy="leave one out")
    run, config = open_run(root, name)
    form = data_form(run, config)
    description = form.description
    wanted = names if names is not None else _own_metrics(config)
    keras_names = [text for text in wanted if _is_keras_metric(text)]
    own = [text for text in wanted if text not in keras_names]
    for text in own:
        metrics.check_task(metrics.parse(text), description.task)
        metrics.check_outputs(metrics.parse(text), output_kind(config, description.task))
    y_true, y_prob, told = _predictions(run, config, form, split, path)
    rng = np.random.default_rng(config.seed)
    task, classes = description.task, description.classes
    evaluated = score(y_true, y_prob, own, task=task, classes=classes, rng=rng)
    if keras_names:
        for text in keras_names:
            if text in metrics.OF_PROBABILITIES and task in LABEL_TASKS:
                metrics.check_probabilities(text, output_kind(config, task))
        more = _keras_scores(keras_names, y_true, y_prob, description, rng)
        together = {**evaluated.scores, **more}
        evaluated = replace(evaluated, scores={text: together[text] for text in wanted})
    return run, replace(evaluated, notes=(*evaluated.notes, *told, *_changed(run)))


def _changed(run: RunFolder) -> list[str]:
    """Say which data of a run have changed since it was trained."""
    return [f"changed since {run.path.name} was trained: {told}" for told in changed_data(run)]


def _is_keras_metric(text: str) -> bool:
    """Whether a name is a class of keras.metrics, and not one of dlcli's own."""
    try:
        metrics.parse(text)
    except UserError:
        entry = load_catalogue().find("metrics", text)
        return entry is not None and not entry.refused
    return False


def _keras_scores(
    names: list[str],
    y_true: np.ndarray,
    y_prob: np.ndarray,
    description: DataDescription,
    rng: np.random.Generator,
) -> dict[str, Score]:
    """Score with Keras's own metrics; their intervals are a bootstrap of fewer resamples.

    Raises:
        ConfigError: If a metric needs arguments.
        UserError: If it does not fit the predictions.
    """
    load_tensorflow()
    from dlcli.engine.model import construct, keras_message
    from dlcli.metrics.streaming import whole_split

    form: dict[str, Any] = {"task": description.task, "classes": len(description.classes)}
    draws = [rng.integers(0, len(y_true), len(y_true)) for _ in range(KERAS_RESAMPLES)]
    scores = {}
    for name in names:
        entry = load_catalogue().find("metrics", name)
        assert entry is not None  # noqa: S101  (see _is_keras_metric)
        try:
            metric = construct(Call("metrics", entry.name))
            value = whole_split(metric, y_true, y_prob, **form)
            drawn = [whole_split(metric, y_true[i], y_prob[i], **form) for i in draws]
        except (ValueError, TypeError) as error:
            remedy = "choose one of `dlcli ls metrics`"
            raise UserError(f"'{name}': {keras_message(error)}", remedy=remedy) from error
        scores[name] = Score(value, [float(q) for q in np.quantile(drawn, [0.025, 0.975])])
    return scores


def _own_metrics(config: Config) -> list[str]:
    return [item for item in config.compile.metrics or () if isinstance(item, str)]


def _predictions(
    run: RunFolder,
    config: Config,
    form: Form,
    split: str | None,
    path: Path | None,
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Return targets and probabilities, saved ones where there are, and what should be said."""
    if path is not None:
        examples = read_examples(path, form, targets=True)
        made = predict(run, config, examples, form.description.task)
        return examples.y, made, examples.told
    saved = read_predictions(run)
    if saved is not None and split is None and saved[2] != "test":
        told = f"these are the scores of the {saved[2]} part: the data have no test part"
        return saved[0], saved[1], (told,)
    split = split or "test"
    if saved is not None and saved[2] == split:
        return saved[0], saved[1], ()
    dataset = _loaded(config, form)
    part: Split | None = getattr(dataset, split)
    if part is None:
        remedy = "choose another --split"
        raise UserError(f"the data has no {split} part", remedy=remedy)
    return part.y, predict(run, config, part, form.description.task), dataset.told


def _loaded(config: Config, form: Form) -> Dataset:
    """Load the data that a run was trained on, which need not be on this machine.

    They are prepared as the run saved it.

    Raises:
        UserError: If files of the user's own are not there, or not what they were.
    """
    try:
        return load(
            config.data.source,
            validation=config.data.validation,
            seed=config.seed,
            group=config.data.group,
            time=config.data.time,
            encoder=form.encoder,
        )
    except UserError as error:
        if config.data.source.name not in own_files():
            raise
        remedy = "put the run's data there again, or score a file of such examples: --data FILE"
        raise UserError(error.message, remedy=remedy) from None


def read_predictions(run: RunFolder) -> tuple[np.ndarray, np.ndarray, str] | None:
    """Return the targets, probabilities and part that a run saved, or None if it did not.

    Raises:
        UserError: If the file is damaged.
    """
    path = run.own(PREDICTIONS)
    if not path.exists():
        run.read_text(CONFIG)
        return None
    from dlcli.data.formats.plain_npz import open_plain

    try:
        with open_plain(path) as content:
            y_true, y_prob = np.atleast_1d(content["y_true"]), np.atleast_1d(content["y_prob"])
            return y_true, y_prob, str(content["split"])
    except (OSError, ValueError, MemoryError) as error:
        remedy = f"train the run anew, or: dlcli train --resume {run.name} --epochs N"
        raise UserError(f"{path} is damaged: {error}", remedy=remedy) from None


def load_model(run: RunFolder) -> Any:
    """Load a run's model: one of Keras's own layers, in Keras's safe mode, so that no code runs.

    Raises:
        UserError: If the run has no model, or it cannot be loaded safely.
    """
    path = run.own(MODEL)
    if not path.exists():
        raise run.unfinished("model")
    check_model_file(path)
    load_tensorflow()
    import keras

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it skips; what it cannot load is an error
            return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        first = str(error).split("\n", 1)[0]
        remedy = "train the run anew; only models that hold no code are loaded"
        raise UserError(f"{path} cannot be loaded: {first}", remedy=remedy) from error


def predict(run: RunFolder, config: Config, examples: Split, task: str) -> np.ndarray:
    """Return a run's probabilities (predicted values for regression) for examples, (n, units).

    Raises:
        UserError: If the run's model is none of its config and data.
    """
    made = raw_outputs(run, config, examples)
    return metrics.probabilities(made, from_logits=squashed(config, task), task=task)


def raw_outputs(run: RunFolder, config: Config, examples: Split) -> np.ndarray:
    """Return what a run's model makes of examples, shape (n, units); logits stay logits.

    Raises:
        UserError: If the run's model is none of its config and data.
    """
    model = load_model(run)
    import tensorflow as tf

    from dlcli.engine import outputs
    from dlcli.engine.model import keras_message

    unfit = (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)
    try:
        return outputs(model, examples, config.data.batch_size)[0]
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, *unfit) as error:
        message = f"{run.path / MODEL} does not take these examples: {keras_message(error)}"
        raise UserError(message, remedy="is it the model that this run saved?") from error


@dataclass(frozen=True)
class Predictions:
    """Predictions for new examples.

    Attributes:
        columns: Names of the columns of `values`: `p(<class>)`, or `prediction`.
        values: Probabilities or predicted values, shape (n, columns).
        labels: The likeliest class of each example; empty for regression and multilabel.
        steps: Instead of all these, the likeliest class at each step of each example.
        kept: What tells the examples apart, by the name of its column.
        told: What should be said of the way the examples were read, a sentence each.
    """

    columns: tuple[str, ...]
    values: np.ndarray
    labels: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...] = ()
    kept: Mapping[str, Sequence[str]] = field(default_factory=dict)
    told: tuple[str, ...] = ()

    def rows(self) -> list[dict[str, Any]]:
        """Return a mapping for each example: what is kept, the class, then the values."""
        names = zip(*self.kept.values(), strict=True) if self.kept else None
        kept = (
            [{}] * len(self)
            if names is None
            else [dict(zip(self.kept, n, strict=True)) for n in names]
        )
        return [{**first, **row} for first, row in zip(kept, self._rows(), strict=True)]

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.steps) or len(self.values)

    def _rows(self) -> list[dict[str, Any]]:
        if self.steps:
            return [{f"step_{i}": name for i, name in enumerate(row, 1)} for row in self.steps]
        made = []
        for i, values in enumerate(self.values):
            head = {"class": self.labels[i]} if self.labels else {}
            named = zip(self.columns, values, strict=True)
            made.append(head | {column: float(value) for column, value in named})
        return made


def _value_columns(description: DataDescription, width: int) -> tuple[str, ...]:
    """Return the names of predicted labels or values."""
    if width == 1:
        return ("prediction",)
    numbered = tuple(f"prediction_{i}" for i in range(width))
    return description.classes or (
        description.targets if len(description.targets) > 1 else numbered
    )


def _check_width(run: RunFolder, made: np.ndarray, width: int) -> None:
    """Make sure that a model says as much as its data have classes or values.

    Raises:
        UserError: If not: the model, or what the run says of its data, is not the run's own.
    """
    if made.shape[-1] != width:
        message = f"{run.path / MODEL} predicts {made.shape[-1]} values, but {DATA} names {width}"
        raise UserError(message, remedy="train the run anew")


def _kept(examples: NewExamples, keep: Sequence[str], path: Path) -> dict[str, Sequence[str]]:
    """Return the columns that stand beside predictions: files' names, ids, and those asked for.

    Raises:
        UserError: If there is none of a name.
    """
    known = examples.columns
    for name in keep:
        if name not in known:
            shown = ", ".join(known) or "none"
            raise UserError(
                f"{path} has no column '{name}' to keep{did_you_mean(name, known)}",
                remedy=f"The columns that the model does not use are: {shown}.",
            )
    return {name: known[name] for name in (keep or examples.identity)}


def predict_file(root: Path, name: str, path: Path, keep: Sequence[str] = ()) -> Predictions:
    """Predict for the examples of a file or folder.

    Args:
        root: Folder of the runs.
        name: Which run.
        path: The file or folder.
        keep: Columns of the file to show beside the predictions.

    Raises:
        UserError: For an unknown run, or column to keep.
        DataError: If the examples do not fit the model's input.
    """
    run, config = open_run(root, name)
    if not (run.path / MODEL).exists():
        raise run.unfinished("model")
    form = data_form(run, config)
    description = form.description
    examples = read_examples(path, form, targets=False)
    kept = _kept(examples, keep, path)
    raw = raw_outputs(run, config, examples)
    task, kind = description.task, output_kind(config, description.task)
    made = metrics.probabilities(raw, from_logits=squashed(config, task), task=task)
    found = _predictions_of(run, description, made)
    if kind in ("margins", "scores") and found.labels:
        several = tuple(f"score({label})" for label in description.classes)
        found = replace(found, columns=("score",) if raw.shape[1] == 1 else several, values=raw)
    return replace(found, kept=kept, told=(*examples.told, *_changed(run)))


def _predictions_of(run: RunFolder, description: DataDescription, made: np.ndarray) -> Predictions:
    """Return what probabilities or values say of each example."""
    if description.task not in CLASS_TASKS:
        columns = _value_columns(description, made.shape[1])
        _check_width(run, made, len(columns))
        return Predictions(columns, made, ())
    if made.ndim == 3:
        _check_width(run, made, len(description.classes))
        likeliest = np.array(description.classes)[np.argmax(made, axis=-1)]
        return Predictions((), made, (), tuple(tuple(map(str, row)) for row in likeliest))
    y = np.zeros(len(made), dtype=int)
    batch = batch_of_arrays(y, made, task=description.task, classes=len(description.classes))
    _check_width(run, batch.output, len(description.classes))
    chosen = tuple(description.classes[i] for i in np.argmax(batch.guess, axis=1))
    columns = tuple(f"p({label})" for label in description.classes)
    return Predictions(columns, batch.output, chosen)
