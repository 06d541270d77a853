"""The page of a run or a comparison is written into its folder."""

from __future__ import annotations

import pytest

from tests.helpers import dlcli


@pytest.mark.slow
def test_the_command_writes_either_and_says_where(workplace):
    for name, place in (("first", "runs/first"), ("small", "comparisons/small")):
        (workplace / place / "report.html").unlink(missing_ok=True)
        done = dlcli("report", name, cwd=workplace)
        assert done.stdout.strip() == f"{place}/report.html"
        assert (workplace / place / "report.html").exists()
    assert (workplace / "runs" / "first" / "learning_curves.svg").exists()
    assert (workplace / "runs" / "first" / "scores.tex").exists()
    done = dlcli("report", "nothing", cwd=workplace)
    assert done.returncode == 2
    assert "there is no run 'nothing'" in done.stderr
    damaged = workplace / "comparisons" / "small" / "curves.csv"
    kept = damaged.read_text()
    damaged.write_text("nonsense\n1\n")
    done = dlcli("report", "small", cwd=workplace)
    damaged.write_text(kept)
    assert done.returncode == 2
    assert "is damaged" in done.stderr
    assert "Traceback" not in done.stderr
