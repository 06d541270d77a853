"""`dlcli compare` and `compare-optimizers`: which network or optimizer, how sure."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dlcli.cli.options.overrides import SET
from dlcli.cli.options.places import complete_config, complete_optimizers
from dlcli.cli.options.plugins import PLUGIN
from dlcli.cli.options.strictness import STRICT, warning_teller
from dlcli.cli.options.tracking import LOGS, TRACKING, check_tracking
from dlcli.cli.screen.consent import YES, asker, told_size
from dlcli.cli.screen.output import (
    echo,
    emit_json,
    knows,
    note,
    print_sentence,
    print_table,
    shown_time,
)
from dlcli.compare.plan.design import short
from dlcli.compare.plan.settings import as_overrides
from dlcli.errors import InterruptedRunError
from dlcli.runtime.interrupts import finishing
from dlcli.store.comparisons import BEST, DEFAULT_FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from dlcli.compare.comparison import Comparison, Outlook
    from dlcli.compare.plan.candidates import Candidate
    from dlcli.compare.results import Results
    from dlcli.compare.session import ComparisonSession

DEFAULT = "compare_digits_cnn.yaml"
"""The packaged config that is compared where none is named."""

SHORT = {"learning rate": "rate", "lacks at most": "may lack"}
"""Columns whose names are shorter on a terminal, so that a row fits 80 letters."""


SETTINGS = (
    click.option(
        "--learning-rates",
        metavar="X,Y",
        help="Learning rates of every candidate.  [default: a grid for each]",
    ),
    click.option(
        "--tries",
        type=click.IntRange(1),
        metavar="N",
        help="Settings that each candidate tries.  [default: 16 where more than rates is searched]",
    ),
    click.option(
        "--ablate",
        metavar="ID,ID",
        help="Layers: compare the whole model with the model without each.",
    ),
    click.option(
        "--fractions",
        metavar="X,Y",
        help="Shares of the training part to train each candidate with as well, e.g. 0.1,0.3,1.",
    ),
    click.option(
        "--initializers", metavar="A,B", help="Initializers to combine with each optimizer."
    ),
    click.option(
        "--seeds",
        metavar="N|auto",
        help="Number of replications; `auto` adds some as needed, up to 40; 0 tries every "
        "rate and ranks nothing.  [default: by preset]",
    ),
    click.option(
        "--search-seeds",
        type=click.IntRange(1),
        help="Replications that search the whole grid of rates.  [default: 1]",
    ),
    click.option(
        "--split",
        type=click.Choice(["resample", "official"]),
        help="Draw the test part anew in each replication, or keep the official one.  "
        "[default: resample]",
    ),
    click.option(
        "--tune",
        type=click.Choice(["each", "once"]),
        help="Choose the learning rate in each replication, or once for all.  [default: each]",
    ),
    click.option(
        "--margin",
        type=click.FloatRange(0),
        metavar="D",
        help="Difference that does not matter, in units of the score.  "
        "[default: 0.01, or 5 % of the best error]",
    ),
    click.option(
        "--budget",
        metavar="N|TIME",
        help="Total budget: a number of trials, or a duration such as 10m.  [default: none]",
    ),
    click.option(
        "--target", metavar="METRIC=V", help="Validation score to reach, for the time to target."
    ),
    click.option(
        "--score",
        metavar="METRIC",
        help="Metric that ranks, e.g. f1 or accuracy@last.  [default: the config's first metric]",
    ),
    click.option(
        "--preset",
        type=click.Choice(["quick", "standard", "full"]),
        help="How thorough the comparison is.  [default: standard]",
    ),
    click.option(
        "--prune/--no-prune",
        default=None,
        help="Stop the worse half of the searched rates early.  [default: no-prune]",
    ),
    click.option(
        "--epochs",
        type=click.IntRange(1),
        help="Epochs of each trial.  [default: the config's fit.epochs]",
    ),
    click.option(
        "--jobs",
        type=click.IntRange(1),
        help="Trials side by side.  [default: one per core; 1 with a GPU]",
    ),
    click.option(
        "--executor",
        type=click.Choice(["processes", "serial", "ray"]),
        default="processes",
        show_default=True,
        help="Where trials run.",
    ),
    click.option(
        "--ray-address",
        metavar="HOST:PORT",
        help="Address of a Ray cluster, or `auto` for one running on this machine.",
    ),
    click.option(
        "--ray-gpus",
        type=click.FloatRange(0),
        metavar="N",
        help="GPUs per Ray worker, e.g. 0.5.  [default: 1 if there are GPUs]",
    ),
    click.option(
        "--resume/--fresh",
        default=True,
        show_default=True,
        help="Use the finished trials, or start a new comparison beside them.",
    ),
    click.option(
        "--dry-run", is_flag=True, help="Show the plan and its estimated time; train nothing."
    ),
    YES,
    click.option("--name", help="Name of the folder.  [default: the configs' names]"),
    click.option(
        "--root", default=DEFAULT_FOLDER, show_default=True, help="Folder of the comparisons."
    ),
    click.option(
        "--figures/--no-figures",
        default=True,
        show_default=True,
        help="Draw the figures and the HTML report.",
    ),
    PLUGIN,
    TRACKING,
    STRICT,
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
)
"""The options of both commands, in the order of their help."""


def _with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say how to compare."""
    for option in reversed(SETTINGS):
        command = option(command)
    return command


@click.command("compare-optimizers")
@click.argument("configs", nargs=-1, metavar="[CONFIG ...]", shell_complete=complete_config)
@SET
@click.option(
    "--optimizers",
    metavar="A,B",
    shell_complete=complete_optimizers,
    help='Candidates, e.g. "SGD, SGD(momentum=0.9), Adam".  [default: by preset]',
)
@_with_settings
def compare_optimizers(configs: tuple[str, ...], **options: Any) -> None:
    """Compare optimizers on the networks and the data of the CONFIGs.

    Each replication draws the split, the initial weights and the batches anew, and tunes the
    learning rates again. Run the same command again to train only what is missing. Without a
    CONFIG, dlcli compares optimizers for a small CNN on handwritten digits.
    """
    _compare(configs or (str(_packaged()),), are_rivals=False, **options)


@click.command("compare")
@click.argument(
    "configs", nargs=-1, required=True, metavar="CONFIG ...", shell_complete=complete_config
)
@SET
@_with_settings
def compare(configs: tuple[str, ...], **options: Any) -> None:
    """Compare the CONFIGs with each other: networks, batch sizes, regularization, optimizers.

    They must have the same data and score. Each is tuned and replicated as in `dlcli
    compare-optimizers`; parameters and times stand beside the score. A single CONFIG is compared
    with the candidates that its compare section lists.
    """
    _compare(configs, are_rivals=True, **options)


def _compare(
    configs: tuple[str, ...],
    *,
    are_rivals: bool,
    overrides: tuple[str, ...],
    jobs: int | None,
    executor: str,
    ray_address: str | None,
    ray_gpus: float | None,
    resume: bool,
    dry_run: bool,
    yes: bool,
    name: str | None,
    root: str,
    figures: bool,
    tracking: str | None,
    strict: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Do what the options say; the configs are rivals, or problems of the same candidates."""
    from dlcli.compare.workers import start_fork_server

    check_tracking(tracking)
    began = time.monotonic()
    changed = (*overrides, *as_overrides(flags))
    if executor == "processes":
        start_fork_server()  # it imports TensorFlow while this process reads what is asked
    from dlcli.cli.screen.downloads import download_progress
    from dlcli.compare.comparison import Comparison
    from dlcli.compare.placement import place
    from dlcli.compare.reading import plan_comparison, read_problems, read_rivals

    placement = place(executor, jobs, address=ray_address, gpus=ray_gpus)
    with download_progress() as progress:
        read = (read_rivals if are_rivals else read_problems)(
            configs, changed, progress, warning_teller(strict=strict)
        )
    comparison = Comparison(
        plan_comparison(*read), placement, read[1].budget,
        root=Path(root), name=name, resume=resume, tell=note, ask=asker(yes=yes), began=began,
    )  # fmt: skip
    with comparison:
        if dry_run:
            outlook = comparison.outlook()
            _print_plan(outlook, placement.jobs, as_json=as_json)
            if comparison.asks(outlook.remaining, outlook.seconds):
                told = told_size(outlook.remaining, outlook.seconds)
                note(f"{told}: without --dry-run, dlcli asks before it starts; --yes skips that")
            return
        _load_meanwhile(figures=figures)
        with comparison.opened(sys.argv) as session:
            results = _carried_out(comparison, session, figures=figures)
            folder = session.folder
    assert folder is not None  # noqa: S101 (an opened session has one)
    print_results(results, folder.path, as_json=as_json)
    if tracking is not None:
        from dlcli.tracking import track_comparison

        note(f"To look at it: {track_comparison(tracking, folder, LOGS)}")
    session.raise_failed()


def _load_meanwhile(*, figures: bool) -> None:
    """Import pandas, SciPy and Matplotlib while the workers wait for TensorFlow."""
    import dlcli.compare.results

    if figures:
        import dlcli.report.figures.comparison  # noqa: F401


def _carried_out(comparison: Comparison, session: ComparisonSession, *, figures: bool) -> Results:
    """Train what is missing, showing the progress, and write what comes of it."""
    from dlcli.cli.screen.progress import comparison_progress
    from dlcli.report.writing import write_comparison, write_interrupted

    try:
        with comparison_progress() as observer:
            comparison.run(session, observer)
    except InterruptedRunError:
        write_interrupted(session, note, figures=figures)
        raise
    with finishing():
        return write_comparison(session, note, figures=figures)


def _packaged() -> Path:
    return Path(__file__).parents[2] / "config" / "templates" / DEFAULT


def print_results(results: Results, path: Path, *, as_json: bool) -> None:
    """Print the answer: of one problem with its tables, of several the joint one first.

    Args:
        results: Of the comparison.
        path: Of its folder, whose tables are written.
        as_json: Print all of it as JSON instead.
    """
    from dlcli.report.text.documents import answer_and_lines, as_data

    if as_json:
        emit_json({"comparison": str(path), **as_data(results)})
        return
    answer, lines = answer_and_lines(results.verdict, len(results.problems))
    for sentence in answer:
        print_sentence(sentence)
    if results.aggregate is not None:
        _print_aggregate(results.aggregate)
    if lines:
        echo()
        for line in lines:
            print_sentence(line)
    else:
        _print_problem(results, results.problems[0])
    html = path / "report.html"
    echo(f"\nreport: {html if html.exists() else path / 'summary.md'}")
    if (path / BEST).exists():
        echo(f"next: dlcli train --from {path}")


def _print_aggregate(aggregate: pd.DataFrame) -> None:
    """Print the joint table of several problems."""
    from dlcli.report.text.documents import AGGREGATE, aggregate_cells

    echo()
    rows = [aggregate_cells(row) for _, row in aggregate.iterrows()]
    print_table(AGGREGATE, rows, numeric=AGGREGATE[1:])


def _print_problem(results: Results, problem: str) -> None:
    """Print the tables of a problem and its curve over learning rates."""
    from dlcli.report.text.costs import READING, cost_table
    from dlcli.report.text.documents import costs_of, ranked_table, rows_of
    from dlcli.report.text.terminal import HEIGHTS, sensitivity_lines

    score = f"{results.short_text} [95 %]"
    header, rows, numeric = ranked_table(rows_of(results, problem), score)
    shown, right = ([SHORT.get(name, name) for name in names] for names in (header, numeric))
    echo()
    print_table(shown, rows, numeric=right)
    if costs := costs_of(results, problem):
        echo()
        header, rows, numeric = cost_table(costs)
        print_table(header, rows, numeric=numeric)
        print_sentence(READING)
    for line in ("", *sensitivity_lines(results, problem, plain=not knows(HEIGHTS))):
        echo(line)


def _searched(candidate: Candidate) -> str:
    """Say what a candidate tries."""
    if candidate.is_wide:
        return f"{len(candidate.rates)} settings of {', '.join(map(short, candidate.spaces))}"
    return " ".join(f"{rate:g}" for rate in candidate.rates)


def _print_plan(outlook: Outlook, jobs: int, *, as_json: bool) -> None:
    plan = outlook.session.plan
    total = outlook.done + outlook.remaining
    if as_json:
        emit_json(
            {"trials": total, "replications": len(plan.seeds), "looks": list(plan.looks),
             "split": plan.split, "tune": plan.tune, "done": outlook.done,
             "seconds": round(outlook.seconds, 1), "jobs": jobs, "notes": list(plan.notes)}
        )  # fmt: skip
        return
    rows = [[plan.problems[c.problem].name, c.name, _searched(c)] for c in plan.candidates]
    tried = "tried" if any(c.is_wide for c in plan.candidates) else "learning rates"
    print_table(["problem", "candidate", tried], rows)
    replications, about = f"{len(plan.seeds)} replications", "about"
    if plan.looks and outlook.remaining:
        before = " and ".join(f"{number}" for number in plan.looks[:-1])
        looks = f" with looks after {before}" if before else ""
        replications, about = f"at most {replications}{looks}", "at most about"
    echo(
        f"\n{replications}, {about} {total} trials (more if a grid must grow); "
        f"{outlook.done} of them are done"
    )
    echo(f"{about} {shown_time(outlook.seconds)} with {jobs} job{'s' if jobs != 1 else ''}")
    for remark in plan.notes:
        note(remark)
