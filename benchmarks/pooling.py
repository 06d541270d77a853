"""What pooling buys: the four configs/pooling_*.yaml with several seeds, moved and scored.

Run `python benchmarks/pooling.py [--seeds N]`; it takes about a minute a seed. Parameters and FLOPs
are those of `dlcli config show --summary`, seconds those of an epoch after the first, accuracies
the mean over the seeds of `dlcli inspect --invariance`, with half of Student's 95 % interval.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from harness import HERE, save, seconds, shown
from scipy import stats

CONFIGS = HERE.parent / "configs"
NAMES = ("none", "average", "max", "global")
MOVES = {
    ("shift", 1): "shift_1", ("shift", 2): "shift_2", ("shift", 4): "shift_4",
    ("rotate", 15): "rotate_15", ("scale", 1.2): "scale_1.2",
}  # fmt: skip
DLCLI = [sys.executable, "-m", "dlcli"]


def printed(*arguments: str, folder: Path) -> Any:
    """Return what a command prints as JSON."""
    command = [*DLCLI, *arguments, "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def train(name: str, seeds: int, folder: Path) -> list[str]:
    """Train a config with each seed, and return the runs' names."""
    runs = [f"{name}-{seed}" for seed in range(seeds)]
    for seed, run in enumerate(runs):
        config = str(CONFIGS / f"pooling_{name}.yaml")
        out = str(folder / "runs" / run)
        seconds([*DLCLI, "train", config, "--seed", str(seed), "--out", out], folder)
    return runs


def epoch_seconds(run: Path) -> float:
    """Return the median seconds of an epoch after the first."""
    with (run / "history.csv").open(encoding="utf-8") as stream:
        return statistics.median([float(row["seconds"]) for row in csv.DictReader(stream)][1:])


def with_margin(values: list[float]) -> str:
    """Return a mean in per cent, with half of its 95 % interval."""
    mean = 100 * statistics.mean(values)
    if len(values) < 2:
        return f"{mean:.1f}"
    error = statistics.stdev(values) / len(values) ** 0.5
    half = 100 * error * float(stats.t.ppf(0.975, len(values) - 1))
    return f"{mean:.1f} ± {half:.1f}"


def row(name: str, seeds: int, folder: Path) -> dict[str, Any]:
    """Train and move one network."""
    config = str(CONFIGS / f"pooling_{name}.yaml")
    costs = printed("config", "show", config, "--summary", folder=folder)["summary"]
    runs = train(name, seeds, folder)
    found = [
        printed("inspect", run, "--invariance", "shift,rotate,scale", folder=folder)["invariance"]
        for run in runs
    ]
    times = [epoch_seconds(folder / "runs" / run) for run in runs]
    accuracy = [{(r["kind"], r["amount"]): r["accuracy"] for r in rows} for rows in found]
    return {
        "pooling": name, "parameters": costs["parameters"], "flops": costs["flops"],
        "epoch": statistics.median(times),
        "still": with_margin([a["shift", 0] for a in accuracy]),
        **{key: with_margin([a[move] for a in accuracy]) for move, key in MOVES.items()},
    }  # fmt: skip


def main() -> None:
    """Print and keep a row a network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for name in NAMES:
            rows.append(row(name, options.seeds, Path(place)))
            print(shown(rows[-1]), flush=True)
    save("pooling", rows)


if __name__ == "__main__":
    main()
