"""Comparisons on the user's own steps, series, weighted examples and scaled targets."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from tests.helpers import HERE, dlcli

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(0)
BEGIN = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
RECURRENT = "{LSTM: {units: 3, return_sequences: true}}"
ROWS = {
    "steps": ("id,t,v,y", [
        f"s{n},{t},{RNG.normal():.3f},{('down', 'up')[(n + t) % 2]}"
        for n in range(40) for t in range(n % 4 + 1)
    ]),
    "amounts": ("id,t,v,y", [
        f"s{n},{t},{RNG.normal():.3f},{RNG.normal():.3f}"
        for n in range(40) for t in range(n % 4 + 1)
    ]),
    "series": ("t,v", [
        f"{(BEGIN + dt.timedelta(hours=i)).isoformat()},{np.sin(i / 4):.3f}" for i in range(120)
    ]),
    "weighted": ("a,w,y", [f"{RNG.normal():.3f},{1 + i % 3},{i % 2}" for i in range(80)]),
    "prices": ("a,y", [f"{i % 9},{400_000 + 9000 * (i % 9) + i}" for i in range(80)]),
}  # fmt: skip
SEQUENCES = "sequences: {path: rows.csv, id: id, time: t, target: y, per_step: true"
CASES = {
    "steps": (SEQUENCES + "}", f"{RECURRENT}, {{Dense: {{units: 1, activation: sigmoid}}}}"),
    "amounts": (SEQUENCES + ", task: regression}", f"{RECURRENT}, {{Dense: {{units: 1}}}}"),
    "series": ("forecast: {path: rows.csv, time: t, target: v, window: 5, horizon: 2}",
               "Normalization, {LSTM: {units: 3}}, {Dense: {units: 2}}"),
    "weighted": ("csv: {path: rows.csv, target: y, weights: w}",
                 "{Dense: {units: 1, activation: sigmoid}}"),
    "prices": ("csv: {path: rows.csv, target: y, target_scale: standard}",
               "Normalization, {Dense: {units: 1}}"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_optimizers_are_compared_and_scores_are_those_of_real_places(name, tmp_path):
    header, rows = ROWS[name]
    data, layers = CASES[name]
    (tmp_path / "rows.csv").write_text("\n".join([header, *rows]) + "\n")
    (tmp_path / "c.yaml").write_text(
        f"data: {{{data}, validation: 0.2}}\nmodel: {{layers: [{layers}]}}\nfit: {{epochs: 2}}\n"
        "compare: {optimizers: [{SGD: {learning_rate: 0.05}}, {Adam: {learning_rate: 0.05}}], "
        "seeds: 2}\n"
    )
    done = dlcli("compare-optimizers", "c.yaml", "--no-figures", *HERE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    trials = pd.read_csv(next(tmp_path.rglob("trials.csv")))
    assert len(trials) == 4
    assert set(trials.status) <= {"ok", "stuck"}
    scores = trials.filter(regex="^(test|validation)_").select_dtypes("number")
    assert scores.shape[1] > 1
    assert np.isfinite(scores.to_numpy()).all()
