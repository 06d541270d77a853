"""A comparison of 100,000 trials without training: planning, keeping, resuming, tables, pictures.

Run `python benchmarks/scale.py [--trials 100000]`. The plan, the protocol, the folder and the
statistics are dlcli's; only the results are drawn at random instead of being trained. Each stage
runs in a process of its own, as after a restart; its peak memory is that process's.
"""

from __future__ import annotations

import argparse
import json
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from harness import save, shown

if TYPE_CHECKING:
    from collections.abc import Hashable

    from dlcli.compare.plan.records import Result, Task, Trial
    from dlcli.compare.session import ComparisonSession

PROBLEMS, CANDIDATES, EPOCHS = 10, 50, 3
STAGES = ("keep", "resume")

CONFIG = """\
name: problem-{number}
data: {{dataset: iris, validation: 0.2}}
model:
  layers:
    - {{Dense: {{units: {units}, activation: relu}}}}
    - {{Dense: {{units: $classes, activation: softmax}}}}
fit: {{epochs: {epochs}}}
compare:
  optimizers: [{optimizers}]
  learning_rates: [{rates}]
  seeds: {seeds}
"""


def write_configs(folder: Path, trials: int) -> list[str]:
    """Write configs whose comparison has so many trials: half of them in the first replication."""
    each = trials // (PROBLEMS * CANDIDATES) // 2
    optimizers = [f"{{SGD: {{momentum: {i / (2 * CANDIDATES):g}}}}}" for i in range(CANDIDATES)]
    rates = [f"{rate:.6g}" for rate in np.logspace(-5, 1, each)]
    paths = []
    for number in range(PROBLEMS):
        path = folder / f"problem-{number}.yaml"
        path.write_text(
            CONFIG.format(
                number=number, units=4 + number, epochs=EPOCHS, seeds=1 + each // 3,
                optimizers=", ".join(optimizers), rates=", ".join(rates),
            )
        )  # fmt: skip
        paths.append(str(path))
    return paths


def drawn(trial: Trial) -> Result:
    """Draw what a trial comes to: a score that peaks at a rate of 0.01, with luck by the seed."""
    from dlcli.compare.plan.blocks import BLOCKS
    from dlcli.compare.plan.records import Result

    luck = np.random.default_rng([trial.candidate, trial.seed, int(trial.rate * 1e9)])
    best = 0.9 - 0.05 * abs(np.log10(trial.rate) + 2) + luck.normal(0, 0.01)
    scores = [float(np.clip(best * (0.8 + 0.1 * epoch), 0, 1)) for epoch in range(EPOCHS)]
    history = tuple(
        {"epoch": i + 1, "train_loss": 1 - s, "val_loss": 1 - s, "val_accuracy": s, "seconds": 0.1}
        for i, s in enumerate(scores)
    )
    read = {"val_loss": 1 - scores[-1], "val_accuracy": scores[-1]}
    read |= {"test_loss": read["val_loss"], "test_accuracy": read["val_accuracy"]}
    blocks = np.clip(scores[-1] + luck.normal(0, 0.001, BLOCKS), 0, 1)
    return Result(
        "ok", history, steps=100, seconds=0.3, best_epoch=EPOCHS, best=read, last=dict(read),
        blocks=tuple(map(float, blocks)),
    )  # fmt: skip


class Drawing:
    """Does tasks at once, by drawing their results; counts the bytes that would travel."""

    def __init__(self) -> None:
        self.queue: deque[Task] = deque()
        self.tasks = self.sent = self.received = 0

    def submit(self, task: Task, group: Hashable, stage: Any) -> None:  # noqa: ARG002 (its form)
        """Queue a task."""
        self.queue.append(task)

    def next_done(self) -> Any:
        """Do the next one."""
        from dlcli.parallel import Done

        if not self.queue:
            return None
        task = self.queue.popleft()
        answer = ([drawn(trial) for trial in task.trials], "")
        if self.tasks % 100 == 0:
            self.sent += len(pickle.dumps(task)) * 100
            self.received += len(pickle.dumps(answer)) * 100
        self.tasks += 1
        return Done(task, answer[0])

    def cancel(self) -> list[Any]:
        """Nothing is ever cancelled here."""
        return []

    def close(self) -> None:
        """Nothing is held."""


class Silent:
    """Shows nothing."""

    def started(self, **_: object) -> None:
        """Show nothing."""

    def trial(self, **_: object) -> None:
        """Show nothing."""


def opened(folder: Path, paths: list[str]) -> tuple[ComparisonSession, float]:
    """Read the configs and open the comparison, as the command does."""
    from dlcli.compare.reading import plan_comparison, read_problems
    from dlcli.compare.session import ComparisonSession, problems_key_of
    from dlcli.store.comparisons import open_comparison

    began = time.perf_counter()
    plan = plan_comparison(*read_problems(paths, ()))
    session = ComparisonSession(plan, None, jobs=1000)
    session.folder = open_comparison(folder, "scale", problems_key_of(plan), fresh=False)
    return session, time.perf_counter() - began


def stage(name: str, folder: Path, paths: list[str]) -> dict[str, Any]:
    """Measure one stage in this process: all trials kept, or found again and put into tables."""
    from dlcli.compare.placement import Placement
    from dlcli.compare.session import write_settings
    from dlcli.report.figures.comparison import write_figures
    from dlcli.report.text.documents import write_tables
    from dlcli.report.writing import write_comparison_report

    session, planning = opened(folder, paths)
    assert session.folder is not None  # noqa: S101 (it was opened)
    row: dict[str, Any] = {"stage": name, "planning_s": planning}
    executor = Drawing()
    began = time.perf_counter()
    if name == "keep":
        write_settings(session, ["benchmark"], Placement("ray", 1000))
        session.run(executor, Silent())
        row["seconds"] = time.perf_counter() - began
        row["ms_a_trial"] = 1000 * row["seconds"] / max(1, executor.tasks)
        row["bytes_sent_a_trial"] = executor.sent / max(1, executor.tasks)
        row["bytes_received_a_trial"] = executor.received / max(1, executor.tasks)
    else:
        row["missing"] = session.remaining()
        session.run(executor, Silent())
        row["seconds"] = time.perf_counter() - began
        began = time.perf_counter()
        results = session.results()
        row["statistics_s"] = time.perf_counter() - began
        began = time.perf_counter()
        write_tables(results, session.folder)
        row["tables_s"] = time.perf_counter() - began
        began = time.perf_counter()
        figures = session.folder.path / "figures"
        figures.mkdir(exist_ok=True)
        write_figures(results, figures)
        write_comparison_report(session.folder)
        row["pictures_s"] = time.perf_counter() - began
        row["trials"] = len(results.trials)
    row["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return row


def disk(folder: Path) -> dict[str, float]:
    """Return what the kept trials take on the disk."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    blocks = sum(path.stat().st_blocks for path in files) * 512
    return {"files": len(files), "disk_mb": blocks / 1e6}


def bare_writing(folder: Path, trials: int) -> float:
    """Return the seconds that as many folders and files take on this disk without dlcli."""
    folder.mkdir()
    began = time.perf_counter()
    for number in range(trials):
        place = folder / f"{number:020x}"
        place.mkdir()
        for name in ("history.csv", "trial.json"):
            part = place / f".{name}.part"
            part.write_bytes(b"x" * 500)
            part.rename(place / name)
    return time.perf_counter() - began


def main() -> None:
    """Print and keep what each stage takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.stage:
        paths = sorted(str(path) for path in given.folder.glob("problem-*.yaml"))
        print(json.dumps(stage(given.stage, given.folder / "comparisons", paths)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_configs(folder, given.trials)
        for part in STAGES:
            done = subprocess.run(
                [sys.executable, __file__, "--stage", part, "--folder", name],
                stdout=subprocess.PIPE, text=True, check=True,
            )  # fmt: skip
            rows.append(json.loads(done.stdout))
            if part == "keep":
                rows[-1] |= disk(folder / "comparisons")
                rows[-1]["bare_s"] = bare_writing(folder / "bare", given.trials)
            print(shown(rows[-1]), flush=True)
    save("scale", rows)


if __name__ == "__main__":
    main()
