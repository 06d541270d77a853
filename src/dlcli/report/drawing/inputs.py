"""How one example is drawn: an image, a sequence, a text, or numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from dlcli.data.lengths import lengths_of
from dlcli.report.drawing.style import GREY
from dlcli.report.text.samples import by_letter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
        """Return the words as they are drawn, or the ids, from one position to another."""
        ids = self.values[max(start, 0) : self.length() if end is None else end]
        return [drawable(self.words[i]) if i < len(self.words) else str(i) for i in ids]

    def phrase(self, start: int = 0, end: int | None = None) -> str:
        """Return the words in one text, its characters beside each other if they are letters."""
        tokens = self.tokens(start, end)
        close = by_letter(self.words) and all(len(token) == 1 for token in tokens)
        return ("" if close else " ").join(tokens)


def drawable(word: str) -> str:
    """Return a word as the figures' font can: `U+6F22` for letters it lacks, a sign for blanks."""
    known = _glyphs()
    shown = ["\N{OPEN BOX}" if letter == " " else letter for letter in word]
    if all(ord(letter) in known for letter in shown):
        return "".join(shown)
    return " ".join(f"U+{ord(letter):04X}" for letter in word)


@cache
def _glyphs() -> frozenset[int]:
    """Return the code points of the font that comes with matplotlib."""
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


@dataclass(frozen=True)
class ColorScale:
    """What colours stand for.

    Attributes:
        label: Of the numbers, with their unit if they have one.
        cmap: The colours.
        low: The number of the first colour.
        high: That of the last.
        extend: The ends beyond which there are more: `neither`, `min`, `max` or `both`.
    """

    label: str
    cmap: str
    low: float
    high: float
    extend: str = "neither"

    def look(self) -> dict[str, Any]:
        """Return the arguments of `imshow`."""
        return {"cmap": self.cmap, "vmin": self.low, "vmax": self.high}


def pixel_scale(examples: Iterable[Example]) -> ColorScale | None:
    """Return the grey levels that images share; None for images in colours."""
    pixels = [example.values for example in examples]
    if not pixels or pixels[0].shape[-1] in (3, 4):
        return None
    grey = [image.mean(axis=-1) for image in pixels]
    low, high = min(float(g.min()) for g in grey), max(float(g.max()) for g in grey)
    return ColorScale("pixel value", "gray", low, high if high > low else low + 1)


def value_scale(examples: Iterable[Example]) -> ColorScale:
    """Return the colours of the values of sequences: of both signs around zero, or of amounts."""
    parts = [example.values[: example.length()] for example in examples]
    low = min((float(part.min()) for part in parts), default=0.0)
    high = max((float(part.max()) for part in parts), default=1.0)
    if low < 0 < high:
        limit = max(-low, high)
        return ColorScale("input value", SIGNED, -limit, limit)
    return ColorScale("input value", "gray", low, high if high > low else low + 1)


BARS = 0.62
"""Height of the colour bars below a figure, in inches."""


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

    def bars(self, scales: Sequence[ColorScale | None]) -> None:
        """Draw a colour bar for each scale, side by side at the bottom."""
        known = [scale for scale in scales if scale is not None]
        width = min((self.width - 0.2) / max(len(known), 1), 2.4)
        for i, scale in enumerate(known):
            place = (0.2 + i * width, self.height - BARS + 0.12, width - 0.4, 0.1)
            panel = self.panel(*place)
            colours = ScalarMappable(Normalize(scale.low, scale.high), scale.cmap)
            bar = self.figure.colorbar(
                colours, cax=panel, orientation="horizontal", extend=scale.extend
            )
            bar.locator = MaxNLocator(4)
            bar.set_label(scale.label)


def bare(panel: Axes) -> Axes:
    """Take the frame and the ticks off a panel that shows an image."""
    panel.set_xticks([])
    panel.set_yticks([])
    panel.grid(visible=False)
    panel.spines[:].set_visible(False)
    return panel


def draw_image(panel: Axes, pixels: np.ndarray, scale: ColorScale | None = None) -> AxesImage:
    """Show an image in its colours, one channel in grey; its own greys without a scale."""
    if pixels.shape[-1] in (3, 4):
        low, high = min(float(pixels.min()), 0.0), max(float(pixels.max()), 1.0)
        return bare(panel).imshow((pixels - low) / (high - low))
    return bare(panel).imshow(pixels.mean(axis=-1), **(scale.look() if scale else {"cmap": "gray"}))


def draw_input(panel: Axes, example: Example) -> AxesImage | None:
    """Draw an example over its steps, or its pixels; return what has colours."""
    if example.kind == "image":
        return draw_image(panel, example.values)
    steps = example.length()
    values = example.values[:steps]
    if example.kind == "tokens":
        draw_words(panel, example)
        return None
    if values.ndim == 2 and values.shape[1] > len(CHANNEL_LINES):
        look = value_scale([example]).look()
        made = panel.imshow(values.T, aspect="auto", interpolation="nearest", **look)
        panel.grid(visible=False)
        panel.set_ylabel("feature")
        return made
    draw_channels(panel, values if values.ndim == 2 else values[:, None])
    panel.set_ylabel("value")
    panel.margins(x=0)
    return None


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
    words = named_steps(example)
    for i, word in enumerate(words):
        panel.text(i, 0.5, word, rotation=upright(words), ha="center", va="center")


def named_steps(example: Example) -> list[str]:
    """Return the words that name the steps of a text, not too long."""
    return [word[:16] for word in example.tokens()]


def input_height(example: Example) -> float:
    """Return the height of a panel that shows an example over its steps, in inches."""
    letters = example.kind == "tokens" and not upright(named_steps(example))
    return 0.3 if letters else 1.2


def upright(words: Sequence[str]) -> int:
    """Return the angle that words have room at side by side: letters stand, words lie."""
    return 0 if all(len(word) <= 2 for word in words) else 90


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
