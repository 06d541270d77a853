"""The page of a run, made from the files in its folder."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcli.errors import UserError
from dlcli.metrics.evaluation import per_class_table
from dlcli.metrics.points import confusion_matrix
from dlcli.metrics.predictions import CLASS_TASKS, LABEL_TASKS, batch_of_arrays
from dlcli.report.drawing.scale import AxisScale, Curve, scale_of
from dlcli.report.page.html import Figure, Section, bare, box, page, paragraphs, table
from dlcli.report.page.sources import (
    DAMAGED,
    epoch_axis,
    number,
    provenance,
    read_rows,
    value_axis,
)
from dlcli.report.page.values import value_figures
from dlcli.store import runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dlcli.data.description import DataDescription
    from dlcli.store.runs import RunFolder

PARTS = {"": ("training", "#0072B2", "solid"), "val_": ("validation", "#D55E00", "dash")}
SHOWN_MATRIX = 40
RATE = "learning_rate"
"""The column of a history that is no score: of a schedule every step is of interest."""

SQUASHED = 6.0
"""Two curves are told apart with less room than many: see `scale_of`."""

DIVERGED = "The training diverged: its numbers are no finite ones, and there is nothing to score."


def run_page(
    run: RunFolder, description: DataDescription | None, saved: tuple[Any, Any, str] | None
) -> str:
    """Return the page of a run.

    Args:
        run: With a config and a history.
        description: Of its data; None if that is not known any more.
        saved: The targets, probabilities and part that the run kept, or None.

    Raises:
        UserError: If a file is missing or damaged.
    """
    with damage_told(run):
        return _page(run, description, saved)


@contextlib.contextmanager
def damage_told(run: RunFolder) -> Iterator[None]:
    """Tell what comes of files that hold something else than dlcli wrote.

    Raises:
        UserError: If the block meets such a file.
    """
    try:
        yield
    except DAMAGED as error:
        remedy = f"Train it again: dlcli train {run.path / runs.SOURCE}"
        raise UserError(f"a file in {run.path} is damaged: {error!r}", remedy=remedy) from error


def _page(
    run: RunFolder, description: DataDescription | None, saved: tuple[Any, Any, str] | None
) -> str:
    rows = read_rows(run, runs.HISTORY)
    scores = run.read_json(runs.METRICS) if (run.path / runs.METRICS).exists() else {}
    advice = run.read_json(runs.ADVICE)["advice"] if (run.path / runs.ADVICE).exists() else []
    sections = [
        *([Section("What to try next", [_advice(advice)])] if advice else []),
        *([Section("Scores", [_scores(scores)])] if scores else []),
        Section("Learning curves", _curves(rows)),
    ]
    if description is not None and saved is not None and description.task in LABEL_TASKS:
        sections.append(Section(f"Classes, on the {saved[2]} part", _classes(description, saved)))
    if description is not None and saved is not None and _has_values(description, saved):
        figures = value_figures(saved[0], saved[1], description.targets)
        sections.append(Section(f"Predictions, on the {saved[2]} part", figures))
    documents = [
        ("The config as written", run.read_text(runs.SOURCE)),
        ("The config resolved", run.read_text(runs.CONFIG)),
    ]
    made = provenance(run.read_json(runs.ENVIRONMENT), documents)
    sections.append(Section("How it was made", made))
    return page(f"Run {run.name}", _lead(run, scores), sections)


def _has_values(description: DataDescription, saved: tuple[Any, Any, str]) -> bool:
    """Whether a number, or several, are predicted of each example."""
    true, predicted, _ = saved
    is_flat = np.ndim(true) <= 2 and np.ndim(predicted) == 2 and len(predicted) > 0
    return description.task == "regression" and is_flat and bool(np.isfinite(predicted).all())


def _lead(run: RunFolder, scores: dict[str, Any]) -> str:
    part = next((name for name in ("test", "validation", "train") if name in scores), None)
    epochs = run.epochs_done()
    text = f"{run.state.capitalize()} after {epochs} epoch{'s' if epochs != 1 else ''}."
    if part is not None:
        told = ", ".join(
            f"{name} {value:.4f}"
            for name, value in scores[part].items()
            if isinstance(value, int | float)
        )
        text += f" On the {part} part: {told}." if told else f" {DIVERGED}"
    return paragraphs(text)


def _advice(advice: Sequence[Mapping[str, str]]) -> str:
    """Return a box with what the end of the training tells, the most important first."""
    told = [
        f"{_capital(one['message'])}. {_capital(one['hint'])}. (dlcli explain {one['rule']})"
        for one in advice
    ]
    return box(told)


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _scores(scores: dict[str, Any]) -> str:
    names = list(next(iter(scores.values())))
    rows = [[name, *(shown_score(scores[part].get(name)) for part in scores)] for name in names]
    return table(("metric", *scores), rows, numeric=tuple(scores), name="The scores")


def shown_score(value: Any) -> str:
    """Write a score with four digits after the point; one a class, with blanks between."""
    if isinstance(value, list):
        return " ".join(shown_score(item) for item in value)
    return "-" if value is None else f"{value:.4f}"


def _curves(rows: Sequence[dict[str, str]]) -> list[str | Figure]:
    if not rows:
        return [paragraphs("No whole epoch was trained.")]
    return [_curve(rows, name) for name in curve_names(rows)]


def curve_names(rows: Sequence[dict[str, str]]) -> list[str]:
    """Return the columns of a history that are drawn, without the `val_` of validation.

    Args:
        rows: Text by column; at least one.
    """
    names = [n for n in rows[0] if not n.startswith("val_") and n not in ("epoch", "seconds")]
    if len({row.get(RATE) for row in rows}) == 1:
        names = [name for name in names if name != RATE]  # nothing to see of a constant
    return names


def _curve(rows: Sequence[dict[str, str]], name: str) -> str | Figure:
    epochs = [number(row["epoch"]) for row in rows]
    present = {prefix: look for prefix, look in PARTS.items() if f"{prefix}{name}" in rows[0]}
    values = [number(row[f"{prefix}{name}"]) for prefix in present for row in rows]
    if not any(value is not None for value in values):
        return paragraphs(f"No epoch has a finite {name.replace('_', ' ')}.")
    traces = [
        {
            "type": "scatter", "mode": "lines+markers", "name": part, "x": epochs,
            "y": [number(row[f"{prefix}{name}"]) for row in rows],
            "line": {"color": colour, "dash": dash, "width": 2},
            "hovertemplate": "epoch %{x}: %{y:.4g}<extra>%{fullData.name}</extra>",
        }
        for prefix, (part, colour, dash) in present.items()
    ]  # fmt: skip
    scale = curve_scale(rows, name)
    reading = (
        "Where validation stops following training, the network learns its examples by heart."
        if len(present) > 1
        else "By epoch."
    )
    layout = {
        "xaxis": epoch_axis(epochs),
        "yaxis": {**value_axis(scale.named(bare(name.replace("_", " "))), values), **scale.axis()},
    }
    header = ["epoch", *(part for part, _, _ in present.values())]
    numbers = [[row["epoch"], *(row[f"{prefix}{name}"] for prefix in present)] for row in rows]
    more = scale.bounds is not None
    reading = f"{reading} {scale.text()}".strip()
    return Figure(name.replace("_", " "), reading, traces, layout, [header, *numbers], 340, more)


def curve_scale(rows: Sequence[dict[str, str]], name: str) -> AxisScale:
    """Return the scale of a score's curves, of training and of validation.

    Args:
        rows: Of the history, text by column; at least one.
        name: Of the score, without the `val_` of validation.
    """
    if name == RATE:
        return AxisScale()
    curves = [
        Curve(part, [number(row[f"{prefix}{name}"]) for row in rows])
        for prefix, (part, _, _) in PARTS.items()
        if f"{prefix}{name}" in rows[0]
    ]
    return scale_of(curves, squashed=SQUASHED)


def _classes(description: DataDescription, saved: tuple[Any, Any, str]) -> list[str | Figure]:
    y_true, y_prob, _ = saved
    if not np.isfinite(y_prob).all():
        return [paragraphs(DIVERGED)]
    names = description.classes
    batch = batch_of_arrays(y_true, y_prob, task=description.task, classes=len(names))
    rows = [row.to_dict() for row in per_class_table(batch, names)]
    header = list(rows[0])
    cells = [[_cell(value) for value in row.values()] for row in rows]
    parts: list[str | Figure] = [table(header, cells, numeric=header[1:], name="The classes")]
    if description.task in CLASS_TASKS and len(names) <= SHOWN_MATRIX:
        parts.append(_confusion(confusion_matrix(batch), names))
    return parts


def _cell(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _confusion(matrix: np.ndarray, names: Sequence[str]) -> Figure:
    drawn = [bare(name) for name in names]
    trace = {
        "type": "heatmap", "x": drawn, "y": drawn, "z": matrix.tolist(),
        "colorscale": "Blues", "reversescale": True, "texttemplate": "%{z:d}",
        "hovertemplate": "true %{y}, predicted %{x}: %{z:d}<extra></extra>", "showscale": False,
    }  # fmt: skip
    layout = {
        "xaxis": {"title": {"text": "predicted class"}, "type": "category"},
        "yaxis": {"title": {"text": "true class"}, "type": "category", "autorange": "reversed"},
    }
    numbers = [
        ["true class", *names],
        *([name, *map(str, row)] for name, row in zip(names, matrix.tolist(), strict=True)),
    ]
    reading = (
        "How often each class, a row, was taken for each, a column; right ones on the diagonal."
    )
    return Figure("Confusion", reading, [trace], layout, numbers, 180 + 30 * len(names))
