"""The page says what results.json says: the verdict first, the protocol, what is not yet run."""

from __future__ import annotations

import json
import re
import shutil
from html import unescape

import pytest

from dlcli.errors import UserError
from dlcli.report.page import comparison_page
from dlcli.store.comparisons import ComparisonFolder
from tests.report.page.made import written
from tests.report.page.two import PEAKS, TWO, figures_of


def lead_of(text):
    """Return the paragraphs before everything else: those of the headline, then the others."""
    (lead,) = re.findall(r'<div class="lead">(.*?)</div>\s*<nav', text, re.DOTALL)
    return [unescape(line) for line in re.findall(r"<(?:p|li)>(.*?)</(?:p|li)>", lead, re.DOTALL)]


def test_the_first_line_is_the_verdict_and_the_last_names_the_protocol(two):
    found = json.loads((two.parent / "results.json").read_text("utf-8"))
    lead = lead_of(two.read_text("utf-8"))
    assert lead[0] == found["verdict"][0]
    assert lead[0].startswith("Use Adam at 0.001 on data like these")
    assert lead[-1] == (
        "Protocol: 8 replications; each draws the split of the data, and tunes the learning rates "
        "anew. Margin: 0.01."
    )


def card_of(text):
    """Return the paragraphs and the command of the headline."""
    (card,) = re.findall(r'<div class="card">(.*?)</div>', text, re.DOTALL)
    said = re.findall(r"<(?:p|pre)[^>]*>(.*?)</(?:p|pre)>", card, re.DOTALL)
    return [unescape(line) for line in said]


def test_the_headline_has_the_verdict_the_rate_and_the_command_that_trains_it(two, tmp_path):
    found = json.loads((two.parent / "results.json").read_text("utf-8"))
    assert card_of(two.read_text("utf-8")) == [found["verdict"][0]]  # without best.yaml
    for root, place in (("comparisons", "my two"), ("other", f"{tmp_path / 'other' / 'my two'}")):
        folder = ComparisonFolder(shutil.copytree(two.parent, tmp_path / root / "my two"))
        folder.write_text("best.yaml", "")
        assert card_of(comparison_page(folder)) == [
            found["verdict"][0],
            "Recommended: Adam at a learning rate of 0.001.",
            "Train it:",
            f"dlcli train --from '{place}'",
        ]


def test_the_headline_says_what_limits_the_verdict(tmp_path):
    weakened = "The budget of 9 trials weakens this verdict: ..."
    told = {
        "verdict": ("Interrupted: a.", "Use Adam.", weakened, "And so on."),
        "interrupted": True, "expected_trials": 4000, "weakened": weakened,
    }  # fmt: skip
    text = written(tmp_path / "cut", TWO, PEAKS, epochs=4, told=told).read_text("utf-8")
    assert card_of(text) == list(told["verdict"][:3])
    assert lead_of(text)[3] == "And so on."


def test_the_page_reads_no_wording(two, tmp_path):
    folder = ComparisonFolder(two.parent)
    before, kept = comparison_page(folder), folder.read_text("summary.md")
    folder.write_text("summary.md", "# Bonjour\n")
    try:
        assert comparison_page(folder) == before
    finally:
        folder.write_text("summary.md", kept)


def test_an_interrupted_comparison_is_described_as_one(tmp_path):
    verdict = ("Interrupted: 5 of 40 trials are done.", "Use Adam.")
    told = {"interrupted": True, "expected_trials": 4000, "verdict": verdict}
    path = written(tmp_path / "cut", TWO, PEAKS, epochs=4, told=told)
    text = path.read_text("utf-8")
    done = len((path.parent / "trials.csv").read_text().splitlines()) - 1
    assert lead_of(text)[0] == verdict[0]
    assert f"Interrupted: {4000 - done} trials are not yet run." in text
    assert f"All {done} trials that were run succeeded." in text
    assert verdict[0] == (path.parent / "summary.md").read_text().splitlines()[2]


def test_of_several_problems_the_joint_answer_comes_first_and_then_a_line_each(tmp_path):
    path = written(tmp_path / "both", TWO, PEAKS, epochs=4, names=("one", "two"))
    found = json.loads((path.parent / "results.json").read_text("utf-8"))
    text = path.read_text("utf-8")
    assert lead_of(text)[:3] == found["verdict"]
    assert len(found["verdict"]) == 3
    titles = re.findall(r"<h2>(.*?)</h2>", text)
    assert titles[:3] == ["All problems", "one", "two"]
    assert "normalized mean" in text


def test_a_quick_look_shows_neither_verdict_nor_margin(tmp_path):
    compare = "compare: {preset: quick, optimizers: [SGD, Adam]}"
    text = written(tmp_path / "quick", compare, PEAKS, epochs=4).read_text("utf-8")
    assert lead_of(text)[0].startswith("No ranking on made")
    assert "Margin" not in lead_of(text)[-1]
    assert "What each candidate lacks to the best" not in text
    assert not figures_of(text)[0]["layout"]["shapes"]
    assert "lacks at most</button>" not in text


@pytest.mark.parametrize("content", ["[]", "{}", '{"problems": 3, "verdict": []}', "nonsense"])
def test_a_damaged_results_json_is_told(two, content):
    folder = ComparisonFolder(two.parent)
    kept = folder.read_text("results.json")
    folder.write_text("results.json", content)
    try:
        with pytest.raises(UserError, match="damaged"):
            comparison_page(folder)
    finally:
        folder.write_text("results.json", kept)


def test_a_folder_without_results_json_was_cut_off(two):
    folder = ComparisonFolder(two.parent)
    kept = folder.read_text("results.json")
    folder.remove("results.json")
    try:
        with pytest.raises(
            UserError, match=r"has no results\.json: the comparison was interrupted"
        ):
            comparison_page(folder)
    finally:
        folder.write_text("results.json", kept)
