"""`dlcli export` writes a model that is checked and described, or nothing."""

from __future__ import annotations

import json

import pytest

from dlcli.train.formats import SUFFIXES
from tests.helpers import dlcli

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", SUFFIXES)
def test_a_run_is_exported_and_its_file_described(trained_once, tmp_path, kind):
    run = trained_once()
    done = dlcli("export", run, "--format", kind, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert told["examples"] == 30
    assert told["largest_difference"] < 1e-5
    assert (tmp_path / f"run{SUFFIXES[kind]}").exists()
    facts = json.loads((tmp_path / told["description"]).read_text())
    assert facts["inputs"] == {"input": {"shape": [None, 4], "dtype": "float32"}}
    assert facts["outputs"] == [{"shape": [None, 3], "dtype": "float32"}]
    assert facts["meaning"] == "probabilities"
    assert facts["classes"] == ["setosa", "versicolor", "virginica"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--out", "there"), "exists already"),
        (("--out", "none/model"), "does not exist"),
        (("--format", "h5"), "savedmodel"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written(trained_once, tmp_path, arguments, said):
    (tmp_path / "there").mkdir()
    done = dlcli("export", trained_once(), *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there"]
