"""The rate sensitivity as text says what sensitivity.csv holds, within 80 columns."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from dlcli.report.text.terminal import DIGITS, HEIGHTS, sensitivity_lines


def results(curves, *, chance=0.1, greater=True):
    """Return results whose candidates have `{rate: score}`; None failed; the best is chosen."""
    rows, summary = [], []
    for rank, (name, points) in enumerate(curves.items(), 1):
        known = {rate: score for rate, score in points.items() if score is not None}
        best = (max if greater else min)(known, key=known.get, default=None)
        rows += [
            {"problem": "p", "candidate": name, "learning_rate": rate,
             "score": chance if score is None else score, "runs": 1,
             "failed": int(score is None), "chosen": rate == best}
            for rate, score in points.items()
        ]  # fmt: skip
        summary.append({"problem": "p", "candidate": name, "rank": rank, "width_decades": 0.5})
    return SimpleNamespace(
        sensitivity=pd.DataFrame(rows), summary=pd.DataFrame(summary), chance={"p": chance},
        greater_is_better=greater, validation_text="validation accuracy",
    )  # fmt: skip


def test_heights_failures_and_the_chosen_rate_stand_in_their_columns():
    made = results({
        "SGD": {1e-2: 0.1, 1e-1: 0.55, 1.0: 1.0, 10.0: None},
        "Adam": {1e-4: 0.3, 1e-3: 1.0, 1e-2: 0.9},
    })  # fmt: skip
    head, ruler, sgd, adam = sensitivity_lines(made, "p")
    assert head == ("validation accuracy by rate: ▁ 0.1000 to █ 1.0000, x at chance, * recommended")
    assert ruler == "      1e-4  1e-1    decades within 2 %"
    assert sgd == "SGD       ▁ ▅ █*x   0.5"
    assert adam == "Adam  ▂ █*█         0.5"
    assert ruler.index("1e-1") == sgd.index("▅")
    assert ruler.index("1e-4") == adam.index("▂")


def test_a_rate_at_which_fewer_than_half_of_the_trials_failed_has_a_height():
    made = results({"A": {0.1: 0.5, 1.0: 0.9}})
    made.sensitivity = made.sensitivity.assign(runs=10, failed=[4, 5])
    *_, line = sensitivity_lines(made, "p")
    assert line == "A  ▅ x*  0.5"


def test_heights_stay_below_one_another_after_wide_letters():
    points = {0.1: 0.1, 1.0: 1.0}
    *_, wide, long, plain = sensitivity_lines(
        results({"漢字 Adam": points, "漢字漢字漢字漢字漢字漢字": points, "SGD": points}), "p"
    )
    assert len({cell_len(line[: line.index("█")]) for line in (wide, long, plain)}) == 1
    assert long.startswith("漢字漢字漢字漢字漢字~")


def test_without_better_letters_the_heights_are_digits():
    *_, line = sensitivity_lines(results({"A": {0.1: 0.1, 1.0: 1.0}}), "p", plain=True)
    assert line == "A  1 8*  0.5"
    assert len(DIGITS) == len(HEIGHTS)


def test_of_a_loss_the_least_is_the_highest():
    made = results({"A": {0.1: 0.5, 1.0: 0.1}}, chance=1.0, greater=False)
    head, _, line = sensitivity_lines(made, "p")
    assert "▁ 1.0000 to █ 0.1000" in head
    assert line == "A  ▅ █*  0.5"


def test_one_huge_loss_does_not_flatten_the_rest_where_there_is_no_chance_level():
    made = results(
        {"A": {1e-3: 0.4, 1e-2: 0.1, 1e-1: 0.5, 1.0: 1e9}}, chance=math.nan, greater=False
    )
    *_, line = sensitivity_lines(made, "p")
    assert len(set(line.removeprefix("A  ").split("  ")[0]) - set(" *")) == 4


def test_a_single_rate_has_no_sensitivity():
    assert list(sensitivity_lines(results({"A": {0.1: 0.5}}), "p")) == []


def test_more_candidates_than_a_screen_holds_are_counted():
    made = results({f"optimizer {i}": {0.1: 0.5, 1.0: 0.6} for i in range(30)})
    *lines, last = sensitivity_lines(made, "p")
    assert len(lines) == 2 + 16
    assert last == "and 14 more"


RATES = st.floats(1e-7, 100).map(lambda rate: float(f"{rate:.3g}"))
SCORES = st.one_of(st.none(), st.floats(0, 1))


@given(
    st.dictionaries(
        st.text("abcSGD(=.)", min_size=1, max_size=60),
        st.dictionaries(RATES, SCORES, min_size=1, max_size=60),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_was_searched_fits_80_columns(curves):
    for line in sensitivity_lines(results(curves), "p"):
        assert len(line) <= 80


@pytest.mark.parametrize("spacing", [0.25, 0.5, 1.0])
def test_every_rate_of_a_usual_grid_has_a_column_of_its_own(spacing):
    rates = 10 ** np.arange(-4, 1 + spacing / 2, spacing)
    made = results({"A": {float(f"{rate:.3g}"): 0.9 for rate in rates}})
    *_, line = sensitivity_lines(made, "p")
    assert sum(letter in HEIGHTS for letter in line) == len(rates)


def test_names_that_begin_alike_are_told_apart_by_their_ends():
    points = {0.1: 0.1, 1.0: 1.0}
    begun = "Adam(beta_1=0.95, beta_2=0.9999) "
    names = (f"{begun}GlorotUniform", f"{begun}HeNormal", "SGD(momentum=0.9, nesterov=True)")
    *_, first, second, third = sensitivity_lines(results(dict.fromkeys(names, points)), "p")
    assert first.startswith("Adam(beta_~orotUniform  ")
    assert second.startswith("Adam(beta_~9) HeNormal  ")
    assert third.startswith("SGD(momentum=0.9, nes~  ")
