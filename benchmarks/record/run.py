"""The record: every optimizer of Keras and of dlcli on eight offline problems, full protocol.

    python benchmarks/record/run.py
    python benchmarks/record/run.py --only digits_cnn,breast_cancer --optimizers SGD,Adam --seeds 3
    python benchmarks/record/run.py --plugin my_optimizer.py --add Mine

Stop it whenever you like and run it again: every trial is kept as it finishes. A plugin's optimizer
joins those of before; only its own trials are trained. At the end, `page.py` writes docs/record.md.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent
PROBLEMS = HERE / "problems"
FOLDER = HERE.parents[1] / "build" / "record"

NOT_COMPARED = ("LossScaleOptimizer",)
"""It wraps another one."""

WRITTEN = {
    "SGD": ("SGD", "SGD(momentum=0.9)", "SGD(momentum=0.9, nesterov=True)"),
    "Muon": ("Muon",),
}
"""Optimizers that are several in one."""


def problems(only: str | None) -> list[Path]:
    """Return the configs, all or those named."""
    every = sorted(PROBLEMS.glob("*.yaml"))
    if only is None:
        return every
    named = only.split(",")
    unknown = set(named) - {path.stem for path in every}
    if unknown:
        sys.exit(f"there is no problem {', '.join(sorted(unknown))} in {PROBLEMS}")
    return [path for path in every if path.stem in named]


def optimizers() -> list[str]:
    """Return every optimizer of Keras and of dlcli, as --optimizers takes it."""
    from dlcli.catalogue.catalogue import load_catalogue

    catalogue = load_catalogue()
    entries = [catalogue.find("optimizers", name) for name in catalogue.names("optimizers")]
    usable = [e.name for e in entries if e and not e.refused and e.name not in NOT_COMPARED]
    return [written for name in usable for written in WRITTEN.get(name, (name,))]


def command(arguments: argparse.Namespace, *more: str) -> list[str]:
    """Return the comparison to run."""
    named = arguments.optimizers.split(",") if arguments.optimizers else optimizers()
    made = [sys.executable, "-m", "dlcli", "compare-optimizers"]
    made += [str(path) for path in problems(arguments.only)]
    made += ["--optimizers", ",".join([*named, *arguments.add])]
    made += ["--seeds", str(arguments.seeds), "--name", "record", "--root", str(arguments.root)]
    made += ["--no-figures", *(w for file in arguments.plugin for w in ("--plugin", file)), *more]
    if arguments.jobs:
        made += ["--jobs", str(arguments.jobs)]
    return made


def main(words: Sequence[str] | None = None) -> None:
    """Compare, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--only", help="Problems, joined by commas; all if left out.")
    parser.add_argument("--optimizers", help="Joined by commas; all if left out.")
    parser.add_argument("--add", action="append", default=[], help="One more, of a plugin.")
    parser.add_argument("--plugin", action="append", default=[], help="A plugin's file.")
    parser.add_argument("--seeds", type=int, default=10, help="Replications.")
    parser.add_argument("--jobs", type=int, help="Processes; all cores if left out.")
    parser.add_argument("--root", type=Path, default=FOLDER, help="Folder of the comparison.")
    parser.add_argument("--dry-run", action="store_true", help="Say what it takes.")
    parser.add_argument("--page", action="store_true", help="Only write the page.")
    parser.add_argument("--cost", action="store_true", help="On a quiet machine: time per step.")
    arguments = parser.parse_args(words)
    if not arguments.page:
        done = subprocess.run(command(arguments, *["--dry-run"] * arguments.dry_run), check=False)
        if done.returncode or arguments.dry_run:
            sys.exit(done.returncode)
    from page import write_page

    write_page(arguments.root / "record", wanted=len(optimizers()), cost=arguments.cost)


if __name__ == "__main__":
    main()
