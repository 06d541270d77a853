"""Figures of feature maps: what each filter of a layer makes of the whole of one example."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from dlcli.report.drawing.inputs import (
    AMOUNTS,
    BARS,
    SIGNED,
    WORDS,
    ColorScale,
    Sheet,
    bare,
    draw_image,
    draw_input,
    input_height,
    named_steps,
    pixel_scale,
    upright,
)
from dlcli.report.drawing.panels import WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dlcli.inspection import FeatureMaps
    from dlcli.report.drawing.inputs import Example

COLUMNS, SHOWN = 8, 64
HEAD = 0.4


def draw_feature_maps(layer: FeatureMaps, example: Example) -> Figure:
    """Draw the maps of a layer, all in the same scale, beside the example.

    Args:
        layer: The first 64 maps of an image are shown, all of a sequence.
        example: What the maps are of.
    """
    return _of_image(layer, example) if layer.maps.ndim == 3 else _of_sequence(layer, example)


def _of_image(layer: FeatureMaps, example: Example) -> Figure:
    channels = layer.maps.shape[-1]
    shown = min(channels, SHOWN)
    side = (WIDTH - 0.14) / COLUMNS
    rows = math.ceil((shown + 1) / COLUMNS)
    sheet = Sheet(Figure(figsize=(WIDTH, HEAD + rows * (side + 0.17) + 0.1 + BARS)))
    height, width = layer.maps.shape[:2]
    more = f", the first {shown} shown" if shown < channels else ""
    title = f"{layer.layer} ({layer.kind}): {channels} maps of {height} x {width}{more}"
    sheet.text(0.1, 0.1, title, 9)
    scale, pixels = _scale(layer.maps[..., :shown]), pixel_scale([example])
    draw_image(_cell(sheet, 0, side, example.title[:12]), example.values, pixels)
    for i in range(shown):
        _cell(sheet, i + 1, side, str(i)).imshow(layer.maps[..., i], **scale.look())
    sheet.bars([scale, pixels])
    return sheet.figure


def _cell(sheet: Sheet, position: int, side: float, title: str) -> Axes:
    """Add the panel at a position of the grid, below its title."""
    left = 0.1 + (position % COLUMNS) * side
    top = HEAD + (position // COLUMNS) * (side + 0.17)
    sheet.text(left, top, title)
    return bare(sheet.panel(left, top + 0.15, side - 0.06, side - 0.06))


def _scale(maps: np.ndarray) -> ColorScale:
    """Return the colours: of both signs around zero, or of amounts from zero on."""
    low, high = float(np.nanmin(maps)), float(np.nanmax(maps))
    if low < 0:
        limit = max(-low, high)
        return ColorScale("activation", SIGNED, -limit, limit)
    return ColorScale("activation", AMOUNTS, 0.0, high or 1.0)


def _of_sequence(layer: FeatureMaps, example: Example) -> Figure:
    steps, channels = layer.maps.shape
    long_text = example.kind == "tokens" and example.length() > WORDS
    tall = max(1.6, min(4.0, 0.07 * channels))
    heights = [tall] if long_text else [input_height(example), tall]
    figure = Figure(figsize=(WIDTH, 0.6 + sum(heights)), layout="constrained")
    *above, below = figure.subplots(
        len(heights), 1, squeeze=False, gridspec_kw={"height_ratios": heights}
    )[:, 0]
    for panel in above:
        drawn = draw_input(panel, example)
        if drawn is not None:
            figure.colorbar(drawn, ax=panel, label="input value", pad=0.01)
        panel.set_title(f"the input: {example.title[:60]}")
    maps = layer.maps[: example.length()] if steps == len(example.values) else layer.maps
    made = below.imshow(maps.T, aspect="auto", interpolation="nearest", **_scale(maps).look())
    below.grid(visible=False)
    title = f"{layer.layer} ({layer.kind}): {channels} maps over {len(maps)} places"
    below.set_title(f"{title}, {example.title[:30]}" if long_text else title)
    below.set(xlabel="place along the sequence", ylabel="filter")
    if example.kind == "tokens" and len(maps) == example.length() <= WORDS:
        words = named_steps(example)
        below.set_xticks(range(len(words)), words, rotation=upright(words))
    figure.colorbar(made, ax=below, label="activation", pad=0.01)
    return figure
