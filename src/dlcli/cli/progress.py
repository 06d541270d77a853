"""What a training shows on stderr: a bar on a terminal, a line an epoch elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from dlcli.cli.output import echo, visible

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG_SECONDS = 5.0
"""A log gets a line of a comparison this often."""

HIDDEN = ("epoch", "learning_rate", "seconds")


def describe_logs(logs: Mapping[str, Any]) -> str:
    """Write metrics shortly: `loss 0.123 accuracy 0.95`."""
    names = sorted(logs, key=lambda name: name != "loss")  # the loss comes first
    return "  ".join(
        f"{visible(name)} {logs[name]:.4g}"
        for name in names
        if name not in HIDDEN and isinstance(logs[name], int | float)
    )


class Lines:
    """One line an epoch, for logs and pipes."""

    def __init__(self) -> None:
        self._epochs = 0

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def started(self, *, epochs: int, steps: int, first_epoch: int) -> None:
        """Say where a resumed training goes on."""
        del steps
        self._epochs = epochs
        if first_epoch:
            echo(f"going on after epoch {first_epoch}", err=True)

    def batch(self, *, epoch: int, step: int, logs: Mapping[str, float]) -> None:
        """Say nothing: a log wants whole epochs."""

    def epoch(self, *, epoch: int, row: Mapping[str, float]) -> None:
        """Print the epoch's numbers."""
        line = f"epoch {epoch}/{self._epochs}  {row['seconds']:.1f}s  {describe_logs(row)}"
        echo(line, err=True)


class Bar:
    """A progress bar over all steps, with the epoch, metrics and the time left."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.table import Column

        whole = Column(no_wrap=True, min_width=13)
        rest = Column(no_wrap=True, overflow="ellipsis", ratio=1)
        self._console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}", table_column=whole),
            BarColumn(bar_width=12),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[logs]}", table_column=rest, markup=False),
            console=self._console,
            expand=True,
            transient=True,
        )
        self._steps = 1
        self._validated = ""

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def started(self, *, epochs: int, steps: int, first_epoch: int) -> None:
        """Lay out the bar."""
        self._steps = steps
        self._task = self._progress.add_task(
            "", total=epochs * steps, completed=first_epoch * steps, epoch=first_epoch + 1,
            epochs=epochs, logs="compiling",
        )  # fmt: skip

    def batch(self, *, epoch: int, step: int, logs: Mapping[str, float]) -> None:
        """Move on."""
        shown = f"{describe_logs(logs)}{self._validated}"
        done = epoch * self._steps + step
        self._progress.update(self._task, completed=done, epoch=epoch + 1, logs=shown)

    def epoch(self, *, epoch: int, row: Mapping[str, float]) -> None:
        """Move on, and keep the validation's numbers in sight."""
        validated = {name: value for name, value in row.items() if name.startswith("val_")}
        self._validated = f"  {describe_logs(validated)}" if validated else ""
        shown = describe_logs(row)
        self._progress.update(self._task, completed=epoch * self._steps, logs=shown)


def training_progress() -> Bar | Lines:
    """Return what suits where stderr goes."""
    return Bar() if sys.stderr.isatty() else Lines()


class TrialLines:
    """A line every few seconds, for a pipe or a log."""

    def __init__(self) -> None:
        self._shown = time.monotonic()

    def __enter__(self) -> TrialLines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def started(self, *, trials: int, kept: int, at_most: bool) -> None:
        """Say what is coming."""
        told = f", {kept} of them done before" if kept else ""
        echo(f"{'at most ' if at_most else ''}{trials} trials{told}", err=True)

    def trial(self, *, done: int, trials: int, best: str) -> None:
        """Print how far it is."""
        now = time.monotonic()
        if now - self._shown >= LOG_SECONDS:
            self._shown = now
            echo(f"trial {done}/{trials}  best {best}" if best else f"trial {done}/{trials}",
                       err=True)  # fmt: skip


class TrialBar:
    """A progress bar over all trials, with the time left and the best so far."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.table import Column

        whole = Column(no_wrap=True, min_width=13)
        rest = Column(no_wrap=True, overflow="ellipsis", ratio=1)
        self._progress = Progress(
            TextColumn("trial {task.completed}/{task.total}", table_column=whole),
            BarColumn(bar_width=12),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[best]}", table_column=rest, markup=False),
            console=Console(stderr=True),
            expand=True,
            transient=True,
        )

    def __enter__(self) -> TrialBar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def started(self, *, trials: int, kept: int, at_most: bool) -> None:
        """Lay out the bar; what a look saves is taken off later."""
        del at_most
        self._task = self._progress.add_task("", total=trials, completed=kept, best="compiling")

    def trial(self, *, done: int, trials: int, best: str) -> None:
        """Move on."""
        shown = f"best {visible(best)}" if best else ""
        self._progress.update(self._task, completed=done, total=trials, best=shown)


def comparison_progress() -> TrialBar | TrialLines:
    """Return what suits where stderr goes."""
    return TrialBar() if sys.stderr.isatty() else TrialLines()
