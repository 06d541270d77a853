"""A run from its config to its folder: what `dlcli train` starts, and what it resumes."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dlcli.catalogue import plugins
from dlcli.config.binding.class_weights import are_numbers
from dlcli.config.binding.findings import judge_of
from dlcli.config.conversion.loading import (
    load_config,
    parse_config,
    parse_document,
    read_document,
    read_text,
)
from dlcli.config.conversion.rendering import to_yaml
from dlcli.config.grammar.calls import plugins_in
from dlcli.config.grammar.catalogue_pieces import MISSING_PLUGIN
from dlcli.config.sections.experiment import Call
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.data import (
    describe,
    feature_names,
    fingerprints,
    form_of,
    own_files,
)
from dlcli.data.lengths import sequence_lengths
from dlcli.errors import DlcliError, FullDiskError, UserError
from dlcli.rules.examples import look
from dlcli.runtime.environment import environment
from dlcli.runtime.files import replacing
from dlcli.runtime.quiet import load_tensorflow
from dlcli.store.copies import write_copies
from dlcli.store.folder import check_new
from dlcli.store.forms import changed_data, saved_form
from dlcli.store.runs import (
    CONFIG,
    DATA,
    ENVIRONMENT,
    FAILED,
    FINISHED,
    SOURCE,
    RunFolder,
    create_run,
    create_run_at,
    find_run,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from dlcli.config.binding.findings import Judge
    from dlcli.config.sections.experiment import Config
    from dlcli.config.yaml.diagnostics import Diagnostic
    from dlcli.data.formats.keras_cache import Progress
    from dlcli.train.checkpoint import Checkpoint
    from dlcli.train.experiment import Experiment
    from dlcli.train.fit import TrainingObserver, TrainingResult


class TrainingSession:
    """One training about to happen; as a context manager it holds the run's lock.

    Nothing is written into the run's folder before the lock is held: another process may be
    training there.

    Args:
        experiment: What is trained.
        open_run: Finds the run's folder, or makes it.
        judge: Of the config; gives advice at the end.
        source: The config as written, for a new run; None for one that goes on.
        remarks: What the user should know before it starts.
    """

    def __init__(
        self,
        experiment: Experiment,
        open_run: Callable[[], RunFolder],
        *,
        judge: Judge,
        source: str | None = None,
        remarks: tuple[str, ...] = (),
    ) -> None:
        self.experiment = experiment
        self.remarks = remarks
        self._open_run = open_run
        self._judge = judge
        self._source = source
        self._stack = ExitStack()
        self._checkpoint: Checkpoint | None = None

    def __enter__(self) -> RunFolder:
        self.run = self._open_run()
        with ExitStack() as stack:
            stack.enter_context(self.run.lock())
            self._write_beginning()
            self._stack = stack.pop_all()
        return self.run

    def _write_beginning(self) -> None:
        """Write what says that the run is going on; one that cannot go on is left as it is."""
        if self._source is None:
            from dlcli.train.fit import take_up

            self._checkpoint = take_up(self.experiment, self.run)
            self.run.reopen()
        else:
            self.run.write_text(SOURCE, self._source)
            _write_environment(self.run, self.experiment.config)
            _write_form(self.run, self.experiment)
        write_copies(self.run, plugins_in(self.experiment.config))
        self.run.write_text(CONFIG, to_yaml(self.experiment.config))

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def train(self, observer: TrainingObserver) -> TrainingResult:
        """Train, and note a failure in the run's status."""
        from dlcli.train.fit import train

        try:
            return train(self.experiment, self.run, observer, self._checkpoint, self._judge)
        except FullDiskError as error:  # it is not the training that failed
            remedy = f"Free some space, then continue with: dlcli train --resume {self.run.path}"
            raise FullDiskError(error.message, remedy=remedy) from error
        except DlcliError as error:
            if error.exit_code == 1:
                self.run.finish(FAILED, message=error.message)
            raise


def start(
    path: str,
    overrides: tuple[str, ...],
    *,
    root: Path,
    out: Path | None,
    progress: Progress | None = None,
    warn: Callable[[Sequence[Diagnostic]], None] = lambda _: None,
) -> TrainingSession:
    """Read a config, load its data and build its model; the run's folder comes last.

    So a mistake that shows before training leaves no folder behind.

    Args:
        path: The config's file, or `-`.
        overrides: `path=value` changes of it.
        root: Folder of the runs.
        out: The run's own folder instead.
        progress: Told how a download goes.
        warn: Told what rules warn of, of the config before the data, which may take long to load.
    """
    return start_from(read_text(path), overrides, root=root, out=out, progress=progress, warn=warn)


def start_from(
    text: Text,
    overrides: tuple[str, ...],
    *,
    root: Path,
    out: Path | None,
    progress: Progress | None = None,
    warn: Callable[[Sequence[Diagnostic]], None] = lambda _: None,
) -> TrainingSession:
    """Do the same with a config's text; see `start`."""
    document = parse_document(text, overrides)
    config = read_document(document)
    data = config.data
    known = describe(
        data.source,
        group=data.group,
        time=data.time,
        validation=data.validation,
        fraction=data.fraction,
        seed=config.seed,
    )
    warn(judge_of(document, config, known).looks("config"))  # before TensorFlow is loaded
    if out is not None:
        check_new(out)
    load_tensorflow()
    from dlcli.train.fit import prepare

    experiment = prepare(config, progress)
    dataset = experiment.dataset
    judge = judge_of(document, config, dataset.description, train_size=dataset.train.size)
    warn(judge.looks("data", look(dataset, names=feature_names(dataset.encoder))))

    def open_run() -> RunFolder:
        return create_run_at(out) if out else create_run(root, config.name, now=datetime.now(UTC))

    remarks = (*experiment.dataset.told, *_remarks(config, experiment))
    return TrainingSession(experiment, open_run, judge=judge, source=text.content, remarks=remarks)


def export_script(
    path: str,
    overrides: tuple[str, ...],
    *,
    script: Path,
    data: Path,
    progress: Progress | None = None,
) -> None:
    """Write the plain Keras script that trains as a config does, and its data beside it.

    Args:
        path: The config's file, or `-`.
        overrides: `path=value` changes of it.
        script: The script to write.
        data: The .npz that it reads.
        progress: Told how a download goes.

    Raises:
        UserError: If the config is wrong, or plain Keras cannot say it.
    """
    config = read_document(parse_document(read_text(path), overrides))
    load_tensorflow()
    import numpy as np

    from dlcli.train.fit import prepare
    from dlcli.train.script import script_of

    model_file = script.with_suffix(".keras").name
    made = script_of(prepare(config, progress), data_file=data.name, model_file=model_file)
    with replacing(data) as stream:
        np.savez(stream, allow_pickle=False, **made.arrays)
    with replacing(script) as stream:
        stream.write(made.text.encode())


def resume(root: Path, name: str, *, epochs: int | None, config: str | None) -> TrainingSession:
    """Take up a run where it stopped, or train a finished one for more epochs.

    Raises:
        UserError: If the run is finished, was started with another config, or its data changed.
    """
    run = find_run(root, name)
    read = load_run_config(run)
    if config is not None:
        written = _epochs_of(load_config(config), run)
        epochs = written if epochs is None else epochs
    if epochs is not None:
        read = replace(read, fit=replace(read.fit, epochs=epochs))
    _check_more_to_do(run, epochs, name)
    _check_plugins(run, read)
    _check_data(run)
    load_tensorflow()
    from dlcli.train.fit import prepare

    form = saved_form(run)
    experiment = prepare(read, encoder=form and form.encoder)
    document = parse_document(Text(str(run.path / CONFIG), run.read_text(CONFIG)))
    dataset = experiment.dataset
    judge = judge_of(document, read, dataset.description, train_size=dataset.train.size)
    return TrainingSession(experiment, lambda: run, judge=judge, remarks=experiment.dataset.told)


def _check_more_to_do(run: RunFolder, epochs: int | None, name: str) -> None:
    """Refuse to resume a run for fewer epochs than it has, or a finished one for no more.

    Raises:
        UserError: If there is nothing to train.
    """
    done = run.epochs_done()
    if run.state == FINISHED and (epochs or 0) <= done:
        remedy = f"To train longer: dlcli train --resume {name} --epochs N, with N above {done}"
        raise UserError(f"the run {run.path.name} is finished after {done} epochs", remedy=remedy)
    if epochs is not None and epochs < done:
        message = f"the run {run.path.name} already has {done} epochs, more than {epochs}"
        raise UserError(message, remedy=f"Give --epochs above {done}, or leave it out.")


def _check_data(run: RunFolder) -> None:
    """Make sure that a run goes on with the data that it was started with.

    Raises:
        UserError: If files of them have changed since.
    """
    if changed := changed_data(run):
        message = f"the data of {run.path.name} have changed since it was started: {changed[0]}"
        remedy = f"Put them back, or train on the new ones: dlcli train {run.path / SOURCE}"
        raise UserError(message, remedy=remedy)


def _check_plugins(run: RunFolder, config: Config) -> None:
    """Make sure that a run goes on with the code that it was started with.

    Raises:
        UserError: If a plugin has changed since.
    """
    before = run.read_json(ENVIRONMENT).get("plugins", {})
    for plugin in plugins_in(config):
        if isinstance(before, dict) and before.get(plugin.name, plugin.digest) != plugin.digest:
            copy = run.path / plugins.FOLDER / f"{plugin.name}.py"
            message = f"{plugin.place} has changed since {run.path.name} was started"
            raise UserError(message, remedy=f"go on with the run's own copy: --plugin {copy}")


def load_run_config(run: RunFolder) -> Config:
    """Read the config of a run.

    Raises:
        UserError: If it is missing or damaged.
    """
    try:
        return parse_config(Text(str(run.path / CONFIG), run.read_text(CONFIG)))
    except ConfigError as error:
        if error.diagnostics[0].rule == MISSING_PLUGIN:
            raise
        remedy = "Undo manual edits of the file, or use the version of dlcli that wrote it."
        message = f"the config of {run.path} cannot be read: {error.diagnostics[0].message}"
        raise UserError(message, remedy=remedy) from None


def _epochs_of(given: Config, run: RunFolder) -> int:
    """Return the epochs of a config that is otherwise the one a run was started with.

    Raises:
        UserError: If anything else differs.
    """
    written = parse_config(Text(SOURCE, run.read_text(SOURCE)))
    if replace(written, fit=replace(written.fit, epochs=given.fit.epochs)) != replace(
        given, name=written.name
    ):
        remedy = f"Leave the config out: dlcli train --resume {run.path.name}"
        raise UserError(f"{run.path.name} was started with another config", remedy=remedy)
    return given.fit.epochs


def _remarks(written: Config, experiment: Experiment) -> tuple[str, ...]:
    bound, description = experiment.config, experiment.dataset.description
    return (
        *_loss_remark(written, bound),
        *_weights_remark(bound, description.classes),
        *_padding_remarks(experiment),
    )


def _weights_remark(config: Config, classes: tuple[str, ...]) -> tuple[str, ...]:
    """Say which classes are meant where weights are given by their numbers."""
    weights = config.fit.class_weight
    if weights is None or isinstance(weights, str) or not are_numbers(weights, classes):
        return ()
    named = ", ".join(f"{classes[int(key)]} {weight:g}" for key, weight in weights.items())
    return (f"class_weight: {named}",)


def _padding_remarks(experiment: Experiment) -> Iterator[str]:
    """Say whether the model sees the padding of sequences of different lengths."""
    from dlcli.engine.masking import is_masked

    dataset = experiment.dataset
    for name, spec in dataset.description.inputs.items():
        if spec.shape[:1] != (None,):
            continue
        lengths = sequence_lengths(dataset.train.x, name)
        shortest, longest = int(lengths.min()), int(lengths.max())
        if shortest == longest:
            continue
        what = "tokens" if spec.dtype == "int32" else "steps"
        told = f"sequences of {shortest:,} to {longest:,} {what}"
        if is_masked(experiment.model):
            yield f"{told}: their padding is masked"
        else:
            yield (
                f"{told} without a mask: outputs depend on how far a batch is padded; use layers "
                "that take a mask, such as LSTM, Conv1D and GlobalMaxPooling1D"
            )


def _loss_remark(written: Config, bound: Config) -> tuple[str, ...]:
    if written.compile.loss is not None or not isinstance(bound.compile.loss, Call):
        return ()
    loss = bound.compile.loss
    arguments = ", ".join(f"{k}={v}" for k, v in loss.arguments.items())
    return (f"loss: {loss.name}({arguments}), inferred from the task and the last activation",)


def _write_form(run: RunFolder, experiment: Experiment) -> None:
    """Write what the model knows of data of the user's own, and what their files hold."""
    source = experiment.config.data.source
    if source.name in own_files():
        form = form_of(experiment.dataset).to_dict()
        run.write_json(DATA, {**form, "files": fingerprints(source)})


def _write_environment(run: RunFolder, config: Config) -> None:
    import tensorflow as tf

    devices = [device.name for device in tf.config.list_physical_devices()]
    told = environment(config.seed, sys.argv, devices)
    if used := plugins_in(config):
        told["plugins"] = {plugin.name: plugin.digest for plugin in used}
    run.write_json(ENVIRONMENT, told)
