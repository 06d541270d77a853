"""What a download shows on stderr: a bar for each file."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlcli.data.formats.keras_cache import Progress


@contextmanager
def download_progress() -> Iterator[Progress | None]:
    """Show downloads as bars on standard error; yield None where that is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    bars = Bars(*columns, TimeRemainingColumn(), console=Console(stderr=True))
    tasks: dict[str, Any] = {}

    def advance(file_name: str, received: int, total: int | None) -> None:
        bars.start()  # only once there is something to show
        if file_name not in tasks:
            tasks[file_name] = bars.add_task(file_name)
        bars.update(tasks[file_name], completed=received, total=total)

    try:
        yield advance
    finally:
        if tasks:
            bars.stop()
