"""A saved run, its model and data: scores of any of its parts, and predictions for new examples."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcli import metrics, rules
from dlcli.catalogue import plugins
from dlcli.catalogue.catalogue import load_catalogue
from dlcli.config.binding.outputs import output_kind, squashed
from dlcli.config.conversion.loading import parse_config
from dlcli.config.sections.experiment import Call
from dlcli.config.yaml.diagnostics import Diagnostic
from dlcli.config.yaml.nodes import Mark, Text
from dlcli.data import feature_names, form_of_source, load, own_files, read_examples
from dlcli.errors import UserError
from dlcli.metrics.evaluation import Evaluation, Score, score
from dlcli.metrics.predictions import LABEL_TASKS
from dlcli.rules.scales import scales_of
from dlcli.runtime.messages import keras_message
from dlcli.runtime.quiet import load_tensorflow
from dlcli.store.forms import changed_data, saved_form, saved_scales
from dlcli.store.model_file import check_model_file
from dlcli.store.runs import CONFIG, RunFolder, find_run, newest_run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from dlcli.config.sections.experiment import Config
    from dlcli.data import Form
    from dlcli.data.description import DataDescription, Dataset, Split

MODEL = "model.keras"
PREDICTIONS = "predictions.npz"
BASELINE = "baseline."
"""Begins the names of simple predictions in the file of predictions."""
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
    return saved_form(run) or form_of_source(
        data.source,
        group=data.group,
        time=data.time,
        validation=data.validation,
        fraction=data.fraction,
        seed=config.seed,
    )


def evaluate_run(
    root: Path,
    name: str | None,
    names: list[str] | None,
    *,
    split: str | None = None,
    path: Path | None = None,
    warn: Callable[[Sequence[Diagnostic]], None] = lambda _: None,
) -> tuple[RunFolder, Evaluation]:
    """Score a saved run.

    The test part is scored from the probabilities that the run saved, without TensorFlow.

    Args:
        root: Folder of the runs.
        name: Which run; the newest finished one by default.
        names: Metrics as typed; the run's own by default.
        split: `test`, `validation` or `train`; by default the part that the run is judged by.
        path: A file of examples to score instead.
        warn: Told what rules warn of, of the file's examples.

    Raises:
        UserError: For an unknown run, metric or part.
    """
    if split is not None and path is not None:
        raise UserError("--split and --data cannot be combined", remedy="leave one out")
    run, config = open_run(root, name)
    form = data_form(run, config)
    description = form.description
    wanted = names if names is not None else _own_metrics(config)
    keras_names = [text for text in wanted if _is_keras_metric(text)]
    own = [text for text in wanted if text not in keras_names]
    for text in own:
        metrics.check_task(metrics.parse(text), description.task)
        metrics.check_outputs(metrics.parse(text), output_kind(config, description.task))
    simple_values: Mapping[str, np.ndarray]
    if path is not None:
        examples = read_examples(path, form, targets=True)
        warn(stranger_than_trained(run, config, form, examples, path))
        told, simple_values = examples.told, examples.baselines
        y_true, y_prob = examples.y, predict(run, config, examples, description.task)
    else:
        y_true, y_prob, told, simple_values = _predictions(run, config, form, split)
    rng = np.random.default_rng(config.seed)
    task, classes = description.task, description.classes
    evaluated = score(y_true, y_prob, own, task=task, classes=classes, rng=rng)
    simple = {
        known: score(y_true, values, own, task=task, classes=classes, rng=rng).scores
        for known, values in simple_values.items()
    }
    evaluated = replace(evaluated, baselines=simple)
    if keras_names:
        for text in keras_names:
            if text in metrics.OF_PROBABILITIES and task in LABEL_TASKS:
                metrics.check_probabilities(text, output_kind(config, task))
        more = _keras_scores(keras_names, y_true, y_prob, description, rng)
        together = {**evaluated.scores, **more}
        evaluated = replace(evaluated, scores={text: together[text] for text in wanted})
    positive = metrics.told_of_positive(wanted, description.task, description.classes)
    return run, replace(evaluated, notes=(*positive, *evaluated.notes, *told, *changed(run)))


def changed(run: RunFolder) -> list[str]:
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
    from dlcli.engine.model import construct
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
            remedy = "Choose one of `dlcli ls metrics`."
            raise UserError(f"'{name}': {keras_message(error)}", remedy=remedy) from error
        scores[name] = Score(value, [float(q) for q in np.quantile(drawn, [0.025, 0.975])])
    return scores


def _own_metrics(config: Config) -> list[str]:
    return [item for item in config.compile.metrics or () if isinstance(item, str)]


def _predictions(
    run: RunFolder, config: Config, form: Form, split: str | None
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...], Mapping[str, np.ndarray]]:
    """Return targets, probabilities, what should be said, and simple predictions.

    They are those that the run saved, where there are such.
    """
    saved = read_predictions(run)
    if saved is not None and split is None and saved[2] != "test":
        told = f"these are the scores of the {saved[2]} part: the data have no test part"
        return saved[0], saved[1], (told,), saved_baselines(run)
    split = split or "test"
    if saved is not None and saved[2] == split:
        return saved[0], saved[1], (), saved_baselines(run)
    dataset = loaded(config, form)
    part: Split | None = getattr(dataset, split)
    if part is None:
        remedy = "choose another --split"
        raise UserError(f"the data has no {split} part", remedy=remedy)
    made = predict(run, config, part, form.description.task)
    return part.y, made, dataset.told, dataset.baselines.get(split, {})


def loaded(config: Config, form: Form) -> Dataset:
    """Load the data that a run was trained on, which need not be on this machine.

    They are prepared as the run saved it.

    Raises:
        UserError: If files of the user's own are not there, or not what they were.
    """
    try:
        return load(
            config.data.source,
            validation=config.data.validation,
            fraction=config.data.fraction,
            seed=config.seed,
            group=config.data.group,
            time=config.data.time,
            encoder=form.encoder,
        )
    except UserError as error:
        if config.data.source.name not in own_files():
            raise
        remedy = "Put the data back, or score a file of the same kind with --data FILE."
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
        remedy = f"Train the run again, or continue it: dlcli train --resume {run.name} --epochs N"
        raise UserError(f"{path} is damaged: {error}", remedy=remedy) from None


def saved_baselines(run: RunFolder) -> dict[str, np.ndarray]:
    """Return the simple predictions that a run saved beside its own, by their name."""
    from dlcli.data.formats.plain_npz import open_plain

    with open_plain(run.own(PREDICTIONS)) as content:
        names = [name for name in content.names if name.startswith(BASELINE)]
        return {name.removeprefix(BASELINE): content[name] for name in names}


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
            own = plugins.load_all()
            return keras.saving.load_model(path, custom_objects=own, compile=False, safe_mode=True)
    except plugins.PluginError:
        raise
    except Exception as error:
        first = str(error).split("\n", 1)[0]
        remedy = "Train the run again; dlcli loads only models that contain no code."
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

    from dlcli.engine import lengthened, outputs

    of_keras = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
    unfit = (*of_keras, tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)
    given: Split | None = examples
    first: Exception | None = None
    while given is not None:
        try:
            return outputs(model, given, config.data.batch_size)[0]
        except unfit as error:
            first = first or error
            given = lengthened(model, given)
    assert first is not None  # noqa: S101 (one was caught, or it would have returned)
    message = f"{run.path / MODEL} cannot predict these examples: {keras_message(first)}"
    remedy = "Check that the file is the model that this run saved."
    raise UserError(message, remedy=remedy) from first


def stranger_than_trained(
    run: RunFolder, config: Config, form: Form, examples: Split, path: Path
) -> tuple[Diagnostic, ...]:
    """Return what rules warn of where a model meets new examples.

    Args:
        run: Of the model.
        config: Of the run; what it ignores is not said.
        form: What the model knows of its data.
        examples: The new ones.
        path: Where they come from.
    """
    given = saved_scales(run), scales_of(examples), feature_names(form.encoder)
    found = rules.unsilenced(rules.found("examples", *given), config.ignore, {})
    mark = Mark(Text(str(path), ""), 1, 1)
    return tuple(
        Diagnostic(rule.name, mark, "", each.message, each.hint, rule.severity)
        for rule, each in found
    )
