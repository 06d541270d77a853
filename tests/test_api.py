"""dlcli from Python does what the commands do, in the same words."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import dlcli
from dlcli.config.yaml.text import read_plain
from tests.helpers import SMALL
from tests.helpers import dlcli as command

SCRIPT = """
import dlcli

print("begun")
made = dlcli.compare("small.yaml", optimizers=["SGD", "Adam"], seeds=2, epochs=1, figures=False)
print(sorted(made.summary["candidate"]))
"""


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SMALL)
    return tmp_path


def test_importing_it_loads_nothing_heavy():
    code = "import sys, dlcli; sys.exit(any(m in sys.modules for m in ('numpy', 'dlcli.api')))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_name_that_it_promises_is_there():
    assert all(getattr(dlcli, name) for name in dlcli.__all__)


def test_a_wrong_config_is_told_in_the_words_of_the_command(small):
    wrong = SMALL.replace("Dense", "Dnese")
    (small / "wrong.yaml").write_text(wrong)
    for given in (small / "wrong.yaml", "wrong.yaml", wrong):
        with pytest.raises(dlcli.DlcliError, match="did you mean 'Dense'"):
            dlcli.train(given)
    assert not (small / "runs").exists()


def test_what_is_no_run_is_refused_with_a_remedy(small):
    with pytest.raises(dlcli.DlcliError, match="is not a run or a comparison") as caught:
        dlcli.load(small)
    assert caught.value.remedy


@pytest.mark.slow
def test_a_dict_trains_as_its_yaml_does(small):
    made = dlcli.train(read_plain(SMALL), seed=3, progress=False)
    again = dlcli.load(made.path)
    assert command("train", "small.yaml", "--seed", "3", cwd=small).returncode == 0
    other = dlcli.load(next(p for p in (small / "runs").iterdir() if p != made.path))
    for a, b in zip(again.model.get_weights(), other.model.get_weights(), strict=True):
        assert np.array_equal(a, b)
    scores = made.evaluate(["accuracy"]).loc["accuracy"]
    assert scores["low"] <= scores["value"] <= scores["high"]
    assert list(made.history["epoch"]) == list(range(1, len(made.history) + 1))


@pytest.mark.slow
def test_an_array_is_predicted_as_the_model_does(small):
    made = dlcli.train("small.yaml", progress=False)
    x = np.random.default_rng(0).random((3, *made.model.input_shape[1:]), dtype="float32")
    predicted = made.predict(x)
    expected = np.asarray(made.model(x))
    np.testing.assert_allclose(predicted.drop(columns="class").to_numpy(), expected, atol=1e-6)


@pytest.mark.slow
def test_a_script_without_a_guard_compares_and_runs_once(small):
    (small / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=small, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["begun", "['Adam', 'SGD']"]


@pytest.mark.slow
def test_a_comparison_shows_its_verdict_tables_and_figures(small):
    made = dlcli.compare(
        "small.yaml", optimizers="SGD,Adam", seeds=2, epochs=1, executor="serial", progress=False
    )
    assert made.verdict.splitlines()
    assert set(made.trials["candidate"]) == {"SGD", "Adam"}
    assert len(made.scores) == 4
    assert "<svg" in made.figure("rate_sensitivity")._repr_svg_()
    assert "Adam" in made._repr_html_()
    with pytest.raises(dlcli.DlcliError, match="did you mean 'rate_sensitivity'"):
        made.figure("rate_sensitivty")


@pytest.mark.slow
def test_configs_are_compared_with_each_other_as_rivals(small):
    wide = SMALL.replace("name: small", "name: wide").replace("units: 8", "units: 16")
    made = dlcli.compare(
        ["small.yaml", wide], rivals=True, learning_rates=[0.1], seeds=2, epochs=1,
        executor="serial", figures=False, progress=False,
    )  # fmt: skip
    assert set(made.summary["candidate"]) == {"small", "wide"}
    assert made.path.name == "iris"
