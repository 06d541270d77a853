"""What commands print: data on stdout, notes on stderr, tables that survive a pipe."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from dlcli.plain import finite

if TYPE_CHECKING:
    from collections.abc import Sequence


def emit_json(content: Any) -> None:
    """Print JSON; what is not a finite number becomes null."""
    click.echo(json.dumps(finite(content), indent=2, ensure_ascii=False))


def note(text: str) -> None:
    """Tell something beside the result."""
    click.echo(text, err=True)


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, numeric: Sequence[str] = ()
) -> None:
    """Print a table; numeric columns are aligned to the right.

    On a terminal its header is bold; in a pipe it is plain text, never cut to a width.
    """
    widths = [max(len(row[i]) for row in [columns, *rows]) for i in range(len(columns))]
    right = [column in numeric for column in columns]
    header = _line(columns, widths, right)
    bold = sys.stdout.isatty()
    click.echo(click.style(header, bold=True) if bold else header)
    click.echo("  ".join("-" * width for width in widths))
    for row in rows:
        click.echo(_line(row, widths, right))


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = (
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    )
    return "  ".join(padded).rstrip()
