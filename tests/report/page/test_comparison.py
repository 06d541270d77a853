"""The page of a comparison holds what its tables hold."""

from __future__ import annotations

import re
from html import escape

import pytest

from dlcli.report.page import comparison_page
from dlcli.store.comparisons import ComparisonFolder
from tests.report.page.reader import check

NUMBER = ' class="number"'
CLASSES = ("", "", NUMBER, ' class="number kept"', NUMBER, NUMBER, "")


@pytest.mark.slow
def test_the_page_of_a_comparison_holds_what_its_tables_hold(workplace):
    folder = ComparisonFolder(workplace / "comparisons" / "small")
    text = comparison_page(folder)
    assert text == folder.read_text("report.html")
    check(text)
    for title in (
        "Scores with their intervals", "Learning rates", "Learning curves", "Time to the target",
        "Tuning budget", "Initializers", "Failed trials", "What became of the trials",
        "What each candidate lacks to the best", "Scores by replication", "How it was made",
    ):  # fmt: skip
        assert title in text
    printed = [
        line.strip("| ").split(" | ")
        for line in folder.read_text("summary.md").splitlines()
        if re.match(r"\| (best|as good|open|worse) \|", line)
    ]
    assert len(printed) == len(folder.summary()) == 4
    for cells in printed:  # the page's table is that of the printed summary
        assert (
            "".join(f"<td{c}>{escape(v)}</td>" for c, v in zip(CLASSES, cells, strict=True)) in text
        )
    assert "dlcli compare-optimizers small.yaml" in text
    assert "stuck" in text
    assert "diverged" in text
    assert "GlorotUniform" in text
