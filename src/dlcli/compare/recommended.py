"""The config that a comparison recommends: `best.yaml`, and what `dlcli train --from` trains."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from dlcli.compare.plan.candidates import candidates_of
from dlcli.compare.plan.design import shown_values
from dlcli.compare.plan.rates import with_rate
from dlcli.config.conversion.loading import parse_config
from dlcli.config.conversion.rendering import to_yaml
from dlcli.config.grammar.catalogue_pieces import MISSING_PLUGIN
from dlcli.config.sections.experiment import CompareConfig
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.errors import UserError, did_you_mean
from dlcli.store.comparisons import BEST, RESULTS, SUMMARY, config_name

if TYPE_CHECKING:
    from dlcli.compare.plan.candidates import Candidate
    from dlcli.compare.results import Results
    from dlcli.compare.session import ComparisonSession
    from dlcli.config.sections.experiment import Config
    from dlcli.store.comparisons import ComparisonFolder

HEADER = """\
# {candidate} at a learning rate of {rate:g}: what the comparison {comparison} recommends.
# Train it with: dlcli train {place}
"""


def config_at(candidate: Candidate, rate: float) -> Config:
    """Return a candidate's config at a learning rate, ready to train.

    It trains on the whole training part, unless a callback needs a validation part.
    """
    tried = candidate.at(rate)
    config = tried.config
    optimizer = with_rate(tried.written, float(rate))
    watched = any("monitor" in call.arguments or call.name in VALIDATED
                  for call in config.fit.callbacks)  # fmt: skip
    data = config.data if watched else replace(config.data, validation=0.0)
    compiled = replace(config.compile, optimizer=optimizer)
    return replace(config, data=data, compile=compiled, compare=None)


VALIDATED = ("EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint")
"""Callbacks that watch the validation loss unless they are told otherwise."""


def write_best(session: ComparisonSession, results: Results) -> None:
    """Write `best.yaml`: the recommended config of the first problem, if one is recommended."""
    folder, plan = session.folder, session.plan
    assert folder is not None  # noqa: S101 (there is one when something is written)
    rows = results.summary[results.summary["problem"] == results.problems[0]]
    best = rows.iloc[0]
    if best["verdict"] != "best" or math.isnan(best["learning_rate"]):
        folder.remove(BEST)
        return
    named = {c.name: c for c in plan.candidates if c.problem == 0}
    candidate = named[best["candidate"]]
    rate = setting_of(candidate, float(best["learning_rate"]), best["settings"])
    header = HEADER.format(
        candidate=best["candidate"], rate=rate, comparison=folder.name, place=folder.path / BEST
    )
    folder.write_text(BEST, header + to_yaml(config_at(candidate, rate)))


def setting_of(candidate: Candidate, rate: float, settings: str) -> float:
    """Return what a candidate tried at a rate, with the values that `settings` shows beside it."""
    tried = (each for each in candidate.rates if float(each) == rate)
    return next((each for each in tried if shown_values(each) == settings), rate)


@dataclass(frozen=True)
class Recommended:
    """What a comparison recommends, or what was asked for instead.

    Attributes:
        candidate: Its name.
        rate: Its learning rate.
        config: The candidate's, at that rate.
    """

    candidate: str
    rate: float
    config: Config


def text_of(found: Recommended) -> Text:
    """Return the config as a file that a run can be started with."""
    return Text(f"{found.config.name} ({found.candidate})", to_yaml(found.config))


def recommended(
    folder: ComparisonFolder, candidate: str | None = None, problem: str | None = None
) -> Recommended:
    """Return a candidate of a comparison at its rate.

    Args:
        folder: Of the comparison.
        candidate: Its name; None for the recommended one.
        problem: Of several; None for the first.

    Raises:
        UserError: If there is no such candidate, or nothing was ranked.
    """
    problems = _candidates(folder)
    if problem is not None and problem not in problems:
        remedy = f"Its problems are: {', '.join(problems)}."
        raise UserError(f"{folder.path} has no problem '{problem}'", remedy=remedy)
    name = problem or next(iter(problems))
    row = _row(folder, problems[name], candidate)
    number = list(problems).index(name) + 1
    config = _read(folder, config_name(number))
    candidates = candidates_of(0, config, config.compare or CompareConfig())
    found = next((c for c in candidates if c.name == row.candidate), None)
    if found is None or row.rate is None:
        raise folder.damaged(config_name(number))
    rate = setting_of(found, row.rate, row.settings)
    return Recommended(found.name, rate, config_at(found, rate))


class _Row(NamedTuple):
    """What is needed of a candidate's row of the results."""

    candidate: str
    verdict: str
    rate: float | None
    settings: str


def _candidates(folder: ComparisonFolder) -> dict[str, list[_Row]]:
    """Return the candidates of each problem.

    Raises:
        UserError: If there are no results yet, or they are damaged.
    """
    if not (folder.path / RESULTS).exists():
        if not (folder.path / SUMMARY).exists():
            raise folder.without(RESULTS)
        message = f"{folder.path} has no {RESULTS}: it was made by the former protocol"
        remedy = "The same `dlcli compare-optimizers` makes a new comparison beside it."
        raise UserError(message, remedy=remedy)
    found = folder.read_json(RESULTS)
    try:
        return {
            str(problem["name"]): [
                _Row(
                    str(row["candidate"]),
                    str(row["verdict"]),
                    None if row["learning_rate"] is None else float(row["learning_rate"]),
                    row.get("settings", ""),
                )
                for row in problem["candidates"]
            ]
            for problem in found["problems"]
        }
    except (LookupError, TypeError, ValueError):
        raise folder.damaged(RESULTS) from None


def _row(folder: ComparisonFolder, rows: list[_Row], candidate: str | None) -> _Row:
    names = [row.candidate for row in rows]
    if candidate is None:
        row = next((row for row in rows if row.verdict == "best"), None)
        if row is None:
            remedy = f"Name one with --candidate: {', '.join(names)}."
            raise UserError(f"{folder.path} recommends no candidate", remedy=remedy)
    else:
        row = next((row for row in rows if row.candidate == candidate), None)
    if row is None:
        near = did_you_mean(candidate or "", names)
        message = f"{folder.path} has no candidate '{candidate}'{near}"
        raise UserError(message, remedy=f"Its candidates are: {', '.join(names)}.")
    if row.rate is None:
        message = f"no rate was found for {row.candidate}: its trials failed to run"
        raise UserError(message, remedy="Train its config by hand: dlcli train CONFIG.")
    return row


def _read(folder: ComparisonFolder, name: str) -> Config:
    try:
        return parse_config(Text(str(folder.path / name), folder.read_text(name)))
    except ConfigError as error:
        if error.diagnostics[0].rule == MISSING_PLUGIN:
            raise
        raise folder.damaged(name) from None
