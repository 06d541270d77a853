"""Which settings a score depends on, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcli.report.text.rows import part

if TYPE_CHECKING:
    from dlcli.compare.results import Results

IMPORTANCE_READING = (
    "What the validation score depends on: the share of its variance over the searched ranges that "
    "each setting explains by itself (functional ANOVA of a random forest). It is rough where the "
    "tries are few, or where the forest predicts little of the variance between them."
)


def importance_lines(results: Results, problem: str) -> list[str]:
    """Return a line a candidate: its settings with what each explains, the largest first."""
    rows = part(results.importance, problem=problem)
    lines = []
    for candidate in dict.fromkeys(rows["candidate"]):
        own = part(rows, candidate=candidate)
        pairs = zip(own["setting"], own["share"], strict=True)
        told = ", ".join(f"{setting} {100 * share:.0f} %" for setting, share in pairs)
        first = own.iloc[0]
        weight = (
            f"{first['tries']} tries, of which the forest predicts {100 * first['explained']:.0f} %"
        )
        lines.append(f"{candidate}: {told} ({weight})")
    return lines
