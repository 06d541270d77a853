"""A figure of a data set: examples of its classes, or how its features and lengths spread."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from dlcli.data.lengths import lengths_of
from dlcli.report.drawing.inputs import CHANNEL_LINES, draw_channels, draw_image
from dlcli.report.drawing.panels import WIDTH
from dlcli.report.drawing.style import GREY, applied
from dlcli.report.text.samples import chosen, kind_of, target_text

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from dlcli.data.description import Dataset

COLUMNS, PANELS = 4, 12


def write_sample(dataset: Dataset, path: Path) -> None:
    """Draw the first input of a data set into a file, whose suffix tells its format."""
    name, spec = next(iter(dataset.description.inputs.items()))
    kind = kind_of(spec.shape, spec.dtype)
    with applied():
        if kind in ("image", "sequence"):
            figure = _examples(dataset, name, kind)
        elif kind == "tokens":
            figure = _lengths(dataset, name)
        else:
            figure = _features(dataset, name)
        figure.suptitle(_title(dataset), x=0.01, ha="left", fontsize=9)
        figure.savefig(path, dpi=160)


def _title(dataset: Dataset) -> str:
    known = dataset.description
    return f"{known.name}: {known.train_size} examples to train, {known.test_size} to test"


def _grid(count: int, height: float) -> tuple[Figure, list[Axes]]:
    columns = min(COLUMNS, count)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(WIDTH, rows * height + 0.5), layout="constrained")
    panels = [figure.add_subplot(rows, columns, i + 1) for i in range(count)]
    return figure, panels


def _examples(dataset: Dataset, name: str, kind: str) -> Figure:
    split, description = dataset.train, dataset.description
    if kind == "image" and len(description.target_shape) > 1:
        return _pairs(dataset, name)
    positions = chosen(split, description, PANELS)
    figure, panels = _grid(len(positions), 1.7)
    for panel, i in zip(panels, positions, strict=True):
        panel.set_title(target_text(split.y[i], description)[:24])
        (draw_image if kind == "image" else _draw_sequence)(panel, split.x[name][i])
    if kind == "sequence":
        for panel in panels[-COLUMNS:]:
            panel.set_xlabel("time step")
        figure.supylabel("value", fontsize=8)
        shown = min(split.x[name].shape[-1], len(CHANNEL_LINES))
        if shown > 1:
            handles = panels[0].get_lines()
            labels = [f"channel {i}" for i in range(shown)]
            figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _pairs(dataset: Dataset, name: str) -> Figure:
    """Draw images, and beside each what is to be predicted of its pixels."""
    split, description = dataset.train, dataset.description
    positions = chosen(split, description, PANELS // 2)
    figure, panels = _grid(2 * len(positions), 1.7)
    for number, i in enumerate(positions):
        image, target = panels[2 * number : 2 * number + 2]
        draw_image(image, split.x[name][i])
        image.set_title("input")
        y = split.y[i]
        if description.classes:
            y = np.ma.masked_less(y, 0) / (len(description.classes) - 1)
        draw_image(target, y[..., None] if y.ndim == 2 else y)
        target.set_title(target_text(split.y[i], description)[:18])
    return figure


def _draw_sequence(panel: Axes, steps: np.ndarray) -> None:
    draw_channels(panel, steps[: lengths_of(steps[None])[0]])


def _lengths(dataset: Dataset, name: str) -> Figure:
    ids = dataset.train.x[name]
    figure, (panel,) = _grid(1, 2.4)
    panel.hist(lengths_of(ids), bins=40, color=GREY)
    panel.set(xlabel="tokens of an example, padding not counted", ylabel="training examples")
    return figure


def _features(dataset: Dataset, name: str) -> Figure:
    x = dataset.train.x[name]
    count = min(x.shape[1], PANELS)
    figure, panels = _grid(count, 1.5)
    for feature, panel in enumerate(panels):
        panel.hist(x[:, feature], bins=20, color=GREY)
        panel.set_title(f"feature {feature}")
    figure.supxlabel("value", fontsize=8)
    figure.supylabel("training examples", fontsize=8)
    return figure
