"""dlcli compare-optimizers against the hand-written Keras loop: the same trials, start to exit.

Run `python benchmarks/trials.py [--rounds N] [--kinds mlp,rnn,lstm,cnn] [--trials 24,100]` on a
quiet machine. The two programs run in turn, as processes of their own; medians are printed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from problems import LAYERS, OPTIMIZERS, RATES, write_config, write_data

HERE = Path(__file__).parent
GOALS = {"mlp": 12.0, "rnn": 8.0, "lstm": 5.0, "cnn": 2.5}


def seconds(command: list[str], folder: Path) -> float:
    """Run a command and return its wall-clock time."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["TF_CPP_MIN_LOG_LEVEL"] = "3"
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return time.perf_counter() - start


def loop(kind: str, data: Path, trials: int, folder: Path) -> float:
    """Time the hand-written loop."""
    script = str(HERE / "keras_loop.py")
    return seconds([sys.executable, script, kind, str(data), str(trials)], folder)


def compare(kind: str, data: Path, trials: int, folder: Path, *options: str) -> float:
    """Time the same trials by dlcli, tables included, into a new folder."""
    config = folder / f"{kind}.yaml"
    write_config(config, kind, data)
    seeds = -(-trials // (len(OPTIMIZERS) * len(RATES)))
    command = [
        sys.executable, "-m", "dlcli", "compare-optimizers", str(config), "--fresh",
        "--optimizers", ",".join(OPTIMIZERS), "--learning-rates", ",".join(map(str, RATES)),
        "--search-seeds", str(seeds), "--seeds", "0", "--no-figures", *options,
    ]  # fmt: skip
    return seconds(command, folder)


def main() -> None:
    """Print a row a network and number of trials."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kinds", default=",".join(LAYERS))
    parser.add_argument("--trials", default="24")
    arguments = parser.parse_args()
    print(f"{'network':8} {'trials':>6} {'loop s':>8} {'dlcli s':>8} {'ratio':>6} {'goal':>6}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "images.npz"
        write_data(data)
        for kind in arguments.kinds.split(","):
            for trials in map(int, arguments.trials.split(",")):
                pairs = [
                    (loop(kind, data, trials, folder), compare(kind, data, trials, folder))
                    for _ in range(arguments.rounds)
                ]
                ratio = statistics.median(a / b for a, b in pairs)
                by_hand, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
                row = f"{kind:8} {trials:6} {by_hand:8.1f} {ours:8.1f} {ratio:6.2f}"
                print(f"{row} {GOALS[kind]:6.1f}", flush=True)


if __name__ == "__main__":
    main()
