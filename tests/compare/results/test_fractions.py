"""A curve over training size: nothing that is ranked depends on it, and what it says is shown."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dlcli.compare.results import make_results
from dlcli.report.text.documents import as_data, markdown
from tests.compare.made import plan, result, run

PLAIN = """\
compare:
  optimizers: [SGD, Adam]
  learning_rates: [0.01, 0.1]
  seeds: {seeds}
"""
CURVED = PLAIN + "  fractions: [0.5, 0.1, 1]\n"


def score(made, trial):
    """Return a score that rises with the share, by another amount in each replication."""
    name = made.candidates[trial.candidate].name
    best = {"SGD": 0.8, "Adam": 0.9}[name] - 0.1 * (trial.rate == 0.1)
    lost = 0.1 * (1 - trial.fraction) * (1 + 0.1 * (trial.seed % 3))
    return best - lost


def results(text, scored=score):
    made = plan(text)
    schedule, records = run(made, scored)
    assert schedule.trials == len(records)
    return make_results(made, records, schedule), records


def test_every_replication_trains_each_share_once_at_the_rate_it_chose():
    _, records = results(CURVED.format(seeds=6))
    shares = [record.trial for record in records if record.trial.is_share]
    assert {trial.rate for trial in shares} == {0.01}
    places = [(trial.candidate, trial.seed, trial.fraction) for trial in shares]
    assert sorted(places) == sorted(
        (candidate, seed, fraction)
        for candidate in (0, 1)
        for seed in range(6)
        for fraction in (0.1, 0.5)
    )


@pytest.mark.parametrize("seeds", [6, "auto"])
@pytest.mark.parametrize("tune", ["each", "once"])
def test_the_verdict_is_that_without_the_curve(seeds, tune):
    more = f"  tune: {tune}\n"
    curved, records = results(CURVED.format(seeds=seeds) + more)
    plain, others = results(PLAIN.format(seeds=seeds) + more)
    kept = [told for told in curved.verdict if "training examples" not in told]
    # Trials that a look has saved are counted with those of the curve.
    assert [told for told in kept if "not needed" not in told] == [
        told for told in plain.verdict if "not needed" not in told
    ]
    assert len(kept) == len(curved.verdict) - 1
    assert curved.summary.equals(plain.summary)
    assert curved.sensitivity.equals(plain.sensitivity)
    whole = [record.trial for record in records if not record.trial.is_share]
    assert set(whole) == {record.trial for record in others}


def test_a_gain_is_the_paired_difference_with_students_interval():
    made, records = results(CURVED.format(seeds=6))
    rows = made.fractions[made.fractions["candidate"] == "Adam"]
    assert rows["fraction"].tolist() == [0.1, 0.5, 1.0]
    assert rows["examples"].tolist() == [10, 50, 100]
    by = {
        fraction: np.array([
            score_of.result.best["test_accuracy"]
            for score_of in sorted(records, key=lambda record: record.trial.seed)
            if score_of.trial.candidate == 1
            and score_of.trial.fraction == fraction
            and score_of.trial.rate == 0.01
        ])
        for fraction in (0.5, 1.0)
    }  # fmt: skip
    gains = by[1.0] - by[0.5]
    low, high = stats.t.interval(0.95, 5, gains.mean(), stats.sem(gains))
    last = rows.iloc[-1]
    assert last[["gain", "gain_low", "gain_high"]].tolist() == pytest.approx(
        [gains.mean(), low, high]
    )
    assert last["mean"] == pytest.approx(by[1.0].mean())


@pytest.mark.parametrize(
    ("rise", "said"),
    [
        (lambda seed: 0.05 + 0.001 * seed, "More data would probably help"),
        (lambda seed: 0.05 * (-1) ** seed, "It is not shown that more data would help"),
        (lambda seed: -0.05 - 0.001 * seed, "More data made the score worse"),
    ],
)
def test_more_data_would_help_only_if_the_interval_excludes_zero(rise, said):
    def scored(made, trial):
        best = 0.9 if made.candidates[trial.candidate].name == "Adam" else 0.6
        return best - 0.1 * (trial.rate == 0.1) - rise(trial.seed) * (trial.fraction < 1)

    made, _ = results(CURVED.format(seeds=6), scored)
    sentence = made.verdict[-1]
    assert sentence.startswith(f"{said}: from 50 to 100 training examples")
    assert "of Adam improves by" in sentence
    assert sentence in markdown(made)
    data = as_data(made)
    assert sentence in data["problems"][0]["sentences"]
    assert [row["fraction"] for row in data["fractions"]] == [0.1, 0.5, 1.0] * 2


def test_replications_in_which_a_share_could_not_be_run_are_left_out_of_the_curve():
    made = plan(CURVED.format(seeds=6))

    def judge(_, trial):
        broken = trial.fraction == 0.1 and trial.seed == 2
        return result(0.5, status="failed") if broken else None

    schedule, records = run(made, score, judge=judge)
    assert set(make_results(made, records, schedule).fractions["runs"]) == {5}


def test_trials_with_a_share_are_no_chosen_ones_and_stand_at_no_rate():
    made, _ = results(CURVED.format(seeds=6))
    shares = made.trials[made.trials["fraction"] < 1]
    assert len(shares) == 24
    assert not shares["chosen"].any()
    assert shares["test_accuracy"].notna().all()
    plain, _ = results(PLAIN.format(seeds=6))
    assert "fraction" not in plain.trials
    assert plain.fractions.empty
    assert len(made.epochs) == len(plain.epochs)


def test_a_budget_counts_the_shares():
    for budget in (40, 60, 80):
        made = plan(CURVED.format(seeds=10) + f"  budget: {budget}\n")
        _, records = run(made, score)
        assert len(records) <= made.planned <= budget
        assert made.planned > budget / 2
        shares = [record for record in records if record.trial.is_share]
        assert len(shares) == 2 * 2 * len(made.seeds)
