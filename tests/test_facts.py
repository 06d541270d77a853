"""Known results about optimizers, which a correct comparison shows on real data."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.helpers import dlcli

CONFIGS = Path(__file__).parents[1] / "configs"

pytestmark = pytest.mark.slow


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


def test_sgd_depends_more_on_rate_and_initialiser_than_adam(tmp_path):
    _, spread = compared(tmp_path, "compare_initializers.yaml", "--seeds", "0")
    sgd, adam = spread.loc["SGD"], spread.loc["Adam"]
    assert sgd["decades"] == pytest.approx(adam["decades"])
    assert sgd["good_share"] < adam["good_share"]
    assert sgd["tuned_range"] > 3 * adam["tuned_range"]
    assert sgd["failed_share"] > 2 * adam["failed_share"]
