"""Known results about optimizers, which a correct comparison shows on real data."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.helpers import dlcli

CONFIGS = Path(__file__).parents[1] / "configs"

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("converted")]


def compared(folder, config, *arguments):
    """Return the summary and the spread of a comparison, by optimizer."""
    done = dlcli(
        "compare-optimizers", str(CONFIGS / config), "--optimizers", "SGD,Adam", "--no-figures",
        "--name", "facts", *arguments, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    tables = [
        pd.read_csv(folder / f"comparisons/facts/{name}.csv") for name in ("summary", "spread")
    ]
    return [table.set_index("label") for table in tables]


def test_sgd_needs_a_rate_one_to_two_decades_above_adams_and_a_better_one_than_its_default(
    tmp_path,
):
    summary, _ = compared(tmp_path, "compare_digits_cnn.yaml", "--seeds", "3")
    sgd, adam = summary.loc["SGD"], summary.loc["Adam"]
    assert 10 <= sgd["learning_rate"] / adam["learning_rate"] <= 100 * 1.01
    assert adam["default_regret"] < 0.03
    assert sgd["default_regret"] > 0.1
    assert adam["width_decades"] > 1.3 * sgd["width_decades"]


def test_sgd_depends_more_on_rate_and_initializer_than_adam(tmp_path):
    _, spread = compared(tmp_path, "compare_initializers.yaml", "--seeds", "0")
    sgd, adam = spread.loc["SGD"], spread.loc["Adam"]
    assert sgd["decades"] == pytest.approx(adam["decades"])
    assert sgd["good_share"] < adam["good_share"]
    assert sgd["tuned_range"] > 3 * adam["tuned_range"]
    assert sgd["failed_share"] > 2 * adam["failed_share"]


def test_max_pooling_survives_small_shifts_better_than_none_and_global_pooling_best(tmp_path):
    names = [f"pooling_{kind}" for kind in ("none", "max", "global")]
    for name in names:
        done = dlcli(
            "train", str(CONFIGS / f"{name}.yaml"), "--epochs", "12", "--out", f"runs/{name}",
            cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    done = dlcli("inspect", *names, "--invariance", "shift", "--json", cwd=tmp_path)
    rows = {(r["run"], r["amount"]): r for r in json.loads(done.stdout)["invariance"]}
    still = [rows[f"pooling_{kind}", 0]["accuracy"] for kind in ("none", "max", "global")]
    assert min(still) > 0.93
    none, largest, everywhere = (rows[f"pooling_{kind}", 1] for kind in ("none", "max", "global"))
    assert none["accuracy_high"] < largest["accuracy_low"]
    assert largest["accuracy_high"] < everywhere["accuracy_low"]
    assert rows["pooling_max", 4]["accuracy"] < 0.5 < rows["pooling_global", 4]["accuracy"]
