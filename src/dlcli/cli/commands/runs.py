"""`dlcli runs`: the saved runs and comparisons, read from their small files."""

from __future__ import annotations

import contextlib
import fnmatch
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dlcli.cli.options.places import COMPARISONS, ROOT, complete_either
from dlcli.cli.screen.output import echo, emit_json, note, print_table, visible
from dlcli.config.conversion.alignment import ABSENT, config_differences
from dlcli.config.yaml.text import read_plain
from dlcli.errors import UserError
from dlcli.store.beside import read_beside
from dlcli.store.comparisons import (
    FORMER,
    ComparisonFolder,
    find_named,
    list_comparisons,
    remove_comparison,
)
from dlcli.store.runs import (
    CONFIG,
    ENVIRONMENT,
    METRICS,
    STATUS,
    RunFolder,
    find_run,
    list_runs,
    remove_run,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlcli.store.folder import Folder

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

NOTHING = "-"


@click.group()
def runs() -> None:
    """List, show, compare and delete saved runs and comparisons."""


@runs.command("ls")
@ROOT
@COMPARISONS
@JSON
def list_them(root: str, comparisons: str, as_json: bool) -> None:
    """List runs and comparisons, the newest first."""
    records = [_record(run) for run in list_runs(Path(root))]
    compared = [_comparison_record(folder) for folder in list_comparisons(Path(comparisons))]
    if as_json:
        emit_json({"runs": records, "comparisons": compared})
        return
    if not records and not compared:
        note(f"no runs in {root}; train one with `dlcli train CONFIG`")
    if records:
        _print_runs(records)
    if records and compared:
        echo()
    if compared:
        _print_comparisons(compared)


def _print_runs(records: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        [
            record["name"],
            record["state"],
            _local(record["started"])[:16],
            _cell(record["dataset"]),
            _cell(record["optimizer"]),
            f"{_cell(record['epochs_done'])}/{_cell(record['epochs'])}",
            _shown_metrics(record["metrics"]),
        ]
        for record in records
    ]
    columns = ["run", "state", "started", "data", "optimizer", "epochs", "scores"]
    print_table(columns, rows, numeric=("epochs",))


def _print_comparisons(records: Sequence[Mapping[str, Any]]) -> None:
    """Print a row for each comparison; why one has a number at its name, if any has one."""
    shown = ["state", "started", "problems", "trials", "best"]
    rows = [[_cell(record[key]) for key in ("name", *shown)] for record in records]
    columns = ["comparison", *shown]
    if any(record["beside"] for record in records):
        columns.append("differs")
        for row, record in zip(rows, records, strict=True):
            found = record["beside"]
            row.append(f"from {found['name']}: {found['text']}" if found else NOTHING)
    print_table(columns, rows, numeric=("trials",))


def _beside_record(folder: ComparisonFolder) -> dict[str, Any] | None:
    """Return what tells a comparison from that of the same name; None if that is not recorded."""
    found = read_beside(folder)
    if found is None:
        return None
    differs = {path: list(values) for path, values in found.differs.items()}
    return {"name": found.name, "text": found.text(), "differs": differs}


def _comparison_record(folder: ComparisonFolder) -> dict[str, Any]:
    """Return what a list shows of a comparison."""
    best, started = next(iter(folder.summary()), {}), folder.started()
    mean = _number(best.get("mean"))
    return {
        "name": folder.name,
        "path": str(folder.path),
        "state": _comparison_state(folder, is_compared=bool(best)),
        "protocol": FORMER if folder.is_former else None,
        "started": _local(started)[:16] if started else None,
        "problems": len(list(folder.path.glob("config*.yaml"))),
        "trials": folder.kept_trials(),
        "best": f"{best['candidate']} at {best['learning_rate']} {mean:.4f}"
        if mean is not None and best.get("candidate") and best.get("learning_rate")
        else None,
        "beside": _beside_record(folder),
    }


def _comparison_state(folder: ComparisonFolder, *, is_compared: bool) -> str:
    """Return whether a comparison is running, compared, interrupted or incomplete."""
    if folder.is_locked():
        return "running"
    if not is_compared:
        return "incomplete"
    return "interrupted" if folder.is_interrupted else "compared"


def _number(cell: str | None) -> float | None:
    """Return the number of a table's cell, None if there is none or it is damaged."""
    with contextlib.suppress(TypeError, ValueError):
        return float(cell or "")
    return None


def _record(run: RunFolder) -> dict[str, Any]:
    """Return what a list shows of a run, as far as it is there.

    A finished run's status says it all; only for others is the config, slow to read, looked into.
    """
    status = _json_or_empty(run, STATUS)
    plain = {} if "dataset" in status else _config_or_empty(run)
    configured = {
        "dataset": _first(_inner(plain, "data").get("dataset")),
        "optimizer": _first(_inner(plain, "compile").get("optimizer")),
        "epochs": _inner(plain, "fit").get("epochs"),
    }
    return {
        "name": run.name,
        "path": str(run.path),
        "state": run.state,
        "started": run.started(),
        **{key: status.get(key, value) for key, value in configured.items()},
        "epochs_done": run.epochs_done(),
        "scored": status.get("scored"),
        "metrics": _inner(status, "metrics"),
    }


def _json_or_empty(run: Folder, name: str) -> dict[str, Any]:
    """Read a JSON file of a run; empty if it is missing or damaged."""
    with contextlib.suppress(UserError):
        return run.read_json(name)
    return {}


def _config_or_empty(run: RunFolder) -> dict[str, Any]:
    with contextlib.suppress(UserError):
        return _config(run)
    return {}


def _config(run: Folder) -> dict[str, Any]:
    """Read the resolved config of a run as plain data.

    Raises:
        UserError: If it is damaged: where, and how.
    """
    plain = read_plain(run.read_text(CONFIG), str(run.path / CONFIG))
    return plain if isinstance(plain, dict) else {}


def _inner(content: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return what lies below a key, empty unless it is a mapping."""
    inner = content.get(key)
    return inner if isinstance(inner, dict) else {}


def _first(named: Any) -> str | None:
    """Return the name of `Adam` or `{Adam: ...}`."""
    if isinstance(named, dict):
        named = next(iter(named), None)
    return None if named is None else str(named)


def _local(started: str) -> str:
    """Write a time as a clock on the wall shows it: `2026-01-31 17:05:00`."""
    return f"{datetime.fromisoformat(started).astimezone():%Y-%m-%d %H:%M:%S}"


def _shown_metrics(found: Mapping[str, Any]) -> str:
    return "  ".join(
        f"{name}={value:.4f}" for name, value in found.items() if isinstance(value, float)
    )


def _named(name: str, root: str, comparisons: str) -> RunFolder | ComparisonFolder:
    """Return the comparison of a name, or the run.

    Raises:
        UserError: If there is neither; it offers those whose names are alike.
    """
    if folder := find_named(Path(comparisons), name):
        return folder
    beside = [folder.name for folder in list_comparisons(Path(comparisons))]
    return find_run(Path(root), name, beside=beside)


def _matching(name: str, root: str, comparisons: str) -> Sequence[RunFolder | ComparisonFolder]:
    """Return what a name or a pattern means.

    Raises:
        UserError: If that is nothing.
    """
    if not set(name) & set("*?["):
        return [_named(name, root, comparisons)]
    everything: list[RunFolder | ComparisonFolder] = [
        *list_runs(Path(root)),
        *list_comparisons(Path(comparisons)),
    ]
    found = [folder for folder in everything if fnmatch.fnmatchcase(folder.name, name)]
    if not found:
        remedy = "List them with `dlcli runs ls`."
        raise UserError(f"no run and no comparison is called like '{name}'", remedy=remedy)
    return found


@runs.command()
@click.argument("run", metavar="RUN", shell_complete=complete_either)
@ROOT
@COMPARISONS
@JSON
def show(run: str, root: str, comparisons: str, as_json: bool) -> None:
    """Show a run, or the report of a comparison."""
    found = _named(run, root, comparisons)
    if isinstance(found, ComparisonFolder):
        _show_comparison(found, as_json=as_json)
        return
    record, status = _record(found), _json_or_empty(found, STATUS)
    scores = _scores(found)
    environment = _json_or_empty(found, ENVIRONMENT)
    if as_json:
        beside = {"status": status, "metrics": scores, "environment": environment}
        emit_json(record | beside | {"config": _config(found)})
        return
    facts = _facts(record, status) | _environment_facts(environment)
    width = max(len(name) for name in facts)
    for name, fact in facts.items():
        echo(f"{name:{width}}  {fact}")
    if scores:
        echo()
        names = dict.fromkeys(name for part in scores.values() for name in part)
        rows = [[name, *(_cell(part.get(name)) for part in scores.values())] for name in names]
        print_table(["metric", *scores], rows, numeric=tuple(scores))
    echo()
    echo(found.read_text(CONFIG), nl=False)


def _show_comparison(folder: ComparisonFolder, *, as_json: bool) -> None:
    if as_json:
        environment = _json_or_empty(folder, ENVIRONMENT)
        emit_json(_comparison_record(folder) | {"environment": environment})
        return
    if folder.is_former:
        echo(f"{FORMER.capitalize()}.\n")
    echo(folder.read_text("summary.md"), nl=False)


def _facts(record: Mapping[str, Any], status: Mapping[str, Any]) -> dict[str, str]:
    """Return what became of a run, in words."""
    facts = {key: _cell(record[key]) for key in ("name", "path", "state")}
    facts["started"] = _local(record["started"])
    with contextlib.suppress(KeyError, TypeError, ValueError):
        facts["ended"] = _local(status["ended"])
    facts |= {key: _cell(record[key]) for key in ("dataset", "optimizer")}
    facts["epochs"] = f"{_cell(record['epochs_done'])} of {_cell(record['epochs'])}"
    for key in ("diverged", "message"):
        if status.get(key):
            facts[key] = "yes" if status[key] is True else str(status[key])
    return facts


def _environment_facts(environment: Mapping[str, Any]) -> dict[str, str]:
    """Return where and how a run was trained, in words."""
    packages = _inner(environment, "packages")
    apart = ("started", "packages")
    listed = {key: value for key, value in environment.items() if key not in apart}
    facts = {key: _cell(value) for key, value in listed.items()}
    memory = facts.pop("memory_bytes", NOTHING)
    if memory.isdigit():
        facts["memory"] = f"{int(memory) / 2**30:.1f} GiB"
    if packages:
        facts["packages"] = ", ".join(f"{name} {version}" for name, version in packages.items())
    return facts


def _all_scores(folder: RunFolder | ComparisonFolder) -> dict[str, dict[str, Any]]:
    """Return a run's scores by part, or a comparison's means by candidate."""
    if isinstance(folder, RunFolder):
        return _scores(folder)
    return {
        row["candidate"]: {"mean": mean, "rate": _number(row.get("learning_rate"))}
        for row in folder.summary()
        if (mean := _number(row.get("mean"))) is not None and row.get("candidate")
    }


def _scores(run: RunFolder) -> dict[str, dict[str, Any]]:
    """Return the scores of each part of the data, as far as they are there."""
    found = _json_or_empty(run, METRICS)
    return {part: _inner(found, part) for part in found if _inner(found, part)}


def _print_side_by_side(scores: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Print a row for each part of the data and metric, and a column for each run."""
    names = dict.fromkeys(
        (part, name) for parts in scores.values() for part in parts for name in parts[part]
    )
    rows = [
        [part, name, *(_cell(_inner(parts, part).get(name)) for parts in scores.values())]
        for part, name in names
    ]
    print_table(["part", "metric", *scores], rows, numeric=tuple(scores))


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(_cell(item) for item in value)
    return f"{value:.4f}" if isinstance(value, float) else NOTHING if value is None else str(value)


@runs.command()
@click.argument("left", metavar="RUN", shell_complete=complete_either)
@click.argument("right", metavar="OTHER", shell_complete=complete_either)
@ROOT
@COMPARISONS
@JSON
def diff(left: str, right: str, root: str, comparisons: str, as_json: bool) -> None:
    """Show the differences between two runs or two comparisons.

    Layers are aligned as lines are in a diff: [0->1] is one that moved and changed.
    """
    first, second = (_named(name, root, comparisons) for name in (left, right))
    changed = config_differences(_config(first), _config(second))
    labels = (first.name, second.name)
    if first.name == second.name:
        labels = (str(first.path), str(second.path))
    scores = dict(zip(labels, (_all_scores(first), _all_scores(second)), strict=True))
    if as_json:
        told = {
            path: [None if value is ABSENT else value for value in values]
            for path, values in changed.items()
        }
        emit_json({"config": told, "metrics": scores})
        return
    if changed:
        rows = [[path, *map(_setting, values)] for path, values in changed.items()]
        print_table(["key", *labels], rows)
    else:
        echo("the configs are the same")
    if any(scores.values()):
        echo()
        _print_side_by_side(scores)


def _setting(value: Any) -> str:
    """Write a config's value in full, as JSON; a path that is not there is not the same as null."""
    return NOTHING if value is ABSENT else json.dumps(value, ensure_ascii=False)


@runs.command()
@click.argument("names", nargs=-1, required=True, metavar="RUN...", shell_complete=complete_either)
@ROOT
@COMPARISONS
@click.option("-y", "--yes", is_flag=True, help="Delete without asking.")
def rm(names: tuple[str, ...], root: str, comparisons: str, yes: bool) -> None:
    """Delete runs or comparisons, after asking.

    RUN is a name or a pattern in quotes, such as 'mlp-*'.
    """
    found = [folder for name in names for folder in _matching(name, root, comparisons)]
    for folder in {folder.path.resolve(): folder for folder in found}.values():
        if yes or _agreed(folder):
            if isinstance(folder, RunFolder):
                remove_run(folder)
            else:
                remove_comparison(folder)
            note(f"deleted {folder.path}")


def _agreed(run: Folder) -> bool:
    """Ask whether to delete a run.

    Raises:
        UserError: If there is nobody to ask: standard input is at its end.
    """
    try:
        return click.confirm(visible(f"delete {run.path}?"), err=True)
    except click.Abort as abort:
        if not isinstance(abort.__context__, EOFError):
            raise
        note("")
        remedy = "Give --yes to delete without asking."
        raise UserError(f"no answer; {run.path} is kept", remedy=remedy) from None
