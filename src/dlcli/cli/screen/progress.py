"""What a training shows on stderr: a bar on a terminal, a line an epoch elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Self

from dlcli.cli.screen.output import echo, visible

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
            echo(f"continuing after epoch {first_epoch}", err=True)

    def batch(self, *, epoch: int, step: int, logs: Mapping[str, float]) -> None:
        """Say nothing: a log wants whole epochs."""

    def epoch(self, *, epoch: int, row: Mapping[str, float]) -> None:
        """Print the epoch's numbers."""
        line = f"epoch {epoch}/{self._epochs}  {row['seconds']:.1f}s  {describe_logs(row)}"
        echo(line, err=True)


class OneLine:
    """A rich bar on one line of the terminal, which is gone when the work is over.

    Args:
        before: What stands before the bar, as rich fills it in.
        after: What stands behind the time left; it is cut where the line ends.
    """

    def __init__(self, before: str, after: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.table import Column

        whole = Column(no_wrap=True, min_width=13)
        rest = Column(no_wrap=True, overflow="ellipsis", ratio=1)
        self._progress = Progress(
            TextColumn(before, table_column=whole),
            BarColumn(bar_width=12),
            TimeRemainingColumn(compact=True),
            TextColumn(after, table_column=rest, markup=False),
            console=Console(stderr=True),
            expand=True,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


class Bar(OneLine):
    """A progress bar over all steps, with the epoch, metrics and the time left."""

    def __init__(self) -> None:
        super().__init__("epoch {task.fields[epoch]}/{task.fields[epochs]}", "{task.fields[logs]}")
        self._steps = 1
        self._validated = ""

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


class Hidden:
    """Shows nothing of a training or a comparison."""

    def __enter__(self) -> Hidden:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def started(self, **_: int) -> None:
        """Say nothing."""

    def batch(self, *, epoch: int, step: int, logs: Mapping[str, float]) -> None:
        """Say nothing."""

    def epoch(self, *, epoch: int, row: Mapping[str, float]) -> None:
        """Say nothing."""

    def trial(self, *, done: int, trials: int, best: str) -> None:
        """Say nothing."""


def training_progress(*, shown: bool = True) -> Bar | Lines | Hidden:
    """Return what suits where stderr goes; nothing if it is not to be shown."""
    if not shown:
        return Hidden()
    return Bar() if _is_drawn() else Lines()


def _is_drawn() -> bool:
    """Whether a bar can be drawn: on a terminal and in a notebook."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules


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


class TrialBar(OneLine):
    """A progress bar over all trials, with the time left and the best so far."""

    def __init__(self) -> None:
        super().__init__("trial {task.completed}/{task.total}", "{task.fields[best]}")

    def started(self, *, trials: int, kept: int, at_most: bool) -> None:
        """Lay out the bar; what a look saves is taken off later."""
        del at_most
        self._task = self._progress.add_task("", total=trials, completed=kept, best="compiling")

    def trial(self, *, done: int, trials: int, best: str) -> None:
        """Move on."""
        shown = f"best {visible(best)}" if best else ""
        self._progress.update(self._task, completed=done, total=trials, best=shown)


def comparison_progress(*, shown: bool = True) -> TrialBar | TrialLines | Hidden:
    """Return what suits where stderr goes; nothing if it is not to be shown."""
    if not shown:
        return Hidden()
    return TrialBar() if _is_drawn() else TrialLines()
