"""What all benchmarks share: timed processes, the machine, and where figures are written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problems import OPTIMIZERS, RATES, write_config, write_data

from dlcli.runtime.environment import computing_versions, processor

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
RESULTS = HERE / "results"


def seconds(command: list[str], folder: Path) -> float:
    """Run a command from start to exit and return its wall-clock time."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["TF_CPP_MIN_LOG_LEVEL"] = "3"
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return time.perf_counter() - start


@contextmanager
def workplace() -> Iterator[tuple[Path, Path]]:
    """Yield a folder with caches of its own, and the images' file in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["DLCLI_CACHE_DIR"] = str(folder / "cache")
        write_data(folder / "images.npz")
        yield folder, folder / "images.npz"


def script(name: str, *arguments: object) -> list[str]:
    """Return the command that runs a script of this folder."""
    return [sys.executable, str(HERE / name), *map(str, arguments)]


def comparison(config: Path, seeds: int, *options: str) -> list[str]:
    """Return the command that trains the grid with so many seeds, tables included, anew."""
    return [
        sys.executable, "-m", "dlcli", "compare-optimizers", str(config), "--fresh",
        "--optimizers", ",".join(OPTIMIZERS), "--learning-rates", ",".join(map(str, RATES)),
        "--search-seeds", str(seeds), "--seeds", "0", "--no-figures", *options,
    ]  # fmt: skip


def compare(kind: str, data: Path, trials: int, folder: Path, *options: str) -> float:
    """Time so many trials by dlcli."""
    config = folder / f"{kind}.yaml"
    write_config(config, kind, data)
    return seconds(
        comparison(config, -(-trials // (len(OPTIMIZERS) * len(RATES))), *options), folder
    )


def save(name: str, rows: list[dict[str, Any]], results: Path = RESULTS) -> None:
    """Write what was measured, and where, to results/NAME.json."""
    told = {
        "date": datetime.now(UTC).date().isoformat(),
        "command": ["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]],
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "versions": computing_versions(),
        "rows": rows,
    }
    results.mkdir(exist_ok=True)
    (results / f"{name}.json").write_text(json.dumps(told, indent=1) + "\n")


def shown(row: dict[str, Any]) -> str:
    """Return a row of figures for the screen."""
    return "  ".join(
        f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in row.items()
    )
