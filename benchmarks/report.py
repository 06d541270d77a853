"""Write the figures of results/*.json into README.md's tables, and draw them into figures/.

Run `python benchmarks/report.py` after the measurements.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from harness import HERE, RESULTS

mpl.use("Agg")
import matplotlib.pyplot as plt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#7F7F7F"
"""Okabe & Ito's colours, which colour-blind readers can tell apart."""

MOST_ROWS = 20
WHOLE = ("replication", "replication_claims")
"""Tables that show every row."""

COLUMNS: dict[str, dict[str, str]] = {
    "trials": {
        "network": "network", "trials": "trials", "loop": "loop s", "first": "dlcli s, first",
        "ratio_first": "ratio", "again": "dlcli s, again", "ratio_again": "ratio", "goal": "goal",
    },
    "tuner": {
        "network": "network", "trials": "trials", "loop": "loop s", "tuner": "KerasTuner s",
        "again": "dlcli s", "ratio_tuner": "KerasTuner / dlcli",
    },
    "engine": {
        "network": "network", "xla": "XLA", "data": "data s", "compile": "compile s",
        "trial": "trial s", "train": "train s", "evaluate": "evaluate s", "rest": "rest s",
        "gflops": "GFLOP/s", "gemm": "GEMM GFLOP/s", "share": "share",
    },
    "training": {
        "network": "network", "epochs": "epochs", "fit": "fit s", "dlcli": "dlcli train s",
        "ratio": "ratio",
    },
    "bucketing": {
        "data": "data", "padded": "padded s", "bucketed": "bucketed s", "ratio": "ratio",
        "padded_accuracy": "accuracy, padded", "bucketed_accuracy": "accuracy, bucketed",
    },
    "pooling": {
        "pooling": "pooling", "parameters": "parameters", "flops": "FLOPs", "epoch": "epoch s",
        "still": "as they lie", "shift_1": "1 pixel off", "shift_2": "2 pixels",
        "shift_4": "4 pixels",
        "rotate_15": "turned by 15°", "scale_1.2": "1.2 times larger, smaller",
    },
    "overheads": {
        "executor": "executor", "jobs": "workers", "ms_a_task": "ms a task",
        "driver_ms_a_task": "the driver's own ms", "wait_ms": "finding the finished one, ms",
        "choose_ms": "choosing a task, ms",
    },
    "cluster": {
        "network": "network", "trials": "trials", "jobs": "workers", "processes": "processes s",
        "ray": "ray s",
    },
    "scale": {
        "stage": "stage", "planning_s": "planning s", "seconds": "s", "ms_a_trial": "ms a trial",
        "statistics_s": "statistics s", "tables_s": "tables s", "pictures_s": "pictures s",
        "peak_mb": "peak MB", "files": "files", "disk_mb": "disk MB", "bare_s": "bare files s",
        "bytes_sent_a_trial": "bytes sent a trial", "bytes_received_a_trial": "received",
    },
    "soak": {
        "comparisons": "comparisons", "megabytes": "MB", "server_megabytes": "fork server MB",
        "processes": "processes", "descriptors": "file descriptors", "threads": "threads",
        "temporary": "temporary files", "shared_memory": "shared memory",
    },
    "growth": {
        "by": "grows by", "network": "network", "jobs": "jobs", "trials": "trials",
        "examples": "examples", "seconds": "dlcli s", "loop": "loop s",
    },
    "fuzz": {
        "kind": "kind", "examples": "examples", "exit codes": "exit codes", "seconds": "s",
        "slowest s": "slowest s", "failures": "failures",
    },
    "replication": {
        "network": "network", "metric": "score", "size": "examples", "protocol": "protocol",
        "draws": "draws", "coverage": "coverage, all pairs %",
        "coverage_best": "coverage, best and another %", "spread": "spread between draws / se",
        "bound": "bound of the lack holds %",
    },
    "replication_claims": {
        "network": "network", "metric": "score", "size": "examples", "protocol": "protocol",
        "claims": "any claim %", "wrong": "a wrong claim %", "wrong_good": "wrong `as_good` %",
        "claimed": "claimed points", "elsewhere": "on other draws",
        "equal": "any claim, all equal %", "power_0": "shown worse: 0 points %",
        "power_1": "1 point %", "power_2": "2 points %", "power_4": "4 points %",
    },
}  # fmt: skip


def rows(name: str, results: Path = RESULTS) -> list[dict[str, Any]]:
    """Return what was measured, empty if nothing was."""
    path = results / f"{name}.json"
    return json.loads(path.read_text())["rows"] if path.exists() else []


def table(name: str, results: Path = RESULTS) -> str:
    """Return the Markdown table of a measurement, with where it was made."""
    told = json.loads((results / f"{name}.json").read_text())
    columns = COLUMNS.get(name) or {key: key for row in told["rows"] for key in row}
    lines = ["| " + " | ".join(columns.values()) + " |"]
    lines.append("| " + " | ".join("---" for _ in columns) + " |")
    lines += [
        "| " + " | ".join(_with_error(row, key) for key in columns) + " |"
        for row in (told["rows"] if name in WHOLE else thinned(told["rows"]))
    ]
    versions = ", ".join(f"{k} {v}" for k, v in told["versions"].items() if k != "dlcli")
    return "\n".join([*lines, "", f"`{' '.join(told['command'])}`, {told['date']}, {versions}."])


def thinned(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return some twenty rows at most, the first and the last among them."""
    step = -(-len(found) // MOST_ROWS)
    return [*found[:-1:step], found[-1]] if found else []


def _with_error(row: dict[str, Any], key: str) -> str:
    """Return a cell, with the standard error where the row has one."""
    error = row.get(f"{key}_se")
    return _cell(row.get(key)) if error is None else f"{row[key]:.3g} ± {error:.2g}"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {count}" for key, count in value.items())
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def write_tables(
    names: Iterable[str] = COLUMNS, results: Path = RESULTS, path: Path = HERE / "README.md"
) -> None:
    """Replace what stands between a table's marks in the README."""
    text = path.read_text()
    if names is COLUMNS:
        names = [*COLUMNS, *(found.stem for found in results.glob("calibration_*.json"))]
    for name in names:
        if rows(name, results):
            block = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
            made = table(name, results)
            text = re.sub(
                block, lambda m, made=made: f"{m[1]}{made}\n{m[2]}", text, flags=re.DOTALL
            )
    path.write_text(text)


def draw_growth() -> None:
    """Draw seconds over trials, over processes, over examples."""
    found = rows("growth")
    by_size = [r for r in found if r["by"] == "size"]
    panels = 3 if by_size else 2
    figure, axes = plt.subplots(1, panels, figsize=(3.7 * panels, 3.4), layout="constrained")
    by_trials = [r for r in found if r["by"] == "trials"]
    for jobs, colour in ((1, GREY), (2, BLUE)):
        chosen = [r for r in by_trials if r["jobs"] == jobs]
        label = f"{jobs} process{'es' if jobs > 1 else ''}"
        _line(axes[0], [r["trials"] for r in chosen], [r["seconds"] for r in chosen], colour, label)
    axes[0].set(xlabel="trials (MLP)", ylabel="seconds, start to exit", ylim=(0, None))
    by_jobs = [r for r in found if r["by"] == "jobs"]
    names = list(dict.fromkeys(r["network"] for r in by_jobs))
    for jobs, colour, shift in ((1, GREY, -0.2), (2, BLUE, 0.2)):
        heights = [r["seconds"] for r in by_jobs if r["jobs"] == jobs]
        places = [position + shift for position in range(len(names))]
        bars = axes[1].bar(places, heights, 0.38, color=colour)
        axes[1].bar_label(bars, fmt="%.0f s", fontsize=8)
    axes[1].set_xticks(range(len(names)), [name.upper() for name in names])
    axes[1].set(xlabel="24 trials, 1 and 2 processes")
    if by_size:
        sizes = [r["examples"] / 1000 for r in by_size]
        _line(axes[2], sizes, [r["loop"] for r in by_size], ORANGE, "hand-written loop")
        _line(axes[2], sizes, [r["seconds"] for r in by_size], BLUE, "dlcli")
        axes[2].set(xlabel="thousand training images (24 trials, MLP)", ylim=(0, None))
        axes[2].legend(frameon=False, fontsize=8)
    axes[0].legend(frameon=False, fontsize=8)
    _save(figure, "growth")


def draw_stages() -> None:
    """Draw where a trial's time goes, and the share of the arithmetic's limit."""
    found = rows("engine")
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    names = [r["network"].upper() for r in found]
    base = [0.0] * len(found)
    for key, colour in (("train", BLUE), ("evaluate", GREEN), ("rest", PINK)):
        shares = [100 * r[key] / r["trial"] for r in found]
        left.barh(names, shares, left=base, color=colour, label=key)
        base = [a + b for a, b in zip(base, shares, strict=True)]
    left.invert_yaxis()
    left.set(xlabel="% of a trial's time", xlim=(0, 100))
    left.legend(frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=8)
    bars = right.barh(names, [100 * r["share"] for r in found], color=BLUE)
    right.bar_label(bars, fmt="%.0f %%", padding=3, fontsize=8)
    right.invert_yaxis()
    right.set(xlabel="training, % of the matrix products' own rate", xlim=(0, 110))
    _save(figure, "stages")


def draw_memory() -> None:
    """Draw a worker's memory over a thousand trials."""
    found = rows("memory")
    figure, axis = plt.subplots(figsize=(5, 2.8), layout="constrained")
    _line(axis, [r["trials"] for r in found], [r["megabytes"] for r in found], BLUE, "")
    axis.set(xlabel="trials in one process (MLP)", ylabel="megabytes", ylim=(0, None))
    _save(figure, "memory")


def _line(axis: Axes, x: Sequence[float], y: Sequence[float], colour: str, label: str) -> None:
    axis.plot(x, y, color=colour, marker="o", markersize=4, label=label)


def _save(figure: Any, name: str) -> None:
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(HERE / "figures" / f"{name}.png", dpi=110)
    plt.close(figure)


def main() -> None:
    """Write and draw what there is."""
    write_tables()
    for name, draw in (("growth", draw_growth), ("engine", draw_stages), ("memory", draw_memory)):
        if rows(name):
            draw()


if __name__ == "__main__":
    main()
