"""The page of a run says what became of it and draws what its files hold."""

from __future__ import annotations

import json
import re

import pytest

from dlcli.report.page import run_page
from dlcli.train.saved import data_form, open_run, read_predictions
from tests.report.page.reader import check
from tests.security.places import write_run


def history(values, rate=0.001):
    rows = [f"{i},{value},{value},{rate},0.1" for i, value in enumerate(values, 1)]
    return "\n".join(["epoch,loss,val_loss,learning_rate,seconds", *rows, ""])


def figures_of(text):
    return json.loads(re.search(r'id="figures">(.*?)</script>', text, re.DOTALL).group(1))


def test_the_page_of_a_run_that_diverged_says_so_and_draws_no_empty_figure(tmp_path):
    metrics = {"test": {"loss": None, "accuracy": None}}
    run = write_run(tmp_path, metrics=metrics, history=history(["nan", "nan"]))
    text = run_page(run, None, None)
    check(text)
    assert "The training diverged" in text
    assert "On the test part" not in text
    assert "No epoch has a finite loss." in text
    assert figures_of(text) == []


def test_a_loss_that_never_changes_is_drawn_in_the_middle_of_its_axis(tmp_path):
    (loss,) = figures_of(run_page(write_run(tmp_path, history=history([2, 1])), None, None))
    assert "range" not in loss["layout"]["yaxis"]
    (tmp_path / "other").mkdir()
    run = write_run(tmp_path / "other", history=history([2, 2]))
    (loss,) = figures_of(run_page(run, None, None))
    assert loss["layout"]["yaxis"]["range"] == [1, 3]


def test_the_learning_rate_is_drawn_where_it_changes(tmp_path):
    text = history([2, 1]).replace("0.001", "0.002", 1)
    _, rate = figures_of(run_page(write_run(tmp_path, history=text), None, None))
    assert rate["layout"]["yaxis"]["title"]["text"] == "learning rate"


@pytest.mark.slow
def test_the_page_of_a_run_holds_scores_curves_and_classes(workplace):
    run, config = open_run(workplace / "runs", "first")
    text = run_page(run, data_form(run, config).description, read_predictions(run))
    check(text)
    scores = run.read_json("metrics.json")
    for part in ("train", "validation", "test"):
        assert f"{scores[part]['f1']:.4f}" in text
    for title in ("Learning curves", "Classes, on the test part", "Confusion", "setosa"):
        assert title in text
