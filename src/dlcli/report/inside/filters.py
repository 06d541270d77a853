"""Figures of a convolution's filters, and of what each responds to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from dlcli.report.drawing.inputs import (
    AMOUNTS,
    BARS,
    CHANNEL_LINES,
    SIGNED,
    ColorScale,
    Sheet,
    bare,
    draw_image,
    draw_input,
    mark_window,
    pixel_scale,
    value_scale,
)
from dlcli.report.drawing.panels import WIDTH
from dlcli.report.drawing.style import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.axes import Axes

    from dlcli.inspection import FilterBank
    from dlcli.inspection.filters import Response
    from dlcli.report.drawing.inputs import Example

SHOWN = 24
HEAD, LINE = 0.5, 0.14
"""Height of the title, and of each line of the explanation, in inches."""

EXPLAINED = {
    "image": "Of each filter: its largest answer, and at how many of all places it answers above "
    "0; its kernel; the example it answers most, what it sees there framed; and its answer over "
    "the whole of that example, as a share of the largest.",
    "sequence": "Of each filter: its largest answer, and at how many of all steps it answers above "
    "0; its kernel; the example it answers most, what it sees there shaded, and its answer over "
    "the whole of that example, both by step.",
    "tokens": "Of each filter: its largest answer, and at how many of all places it answers above "
    "0; and the words it answers most, each from another example, with a bar as long as the "
    "answer is strong.",
    "none": "Of each filter its kernel.",
}


def draw_filters(bank: FilterBank, examples: Mapping[int, Example]) -> Figure:
    """Draw each filter and what it responds to.

    A kernel of one channel is shown by sign, the first layer's of three channels as colours; of
    more channels, where it looks: the root of the sum of squares over the channels.

    Args:
        bank: The filters; the first two dozen are shown.
        examples: By position, those that the responses name.
    """
    kind = next(iter(examples.values())).kind if bank.responses else "none"
    shown = min(len(bank.kernels), SHOWN)
    columns, height, draw = _LAYOUTS[kind]
    rows = math.ceil(shown / columns)
    explained = EXPLAINED[kind] if kind == "tokens" else f"{EXPLAINED[kind]} {_colours_text(bank)}"
    explained = wrapped(explained, 100)
    head = HEAD + LINE * (1 + explained.count("\n"))
    scales = _scales(bank, kind, examples)
    bars = BARS if scales.shown() else 0.0
    sheet = Sheet(Figure(figsize=(WIDTH, head + rows * height + bars)))
    size = " x ".join(str(n) for n in bank.kernels.shape[1:-1])
    count = len(bank.kernels)
    more = f", the first {shown} shown" if shown < count else ""
    channels = bank.kernels.shape[-1]
    over = "one channel" if channels == 1 else f"{channels} channels"
    dead = f"; {len(bank.dead)} dead" if bank.dead else ""
    title = f"{bank.layer}: {count} filters of {size} over {over}{more}{dead}"
    sheet.text(0.1, 0.1, title, 9)
    sheet.text(0.1, 0.3, explained)
    width = (WIDTH - 0.1) / columns
    for i in range(shown):
        left, top = 0.1 + (i % columns) * width, head + (i // columns) * height
        sheet.text(left, top, _caption(bank, i))
        place = (left, top + 0.17, width - 0.15, height - 0.3)
        responses = bank.responses[i] if bank.responses else ()
        cell = _Cell(sheet, bank.kernels[i], scales, responses, examples, place)
        if i in bank.dead:
            _draw_dead(cell, kind, bank.dead_text(i))
        else:
            draw(cell)
    if bars:
        sheet.bars(scales.shown())
    return sheet.figure


@dataclass(frozen=True)
class _Scales:
    """What the colours of all filters stand for; None where there are none.

    Attributes:
        kernel: Of the kernels.
        seen: Of the examples.
        answer: Of the answers to an image, shares of each filter's largest.
        span: Least and largest answer to a sequence.
    """

    kernel: ColorScale | None = None
    seen: ColorScale | None = None
    answer: ColorScale | None = None
    span: tuple[float, float] = (0.0, 1.0)

    def shown(self) -> list[ColorScale]:
        """Return those that need a colour bar."""
        return [scale for scale in (self.kernel, self.seen, self.answer) if scale is not None]


def _scales(bank: FilterBank, kind: str, examples: Mapping[int, Example]) -> _Scales:
    if kind == "tokens":
        return _Scales()
    kernel = _kernel_scale(bank.kernels)
    strongest = [responses[0] for responses in bank.responses[:SHOWN] if responses]
    seen = [examples[response.example] for response in strongest]
    if not strongest:
        return _Scales(kernel)
    if kind == "image":
        return _Scales(kernel, pixel_scale(seen), _answer_scale(strongest))
    maps = [response.maps for response in strongest]
    low = min((float(np.nanmin(values)) for values in maps), default=0.0)
    high = max((float(np.nanmax(values)) for values in maps), default=1.0)
    coloured = bool(seen) and seen[0].values.shape[-1] > len(CHANNEL_LINES)
    span = (min(low, 0.0), high if high > low else low + 1)
    return _Scales(kernel, value_scale(seen) if coloured else None, None, span)


def _kernel_scale(kernels: np.ndarray) -> ColorScale:
    """Return the colours of kernels, (filters, *size, channels)."""
    limit = float(np.abs(kernels).max()) or 1.0
    if kernels.ndim == 3 or kernels.shape[-1] == 1:
        return ColorScale("weight", SIGNED, -limit, limit)
    if kernels.shape[-1] == 3:
        return ColorScale("weight of red, green, blue", "gray", -limit, limit)
    largest = float(np.sqrt(np.mean(kernels**2, axis=-1)).max()) or 1.0
    return ColorScale("weight, root mean square", AMOUNTS, 0.0, largest)


def _answer_scale(strongest: Sequence[Response]) -> ColorScale:
    least = min(float(np.nanmin(_share_of_largest(response))) for response in strongest)
    if least >= 0:
        return ColorScale("share of the largest answer", AMOUNTS, 0.0, 1.0)
    extend = "min" if least < -1 else "neither"
    return ColorScale("share of the largest answer", SIGNED, -1.0, 1.0, extend)


def _share_of_largest(response: Response) -> np.ndarray:
    """Return the answers by the largest; of a filter that answers only below 0, by the lowest."""
    unit = response.value if response.value > 0 else float(np.nanmax(np.abs(response.maps)))
    shares: np.ndarray = response.maps / (unit or 1.0)
    return shares


def _colours_text(bank: FilterBank) -> str:
    channels = bank.kernels.shape[-1]
    if bank.kernels.ndim == 3:
        return "Kernels: a row a channel, a column a step; orange is positive, purple negative."
    if channels == 1:
        return "Kernels: orange is positive, purple negative."
    if channels == 3:
        return "Kernels: the colours they add up to; grey is zero."
    return "Kernels: where they look, over all channels."


def _caption(bank: FilterBank, i: int) -> str:
    if not bank.responses or i in bank.dead:
        return f"{i}"
    return f"{i}: up to {bank.responses[i][0].value:.3g}, above 0 at {_share(bank.active[i])}"


def _share(share: float) -> str:
    """Return a share in per cent; only none at all is 0%, and only all are 100%."""
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


@dataclass(frozen=True)
class _Cell:
    """What a filter is drawn from, and where.

    Attributes:
        sheet: The figure.
        kernel: The filter's.
        scales: Of all filters.
        responses: The filter's.
        examples: By position.
        place: Left, top, width and height, in inches.
    """

    sheet: Sheet
    kernel: np.ndarray
    scales: _Scales
    responses: Sequence[Response]
    examples: Mapping[int, Example]
    place: tuple[float, float, float, float]

    def strongest(self) -> tuple[Response, Example]:
        """Return the strongest response, and the example it is in."""
        return self.responses[0], self.examples[self.responses[0].example]


def _draw_image_filter(cell: _Cell) -> None:
    left, top, width, height = cell.place
    side = min(width / 3 - 0.05, height)
    _draw_kernel(cell.sheet.panel(left, top, side, side), cell.kernel, cell.scales.kernel)
    response, example = cell.strongest()
    panel = cell.sheet.panel(left + side + 0.06, top, side, side)
    draw_image(panel, example.values, cell.scales.seen)
    mark_window(panel, example, response.window)
    panel = cell.sheet.panel(left + 2 * (side + 0.06), top, side, side)
    look = cell.scales.answer.look() if cell.scales.answer else {}
    bare(panel).imshow(_share_of_largest(response), **look)


def _draw_kernel(panel: Axes, kernel: np.ndarray, scale: ColorScale | None) -> None:
    """Draw a kernel, (height, width, channels) or (steps, channels)."""
    bare(panel)
    look = scale.look() if scale else {}
    if kernel.ndim == 2:
        panel.imshow(kernel.T, aspect="auto", **look)
    elif kernel.shape[-1] == 1:
        panel.imshow(kernel[..., 0], **look)
    elif kernel.shape[-1] == 3:
        panel.imshow(0.5 + kernel / (2 * (scale.high if scale else 1.0)))
    else:
        panel.imshow(np.sqrt(np.mean(kernel**2, axis=-1)), **look)


def _draw_sequence_filter(cell: _Cell) -> None:
    left, top, width, height = cell.place
    _draw_kernel(cell.sheet.panel(left, top, 0.5, height - 0.12), cell.kernel, cell.scales.kernel)
    response, example = cell.strongest()
    rest, half = width - 1.05, height / 2 - 0.11
    panel = cell.sheet.panel(left + 0.95, top, rest, half)
    drawn = draw_input(panel, example)
    if drawn is not None and cell.scales.seen is not None:
        drawn.set_clim(cell.scales.seen.low, cell.scales.seen.high)
    mark_window(panel, example, response.window)
    answer = cell.sheet.panel(left + 0.95, top + half + 0.1, rest, half)
    known = response.maps[: np.flatnonzero(np.isfinite(response.maps)).max(initial=0) + 1]
    answer.plot(known, color="black", linewidth=1)
    answer.margins(x=0)
    low, high = cell.scales.span
    answer.set_ylim(low - 0.04 * (high - low), high + 0.08 * (high - low))
    answer.set(xticks=[0, len(known) - 1], yticks=[low, high])
    rows = [0, example.values.shape[-1] - 1] if drawn is not None else _ends(panel)
    panel.set(xticks=[], yticks=rows, xlabel="", ylabel="")
    for each in (panel, answer):
        each.grid(visible=False)
        each.tick_params(length=2, pad=1)
        each.yaxis.set_major_formatter("{x:.2g}")


def _ends(panel: Axes) -> list[float]:
    """Return two ticks that a small panel has room for, within its ends."""
    low, high = panel.get_ylim()
    room = 0.12 * (high - low)
    return [low + room, high - room]


def _draw_words(cell: _Cell) -> None:
    panel = bare(cell.sheet.panel(*cell.place))
    strongest = max(cell.responses[0].value, 1e-9)
    for row, response in enumerate(cell.responses):
        panel.barh(row, max(response.value, 0) / strongest, color="#56B4E9", alpha=0.45)
        panel.text(0.01, row, _seen_words(response, cell.examples), va="center", fontsize=8)
    panel.set_xlim(0, 1)
    panel.set_ylim(len(cell.responses) - 0.5, -0.5)


def _seen_words(response: Response, examples: Mapping[int, Example]) -> str:
    example = examples[response.example]
    start, end = response.window[0] if response.window else (0, None)
    text = example.phrase(start, None if end is None else min(end, example.length()))
    return text if len(text) <= 44 else text[:41] + "..."


def _draw_dead(cell: _Cell, kind: str, why: str) -> None:
    """Draw a filter that has no strongest answer: its kernel, and why."""
    left, top, width, height = cell.place
    if kind == "tokens":
        cell.sheet.text(left, top + 0.05, why)
        return
    side = min(width / 3 - 0.05, height) if kind == "image" else 0.5
    _draw_kernel(
        cell.sheet.panel(left, top, side, side if kind == "image" else height - 0.12),
        cell.kernel,
        cell.scales.kernel,
    )
    cell.sheet.text(left + side + 0.08, top + 0.05, why.replace(" on ", "\non "))


def _draw_kernel_alone(cell: _Cell) -> None:
    left, top, width, height = cell.place
    side = min(width, height)
    _draw_kernel(cell.sheet.panel(left, top, side, side), cell.kernel, cell.scales.kernel)


_LAYOUTS: Mapping[str, tuple[int, float, Callable[[_Cell], None]]] = {
    "image": (3, 0.98, _draw_image_filter),
    "sequence": (3, 1.3, _draw_sequence_filter),
    "tokens": (2, 0.95, _draw_words),
    "none": (8, 1.0, _draw_kernel_alone),
}
"""Filters side by side, the height of each in inches, and what draws it."""
