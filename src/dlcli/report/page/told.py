"""What a comparison's page says in words, from `results.json` or a former folder's summary."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from dlcli.compare.results.wording import shown_confidence
from dlcli.report.text.documents import (
    aggregate_cells,
    answer_and_lines,
    cliff_sentences,
    reading_lines,
)
from dlcli.statistics.power import ALPHA
from dlcli.store.comparisons import FORMER, RESULTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlcli.store.comparisons import ComparisonFolder

Prose: TypeAlias = "Sequence[str | Sequence[str]]"
"""Paragraphs, and lists of items."""

FORMER_READING = (
    (
        "Each candidate's learning rate was searched on the validation part of one split, and the "
        "network with the chosen rate was then trained with fresh seeds on the same split."
    ),
    (
        "Candidates that share a rank and a letter are statistically indistinguishable from the "
        "best of them. This holds for this split and these rates; other splits may give another "
        "answer."
    ),
    "Failed trials, which diverged or got stuck, count with the score of chance.",
    "≤ or ≥ before a rate: it is the lowest or highest rate tried; a better one may lie beyond.",
)

FORMER_WORDS = (
    f"This comparison was {FORMER}. Its verdict is about that split and the rates found on it. Run "
    "dlcli compare-optimizers again for a verdict about data of this kind."
)


@dataclass(frozen=True)
class Measure:
    """What is measured on a problem.

    Attributes:
        score: What is ranked by, as an axis is labelled.
        validation: The same for the validation part.
        target: The validation score that counts as reached; None without any.
        margin: What a candidate may lack to the best and still be as good; None if nothing is
            ranked.
        sign: -1 if less is better.
        sentences: What is said of the problem besides the answer.
        confidence: Of the simultaneous bounds, such as `95 %`.
    """

    score: str = "score on the test part"
    validation: str = "validation score"
    target: float | None = None
    margin: float | None = None
    sign: int = 1
    sentences: tuple[str, ...] = ()
    confidence: str = "95 %"


@dataclass(frozen=True)
class Headline:
    """What stands in the card at the top of the page.

    Attributes:
        sentences: The verdict, and what limits it.
        recommended: The candidate to use with its rate, a sentence; empty if there is none.
    """

    sentences: tuple[str, ...]
    recommended: str = ""


@dataclass(frozen=True)
class PageText:
    """What the page says in words.

    Attributes:
        lead: The answer, as far as the headline does not give it.
        notes: What else a reader should know; empty without any.
        reading: How to read the tables, a list.
        measures: What is measured, by problem.
        aggregate: The joint table of several problems: rows of cells.
        missing: Trials that are not yet run, because the comparison was interrupted.
        is_former: Whether the folder was made by the former protocol.
        is_grid: Whether a plain grid was tried.
        headline: The verdict and what follows from it; None if there is no answer.
    """

    lead: Prose
    notes: Prose
    reading: Sequence[str]
    measures: Mapping[str, Measure] = field(default_factory=dict)
    aggregate: Sequence[Sequence[str]] = ()
    missing: int = 0
    is_former: bool = False
    is_grid: bool = False
    headline: Headline | None = None

    def measure(self, problem: str) -> Measure:
        """Return what is measured on a problem."""
        return self.measures.get(problem, Measure())


def read_told(folder: ComparisonFolder) -> PageText:
    """Read what a page says in words.

    Raises:
        UserError: If a file is missing or damaged.
    """
    if folder.is_former:
        return _former(folder.read_text("summary.md"))
    if not (folder.path / RESULTS).exists():
        raise folder.without(RESULTS)
    return _told(folder.read_json(RESULTS))


def _former(markdown: str) -> PageText:
    """Return the beginning of a former folder's summary, and its notes, as they are.

    Its Markdown is read because such a folder holds the answer nowhere else.
    """
    begun, *sections = markdown.replace("&lt;", "<").split("\n## ")
    notes = [body for title, _, body in (s.partition("\n") for s in sections) if title == "Notes"]
    return PageText(
        [*_former_prose(begun.partition("\n")[2]), FORMER_WORDS],
        _former_prose("".join(notes)),
        FORMER_READING,
        is_former=True,
    )


def _former_prose(markdown: str) -> Prose:
    """Return the paragraphs and the lists of Markdown that has nothing else."""
    blocks = [block for block in markdown.strip().split("\n\n") if block]
    return [
        block.removeprefix("- ").split("\n- ") if block.startswith("- ") else block
        for block in blocks
    ]


def _told(found: Mapping[str, Any]) -> PageText:
    problems = found["problems"]
    missing = found["expected_trials"] - found["trials"] if found.get("interrupted") else 0
    several = len(problems) > 1
    answer, lines = answer_and_lines([str(s) for s in found["verdict"]], len(problems))
    headline, answer = _headline(found, answer)
    is_grid = bool(found.get("is_grid"))
    told = reading_lines(
        split=found["split"],
        tune=found["tune"],
        is_grid=is_grid,
        is_sequential=any(problem.get("looks") for problem in problems),
    )
    return PageText(
        [*answer, *([lines] if lines else []), _protocol(found)],
        [[str(note) for note in found["notes"]]] if found["notes"] else [],
        [line.replace("`", "") for line in told],
        {p["name"]: _measure(found, p, several=several) for p in problems},
        [aggregate_cells(row) for row in found["aggregate"]],
        missing,
        is_grid=is_grid,
        headline=headline,
    )


def _headline(
    found: Mapping[str, Any], answer: Sequence[str]
) -> tuple[Headline | None, Sequence[str]]:
    """Return the headline, and the sentences of the answer that it leaves."""
    first = 1 + bool(found.get("interrupted")) + bool(found.get("weakened"))
    if not answer:
        return None, answer
    return Headline(tuple(answer[:first]), _recommended(found)), answer[first:]


def _recommended(found: Mapping[str, Any]) -> str:
    """Say which candidate of the first problem to use, and at which rate."""
    problem = found["problems"][0]
    best = next((row for row in problem["candidates"] if row["verdict"] == "best"), None)
    if best is None or best["learning_rate"] is None:
        return ""
    where = f" on {problem['name']}" if len(found["problems"]) > 1 else ""
    beside = f" with {best['settings']}" if best.get("settings") else ""
    rate = f"a learning rate of {best['learning_rate']:g}"
    return f"Recommended{where}: {best['candidate']} at {rate}{beside}."


def _measure(found: Mapping[str, Any], problem: Mapping[str, Any], *, several: bool) -> Measure:
    ranked = any(row["verdict"] for row in problem["candidates"])
    rows = [{k: math.nan if v is None else v for k, v in r.items()} for r in problem["candidates"]]
    cliffs = cliff_sentences(rows, found["validation_text"])
    own = problem["sentences"][1:] if several else []
    return Measure(
        found["score_text"],
        found["validation_text"],
        problem["target"],
        problem["margin"] if ranked else None,
        1 if found["greater_is_better"] else -1,
        (*own, *cliffs),
        shown_confidence((problem.get("looks") or {}).get("level") or ALPHA),
    )


def _protocol(found: Mapping[str, Any]) -> str:
    """Say in a sentence or two how the comparison was made."""
    counts = sorted({problem["replications"] for problem in found["problems"]})
    if found.get("is_grid"):
        return "Protocol: a plain grid. Every learning rate is tried, and nothing is ranked."
    shown = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    planned = [problem["looks"]["planned"] for problem in found["problems"] if problem.get("looks")]
    if planned and counts[0] < planned[0][-1]:
        shown += f" of at most {planned[0][-1]}"
    splits = {
        "resample": "each draws the split of the data",
        "official": "each keeps the data set's own test part, splits the rest",
    }
    tunes = {
        "each": "and tunes the learning rates anew",
        "once": "and the learning rates are tuned once for all",
    }
    margins = [problem["margin"] for problem in found["problems"]]
    margin = (
        f" Margin: {margins[0]:.3g}."
        if found["is_ranked"] and len(margins) == 1 and margins[0] is not None
        else ""
    )
    return (
        f"Protocol: {shown} replication{'' if shown == '1' else 's'}; {splits[found['split']]}, "
        f"{tunes[found['tune']]}.{margin}"
    )
