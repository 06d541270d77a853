"""`dlcli train --from COMPARISON`: what a comparison recommends is trained."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml

from tests.helpers import SMALL, dlcli

pytestmark = pytest.mark.slow
QUICK = ("--optimizers", "SGD,Adam", "--learning-rates", "0.01,0.1", "--seeds", "6",
         "--no-figures")  # fmt: skip


@pytest.fixture
def folder(tmp_path, compared_once):
    """Return a folder with a finished comparison."""
    shutil.copytree(compared_once(*QUICK), tmp_path / "comparisons" / "small")
    return tmp_path


def trained(folder, *arguments, code=0):
    done = dlcli("train", *arguments, "--epochs", "1", cwd=folder)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def summary(folder):
    found = json.loads((folder / "comparisons" / "small" / "results.json").read_text())
    return {row["candidate"]: row for row in found["problems"][0]["candidates"]}


def config(run):
    return yaml.safe_load((run / "config.yaml").read_text())


def test_the_best_candidate_is_trained_at_its_rate_on_the_whole_training_part(folder):
    done = trained(folder, "--from", "small", "--out", "run")
    (best,) = (row for row in summary(folder).values() if row["verdict"] == "best")
    written = config(folder / "run")
    ((name, arguments),) = written["compile"]["optimizer"].items()
    assert name == best["candidate"]
    assert arguments["learning_rate"] == best["learning_rate"]
    assert written["data"]["validation"] == 0
    assert "compare" not in written
    assert f"training {name} at a learning rate of {best['learning_rate']:g}" in done.stderr


def test_best_yaml_is_that_config(folder):
    trained(folder, "comparisons/small/best.yaml", "--out", "edited")
    trained(folder, "--from", "comparisons/small", "--out", "run")
    assert config(folder / "edited") == config(folder / "run")
    first = (folder / "comparisons" / "small" / "best.yaml").read_text().splitlines()
    assert first[1].startswith("# Train it with: dlcli train ")


def test_another_candidate_can_be_named(folder):
    for name, row in summary(folder).items():
        trained(folder, "--from", "small", "--candidate", name, "--out", name)
        ((optimizer, arguments),) = config(folder / name)["compile"]["optimizer"].items()
        assert (optimizer, arguments["learning_rate"]) == (name, row["learning_rate"])


def test_a_callback_that_watches_the_validation_part_keeps_it(folder):
    text = SMALL.replace("epochs: 4", "epochs: 4, callbacks: [EarlyStopping]")
    (folder / "stopping.yaml").write_text(text.replace("name: small", "name: stopping"))
    done = dlcli("compare-optimizers", "stopping.yaml", *QUICK, "--executor", "serial", cwd=folder)
    assert done.returncode == 0, done.stderr
    trained(folder, "--from", "stopping", "--out", "run")
    assert config(folder / "run")["data"]["validation"] == 0.2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--from", "smal"), "there is no comparison 'smal'; did you mean 'small'?"),
        (("--from", "small", "--candidate", "Adm"), "no candidate 'Adm'; did you mean 'Adam'?"),
        (("--from", "small", "--problem", "large"), "has no problem 'large'"),
        (("--candidate", "Adam"), "need --from"),
        (("--from", "small", "x.yaml"), "CONFIG and --from cannot be combined"),
        (("--from", "small", "--resume", "x"), "--from and --resume cannot be combined"),
    ],
)
def test_mistakes_are_told(folder, arguments, told):
    assert told in trained(folder, *arguments, code=2).stderr


def test_a_comparison_without_results_or_with_damaged_ones_is_told(folder):
    place = folder / "comparisons" / "small" / "results.json"
    place.write_text("{")
    assert "results.json" in trained(folder, "--from", "small", code=2).stderr
    place.write_text('{"problems": [{"name": "small"}]}')
    assert "results.json" in trained(folder, "--from", "small", code=2).stderr
    place.unlink()
    done = trained(folder, "--from", "small", code=2)
    assert "has no results.json" in done.stderr
