"""Figures of recurrent layers over time: states, gates, and the gradient that reaches each step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from dlcli.report.drawing.inputs import (
    AMOUNTS,
    CHANNEL_LINES,
    SIGNED,
    WORDS,
    draw_channels,
    draw_words,
    input_height,
    named_steps,
    upright,
)
from dlcli.report.drawing.panels import WIDTH, panels, whole_numbers
from dlcli.report.drawing.style import label_styles, wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

    from dlcli.inspection import Unrolled
    from dlcli.report.drawing.inputs import Example

GRADIENT = "gradient by the state (norm, log scale)"


def draw_states(unrolled: Unrolled, example: Example) -> Figure:
    """Draw the input, the states and gates, and the gradient, below one another over time."""
    values = unrolled.values
    count = len(values) + (2 if unrolled.gradient is not None else 1)
    heights = [input_height(example), *[1.15] * (count - 1)]
    figure = Figure(figsize=(WIDTH, 0.7 + sum(heights)), layout="constrained")
    axes = list(figure.subplots(count, 1, sharex=True, gridspec_kw={"height_ratios": heights}))
    read = _draw_read(axes[0], unrolled, example)
    if read is not None:
        figure.colorbar(read, ax=axes[0], pad=0.01, aspect=8, label="value")
    for panel, (name, array) in zip(axes[1:], values.items(), strict=False):
        made = panel.imshow(
            array.T, aspect="auto", interpolation="nearest", extent=_extent(unrolled, array),
            **_colours(array, gate=unrolled.is_gate(name)),
        )  # fmt: skip
        panel.grid(visible=False)
        panel.set_title(f"{name} of {unrolled.layer} ({unrolled.kind}, {array.shape[1]} units)")
        panel.set_ylabel("unit")
        panel.yaxis.set_major_locator(MaxNLocator(3, integer=True))
        figure.colorbar(made, ax=panel, pad=0.01, aspect=8, label=name.split()[-1])
    if unrolled.gradient is not None:
        norms = _positive(unrolled.gradient)
        axes[-1].plot(unrolled.steps, norms, color="black", marker=".", linewidth=1)
        axes[-1].set_title("how much the prediction depends on the state after each step")
        _scale_gradients(axes[-1], [unrolled.gradient])
        axes[-1].set_ylabel(wrapped(GRADIENT, 18))
    _name_steps(axes[-1], example)
    return figure


def _draw_read(panel: Axes, unrolled: Unrolled, example: Example) -> AxesImage | None:
    """Draw what the layer reads at each step, words or values; return what has colours."""
    made = None
    if example.kind == "tokens":
        draw_words(panel, example)
    elif unrolled.inputs.shape[1] <= len(CHANNEL_LINES):
        draw_channels(panel, unrolled.inputs, unrolled.steps)
        panel.set_ylabel("value")
    else:
        read = unrolled.inputs
        extent = _extent(unrolled, read)
        made = panel.imshow(
            read.T, aspect="auto", interpolation="nearest", extent=extent, **_colours(read)
        )
        panel.grid(visible=False)
        panel.set_ylabel("feature")
    panel.set_title(f"what {unrolled.layer} reads at each step ({example.title[:50]})")
    return made


def _extent(unrolled: Unrolled, array: np.ndarray) -> tuple[float, float, float, float]:
    first, last = int(unrolled.steps[0]), int(unrolled.steps[-1])
    return (first - 0.5, last + 0.5, array.shape[1] - 0.5, -0.5)


def _colours(array: np.ndarray, *, gate: bool = False) -> dict[str, Any]:
    if gate:
        return {"cmap": AMOUNTS, "vmin": 0, "vmax": 1}
    limit = float(np.abs(array).max()) or 1.0
    return {"cmap": SIGNED, "vmin": -limit, "vmax": limit}


def _name_steps(panel: Axes, example: Example) -> None:
    panel.set_xlabel("time step")
    whole_numbers(panel)
    if example.kind == "tokens" and example.length() <= WORDS:
        words = named_steps(example)
        panel.set_xticks(range(len(words)), words, rotation=upright(words))
        panel.set_xlabel("time step, named by its token")


def _positive(gradient: np.ndarray) -> np.ndarray:
    """Leave out where the gradient is lost to rounding: a log scale has no place for it."""
    return np.where(gradient > 0, gradient, np.nan)


def _scale_gradients(panel: Axes, gradients: list[np.ndarray]) -> None:
    """Use a log scale wherever there is something to show on one."""
    if any((gradient > 0).any() for gradient in gradients):
        panel.set_yscale("log")
        panel.yaxis.set_major_formatter("{x:g}")
        panel.yaxis.set_minor_formatter(NullFormatter())
        low, high = panel.get_ylim()
        if high / low < 5:
            panel.yaxis.set_major_locator(MaxNLocator(4))  # less than a decade has no powers
        elif high / low < 100:
            panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))


def draw_gradients(gradients: Mapping[str, Unrolled]) -> Figure:
    """Draw the gradient norms of several layers or networks by time step, a line each.

    Args:
        gradients: Name to a layer that has a gradient.
    """
    styles = label_styles(list(gradients))
    figure, (panel,) = panels(1, [], height=3.2)
    for name, unrolled in gradients.items():
        every = max(1, len(unrolled.steps) // 8)
        norms = _positive(np.asarray(unrolled.gradient))
        panel.plot(unrolled.steps, norms, label=name, markevery=every, **styles[name].line())
    _scale_gradients(panel, [u.gradient for u in gradients.values() if u.gradient is not None])
    panel.set_title("how much the prediction depends on the state after each step")
    panel.set_xlabel("time step")
    panel.set_ylabel(wrapped(GRADIENT, 30))
    whole_numbers(panel)
    figure.legend(loc="outside lower center", ncols=1 if len(gradients) < 4 else 2)
    return figure
