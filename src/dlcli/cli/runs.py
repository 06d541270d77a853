"""`dlcli runs`: the saved runs, read from their small files."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dlcli.cli.output import emit_json, note, print_table
from dlcli.config.rendering import differences, flatten
from dlcli.config.yaml_text import read_plain
from dlcli.errors import UserError
from dlcli.store import (
    CONFIG,
    ENVIRONMENT,
    STATUS,
    RunFolder,
    find_run,
    list_runs,
    remove_run,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = click.option("--root", default="runs", show_default=True, help="Folder that holds the runs.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def runs() -> None:
    """List, show, compare or delete saved runs."""


@runs.command("ls")
@ROOT
@JSON
def list_them(root: str, as_json: bool) -> None:
    """List the runs, the newest first."""
    records = [_record(run) for run in list_runs(Path(root))]
    if as_json:
        emit_json({"runs": records})
        return
    if not records:
        note(f"no runs in {root}; `dlcli train CONFIG` makes one")
        return
    rows = [
        [
            record["name"],
            record["state"],
            record["started"][:16].replace("T", " "),
            record["dataset"],
            record["optimizer"],
            f"{record['epochs_done']}/{record['epochs']}",
            _shown_metrics(record["metrics"]),
        ]
        for record in records
    ]
    columns = ["run", "state", "started", "data", "optimizer", "epochs", "scores"]
    print_table(columns, rows, numeric=("epochs",))


def _record(run: RunFolder) -> dict[str, Any]:
    """Return what a list shows of a run, as far as it is there."""
    plain = _optional(run, CONFIG)
    status = _optional(run, STATUS)
    return {
        "name": run.name,
        "path": str(run.path),
        "state": run.state,
        "started": run.started(),
        "dataset": _first(plain.get("data", {}).get("dataset")),
        "optimizer": _first(plain.get("compile", {}).get("optimizer")),
        "epochs": plain.get("fit", {}).get("epochs"),
        "epochs_done": status.get("epochs_done", _epochs_recorded(run)),
        "scored": status.get("scored"),
        "metrics": status.get("metrics", {}),
    }


def _optional(run: RunFolder, name: str) -> dict[str, Any]:
    """Read a YAML or JSON file of a run; empty if it is missing or damaged."""
    with contextlib.suppress(UserError):
        content = read_plain(run.read_text(name)) if name.endswith(".yaml") else run.read_json(name)
        return content if isinstance(content, dict) else {}
    return {}


def _first(named: Any) -> str:
    """Return the name of `Adam` or `{Adam: ...}`."""
    return str(next(iter(named), "-")) if isinstance(named, dict) else str(named or "-")


def _epochs_recorded(run: RunFolder) -> int:
    with contextlib.suppress(UserError):
        return max(0, run.read_text("history.csv").count("\n") - 1)
    return 0


def _shown_metrics(found: Mapping[str, Any]) -> str:
    return "  ".join(
        f"{name} {value:.4f}" for name, value in found.items() if isinstance(value, float)
    )


@runs.command()
@click.argument("run", metavar="RUN")
@ROOT
@JSON
def show(run: str, root: str, as_json: bool) -> None:
    """Show everything about one run."""
    found = find_run(Path(root), run)
    record = _record(found)
    scores = _optional(found, "metrics.json")
    environment = _optional(found, ENVIRONMENT)
    if as_json:
        plain = _optional(found, CONFIG)
        emit_json(record | {"metrics": scores, "environment": environment, "config": plain})
        return
    for key in ("name", "path", "state", "started", "dataset", "optimizer"):
        click.echo(f"{key:12} {record[key]}")
    click.echo(f"{'epochs':12} {record['epochs_done']} of {record['epochs']}")
    for key, value in flatten(environment).items():
        if key.startswith("packages.") or key in ("seed", "python"):
            click.echo(f"{key.removeprefix('packages.'):12} {value}")
    if scores:
        click.echo()
        _print_scores({"": scores})
    click.echo()
    click.echo(found.read_text(CONFIG), nl=False)


def _print_scores(scores: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Print metrics in rows, and the parts of every run in columns."""
    columns = [(run, part) for run, parts in scores.items() for part in parts]
    names = list(dict.fromkeys(n for run, part in columns for n in scores[run][part]))
    rows = [
        [name, *(_cell(scores[run][part].get(name)) for run, part in columns)] for name in names
    ]
    headers = [f"{run} {part}".strip() for run, part in columns]
    print_table(["metric", *headers], rows, numeric=headers)


def _cell(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "-" if value is None else str(value)


@runs.command()
@click.argument("left", metavar="RUN")
@click.argument("right", metavar="OTHER")
@ROOT
@JSON
def diff(left: str, right: str, root: str, as_json: bool) -> None:
    """Show where the configs and scores of two runs differ."""
    first, second = (find_run(Path(root), name) for name in (left, right))
    changed = differences(_optional(first, CONFIG), _optional(second, CONFIG))
    scores = {run.name: _optional(run, "metrics.json") for run in (first, second)}
    if as_json:
        emit_json({"config": {k: list(v) for k, v in changed.items()}, "metrics": scores})
        return
    rows = [[path, _cell(a), _cell(b)] for path, (a, b) in changed.items()]
    print_table(["key", first.name, second.name], rows)
    click.echo()
    _print_scores(scores)


@runs.command()
@click.argument("names", nargs=-1, required=True, metavar="RUN...")
@ROOT
@click.option("--yes", is_flag=True, help="Do not ask.")
def rm(names: tuple[str, ...], root: str, yes: bool) -> None:
    """Delete runs, after asking."""
    found = [find_run(Path(root), name) for name in names]
    for run in found:
        if yes or click.confirm(f"delete {run.path}?", err=True):
            remove_run(run)
            note(f"deleted {run.path}")
