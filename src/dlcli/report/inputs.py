"""How one example is drawn: an image, a sequence, a text, or numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcli.data.lengths import lengths_of
from dlcli.report.style import GREY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

    from dlcli.inspection.receptive import Window

SIGNED, AMOUNTS = "PuOr_r", "viridis"
"""Colours of numbers of both signs and of amounts; both survive colour blindness and grey print."""

CHANNEL_LINES: tuple[dict[str, Any], ...] = (
    {"color": "#0072B2", "linestyle": "solid"},
    {"color": "#D55E00", "linestyle": "dashed"},
    {"color": "#009E73", "linestyle": "dotted"},
    {"color": "#CC79A7", "linestyle": "dashdot"},
    {"color": "#E69F00", "linestyle": "solid"},
    {"color": "#000000", "linestyle": "dashed"},
)
"""Of a sequence; colour-blind readers can tell them apart, and so can readers without colour."""

WORDS = 40
"""Of a longer text the positions are shown, not the words."""


@dataclass(frozen=True)
class Example:
    """One example of a network's first input.

    Attributes:
        kind: `image`, `sequence`, `tokens` or `table`.
        values: Shape (height, width, channels), (steps, channels), (steps,) or (features,).
        title: What it is, such as its class.
        words: The words of token ids from 0 on, if they are known.
    """

    kind: str
    values: np.ndarray
    title: str
    words: Sequence[str] = ()

    def length(self) -> int:
        """Return the steps before the padding; of an image, its height."""
        if self.kind in ("sequence", "tokens"):
            return int(lengths_of(self.values[None])[0])
        return len(self.values)

    def tokens(self, start: int = 0, end: int | None = None) -> list[str]:
        """Return the words, or the ids, from one position to another."""
        ids = self.values[max(start, 0) : self.length() if end is None else end]
        return [self.words[i] if i < len(self.words) else str(i) for i in ids]


class Sheet:
    """A figure whose panels are placed in inches from its top left corner."""

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        self.width, self.height = (float(side) for side in figure.get_size_inches())

    def panel(self, left: float, top: float, width: float, height: float) -> Axes:
        """Add a panel."""
        place = (
            left / self.width,
            1 - (top + height) / self.height,
            width / self.width,
            height / self.height,
        )
        return self.figure.add_axes(place)

    def text(self, left: float, top: float, text: str, size: float = 8) -> None:
        """Write a text, its first line at the top."""
        place = (left / self.width, 1 - top / self.height)
        self.figure.text(*place, text, fontsize=size, va="top", ha="left")


def bare(panel: Axes) -> Axes:
    """Take the frame and the ticks off a panel that shows an image."""
    panel.set_xticks([])
    panel.set_yticks([])
    panel.grid(visible=False)
    panel.spines[:].set_visible(False)
    return panel


def draw_image(panel: Axes, pixels: np.ndarray) -> AxesImage:
    """Show an image in its colours, one channel in grey."""
    if pixels.shape[-1] in (3, 4):
        low, high = min(float(pixels.min()), 0.0), max(float(pixels.max()), 1.0)
        return bare(panel).imshow((pixels - low) / (high - low))
    return bare(panel).imshow(pixels.mean(axis=-1), cmap="gray")


def draw_input(panel: Axes, example: Example) -> None:
    """Draw an example over its steps, or its pixels."""
    if example.kind == "image":
        draw_image(panel, example.values)
        return
    steps = example.length()
    values = example.values[:steps]
    if example.kind == "tokens":
        draw_words(panel, example)
        return
    if values.ndim == 2 and values.shape[1] > len(CHANNEL_LINES):
        low, high = float(values.min()), float(values.max())
        cmap = SIGNED if low < 0 < high else "gray"
        panel.imshow(values.T, aspect="auto", interpolation="nearest", cmap=cmap)
        panel.grid(visible=False)
        panel.set_ylabel("feature")
        return
    draw_channels(panel, values if values.ndim == 2 else values[:, None])
    panel.set_ylabel("value")
    panel.margins(x=0)


def draw_channels(panel: Axes, values: np.ndarray, steps: np.ndarray | None = None) -> None:
    """Draw the first channels of a sequence, (steps, channels), each in a line of its own."""
    places = np.arange(len(values)) if steps is None else steps
    for line, look in zip(values.T, CHANNEL_LINES, strict=False):
        panel.plot(places, line, linewidth=1, **look)


def draw_words(panel: Axes, example: Example) -> None:
    """Write the words of a text over its steps, if they find room."""
    panel.grid(visible=False)
    panel.set_yticks([])
    panel.spines[:].set_visible(False)
    panel.tick_params(bottom=False, labelbottom=False)
    steps = example.length()
    panel.set(xlim=(-0.5, steps - 0.5), ylim=(0, 1))
    if steps > WORDS:
        panel.text(0, 0.5, f"{steps} words", va="center")
        return
    for i, word in enumerate(example.tokens()):
        panel.text(i, 0.5, word[:16], rotation=90, ha="center", va="center")


def mark_window(panel: Axes, example: Example, window: Window) -> None:
    """Frame the part of an image that is seen, or shade the part of a sequence."""
    if window is None:
        return
    if example.kind == "image":
        (top, bottom), (left, right) = window
        height, width = example.values.shape[:2]
        top, left, bottom, right = max(top, 0), max(left, 0), min(bottom, height), min(right, width)
        x = [left, right, right, left, left]
        y = [top, top, bottom, bottom, top]
        frame = (np.array(x) - 0.5, np.array(y) - 0.5)
        panel.plot(*frame, color="black", linewidth=2.4, clip_on=False)
        panel.plot(*frame, color="#E69F00", linewidth=1.2, clip_on=False)
        panel.set_xlim(-0.5, width - 0.5)
        panel.set_ylim(height - 0.5, -0.5)
        return
    start, end = window[0]
    panel.axvspan(max(start, 0) - 0.5, min(end, example.length()) - 0.5, color=GREY, alpha=0.25)
