"""Figures as files: SVG for paper, PNG for everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcli.files import replacing_path
from dlcli.store.folder import explained_os_errors

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

# Neither date nor version: the same numbers give the same bytes.
FORMATS: dict[str, dict[str, Any]] = {
    "svg": {"metadata": {"Date": None, "Creator": None}},
    "png": {"metadata": {"Software": None}, "dpi": 150},
}


def save_figure(figure: Figure, folder: Path, stem: str) -> list[Path]:
    """Write a figure in each format, and return where.

    Raises:
        FullDiskError: If the disk is so.
        UserError: If the folder cannot be written to.
    """
    written = []
    for suffix, options in FORMATS.items():
        path = folder / f"{stem}.{suffix}"
        with explained_os_errors(path), replacing_path(path) as part:
            figure.savefig(part, format=suffix, **options)
        written.append(path)
    return written
