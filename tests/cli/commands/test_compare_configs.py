"""`dlcli compare` as a user runs it: configs, or what a config says, against each other."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from tests.helpers import HERE, SMALL, dlcli

pytestmark = pytest.mark.slow

FEW = ("--learning-rates", "0.01,0.1", "--seeds", "6", *HERE)
LINEAR = SMALL.replace("name: small", "name: linear").replace(
    "    - {Dense: {units: 8, activation: relu}}\n    - {Dropout: {rate: 0.2}}\n", ""
)
VARIANTS = (
    SMALL.replace("name: small", "name: variants")
    + """\
compare:
  candidates:
    - {label: plain}
    - {label: wide, set: {"model.layers[1].Dense.units": 16}}
    - {label: sgd, compile: {optimizer: SGD}, data: {batch_size: 8}}
"""
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL)
    (tmp_path / "linear.yaml").write_text(LINEAR)
    (tmp_path / "variants.yaml").write_text(VARIANTS)
    return tmp_path


def compared(folder, *arguments, code=0):
    done = dlcli("compare", *arguments, cwd=folder)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def table(folder, name, place="iris"):
    return pd.read_csv(folder / "comparisons" / place / f"{name}.csv")


def test_configs_are_compared_and_what_they_cost_stands_beside_the_score(folder):
    done = compared(folder, "small.yaml", "linear.yaml", *FEW)
    assert " on data like these (iris)" in done.stdout
    costs = table(folder, "costs").set_index("candidate")
    assert costs.loc["small", "parameters"] == 9 + 4 * 8 + 8 + 8 * 3 + 3  # Normalization has 9
    assert costs.loc["linear", "parameters"] == 9 + 4 * 3 + 3
    assert costs.loc["linear", "flops"] == 2 * 4 * 3
    assert (costs[["training_seconds", "prediction_seconds"]] > 0).all(axis=None)
    place = folder / "comparisons" / "iris"
    assert (place / "figures" / "score_against_cost.png").exists()
    assert "Score against parameters" in (place / "report.html").read_text()
    assert set(table(folder, "summary")["verdict"]) <= {"best", "as_good", "open", "worse"}


def test_a_curve_over_training_size_trains_only_what_is_new_and_changes_no_verdict(folder):
    compared(folder, "variants.yaml", *FEW, "--no-figures")
    before = table(folder, "summary", "variants")
    keys = set(table(folder, "trials", "variants")["key"])
    done = compared(folder, "variants.yaml", *FEW, "--fractions", "0.2,0.5")
    assert f"{len(keys)} of them done before" in done.stderr
    after = table(folder, "summary", "variants")
    assert before[["candidate", "verdict", "mean"]].equals(after[["candidate", "verdict", "mean"]])
    found = table(folder, "fractions", "variants")
    assert sorted(set(found["examples"])) == [19, 48, 96]
    assert set(found["runs"]) == {6}
    trials = table(folder, "trials", "variants")
    assert (trials["fraction"] < 1).sum() == 3 * 2 * 6
    place = folder / "comparisons" / "variants"
    assert (place / "figures" / "score_by_training_size.png").exists()
    assert "Score by training size" in (place / "report.html").read_text()
    assert "more data" in (place / "summary.md").read_text().lower()

    again = compared(folder, "variants.yaml", *FEW, "--fractions", "0.2,0.5", "--no-figures")
    assert f"{len(trials)} of them done before" in again.stderr
    given = ("variants.yaml", *FEW, "--fractions", "0.2", "--set", "data.fraction=0.5")
    assert "does not fit data.fraction" in compared(folder, *given, code=2).stderr
    assert "only the whole" in compared(folder, "variants.yaml", "--fractions", "1", code=2).stderr


def test_one_more_config_finds_the_trials_of_those_before(folder):
    compared(folder, "small.yaml", "linear.yaml", *FEW, "--no-figures")
    before = set(table(folder, "trials")["key"])
    wide = SMALL.replace("name: small", "name: wide").replace("units: 8", "units: 16")
    (folder / "wide.yaml").write_text(wide)
    done = compared(folder, "linear.yaml", "small.yaml", "wide.yaml", *FEW, "--no-figures")
    trials = table(folder, "trials")
    assert before < set(trials["key"])
    assert f"{len(before)} of them done before" in done.stderr
    assert set(trials[~trials["key"].isin(before)]["candidate"]) == {"wide"}


def test_the_candidates_of_a_config_share_trials_with_its_optimizers(folder):
    (folder / "variants.yaml").write_text(VARIANTS.replace("optimizer: SGD", "optimizer: Lion"))
    compared(folder, "variants.yaml", *FEW, "--no-figures")
    variants = table(folder, "trials", "variants")
    name = ("--name", "variants")
    done = dlcli("compare-optimizers", "small.yaml", "--optimizers", "Adam", *FEW, *name,
                 "--no-figures", "--set", "name=variants", cwd=folder)  # fmt: skip
    assert done.returncode == 0, done.stderr
    optimizers = table(folder, "trials", "variants")
    plain = variants[variants["candidate"] == "plain"]
    assert set(optimizers["key"]) == set(plain["key"])


def test_a_recommended_candidate_is_trained_with_its_own_network(folder):
    compared(folder, "variants.yaml", *FEW, "--no-figures")
    done = dlcli("train", "--from", "variants", "--candidate", "wide", "--out", "run", cwd=folder)
    assert done.returncode == 0, done.stderr
    written = (folder / "run" / "config.yaml").read_text()
    assert "units: 16" in written
    assert "compare:" not in written


def test_a_rate_that_is_searched_anew_is_said(folder):
    few = ("--preset", "quick", *HERE, "--dry-run")
    done = compared(folder, "small.yaml", "linear.yaml", *few)
    assert "small: its learning rate 0.01 is not used" in done.stderr
    assert "compare.learning_rates: [0.01] keeps it" in done.stderr


def test_an_ablation_leaves_a_layer_out(folder):
    done = compared(folder, "small.yaml", "--ablate", "dropout", *FEW, "--dry-run", "--json")
    assert json.loads(done.stdout)["trials"] == 2 * 2 * 6
    compared(folder, "small.yaml", "--ablate", "dropout", *FEW, "--no-figures")
    assert set(table(folder, "summary", "small")["candidate"]) == {"full model", "without dropout"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("small.yaml",), "there is nothing to compare small with"),
        (("small.yaml", "other.yaml"), "do not have the same data: data.validation: 0.2 and 0.3"),
        (("small.yaml", "wine.yaml"), "do not have the same data: data.dataset: iris and wine"),
        (("small.yaml", "small.yaml"), "two configs are called 'small'"),
        (("small.yaml", "scored.yaml"), "the same score: small by accuracy, scored by f1"),
        (("small.yaml", "--ablate", "dorpout"), "no layer 'dorpout'; did you mean 'dropout'?"),
        (("small.yaml", "same.yaml"), "small and same are the same candidate"),
    ],
    ids=str,
)
def test_what_cannot_be_compared_is_said(folder, arguments, message):
    changes = {
        "other": ("validation: 0.2", "validation: 0.3"), "wine": ("iris", "wine"),
        "scored": ("[accuracy, f1,", "[f1, accuracy,"), "same": ("seed: 3", "seed: 4"),
    }  # fmt: skip
    for name, (old, new) in changes.items():
        text = SMALL.replace("name: small", f"name: {name}").replace(old, new)
        (folder / f"{name}.yaml").write_text(text)
    done = compared(folder, *arguments, *FEW, code=2)
    assert message in done.stderr
    assert "hint:" in done.stderr
    assert not (folder / "comparisons").exists()


def test_trials_of_different_networks_in_one_process_are_those_of_each_alone(folder):
    """Networks are kept side by side in a worker; none may see another's weights or data."""
    compared(folder, "variants.yaml", *FEW, "--no-figures")
    together = table(folder, "trials", "variants")
    text = (folder / "variants.yaml").read_text()
    lines = [line for line in text.splitlines() if "plain" not in line and "sgd" not in line]
    (folder / "variants.yaml").write_text("\n".join(lines) + "\n")
    compared(folder, "variants.yaml", *FEW, "--no-figures", "--fresh")
    alone = table(folder, "trials", "variants-2").set_index("key")
    scores = [name for name in alone if name.startswith(("val_", "test_", "train_loss"))]
    shared = together.set_index("key").loc[alone.index, scores]
    pd.testing.assert_frame_equal(shared, alone[scores])


def test_a_searched_setting_is_trained_as_the_config_that_has_its_values(folder):
    search = """\
compare:
  candidates: [{label: plain}]
  search:
    model.layers.1.Dense.units: {low: 4, high: 12}
    data.batch_size: [8, 16]
    epsilon: {low: 1e-8, high: 0.1, scale: log}
  tries: 3
"""
    (folder / "small.yaml").write_text(SMALL + search)
    done = compared(folder, "small.yaml", "--seeds", "1", *HERE)
    assert "settings" in done.stdout
    place = folder / "comparisons" / "small"
    assert (place / "figures" / "score_by_setting.png").exists()
    kept = {file.parent.name: json.loads(file.read_text())
            for file in (place / "trials").glob("*/trial.json")}  # fmt: skip
    assert len(kept) == 3
    key, trial = max(kept.items(), key=lambda pair: pair[1]["result"]["best"]["val_accuracy"])
    values = trial["settings"]
    plain = SMALL.replace("units: 8", f"units: {values['model.layers[1].Dense.units']}").replace(
        "batch_size: 16", f"batch_size: {values['data.batch_size']}"
    )
    (folder / "plain.yaml").write_text(plain.replace("name: small", "name: plain"))
    optimizer = f"Adam(epsilon={values['compile.optimizer.Adam.epsilon']!r})"
    rate = str(trial["learning_rate"])
    done = dlcli("compare-optimizers", "plain.yaml", "--optimizers", optimizer, "--seeds", "1",
                 "--learning-rates", rate, *HERE, "--no-figures", cwd=folder)  # fmt: skip
    assert done.returncode == 0, done.stderr
    again = json.loads(
        (folder / "comparisons" / "plain" / "trials" / key / "trial.json").read_text()
    )
    assert again["result"]["best"] == trial["result"]["best"]
    assert again["result"]["parameters"] == trial["result"]["parameters"]
