"""Figures of a convolution's filters, and of what each responds to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from dlcli.report.inputs import (
    AMOUNTS,
    SIGNED,
    Sheet,
    bare,
    draw_image,
    draw_input,
    mark_window,
)
from dlcli.report.panels import WIDTH
from dlcli.report.style import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.axes import Axes

    from dlcli.inspection import FilterBank
    from dlcli.inspection.filters import Response
    from dlcli.report.inputs import Example

SHOWN = 24
HEAD, LINE = 0.5, 0.14
"""Height of the title, and of each line of the explanation, in inches."""

EXPLAINED = {
    "image": "Of each filter: its largest answer, and at how many of all places it answers above "
    "0; its kernel; the example it answers most, what it sees there framed; and its answer over "
    "the whole of that example, dark where it is low.",
    "sequence": "Of each filter: its largest answer, and at how many of all steps it answers above "
    "0; its kernel; the example it answers most, what it sees there shaded, and its answer over "
    "the whole of that example.",
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
    sheet = Sheet(Figure(figsize=(WIDTH, head + rows * height)))
    size = " x ".join(str(n) for n in bank.kernels.shape[1:-1])
    count = len(bank.kernels)
    more = f", the first {shown} shown" if shown < count else ""
    channels = bank.kernels.shape[-1]
    over = "one channel" if channels == 1 else f"{channels} channels"
    title = f"{bank.layer}: {count} filters of {size} over {over}{more}"
    sheet.text(0.1, 0.1, title, 9)
    sheet.text(0.1, 0.3, explained)
    width = (WIDTH - 0.1) / columns
    limit = float(np.abs(bank.kernels).max()) or 1.0
    for i in range(shown):
        left, top = 0.1 + (i % columns) * width, head + (i // columns) * height
        sheet.text(left, top, _caption(bank, i))
        place = (left, top + 0.17, width - 0.15, height - 0.3)
        responses = bank.responses[i] if bank.responses else ()
        draw(_Cell(sheet, bank.kernels[i], limit, responses, examples, place))
    return sheet.figure


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
    if not bank.responses:
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
        limit: The largest weight of all filters.
        responses: The filter's.
        examples: By position.
        place: Left, top, width and height, in inches.
    """

    sheet: Sheet
    kernel: np.ndarray
    limit: float
    responses: Sequence[Response]
    examples: Mapping[int, Example]
    place: tuple[float, float, float, float]

    def strongest(self) -> tuple[Response, Example]:
        """Return the strongest response, and the example it is in."""
        return self.responses[0], self.examples[self.responses[0].example]


def _draw_image_filter(cell: _Cell) -> None:
    left, top, width, height = cell.place
    side = min(width / 3 - 0.05, height)
    _draw_kernel(cell.sheet.panel(left, top, side, side), cell.kernel, cell.limit)
    response, example = cell.strongest()
    panel = cell.sheet.panel(left + side + 0.06, top, side, side)
    draw_image(panel, example.values)
    mark_window(panel, example, response.window)
    panel = cell.sheet.panel(left + 2 * (side + 0.06), top, side, side)
    bare(panel).imshow(response.maps, cmap=AMOUNTS)


def _draw_kernel(panel: Axes, kernel: np.ndarray, limit: float) -> None:
    """Draw a kernel, (height, width, channels) or (steps, channels)."""
    bare(panel)
    if kernel.ndim == 2:
        panel.imshow(kernel.T, cmap=SIGNED, vmin=-limit, vmax=limit, aspect="auto")
    elif kernel.shape[-1] == 1:
        panel.imshow(kernel[..., 0], cmap=SIGNED, vmin=-limit, vmax=limit)
    elif kernel.shape[-1] == 3:
        panel.imshow(0.5 + kernel / (2 * limit))
    else:
        panel.imshow(np.sqrt(np.mean(kernel**2, axis=-1)), cmap=AMOUNTS, vmin=0)


def _draw_sequence_filter(cell: _Cell) -> None:
    left, top, width, height = cell.place
    _draw_kernel(cell.sheet.panel(left, top, 0.5, height), cell.kernel, cell.limit)
    response, example = cell.strongest()
    rest, half = width - 0.7, height / 2 - 0.03
    panel = cell.sheet.panel(left + 0.6, top, rest, half)
    draw_input(panel, example)
    mark_window(panel, example, response.window)
    answer = cell.sheet.panel(left + 0.6, top + half + 0.06, rest, half)
    answer.plot(response.maps, color="black", linewidth=1)
    answer.margins(x=0)
    for each in (panel, answer):
        each.set(xticks=[], yticks=[], xlabel="", ylabel="")


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
    text = " ".join(example.tokens(start, None if end is None else min(end, example.length())))
    return text if len(text) <= 44 else text[:41] + "..."


def _draw_kernel_alone(cell: _Cell) -> None:
    left, top, width, height = cell.place
    side = min(width, height)
    _draw_kernel(cell.sheet.panel(left, top, side, side), cell.kernel, cell.limit)


_LAYOUTS: Mapping[str, tuple[int, float, Callable[[_Cell], None]]] = {
    "image": (3, 0.98, _draw_image_filter),
    "sequence": (3, 1.1, _draw_sequence_filter),
    "tokens": (2, 0.95, _draw_words),
    "none": (8, 1.0, _draw_kernel_alone),
}
"""Filters side by side, the height of each in inches, and what draws it."""
