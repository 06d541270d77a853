"""A run's model for other programs: a SavedModel, LiteRT or ONNX, compared with the run's own.

What dlcli does to a user's files before they are arrays (categories, words, missing cells) is none
of the model's layers, and so is not exported: a description beside the model says what it takes.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcli.config.binding.outputs import output_kind
from dlcli.errors import DlcliError, UserError, WorkError
from dlcli.runtime.environment import versions
from dlcli.runtime.files import replacing
from dlcli.runtime.installation import install_command
from dlcli.runtime.messages import keras_message
from dlcli.runtime.quiet import quietly
from dlcli.store.folder import explained_os_errors
from dlcli.train.formats import SUFFIXES
from dlcli.train.saved import data_form, load_model, loaded, open_run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.config.sections.experiment import Config
    from dlcli.data import Form
    from dlcli.data.description import DataDescription, Split
    from dlcli.store.runs import RunFolder

EXAMPLES = 32
"""With which what was exported is compared."""

TOLERANCE = 1e-4
"""Outputs that differ by more, relative to the largest, are another model's."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        model: The file, or the folder of a SavedModel.
        description: The JSON file that says what the model takes and gives.
        examples: With which it was compared with the run's model.
        difference: The largest difference of an output.
        told: What should be said, a sentence each.
    """

    model: Path
    description: Path
    examples: int
    difference: float
    told: tuple[str, ...]


def export_run(root: Path, name: str | None, kind: str, out: Path | None = None) -> Exported:
    """Write a run's model in another format, and compare it with the run's own.

    Args:
        root: Folder of the runs.
        name: Which run; the newest finished one by default.
        kind: One of `SUFFIXES`.
        out: Where to; by default the run's name in the working folder.

    Raises:
        UserError: For an unknown run, something that exists already, a package that is missing, or
            a model that the format cannot hold.
        WorkError: If what was written gives other outputs than the run's model; it is removed.
    """
    run, config = open_run(root, name)
    path = out or Path(run.path.name + SUFFIXES[kind])
    description = path.with_name(f"{path.name}.json")
    for place in (path, description):
        if place.exists():
            raise UserError(f"{place} exists already", remedy="Name another place with --out.")
    if not path.parent.is_dir():
        raise UserError(
            f"the folder {path.parent} does not exist", remedy="Create it, or check --out."
        )
    _check_packages(kind)
    model = load_model(run)
    form = data_form(run, config)
    examples, told = _examples(config, form)
    from dlcli.engine import formats
    from dlcli.engine.model import feed

    arrays = formats.prepared(model, feed(model, examples))
    one = kind == "litert" and formats.takes_one(model)
    try:
        with explained_os_errors(path):
            difference = _written(
                model, arrays, formats.FORMATS[kind], path, batch=1 if one else None
            )
            facts = _described(run, config, form.description, model, kind, one=one)
            with replacing(description) as stream:
                stream.write((json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode())
    except BaseException:
        formats.remove(path)
        raise
    return Exported(path, description, examples.size, difference, told)


def _check_packages(kind: str) -> None:
    """Make sure that what a format needs is installed; importing it would start TensorFlow."""
    needed = ("onnx", "onnxruntime", "tf2onnx") if kind == "onnx" else ()
    for package in needed:
        if importlib.util.find_spec(package) is None:
            message = f"ONNX needs the package {package}, which is not installed"
            raise UserError(message, remedy=f"Install it {install_command('onnx')}.")


def _written(
    model: Any, arrays: Mapping[str, np.ndarray], form: Any, path: Path, *, batch: int | None
) -> float:
    """Write a model, run it, and return how far its outputs are from the model's own."""
    from dlcli.engine import formats

    failure: Exception | None = None
    with quietly():
        try:
            form.write(formats.for_inference(model), path, formats.signature(model, batch))
            made = form.run(path, arrays)
        except (DlcliError, OSError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 (converters raise of all kinds)
            failure = error
    if failure is not None:
        message = f"the format cannot hold this model: {keras_message(failure)}"
        remedy = "Choose another --format; savedmodel holds most."
        raise UserError(message, remedy=remedy) from failure
    given = dict(arrays) if len(arrays) > 1 else next(iter(arrays.values()))
    own = model.predict(given, verbose=0)
    wanted = [np.asarray(output) for output in (own if isinstance(own, list | tuple) else [own])]
    difference = formats.difference(made, wanted)
    largest = max(1.0, *(float(np.nanmax(np.abs(output), initial=0.0)) for output in wanted))
    if not difference <= TOLERANCE * largest:
        message = f"the exported model's outputs differ from the run's by up to {difference:.3g}"
        raise WorkError(message, remedy="Choose another --format; nothing was kept.")
    return difference


def _examples(config: Config, form: Form) -> tuple[Split, tuple[str, ...]]:
    """Return a few examples of the run's data, or noise where the data are not here."""
    try:
        dataset = loaded(config, form)
    except DlcliError:
        told = "the run's data are not here: compared with random inputs"
        return _noise(form.description), (told,)
    part = dataset.test or dataset.validation or dataset.train
    return part.take(np.arange(min(EXAMPLES, part.size))), ()


def _noise(description: DataDescription) -> Split:
    from dlcli.data.description import Split

    rng = np.random.default_rng(0)
    arrays = {}
    for name, spec in description.inputs.items():
        shape = (EXAMPLES, *(10 if length is None else length for length in spec.shape))
        drawn = (
            rng.integers(0, description.vocabulary_size or 2, shape)
            if "int" in spec.dtype
            else rng.normal(size=shape)
        )
        arrays[name] = drawn.astype(spec.dtype)
    return Split(arrays, np.zeros(EXAMPLES))


def _described(
    run: RunFolder,
    config: Config,
    description: DataDescription,
    model: Any,
    kind: str,
    *,
    one: bool,
) -> dict[str, Any]:
    """Return what a program must know to use the model."""
    first = 1 if one else None
    return {
        "format": kind,
        "run": run.path.name,
        "dlcli": versions()["dlcli"],
        "data": description.name,
        "task": description.task,
        "inputs": {
            t.name: {"shape": [first, *t.shape[1:]], "dtype": str(t.dtype)} for t in model.inputs
        },
        "outputs": [{"shape": [first, *t.shape[1:]], "dtype": str(t.dtype)} for t in model.outputs],
        "meaning": output_kind(config, description.task),
        "classes": list(description.classes),
    }
