"""Figures as files: SVG for paper, PNG for everything else."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from dlcli.runtime.files import replacing_path
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

    A letter that the font does not have is drawn as a box, which is said nowhere: no reader of a
    terminal could do anything about it.

    Raises:
        FullDiskError: If the disk is so.
        UserError: If the folder cannot be written to.
    """
    written = paths_of(folder, stem)
    for path, (suffix, options) in zip(written, FORMATS.items(), strict=True):
        with (
            explained_os_errors(path),
            replacing_path(path) as part,
            warnings.catch_warnings(action="ignore", category=UserWarning),
        ):
            figure.savefig(part, format=suffix, **options)
        figure.set_layout_engine("none")  # laid out once for all formats
    return written


def paths_of(folder: Path, stem: str) -> list[Path]:
    """Return where a figure's files are, one for each format."""
    return [folder / f"{stem}.{suffix}" for suffix in FORMATS]
