"""How figures look: one colour and marker an optimizer, one line style an initializer."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import matplotlib as mpl

from dlcli.catalogue.family import family_of_label
from dlcli.report.drawing.colours import COLOURS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Dash: TypeAlias = str | tuple[int, tuple[float, ...]]

FONT_SIZE = 8.0
"""In points, at the width of a page: nothing is printed smaller."""

GREY = "#666666"
"""Of whatever belongs to no optimizer."""

_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so text is as wide on every machine
    "font.size": FONT_SIZE,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.labelsize": FONT_SIZE,
    "xtick.labelsize": FONT_SIZE,
    "ytick.labelsize": FONT_SIZE,
    "legend.fontsize": FONT_SIZE,
    "legend.frameon": False,
    "legend.handlelength": 3.2,  # a whole period of the longest line style
    "legend.columnspacing": 1.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.5,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "dlcli",
    "text.parse_math": False,  # a name with two dollar signs is no formula
}

_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_DASHES: tuple[Dash, ...] = (
    "solid",
    (0, (5.0, 1.5)),
    (0, (1.2, 1.2)),
    (0, (5.0, 1.5, 1.2, 1.5)),
    (0, (5.0, 1.5, 1.2, 1.5, 1.2, 1.5)),
    (0, (10.0, 2.0)),
)
_WELL_KNOWN = (
    *("sgd", "momentum", "nesterov", "adam", "rmsprop", "adamw", "nadam", "adagrad"),
    *("adadelta", "adamax", "lion", "ftrl", "adafactor", "lamb", "muon"),
)


@dataclass(frozen=True)
class Style:
    """How an optimizer, or one with an initializer, is drawn.

    Attributes:
        colour: As matplotlib reads it.
        marker: Likewise.
        filled: Whether the marker is; the second half of the styles has hollow ones, so that each
            can be told from the others without its colour.
        dash: Line style.
    """

    colour: str
    marker: str
    filled: bool
    dash: Dash

    def marks(self) -> dict[str, Any]:
        """Return the arguments of a `Line2D` that draws only markers."""
        return {
            "color": self.colour,
            "marker": self.marker,
            "markerfacecolor": self.colour if self.filled else "white",
            "markeredgecolor": self.colour,
            "linestyle": "none",
        }

    def line(self) -> dict[str, Any]:
        """Return the arguments of a `Line2D`."""
        return self.marks() | {"linestyle": self.dash}


@contextmanager
def applied() -> Iterator[None]:
    """Draw like this, whatever the user's matplotlib settings, which are as before afterwards."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        yield


class _Wrapper(textwrap.TextWrapper):
    """Breaks lines at blanks, and within a name such as `package.module:Class(rate=1)`."""

    wordsep_simple_re = re.compile(r"(\s+)|(?<=[:(.])(?=[A-Za-z])")


def label_styles(labels: Iterable[str]) -> dict[str, Style]:
    """Give each optimizer label a style of its own.

    Keras's optimizers always have the same one; the parameters in a label (as in
    `Adam(beta_1=0.8)`) take a style of their own only beside another label of that optimizer. All
    other labels share out what is left in the order they are given.

    Args:
        labels: Of all candidates that are compared, the same for each figure.
    """
    names = list(dict.fromkeys(labels))
    slots = _well_known_slots(names)
    uses = Counter(slots.values())
    for name in names:
        if name not in slots:
            slots[name] = _freest(uses)
            uses[slots[name]] += 1
    laps: Counter[int] = Counter()
    styles = {}
    for name, slot in slots.items():
        styles[name] = _slot_style(slot, laps[slot])
        laps[slot] += 1
    return styles


def candidate_styles(rows: Iterable[tuple[str, str, str]]) -> dict[str, Style]:
    """Give each candidate its style: its label's, in its initializer's line if there are several.

    Args:
        rows: A candidate, its label and its initializer each; all that are compared.
    """
    found = list(rows)
    # By name, not by rank: how well an optimizer did must not change its colour.
    labels = label_styles(sorted({label for _, label, _ in found}))
    names = sorted({initializer for *_, initializer in found})
    if len(names) < 2:
        return {candidate: labels[label] for candidate, label, _ in found}
    dashes = initializer_dashes(names)
    return {c: crossed_style(labels[label], dashes[name]) for c, label, name in found}


def initializer_dashes(initializers: Sequence[str]) -> dict[str, Dash]:
    """Give each initializer a line style of its own, the first a solid one."""
    return dict(zip(dict.fromkeys(initializers), itertools.cycle(_DASHES), strict=False))


def crossed_style(style: Style, dash: Dash) -> Style:
    """Return an optimizer's style with an initializer's line."""
    return replace(style, dash=dash)


def wrapped(text: str, width: int) -> str:
    """Break a text into lines of at most `width` characters, preferably between words."""
    return "\n".join(_Wrapper(width, break_on_hyphens=False).wrap(text))


def number(value: float) -> str:
    """Return a score with four digits."""
    return f"{value:#.4g}".rstrip(".")


def _well_known_slots(names: Sequence[str]) -> dict[str, int]:
    """Return the styles of Keras's optimizers; one without parameters comes before one with."""
    slots: dict[str, int] = {}
    for name in sorted(names, key=lambda name: "(" in name):
        family = family_of_label(name).lower()
        if family in _WELL_KNOWN:
            slot = _WELL_KNOWN.index(family)
            if slot not in slots.values():
                slots[name] = slot
    return slots


def _freest(uses: Counter[int]) -> int:
    return min(range(len(COLOURS)), key=lambda slot: (uses[slot], slot))


def _slot_style(slot: int, lap: int) -> Style:
    first = slot < len(_MARKERS)
    return Style(
        colour=COLOURS[slot],
        marker=_MARKERS[slot % len(_MARKERS)],
        filled=first,
        dash=_DASHES[(slot % 4 + (0 if first else 1) + lap) % len(_DASHES)],
    )
