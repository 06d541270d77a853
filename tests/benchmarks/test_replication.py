"""The benchmark of whole comparisons on disjoint draws: its figures, its files, its tables."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
REPLICATIONS = 10


@pytest.fixture
def figures(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import replication_figures

    return replication_figures


def drawn(figures, count, merit, *, shared=0.0, seed=0):
    """Return made comparisons: a draw's luck, which all of its replications share, and noise."""
    rng = np.random.default_rng(seed)
    size = len(merit)
    found = {}
    for draw in range(count):
        luck = shared * rng.normal(size=(size, 1))
        noise = 0.01 * rng.normal(size=(size, REPLICATIONS))
        found[draw] = figures.Comparison(np.array(merit)[:, None] + luck + noise, None)
    return found


def cell(figures, found, truths=None):
    judge = partial(figures.ranked, metric="accuracy", split="resample")
    return figures.Cell(found, found if truths is None else truths, judge)


def test_independent_replications_are_covered(figures):
    told = cell(figures, drawn(figures, 200, [0.8, 0.8, 0.79, 0.75])).coverage()
    assert told["coverage"] == pytest.approx(95, abs=4 * told["coverage_se"])
    assert told["spread"] == pytest.approx(1, abs=0.1)
    assert told["spread_se"] < 0.1


def test_luck_that_replications_share_shows(figures):
    """With a draw's luck twice the standard error, coverage and spread tell."""
    shared = 2 * 0.01 / np.sqrt(REPLICATIONS)
    told = cell(figures, drawn(figures, 200, [0.8, 0.8, 0.79], shared=shared)).coverage()
    assert told["coverage"] < 75
    assert told["spread"] == pytest.approx(np.sqrt(1 + 2**2), rel=0.15)


def test_few_draws_are_not_blamed_for_the_error_of_the_truth(figures):
    """With two draws the truth is one comparison: it errs as much as what is judged by it."""
    shares = [
        cell(figures, drawn(figures, 2, [0.8, 0.8, 0.8], seed=seed)).coverage()["coverage"]
        for seed in range(200)
    ]
    assert np.mean(shares) == pytest.approx(95, abs=3)


def test_claims_are_held_against_the_other_draws(figures):
    found = drawn(figures, 5, [0.83, 0.8, 0.73])
    told = cell(figures, found).claims()
    assert told["claims"] == 100
    assert told["wrong"] == 0
    assert told["claimed"] == pytest.approx(6.5, abs=1)
    assert told["elsewhere"] == pytest.approx(6.5, abs=1)
    swapped = {d: figures.Comparison(c.scores[[2, 1, 0]], None) for d, c in found.items()}
    against = cell(figures, found, truths=swapped).claims()
    assert against["wrong"] == 100
    assert against["elsewhere"] < 0
    assert against["bound"] == 0


def test_handicaps_make_power_and_equals_make_none(figures):
    told = cell(figures, drawn(figures, 5, [0.82, 0.8, 0.7])).power()
    assert told["power_4"] == 100
    assert told["power_4"] >= told["power_2"] >= told["power_1"] >= told["power_0"]
    assert told["power_0"] < 50
    assert told["equal"] < 50


def test_a_draw_tells_nothing_of_itself(figures):
    found = drawn(figures, 3, [0.8, 0.7])
    told = cell(figures, found)
    np.testing.assert_allclose(told.truth[0], (found[1].means + found[2].means) / 2)
    assert cell(figures, {0: found[0]}).draws == []


def run(folder, *options, **environment):
    import os

    return subprocess.run(
        [sys.executable, str(FOLDER / "replication.py"), "--data", "digits", "--sizes", "300",
         "--draws", "2", "--networks", "mlp", "--metrics", "accuracy", "--candidates", "SGD,Adam",
         "--replications", "3", "--epochs", "1", "--jobs", "1", "--folder", str(folder), *options],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_comparisons_are_kept_resumed_and_reported(tmp_path):
    done = run(tmp_path / "units")
    assert done.returncode == 0, done.stderr
    assert "[8/8]" in done.stdout
    files = sorted((tmp_path / "units").glob("mlp-*.json"))
    assert len(files) == 8
    for file in files:
        told = json.loads(file.read_text())
        assert np.shape(told["scores"]) == (2, 3)
        assert np.shape(told["rates"]) == (2, 3)
    former = json.loads((tmp_path / "units" / "mlp-300-accuracy-former-01.json").read_text())
    assert all(len(set(rates)) == 1 for rates in former["rates"])

    lost = tmp_path / "units" / "mlp-300-accuracy-official-01.json"
    before = json.loads(lost.read_text())
    lost.unlink()
    again = run(tmp_path / "units")
    assert "7 of 8 comparisons are there" in again.stdout
    assert again.stdout.count("left") == 1
    after = json.loads(lost.read_text())
    assert after["scores"] == before["scores"]  # it does not depend on what came before it

    readme = tmp_path / "README.md"
    marks = "".join(f"<!-- {n} -->\n<!-- end -->\n" for n in ("replication", "replication_claims"))
    readme.write_text(marks)
    results = tmp_path / "results"
    told = run(tmp_path / "units", "--report", "--results", str(results), "--readme", str(readme))
    assert told.returncode == 0, told.stderr
    rows = json.loads((results / "replication.json").read_text())["rows"]
    assert [row["protocol"] for row in rows] == ["resample", "official", "once", "former"]
    assert all(0 <= row["coverage"] <= 100 for row in rows)
    assert readme.read_text().count("| mlp | accuracy | 300 | official |") == 2

    other = run(tmp_path / "units", "--epochs", "2")
    assert other.returncode == 2
    assert "epochs 1" in other.stderr


@pytest.mark.slow
def test_data_that_are_missing_are_named(tmp_path):
    told = run(tmp_path / "units", "--data", "fashion_mnist", KERAS_HOME=str(tmp_path / "none"))
    assert told.returncode == 2
    assert str(tmp_path / "none" / "datasets") in told.stderr
    assert "Traceback" not in told.stderr


def test_draws_of_a_size_share_no_example_and_comparisons_no_seed(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import replication

    units = [
        replication.Unit("mlp", size, "accuracy", protocol, draw)
        for size in (500, 1500, 3000)
        for draw in range(23)
        for protocol in replication.PROTOCOLS
    ]
    seeds = sorted(unit.seed for unit in units)
    assert min(np.diff(seeds)) >= replication.SEEDS_A_UNIT
    assert seeds[-1] < 2**31
    one_size = [u for u in units if u.size == 3000 and u.protocol == "former"]
    positions = np.concatenate([replication.draw_of(u, 70_000) for u in one_size])
    assert len(set(positions)) == len(positions) == 23 * 3000
