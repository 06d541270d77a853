"""`dlcli train`: one training, saved as a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dlcli.cli.commands.seeds import check_seeds, train_seeds
from dlcli.cli.options.overrides import SET
from dlcli.cli.options.places import (
    COMPARISONS,
    ROOT,
    complete_comparison,
    complete_config,
    complete_run,
)
from dlcli.cli.options.plugins import PLUGIN
from dlcli.cli.options.strictness import STRICT, warning_teller
from dlcli.cli.options.tracking import TRACKING, RunTracking, check_tracking
from dlcli.cli.screen.downloads import download_progress
from dlcli.cli.screen.output import echo, emit_json, note, print_table
from dlcli.errors import UserError
from dlcli.store.comparisons import find_comparison_named, is_comparison
from dlcli.store.runs import SOURCE, is_run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dlcli.config.yaml.diagnostics import Diagnostic
    from dlcli.config.yaml.nodes import Text
    from dlcli.store.runs import RunFolder
    from dlcli.train.fit import TrainingResult
    from dlcli.train.session import TrainingSession


@click.command()
@click.argument("config", required=False, metavar="CONFIG", shell_complete=complete_config)
@SET
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    help="Seed of the run.  [default: the config's seed]",
)
@click.option(
    "--seeds",
    type=click.IntRange(2),
    metavar="N",
    help="Train N runs, with SEED, SEED+1, ... Weights, batches, dropout and the validation part "
    "change with the seed; the test part does not.",
)
@click.option(
    "--epochs", type=click.IntRange(1), help="Epochs.  [default: the config's fit.epochs]"
)
@click.option(
    "--out",
    type=click.Path(),
    help="Folder of this run; it must not exist yet.  [default: ROOT/NAME]",
)
@ROOT
@click.option("--from", "comparison", metavar="COMPARISON", shell_complete=complete_comparison,
              help="Train the candidate that a comparison recommends.")  # fmt: skip
@click.option(
    "--candidate",
    metavar="NAME",
    help="Candidate of --from to train.  [default: the recommended one]",
)
@click.option("--problem", metavar="NAME", help="Problem of --from.  [default: the first]")
@COMPARISONS
@click.option(
    "--resume",
    metavar="RUN",
    shell_complete=complete_run,
    help="Continue an interrupted run, or train it longer with --epochs.",
)
@PLUGIN
@TRACKING
@STRICT
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as JSON.")
def train(
    config: str | None,
    overrides: tuple[str, ...],
    seed: int | None,
    seeds: int | None,
    epochs: int | None,
    out: str | None,
    root: str,
    comparison: str | None,
    candidate: str | None,
    problem: str | None,
    comparisons: str,
    resume: str | None,
    tracking: str | None,
    strict: bool,
    as_json: bool,
) -> None:
    """Train the model of CONFIG and save it as a run.

    CONFIG is a YAML file, or `-` for standard input. Ctrl-C stops the training and keeps what was
    trained. With --from, dlcli trains the recommended candidate of a comparison, at its learning
    rate, on the whole training part. With --seeds, it trains several runs and prints the mean and
    range of their scores.
    """
    check_tracking(tracking)
    _check_source(config, comparison, resume, candidate or problem)
    warn = warning_teller(strict=strict)
    changes = (*overrides, *_as_overrides(seed, epochs))

    tracked = RunTracking(tracking)
    if seeds is not None:
        check_seeds(resume, out)
        text = _text(config, comparison, comparisons, candidate, problem)
        _train_seeds(text, changes, seeds, Path(root), warn, tracked, as_json=as_json)
        return
    if resume is not None:
        if overrides or seed is not None or out is not None:
            remedy = "Change only --epochs; start a new run for anything else."
            raise UserError("a resumed run keeps its config", remedy=remedy)
        from dlcli.train.session import resume as resume_run

        session = resume_run(Path(root), resume, epochs=epochs, config=config)
    else:
        text = _text(config, comparison, comparisons, candidate, problem)
        session = _start(text, changes, Path(root), Path(out) if out else None, warn)
    for remark in session.remarks:
        note(remark)
    from dlcli.cli.screen.progress import training_progress

    with session as run, training_progress() as observer:
        result = session.train(tracked.observer(run, observer))
    _print(run, result, as_json=as_json)
    tracked.finished(run)


def _text(
    config: str | None,
    comparison: str | None,
    comparisons: str,
    candidate: str | None,
    problem: str | None,
) -> Text:
    """Return the config that is trained: the one given, or what a comparison recommends.

    Raises:
        UserError: If there is neither.
    """
    if comparison is not None:
        from dlcli.compare.recommended import recommended, text_of

        place = find_comparison_named(Path(comparisons), comparison)
        found = recommended(place, candidate, problem)
        note(f"training {found.candidate} at a learning rate of {found.rate:g}")
        return text_of(found)
    if config is None:
        remedy = "Run `dlcli train CONFIG`; `dlcli init` writes a config."
        raise UserError("no config is given", remedy=remedy)
    from dlcli.config.conversion.loading import read_text

    return read_text(config)


def _start(
    text: Text,
    changes: tuple[str, ...],
    root: Path,
    out: Path | None,
    warn: Callable[[Sequence[Diagnostic]], None],
) -> TrainingSession:
    from dlcli.train.session import start_from

    with download_progress() as progress:
        return start_from(text, changes, root=root, out=out, progress=progress, warn=warn)


def _train_seeds(
    text: Text,
    changes: tuple[str, ...],
    number: int,
    root: Path,
    warn: Callable[[Sequence[Diagnostic]], None],
    tracked: RunTracking,
    *,
    as_json: bool,
) -> None:
    """Train a run for each seed; each is the run that `--seed` alone trains."""
    from dlcli.train.series import seeds_of

    seeds = seeds_of(text, changes, number)

    def start(seed: int) -> TrainingSession:
        # What rules say of a config and its data is said once, before the first run.
        told = warn if seed == seeds[0] else lambda _: None
        return _start(text, (*changes, f"seed={seed}"), root, None, told)

    train_seeds(seeds, start, tracked=tracked, as_json=as_json)


def _check_source(
    config: str | None, comparison: str | None, resume: str | None, named: str | None
) -> None:
    """Make sure that one thing says what is trained.

    Raises:
        UserError: If several do, or a candidate is named of no comparison.
    """
    if config is not None:
        _check_no_folder(config)
    given = {"CONFIG": config, "--from": comparison, "--resume": resume}
    several = [name for name, value in given.items() if value is not None]
    if comparison is not None and len(several) > 1:
        raise UserError(f"{' and '.join(several)} cannot be combined", remedy="Give one of them.")
    if named and comparison is None:
        remedy = "Name the comparison: dlcli train --from COMPARISON --candidate NAME."
        raise UserError("--candidate and --problem need --from", remedy=remedy)


def _check_no_folder(config: str) -> None:
    """Point from a comparison or a run to the option that takes it.

    Raises:
        UserError: If the config is one of them.
    """
    if is_comparison(Path(config)):
        remedy = f"Train what it recommends: dlcli train --from {config}"
        raise UserError(f"{config} is a comparison, not a config", remedy=remedy)
    if is_run(Path(config)):
        remedy = (
            f"Train it again: dlcli train {Path(config) / SOURCE}, or go on: dlcli train "
            f"--resume {config}"
        )
        raise UserError(f"{config} is a run, not a config", remedy=remedy)


def _as_overrides(seed: int | None, epochs: int | None) -> list[str]:
    """Return the options that stand for a `--set`."""
    given = {"seed": seed, "fit.epochs": epochs}
    return [f"{path}={value}" for path, value in given.items() if value is not None]


def _print(run: RunFolder, result: TrainingResult, *, as_json: bool) -> None:
    for advice in result.advice:
        note(advice.line())
    if as_json:
        told = [advice._asdict() for advice in result.advice]
        epochs = len(result.history)
        made = {"run": str(run.path), "epochs": epochs, "metrics": result.scores, "advice": told}
        emit_json(made | ({"baselines": result.baselines} if result.baselines else {}))
        return
    parts = list(result.scores)
    names = list(result.scores[parts[0]])
    rows = [[name, *(_shown(result.scores[part].get(name)) for part in parts)] for name in names]
    for name in names:
        for simple, scores in result.baselines.items():
            if any(name in scores.get(part, {}) for part in parts):
                shown = (_shown(scores.get(part, {}).get(name)) for part in parts)
                rows.append([f"{name}, {simple}", *shown])
    print_table(["metric", *parts], rows, numeric=tuple(parts))
    for remark in result.notes:
        note(remark)
    echo(f"run: {run.path}")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(_shown(item) for item in value)
    return "-" if value is None else f"{value:.4f}"
