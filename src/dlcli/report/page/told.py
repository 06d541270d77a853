"""What a comparison's page says in words, from `results.json` or a former folder's summary."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dlcli.compare.results.wording import shown_confidence
from dlcli.report.documents import aggregate_cells, cliff_sentences, reading
from dlcli.statistics.power import ALPHA
from dlcli.store.comparisons import FORMER, RESULTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlcli.store.comparisons import ComparisonFolder

FORMER_READING = """\
- Each candidate's learning rate was searched on the validation part of one split, and the network
  with the chosen rate was then trained with fresh seeds on the same split.
- Candidates that share a rank and a letter are statistically indistinguishable from the best of
  them. This holds for this split and these rates; other splits may give another answer.
- Failed trials, which diverged or got stuck, count with the score of chance.
- `≤` or `≥` before a rate: it is the lowest or highest rate tried; a better one may lie beyond."""

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
class PageText:
    """What the page says in words.

    Attributes:
        lead: The answer, in paragraphs.
        notes: A list in Markdown; empty without any.
        reading: How to read the tables, likewise.
        measures: What is measured, by problem.
        aggregate: The joint table of several problems: rows of cells.
        missing: Trials that are not yet run, because the comparison was interrupted.
        is_former: Whether the folder was made by the former protocol.
        is_grid: Whether a plain grid was tried.
    """

    lead: str
    notes: str
    reading: str
    measures: Mapping[str, Measure] = field(default_factory=dict)
    aggregate: Sequence[Sequence[str]] = ()
    missing: int = 0
    is_former: bool = False
    is_grid: bool = False

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
    """Return the beginning of a former folder's summary, and its notes, as they are."""
    begun, *sections = markdown.replace("&lt;", "<").split("\n## ")
    notes = [body for title, _, body in (s.partition("\n") for s in sections) if title == "Notes"]
    verdict = begun.partition("\n")[2].strip()
    return PageText(
        f"{verdict}\n\n{FORMER_WORDS}".strip(),
        "".join(notes).strip(),
        FORMER_READING,
        is_former=True,
    )


def _told(found: Mapping[str, Any]) -> PageText:
    problems = found["problems"]
    missing = found["expected_trials"] - found["trials"] if found.get("interrupted") else 0
    several = len(problems) > 1
    verdict = [str(sentence) for sentence in found["verdict"]]
    if several:  # the lines of the single problems follow the answer, as a list
        answer, lines = verdict[: -len(problems)], verdict[-len(problems) :]
        verdict = [*answer, "\n".join(f"- {line}" for line in lines)]
    is_grid = bool(found.get("is_grid"))
    return PageText(
        "\n\n".join([*verdict, _protocol(found)]),
        "\n".join(f"- {note}" for note in found["notes"]),
        reading(
            split=found["split"],
            tune=found["tune"],
            is_grid=is_grid,
            is_sequential=any(problem.get("looks") for problem in problems),
        ),
        {p["name"]: _measure(found, p, several=several) for p in problems},
        [aggregate_cells(row) for row in found["aggregate"]],
        missing,
        is_grid=is_grid,
    )


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
