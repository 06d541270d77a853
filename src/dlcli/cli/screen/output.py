"""What commands print: data on stdout, notes on stderr, tables that survive a pipe."""

from __future__ import annotations

import json
import os
import re
import sys
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import click

from dlcli.report.text.cells import cell_width, padded
from dlcli.runtime.files import finite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dlcli.errors import DlcliError

GAP = "  "

LONGEST = 4000
"""Characters of an error that are shown."""

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but tab and newline, and those that turn the direction of writing."""


def visible(text: str) -> str:
    r"""Write what steers a terminal as an escape, as JSON does: names may come from anybody.

    >>> visible("\x1b[31mred")
    '\\u001b[31mred'
    """
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print text that may hold what others wrote."""
    click.echo(visible(text), err=err, nl=nl)


def emit_json(content: Any) -> None:
    """Print JSON; what is not a finite number becomes null."""
    click.echo(visible(json.dumps(finite(content), indent=2, ensure_ascii=False)))


def note(text: str) -> None:
    """Tell something beside the result."""
    echo(text, err=True)


def shown_time(seconds: float) -> str:
    """Write a time as people do: `45 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def knows(characters: str) -> bool:
    """Whether standard output can show some characters."""
    try:
        characters.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def print_sentence(text: str) -> None:
    """Print a sentence: folded to the width of a terminal, one line in a pipe."""
    if sys.stdout.isatty():
        import shutil

        text = "\n".join(_folded(text, shutil.get_terminal_size().columns))
    echo(text)


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, numeric: Sequence[str] = ()
) -> None:
    """Print a table; numeric columns are aligned to the right.

    On a terminal its header is bold (unless `NO_COLOR` is set) and cells of several words are
    folded to its width; in a pipe it is plain text, one line a row. No word is ever cut, and no
    interval parted where it finds room: rich's tables do both, and importing them takes 40 ms of
    processor time, half as much again as a command that looks something up.
    """
    right = [column in numeric for column in columns]
    columns, rows = _on_one_line(columns), [_on_one_line(row) for row in rows]
    widths = [max(cell_width(row[i]) for row in [columns, *rows]) for i in range(len(columns))]
    terminal = sys.stdout.isatty()
    if terminal:
        import shutil  # slow to import, and a pipe has no size

        widths = _fitted([columns, *rows], widths, shutil.get_terminal_size().columns)
    for line in _lines(columns, widths, right):
        click.echo(click.style(line, bold=True) if terminal and _may_style() else line)
    click.echo(GAP.join("-" * width for width in widths))
    for row in rows:
        for line in _lines(row, widths, right):
            click.echo(line)


def _on_one_line(cells: Sequence[str]) -> list[str]:
    """Return cells none of which can pass for a row of its own."""
    return [visible(cell).replace("\n", "\\n") for cell in cells]


def _may_style() -> bool:
    return not os.environ.get("NO_COLOR")


def _fitted(rows: Sequence[Sequence[str]], widths: Sequence[int], available: int) -> list[int]:
    """Narrow the widest columns until all fit, or none can be narrowed any more.

    Args:
        rows: All that is shown, the header among it.
        widths: Of the columns, so that nothing is folded.
        available: Cells of a line.
    """
    columns = list(zip(*rows, strict=True))
    room = available - len(GAP) * (len(widths) - 1)
    whole, parts = ([_longest(column, of) for column in columns] for of in (_pieces, _words))
    least = whole if sum(whole) <= room else parts
    fitted = list(widths)
    while sum(fitted) > room and fitted != least:
        widest = max(
            (i for i in range(len(fitted)) if fitted[i] > least[i]), key=fitted.__getitem__
        )
        fitted[widest] -= 1
    used = [_used(column, width) for column, width in zip(columns, fitted, strict=True)]
    # What folding leaves free goes to the column that lost most.
    most = max(range(len(used)), key=lambda i: widths[i] - used[i])
    wider = min(widths[most], used[most] + max(room - sum(used), 0))
    used[most] = _used(columns[most], wider)
    return used


def _longest(cells: Iterable[str], parts: Callable[[str], list[str]]) -> int:
    return max(cell_width(part) for cell in cells for part in parts(cell))


def _used(cells: Sequence[str], width: int) -> int:
    """Return the cells of the widest line once a column is folded to a width."""
    return max(cell_width(line) for cell in cells for line in _folded(cell, width))


def _lines(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> list[str]:
    """Lay out a row; a cell wider than its column is folded over several lines."""
    folded = [_folded(cell, width) for cell, width in zip(cells, widths, strict=True)]
    return [_line(parts, widths, right) for parts in zip_longest(*folded, fillvalue="")]


def _words(text: str) -> list[str]:
    """Return what is never parted when a text is folded: words, a number and its per cent."""
    return re.findall(r"\S+(?:\s%\S*)?", text) or [""]


def _pieces(text: str) -> list[str]:
    """Return what is not parted where it finds room: the same, and an interval in brackets."""
    return re.findall(r"\[[^\[\]]*\]\S*|\S+(?:\s%\S*)?", text) or [""]


def _folded(text: str, width: int) -> list[str]:
    """Return a text in lines of at most so many cells, if its words let it; a short one as it is.

    Letters may take two cells, which textwrap does not count.
    """
    if cell_width(text) <= width:
        return [text]
    fits = all(cell_width(piece) <= width for piece in _pieces(text))
    lines = [""]
    for word in _pieces(text) if fits else _words(text):
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and cell_width(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    made = (
        padded(cell, width, right=to_right)
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    )
    return GAP.join(made).rstrip()


def block(error: DlcliError) -> str:
    """Return an error as it is shown: what is wrong, and what to do about it."""
    render: Any = getattr(error, "render", None)
    if render is not None:
        return str(render())
    hint = _shortened(error.remedy).replace("\n", "\n    ")
    remedy = f"\n  = hint: {hint}" if hint else ""
    return f"error: {_shortened(error.message)}{remedy}"


def _shortened(text: str) -> str:
    """Return a text without its middle if it is long: a cell may be as large as a file."""
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"
