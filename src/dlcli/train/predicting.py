"""What a saved run says of new examples: as a table, as arrays, or as images."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from dlcli import metrics
from dlcli.config.binding.outputs import output_kind, squashed
from dlcli.data import read_examples
from dlcli.data.description import Split
from dlcli.data.lengths import sequence_lengths
from dlcli.errors import DataError, UserError, did_you_mean
from dlcli.metrics.predictions import CLASS_TASKS, batch_of_arrays
from dlcli.store.runs import DATA
from dlcli.train.piped import NAME, STDIN, piped
from dlcli.train.saved import (
    MODEL,
    changed,
    data_form,
    open_run,
    raw_outputs,
    stranger_than_trained,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dlcli.config.sections.experiment import Config
    from dlcli.config.yaml.diagnostics import Diagnostic
    from dlcli.data.description import DataDescription, NewExamples
    from dlcli.store.runs import RunFolder

LIKELY = 0.5
"""The probability from which a label applies, where several may."""

SEVERAL = "labels"
"""The column of the labels that apply."""

STEP = "step"
"""The column that counts the steps of an example, from 1."""


@dataclass(frozen=True)
class Predictions:
    """Predictions for new examples, or for each step of them.

    Attributes:
        columns: Names of the columns of `values`: `p(<class>)`, or `prediction`.
        values: Probabilities or predicted values, shape (n, columns), or for each pixel
            (n, height, width, columns).
        labels: The likeliest class of each row, or all labels that are likelier than not; empty
            for regression, and where pixels have classes.
        classes: The names of the classes; empty for regression.
        decision: What the column of `labels` is called.
        kept: What tells the rows apart, by the name of its column.
        told: What should be said of the way the examples were read, a sentence each.
    """

    columns: tuple[str, ...]
    values: np.ndarray
    labels: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    decision: str = "class"
    kept: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    told: tuple[str, ...] = ()

    @property
    def are_images(self) -> bool:
        """Whether an example is predicted pixel by pixel."""
        return self.values.ndim > 2

    def rows(self) -> list[dict[str, Any]]:
        """Return a mapping for each row: what is kept, the class, then the values.

        Raises:
            UserError: If pixels are predicted, which are no rows.
        """
        if self.are_images:
            shape = " x ".join(map(str, self.values.shape[1:3]))
            message = f"the run predicts {shape} pixels of each example, too many for a table"
            remedy = "Name a folder for PNG images, or an .npz file: --out predicted"
            raise UserError(message, remedy=remedy)
        made = []
        for i, values in enumerate(self.values):
            row = {name: cells[i] for name, cells in self.kept.items()}
            if self.labels:
                row[self.decision] = self.labels[i]
            named = zip(self.columns, values, strict=True)
            made.append(row | {column: float(value) for column, value in named})
        return made

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.values)

    def arrays(self) -> dict[str, Any]:
        """Return the predictions as arrays: the columns that are kept, the classes, the values."""
        made: dict[str, Any] = {f"row.{n}": np.array(cells) for n, cells in self.kept.items()}
        if self.classes:
            made |= {"classes": np.array(self.classes), "probabilities": self.values}
            if self.decision == SEVERAL:
                made["predicted"] = self.values >= LIKELY
            elif self.labels or self.are_images:
                made["predicted"] = np.argmax(self.values, axis=-1)
            return made
        return {**made, "predictions": self.values}


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
        raise UserError(message, remedy="Train the run again.")


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


def predict_file(
    root: Path,
    name: str,
    path: Path,
    keep: Sequence[str] = (),
    *,
    warn: Callable[[Sequence[Diagnostic]], None] = lambda _: None,
    stdin: BinaryIO | None = None,
) -> Predictions:
    """Predict for the examples of a file or folder.

    Args:
        root: Folder of the runs.
        name: Which run.
        path: The file or folder, or `-`.
        keep: Columns of the file to show beside the predictions.
        warn: Told what rules warn of, of the examples.
        stdin: What `-` stands for.

    Raises:
        UserError: For an unknown run, or column to keep.
        DataError: If the examples do not fit the model's input.
    """
    run, config = open_run(root, name)
    if not (run.path / MODEL).exists():
        raise run.unfinished("model")
    form = data_form(run, config)
    with ExitStack() as stack:
        place = path
        if stdin is not None and str(path) == STDIN:
            path = Path(NAME)
            place = stack.enter_context(piped(stdin, form))
        examples = read_examples(place, form, targets=False)
        # large arrays may be read from the file only when they are predicted
        warn(stranger_than_trained(run, config, form, examples, path))
        found = _predicted(run, config, form.description, examples, _kept(examples, keep, path))
    told = (line.replace(str(place), str(path)) for line in examples.told)
    return replace(found, told=(*told, *changed(run)))


def predict_array(run: RunFolder, x: np.ndarray) -> Predictions:
    """Predict for examples as the network takes them.

    Args:
        run: A finished run of a network with one input.
        x: Shape (n, ...).

    Raises:
        UserError: If the run has no model, or the examples do not fit it.
    """
    config = open_run(run.path.parent, run.name)[1]
    if not (run.path / MODEL).exists():
        raise run.unfinished("model")
    description = data_form(run, config).description
    if len(description.inputs) != 1:
        names = ", ".join(description.inputs)
        message = f"{run.path} takes {len(description.inputs)} inputs: {names}"
        raise UserError(message, remedy="Write them into an .npz file and predict that file.")
    (name,) = description.inputs
    x = np.asarray(x)
    return _predicted(run, config, description, Split({name: x}, np.zeros(len(x))), {})


def _predicted(
    run: RunFolder,
    config: Config,
    description: DataDescription,
    examples: Split,
    kept: Mapping[str, Sequence[str]],
) -> Predictions:
    """Predict for examples, and return a row for each, or for each step, with what is kept."""
    raw = raw_outputs(run, config, examples)
    task, kind = description.task, output_kind(config, description.task)
    made = metrics.probabilities(raw, from_logits=squashed(config, task), task=task)
    if made.ndim == 3:
        lengths = _lengths(examples, description, made.shape[1])
        (made, raw), kept = _steps((made, raw), lengths, kept)
    found = _predictions_of(run, description, made)
    if kind in ("margins", "scores") and found.labels and description.task in CLASS_TASKS:
        several = tuple(f"score({label})" for label in description.classes)
        found = replace(found, columns=("score",) if raw.shape[1] == 1 else several, values=raw)
    return replace(found, kept=kept)


def _steps(
    arrays: Sequence[np.ndarray], lengths: Sequence[int], kept: Mapping[str, Sequence[str]]
) -> tuple[list[np.ndarray], dict[str, Sequence[Any]]]:
    """Return a row for each real step of each example, and what tells the rows apart."""
    rows = [
        np.concatenate([steps[:n] for steps, n in zip(array, lengths, strict=True)])
        for array in arrays
    ]
    names = kept or {"example": [str(i) for i in range(1, len(lengths) + 1)]}
    columns: dict[str, Sequence[Any]] = {
        name: [cell for cell, n in zip(cells, lengths, strict=True) for _ in range(n)]
        for name, cells in names.items()
    }
    columns[STEP] = [step for n in lengths for step in range(1, n + 1)]
    return rows, columns


def _lengths(examples: Split, description: DataDescription, steps: int) -> list[int]:
    """Return how many steps of each example are real."""
    if None not in description.target_shape:
        return [steps] * examples.size
    lengths = sequence_lengths(examples.x, next(iter(description.inputs)))
    return [int(n) for n in lengths]


def _predictions_of(run: RunFolder, description: DataDescription, made: np.ndarray) -> Predictions:
    """Return what probabilities or values say of each row."""
    classes = description.classes
    if description.task not in CLASS_TASKS:
        columns = _value_columns(description, made.shape[-1])
        _check_width(run, made, len(columns))
        if description.task == "multilabel" and made.ndim == 2 and classes:
            likely = tuple(_likely(classes, row) for row in made)
            return Predictions(columns, made, likely, classes, SEVERAL)
        return Predictions(columns, made, classes=classes)
    columns = tuple(f"p({label})" for label in classes)
    if made.ndim > 2:
        both = np.concatenate([1 - made, made], axis=-1) if made.shape[-1] == 1 else made
        _check_width(run, both, len(classes))
        return Predictions(columns, both, classes=classes)
    y = np.zeros(len(made), dtype=int)
    batch = batch_of_arrays(y, made, task=description.task, classes=len(classes))
    _check_width(run, batch.output, len(classes))
    chosen = tuple(classes[i] for i in np.argmax(batch.guess, axis=1))
    return Predictions(columns, batch.output, chosen, classes)


def _likely(classes: Sequence[str], row: np.ndarray) -> str:
    """Return the labels that are likelier than not, as one cell."""
    return ";".join(name for name, value in zip(classes, row, strict=True) if value >= LIKELY)


def save_predictions(found: Predictions, path: Path) -> str:
    """Save predictions: arrays as .npz, or images of what is predicted of each pixel in a folder.

    Returns:
        What was saved.

    Raises:
        UserError: If there is something else at the path, or nothing to draw.
        DataError: If it cannot be written.
    """
    try:
        if path.suffix.lower() == ".npz":
            with path.open("wb") as stream:
                np.savez_compressed(stream, **found.arrays())
            return f"{len(found):,} predictions are in {path}"
        if path.suffix or not found.are_images:
            message = f"predictions cannot be saved as {path}"
            remedy = "Name an .npz file; a folder is for images; a table is printed: ... > p.csv"
            raise UserError(message, remedy=remedy)
        if path.exists() and any(path.iterdir()):
            raise UserError(f"{path} is not empty", remedy="Name a new folder.")
        names = found.kept.get("file") or [f"{i:06d}" for i in range(1, len(found) + 1)]
        for name, values in zip(names, found.values, strict=True):
            place = path / Path(name).with_suffix(".png")
            place.parent.mkdir(parents=True, exist_ok=True)
            _picture(values, found.classes).save(place)
    except OSError as error:
        remedy = "Check the path and its permissions."
        raise DataError(f"cannot write {path}: {error.strerror or error}", remedy=remedy) from None
    return f"{len(found):,} images are in {path}"


def _picture(values: np.ndarray, classes: Sequence[str]) -> Any:
    """Return an image of the likeliest classes, written as in the training masks, or of values.

    Args:
        values: Shape (height, width, classes), or (height, width, channels) from 0 to 1.
        classes: Their names: grey levels, or colors as `#ff8000`.
    """
    from PIL import Image

    if not classes:
        levels = (np.clip(values, 0, 1) * 255).round().astype("uint8")
        return Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels[..., :3])
    likeliest = np.argmax(values, axis=-1)
    if all(name.startswith("#") for name in classes):
        colors = np.array([list(bytes.fromhex(name[1:])) for name in classes], "uint8")
        return Image.fromarray(colors[likeliest])
    grey = [int(name) if name.isdigit() else i for i, name in enumerate(classes)]
    dtype = "uint8" if max(grey) < 256 else "uint16"
    return Image.fromarray(np.array(grey).astype(dtype)[likeliest])
