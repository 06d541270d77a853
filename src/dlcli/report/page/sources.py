"""What the pages read from the files of a folder, and say of how it was made."""

from __future__ import annotations

import csv
import io
import math
import shlex
from typing import TYPE_CHECKING, Any

from dlcli.report.page.html import code, folded, table

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dlcli.report.page.html import Figure
    from dlcli.store.folder import Folder

Row = dict[str, str]

DAMAGED = (csv.Error, LookupError, ValueError, TypeError, AttributeError, ArithmeticError)
"""What comes of files that hold something else than dlcli wrote."""

FEW_EPOCHS = 12
"""Up to so many, each has a tick; beyond, plotly's own are whole numbers."""


def read_rows(folder: Folder, name: str, columns: Collection[str] | None = None) -> list[Row]:
    """Return the rows of a CSV file, text by column.

    Args:
        folder: Where it is.
        name: Of the file.
        columns: Those that are wanted, which saves memory where there are very many rows; None for
            all.

    Raises:
        UserError: If it is missing, or a row of it is cut off.
    """
    rows: list[Row] = []
    # StringIO would hold four bytes a letter, of a table that may have a hundred thousand rows.
    content = io.BytesIO(folder.read_text(name).encode())
    try:
        for row in csv.DictReader(io.TextIOWrapper(content, "utf-8", newline="")):
            if None in row or None in row.values():
                raise folder.damaged(name)
            rows.append({key: row[key] for key in columns if key in row} if columns else row)
    except csv.Error:
        raise folder.damaged(name) from None
    return rows


def number(text: str | None) -> float | None:
    """Return the finite number a cell holds, or None: plotly leaves a gap there."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def shown(text: str | None) -> str:
    """Return a cell's number with four digits, or a dash."""
    value = number(text)
    return "-" if value is None else f"{value:.4g}"


def epoch_axis(epochs: Sequence[float | None]) -> dict[str, Any]:
    """Return an axis of epochs, without ticks between them."""
    few = max((epoch for epoch in epochs if epoch is not None), default=0) <= FEW_EPOCHS
    return {"title": {"text": "epoch"}, **({"dtick": 1} if few else {})}


def value_axis(title: str, values: Sequence[float | None]) -> dict[str, Any]:
    """Return an axis of values that leaves room around one that never changes."""
    known = {value for value in values if value is not None}
    axis: dict[str, Any] = {"title": {"text": title}}
    if len(known) == 1 and (value := known.pop()):
        axis["range"] = sorted([0.5 * value, 1.5 * value])
    return axis


def provenance(
    environment: Mapping[str, Any], documents: Sequence[tuple[str, str]]
) -> list[str | Figure]:
    """Return how a result was made: the command, the machine, the configs."""
    words = [str(word) for word in environment.get("command", [])]
    command = shlex.join(["dlcli", *words[1:]])  # the first is where dlcli lay
    packages = environment.get("packages", {})
    facts = {k: v for k, v in environment.items() if k not in ("command", "packages", "problems")}
    known = {key: value for key, value in {**facts, **packages}.items() if value not in ([], None)}
    rows = [_fact(str(key), value) for key, value in known.items()]
    return [
        "<h3>The command</h3>",
        code(command if words else "not recorded"),
        "<h3>The machine</h3>",
        table(("what", "which"), rows, name="The machine"),
        *(folded(title, code(text)) for title, text in documents),
    ]


def _fact(key: str, value: Any) -> list[str]:
    """Return what is recorded of a machine as a person says it."""
    if key == "memory_bytes" and isinstance(value, int):
        return ["memory", f"{value / 1e9:.1f} GB"]
    return [key, ", ".join(map(str, value)) if isinstance(value, list) else str(value)]
