"""Ten thousand mutated configs, data files and run folders: no traceback, no hang, exit 0, 1 or 2.

Run `python benchmarks/fuzz.py [--examples 10000] [--seed 1] [--kind csv] [--first 0]`. An example
follows from its seed, kind and number, and what fails is printed with all three.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import math
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from harness import HERE, save

sys.path.insert(0, str(HERE.parent))

from tests.fuzz.driving import drive
from tests.fuzz.kinds import KINDS, MADE, sources
from tests.helpers import dlcli

SHARES = {"config_text": 3, "config_values": 3, "checkpoint": 0.25, "summary": 0.5}
"""How many times as many examples a kind gets; 1 for the others."""

MEMORY = 8 * 2**30


def make(folder: Path) -> None:
    """Make the run and the comparison whose files are changed."""
    for command in sources(folder):
        done = dlcli(*command, cwd=folder)
        if done.returncode:
            sys.exit(done.stderr)


def example(kind: str, rng: Random, folder: Path, made: Path) -> tuple[list[str], bytes]:
    """Make an example's files and return its command."""
    return KINDS[kind](rng, folder) if kind in KINDS else MADE[kind](rng, folder, made)


def measure(kind: str, numbers: range, seed: int, made: Path) -> dict[str, Any]:
    """Run a kind's examples and return what became of them."""
    codes: Counter[str] = Counter()
    failures: dict[str, dict[str, Any]] = {}
    slowest, began = 0.0, time.perf_counter()
    for number in numbers:
        rng = Random(f"{seed}:{kind}:{number}")  # noqa: S311 - no secret
        with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
            os.chdir(name)
            command, stdin = example(kind, rng, Path(name), made)
            start = time.perf_counter()
            faulthandler.dump_traceback_later(60, exit=True)
            end = drive(command, stdin)
            faulthandler.cancel_dump_traceback_later()
            slowest = max(slowest, time.perf_counter() - start)
            os.chdir(made)
        codes[str(end.code)] += 1
        if end.problem:
            place = "\n".join(end.told.strip().splitlines()[-6:])
            key = f"{end.problem}: {place[-300:]}"
            if key not in failures:
                print(f"--- {kind} {number} {end.problem}: {command[:4]}\n{place}\n", flush=True)
            failures.setdefault(key, {"example": number, "count": 0})["count"] += 1
    return {
        "examples": len(numbers),
        "exit codes": dict(sorted(codes.items())),
        "seconds": round(time.perf_counter() - began, 1),
        "slowest s": round(slowest, 2),
        "failures": sum(f["count"] for f in failures.values()),
    }


def main() -> None:
    """Fuzz, print and keep what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=[*KINDS, *MADE])
    parser.add_argument("--first", type=int, default=0, help="number of the first example")
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    kinds = [given.kind] if given.kind else [*KINDS, *MADE]
    parts = sum(SHARES.get(kind, 1) for kind in kinds)
    found = {}
    with tempfile.TemporaryDirectory(prefix="fuzz-made-") as name:
        made = Path(name)
        os.environ["KERAS_HOME"] = str(made / "keras")
        os.environ["DLCLI_CACHE_DIR"] = str(made / "cache")
        os.environ["http_proxy"] = os.environ["https_proxy"] = "http://127.0.0.1:1"
        if {*kinds} & {*MADE}:
            make(made)
        for kind in kinds:
            count = math.ceil(given.examples * SHARES.get(kind, 1) / parts)
            numbers = range(given.first, given.first + count)
            found[kind] = measure(kind, numbers, given.seed, made)
            print(kind, json.dumps(found[kind]), flush=True)
        os.chdir(HERE)
    if given.kind is None and given.examples >= 10_000:
        save("fuzz", [{"kind": kind, **row} for kind, row in found.items()])
    sys.exit(any(kind["failures"] for kind in found.values()))


if __name__ == "__main__":
    main()
