"""How fast commands start that only look things up, against `import click, yaml` alone.

Run `python benchmarks/startup.py`. The two are timed in turn, and the median ratio is printed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 15
GOAL = 2.5
CONFIG = str(Path(__file__).parents[1] / "configs" / "digits_cnn.yaml")
COMMANDS = [
    ["--help"],
    ["train", "--help"],
    ["eval", "--help"],
    ["runs", "ls"],
    ["data", "ls"],
    ["ls", "layers"],
    ["config", "validate", CONFIG],
    ["completion", "bash"],
]


def seconds(command: list[str]) -> float:
    """Run a command and return its wall-clock time."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run(command, env=environment, capture_output=True, check=True)
    return time.perf_counter() - start


def main() -> None:
    """Print a row a command."""
    base = [sys.executable, "-c", "import click, yaml"]
    print(f"{'command':28} {'ms':>6} {'base ms':>8} {'ratio':>6}   (goal: at most {GOAL})")
    for arguments in COMMANDS:
        command = [sys.executable, "-m", "dlcli", *arguments]
        seconds(command)
        pairs = [(seconds(command), seconds(base)) for _ in range(ROUNDS)]
        ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        name = " ".join(Path(word).name if "/" in word else word for word in arguments)
        print(f"{name:28} {1000 * ours:6.0f} {1000 * theirs:8.0f} {ratio:6.2f}")


if __name__ == "__main__":
    main()
