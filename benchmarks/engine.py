"""Where a trial's time goes, how far it is from the arithmetic's, and what memory trials take.

Run `python benchmarks/engine.py`. One process, one thread, SGD; 1,000 trials of the MLP at the end.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

START = time.perf_counter()

import dlcli.compare.preload  # noqa: E402, F401 (TensorFlow, as workers import it)

IMPORT = time.perf_counter() - START

import tensorflow as tf  # noqa: E402
from harness import save, shown  # noqa: E402
from problems import EPOCHS, LAYERS, TRAIN, write_config, write_data  # noqa: E402

from dlcli.compare.plan.records import Check, Task, Trial  # noqa: E402
from dlcli.compare.reading import plan_comparison, read_problems  # noqa: E402
from dlcli.compare.worker import Workshop, open_workshop  # noqa: E402
from dlcli.engine.summary import summarize  # noqa: E402

RATE, SEEDS = 0.01, 20
MEMORY_TRIALS, MEMORY_STEP = 1000, 100
GEMM = 1024
"""Rows, depth and columns of the matrix product whose rate is taken for the processor's."""

INPUT_SHARE = {"mlp": 1.0, "rnn": 28 / 92, "lstm": 28 / 92, "cnn": 1.0}
"""Of the first layer's work, what goes into the network's inputs, which need no gradient."""


def gemm_rate() -> float:
    """Return the GFLOP/s of one thread's product of large matrices, the best of ten."""
    a, b = tf.random.normal((GEMM, GEMM)), tf.random.normal((GEMM, GEMM))
    best = min(_timed(lambda: tf.matmul(a, b).numpy()) for _ in range(10))
    return 2 * GEMM**3 / best / 1e9


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def resident() -> float:
    """Return the megabytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def opened(kind: str, data: Path, folder: Path) -> tuple[Workshop, float]:
    """Return the workshop of a network, and how long reading its config and data took."""
    config = folder / f"{kind}.yaml"
    write_config(config, kind, data)
    start = time.perf_counter()
    settings = (f"compare={{optimizers: [SGD], search_seeds: {SEEDS}, seeds: 0}}",)
    plan = plan_comparison(*read_problems([str(config)], settings))
    return open_workshop(plan), time.perf_counter() - start


def stages(kind: str, data: Path, folder: Path) -> dict[str, object]:
    """Return a network's stages in seconds, and its arithmetic."""
    workshop, reading = opened(kind, data, folder)
    built = _timed(lambda: workshop(Check(0)))
    trials = []
    for seed in range(6):
        start = time.perf_counter()
        (result,) = workshop(Task((Trial(0, RATE, seed),)))
        trials.append((time.perf_counter() - start, result.seconds, result.evaluation_seconds))
    whole, train, evaluate = min(trials)
    network = workshop._network(0, 0)  # noqa: SLF001 (its model, to count)
    summary = summarize(network.model)
    first = next(layer.flops for layer in summary.layers if layer.flops)
    # Forward; backward the same for the weights, and for the inputs except those of the network.
    work = (3 * summary.flops - INPUT_SHARE[kind] * first) * TRAIN * EPOCHS / 1e9
    rate = gemm_rate()
    return {
        "network": kind, "xla": network.is_jit, "import": IMPORT, "data": reading, "compile": built,
        "trial": whole, "train": train, "evaluate": evaluate, "rest": whole - train - evaluate,
        "gflop": work, "gflops": work / train, "gemm": rate, "share": work / train / rate,
    }  # fmt: skip


def memory(data: Path, folder: Path) -> list[dict[str, object]]:
    """Return the memory after every hundred of a thousand trials."""
    workshop, _ = opened("mlp", data, folder)
    rows = []
    for trial in range(MEMORY_TRIALS):
        workshop(Task((Trial(0, RATE, trial % SEEDS),)))
        if (trial + 1) % MEMORY_STEP == 0:
            rows.append({"trials": trial + 1, "megabytes": resident()})
    return rows


def main() -> None:
    """Print and keep all of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "images.npz"
        write_data(data)
        rows = [stages(kind, data, folder) for kind in LAYERS]
        grown = memory(data, folder)
    for row in (*rows, *grown):
        print(shown(row), flush=True)
    save("engine", rows)
    save("memory", grown)


if __name__ == "__main__":
    main()
