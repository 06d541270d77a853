"""`dlcli train --seeds N`: several runs of one config, and a table of their scores."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dlcli.cli.screen.output import echo, emit_json, note, print_table
from dlcli.errors import DlcliError, InterruptedRunError, UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dlcli.cli.options.tracking import RunTracking
    from dlcli.store.runs import RunFolder
    from dlcli.train.series import SeededRun, Spread
    from dlcli.train.session import TrainingSession

MEANING = (
    "interval: 95 % t-interval of the mean over the seeds. All runs share the test examples, so it "
    "does not cover what other test examples would change"
)


def check_seeds(resume: str | None, out: str | None) -> None:
    """Refuse what has no meaning for several runs.

    Raises:
        UserError: If one run is named.
    """
    if resume is not None:
        remedy = "Resume the runs one by one, without --seeds."
        raise UserError("--seeds starts new runs and cannot resume one", remedy=remedy)
    if out is not None:
        remedy = f"Write --root {out} to have the folders of all runs there."
        raise UserError("--out names one folder, and --seeds makes one for each run", remedy=remedy)


def train_seeds(
    seeds: Sequence[int],
    start: Callable[[int], TrainingSession],
    *,
    tracked: RunTracking,
    as_json: bool,
) -> None:
    """Train one run for each seed and print what their scores have in common.

    Runs that are done when something ends the series early are kept, and printed too.

    Args:
        seeds: Of the runs.
        start: Makes the session of a seed.
        tracked: Of the runs.
        as_json: Print JSON.

    Raises:
        InterruptedRunError: On Ctrl-C; its remedy trains the rest.
        DlcliError: If a run fails.
    """
    done: list[SeededRun] = []
    told: set[str] = set()
    try:
        for seed in seeds:
            note(f"seed {seed}: run {len(done) + 1} of {len(seeds)}")
            done.append(_train_one(seed, start, told, tracked))
            tracked.finished(_folder(done[-1]))
    except (KeyboardInterrupt, InterruptedRunError) as error:
        _print(done, as_json=as_json)
        raise _interrupted(seeds, len(done), error) from None
    except DlcliError:
        _print(done, as_json=as_json)
        raise
    _print(done, as_json=as_json)


def _train_one(
    seed: int, start: Callable[[int], TrainingSession], told: set[str], tracked: RunTracking
) -> SeededRun:
    """Train the run of a seed; say only what was not told of an earlier one."""
    from dlcli.cli.screen.progress import training_progress
    from dlcli.train.series import SeededRun

    session = start(seed)
    for remark in session.remarks:
        _note_once(remark, remark, told)
    with session as run, training_progress() as observer:
        result = session.train(tracked.observer(run, observer))
    for advice in result.advice:
        _note_once(advice.rule, advice.line(), told)
    for remark in result.notes:
        _note_once(remark, remark, told)
    return SeededRun(seed, run.path, result)


def _note_once(key: str, text: str, told: set[str]) -> None:
    if key not in told:
        told.add(key)
        note(text)


def _folder(run: SeededRun) -> RunFolder:
    from dlcli.store.runs import RunFolder

    return RunFolder(run.path)


def _interrupted(seeds: Sequence[int], done: int, error: BaseException) -> InterruptedRunError:
    """Return the error of a series that Ctrl-C ended; its remedy trains what is missing."""
    remedies, rest = [], seeds[done:]
    if isinstance(error, InterruptedRunError):  # the run of a seed has begun and can go on
        remedies, rest = [error.remedy], rest[1:]
    if rest:
        more = f" --seeds {len(rest)}" if len(rest) > 1 else ""
        remedies.append(f"Train the rest: the same command with --seed {rest[0]}{more}")
    message = f"interrupted after {done} of {len(seeds)} runs; they are kept"
    return InterruptedRunError(message, remedy="\n".join(remedies))


def _print(runs: Sequence[SeededRun], *, as_json: bool) -> None:
    """Print the scores of the runs that are done; nothing if none is."""
    if not runs:
        return
    from dlcli.train.series import spreads

    found = spreads(runs)
    if as_json:
        metrics = {
            part: {name: _as_json(of) for name, of in by_name.items()}
            for part, by_name in found.items()
        }
        emit_json({"runs": [_run_as_json(run) for run in runs], "metrics": metrics})
        return
    rows = [
        [name, part, _number(of.mean), _interval(of), _range(of)]
        for part, by_name in found.items()
        for name, of in by_name.items()
    ]
    columns = ["metric", "part", "mean", "95 % interval", "min..max"]
    print_table(columns, rows, numeric=("mean",))
    if len(runs) > 1:
        note(MEANING)
    if diverged := [run.seed for run in runs if run.result.diverged]:
        seeds = ", ".join(map(str, diverged))
        note(f"{len(diverged)} of {len(runs)} runs diverged (seed {seeds}): their undefined scores "
             "are in no mean")  # fmt: skip
    for run in runs:
        echo(f"seed {run.seed}: {run.path}")


def _run_as_json(run: SeededRun) -> dict[str, Any]:
    result = run.result
    return {
        "seed": run.seed,
        "run": str(run.path),
        "epochs": len(result.history),
        "metrics": result.scores,
        "diverged": result.diverged,
        "advice": [advice._asdict() for advice in result.advice],
    }


def _as_json(of: Spread) -> dict[str, Any]:
    low, high = of.interval or (None, None)
    return {"mean": of.mean, "low": low, "high": high, "min": of.least, "max": of.greatest,
            "values": list(of.values)}  # fmt: skip


def _interval(of: Spread) -> str:
    if of.interval is None:
        return "-"
    low, high = of.interval
    return f"[{_number(low)}, {_number(high)}]"


def _range(of: Spread) -> str:
    return f"{_number(of.least)}..{_number(of.greatest)}"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4f}"
