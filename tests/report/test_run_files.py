"""The curves and the table beside a run's page hold the numbers of its files."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest
from matplotlib.image import imread

from dlcli.errors import UserError
from dlcli.report.drawing.style import applied
from dlcli.report.page.run import curve_names
from dlcli.report.page.sources import read_rows
from dlcli.report.run_files import learning_curves, scores_table, write_run_files
from dlcli.store.runs import FILES, RunFolder, remove_run

FILES_BESIDE = {"learning_curves.svg", "learning_curves.png", "scores.tex"}


@pytest.fixture
def run(trained_once, tmp_path):
    """Return a run that may be changed."""
    return RunFolder(shutil.copytree(trained_once(), tmp_path / "run"))


def names(run):
    return {path.name for path in run.path.iterdir()}


def lines(panel):
    return [list(map(float, line.get_ydata())) for line in panel.lines]


@pytest.mark.slow
def test_they_are_written_beside_the_page_and_deleted_with_the_run(run):
    before = names(run)
    write_run_files(run)
    assert names(run) - before == FILES_BESIDE
    assert FILES_BESIDE < FILES
    assert imread(run.path / "learning_curves.png").std() > 0.01
    first = (run.path / "learning_curves.svg").read_bytes()
    write_run_files(run)
    assert (run.path / "learning_curves.svg").read_bytes() == first
    remove_run(run)
    assert not run.path.exists()


@pytest.mark.slow
def test_the_curves_are_those_of_the_history(run):
    rows = read_rows(run, "history.csv")
    shown = curve_names(rows)
    with applied():
        figure = learning_curves(rows, shown)
    history = pd.read_csv(run.path / "history.csv")
    panels = {panel.get_ylabel(): panel for panel in figure.axes}
    assert panels.keys() == {"loss", "accuracy", "f1", "categorical crossentropy"}
    assert lines(panels["accuracy"]) == [list(history["accuracy"]), list(history["val_accuracy"])]


@pytest.mark.slow
def test_the_table_holds_every_score_of_every_part(run):
    write_run_files(run)
    text = (run.path / "scores.tex").read_text()
    scores = json.loads((run.path / "metrics.json").read_text())
    assert " & ".join(["metric", *scores]) in text
    told = [f"{scores[part]['f1']:.4f}" for part in scores]
    assert " & ".join(["f1", *told]) + r" \\" in text
    assert "after 4 epochs" in text


def test_a_score_that_is_missing_or_one_a_class_is_written_and_names_are_escaped():
    text = scores_table({"train": {"f1:none": [0.5, None]}, "test": {"a_b": 1.0}}, "50 %")
    assert r"f1:none & 0.5000 - & - \\" in text
    assert r"\caption{50 \%}" in text


def test_an_epoch_without_a_finite_value_is_a_gap():
    rows = [{"epoch": str(i), "loss": text} for i, text in enumerate(["2.0", "nan", "1.0", ""])]
    with applied():
        (panel,) = learning_curves(rows, ["loss"]).axes
    ((first, *rest),) = lines(panel)
    assert first == 2.0
    assert [value == value for value in rest] == [False, True, False]  # noqa: PLR0124 (NaN is not)


@pytest.mark.slow
def test_what_a_run_lacks_is_not_written_and_what_is_damaged_is_told(run):
    (run.path / "metrics.json").unlink()
    (run.path / "history.csv").write_text("")
    write_run_files(run)
    assert not names(run) & FILES_BESIDE
    (run.path / "metrics.json").write_text("{}")
    write_run_files(run)
    assert not names(run) & FILES_BESIDE
    (run.path / "history.csv").write_text("loss\n1\n")
    with pytest.raises(UserError, match="is damaged") as caught:
        write_run_files(run)
    assert "dlcli train" in caught.value.remedy
