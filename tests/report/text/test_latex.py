"""Text is printed as it is, and a table has a cell for each column."""

from __future__ import annotations

import re

from dlcli.report.text.latex import escaped, latex_table


def test_escaping():
    assert escaped("a_b%{}") == r"a\_b\%\{\}"
    assert escaped("≥ 1") == r"$\geq$ 1"


def test_a_table_escapes_all_it_holds_and_aligns_numbers_to_the_right():
    text = latex_table("50 %", ["a_b", "p"], [["x & y", "0.05"]], ["p"])
    assert r"\caption{50 \%}" in text
    assert r"\begin{tabular}{lr}" in text
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert rows == [r"a\_b & $p$ \\", r"x \& y & 0.05 \\"]
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {1}
