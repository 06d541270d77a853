"""A comparison made by the former protocol still opens, and says by which protocol it was made."""

from __future__ import annotations

import json

import pytest

from dlcli.cli import run
from dlcli.report.page import comparison_page
from dlcli.store.comparisons import ComparisonFolder
from tests.report.page.former import write_former
from tests.report.page.reader import check
from tests.report.page.test_told import lead_of
from tests.report.page.two import figures_of

SAID = "made by the former protocol (one split, one search)"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_former(tmp_path / "comparisons" / "digits")


@pytest.fixture
def ran(place, capsys):
    """Return what a command prints beside the folder."""

    def printed(*arguments):
        assert run(list(arguments)) == 0
        return capsys.readouterr().out

    return printed


def test_report_writes_its_page_which_says_so(place, ran):
    assert ran("report", "digits").strip() == "comparisons/digits/report.html"
    text = (place / "report.html").read_text("utf-8")
    check(text)
    lead = lead_of(text)
    assert lead[0].startswith("No difference is shown on digits")
    assert SAID in lead[1]
    assert "a former note with a &lt;tag&gt;" in text


def test_its_page_shows_letters_and_seeds_and_nothing_of_replications(place):
    text = comparison_page(ComparisonFolder(place))
    body = text.partition("<main")[2].partition('id="s1"')[0]
    assert "<td>1 a</td><td>Adam</td>" in body
    assert "0.9700 [0.9600, 0.9800]" in body
    assert "replication" not in body
    intervals, rates, curves, *_ = figures_of(text)
    assert [trace["y"] for trace in intervals["traces"]] == [["SGD, group a"], ["Adam, group a"]]
    assert not intervals["layout"]["shapes"]
    assert len(rates["traces"]) == 2
    assert len(curves["traces"]) == 4
    assert ">stage</button>" in text
    assert "<td>confirm</td>" in text
    assert "1 of 3 trials failed" in text


def test_show_prints_its_summary_and_says_so(ran):
    text = ran("runs", "show", "digits")
    assert text.splitlines()[0] == f"M{SAID[1:]}."
    assert "# Comparison of optimizers" in text
    found = json.loads(ran("runs", "show", "digits", "--json"))
    assert found["protocol"] == SAID
    assert found["state"] == "compared"


def test_ls_lists_it(ran):
    assert "Adam at 0.01 0.9700" in ran("runs", "ls")
