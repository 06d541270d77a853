"""The commands, as a user types them: what is printed where, and the exit code."""

from __future__ import annotations

import pytest

from tests.cli.work import NOISE
from tests.helpers import dlcli

pytestmark = pytest.mark.slow
MISTAKES = [
    (["train"], "no config is given"),
    (["train", "nothing.yaml"], "there is no config nothing.yaml"),
    (["train", "."], "is a folder"),
    (["train", "small.yaml", "--set", "fit.epoch=3"], "did you mean 'epochs'?"),
    (["train", "small.yaml", "--set", "model.layers[1].Dense.units=0"], "out-of-range"),
    (["train", "small.yaml", "--out", "."], "exists already"),
    (["train", "--resume", "nothing"], "there is no run 'nothing'"),
    (["train", "small.yaml", "--epochs", "0"], "--epochs"),
    (["train", "small.yaml", "--lr", "0.1"], "write --set compile.optimizer.Adam.learning_rate"),
    (["train", "small.yaml", "--batch_size", "9"], "write --set data.batch_size=64"),
    (["predict", "small", "a.csv", "b.csv"], "give a run and one INPUT, not 2"),
    (["train", "small.yaml", "--resume", "runs", "--seed", "3"], "keeps its config"),
    (["trian"], "No such command"),
    (["eval", "nothing"], "there is no run 'nothing'"),
    (["eval", "--metrics", "accurracy"], "did you mean 'accuracy'?"),
    (["eval", "--metrics", "rmse"], "has no meaning for a multiclass task"),
    (["eval", "--metrics", "top_k:0"], "'0' is not a valid k"),
    (["eval", "--split", "tset"], "--split"),
    (["eval", "--data", "nothing.npz"], "there is no file nothing.npz"),
    (["predict", "nothing", "x.csv"], "there is no run"),
    (["runs", "show", "nothing"], "there is no run"),
    (["runs", "rm", "nothing", "--yes"], "there is no run"),
    (["data", "show", "nothing"], "nothing"),
    (["ls", "layer"], "layers"),
    (["ls", "layers", "Conv2"], "Conv2D"),
    (["init", "small.yaml"], "exists already"),
    (["init", "--template", "digit_cnn"], "did you mean 'digits_cnn'?"),
    (["config", "validate", "nothing.yaml"], "there is no config"),
    (["completion", "tcsh"], "tcsh"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=[" ".join(m[0]) for m in MISTAKES])
def test_a_mistake_ends_with_2_and_a_word_of_help(workplace, arguments, message):
    folder, _ = workplace
    before = sorted(p.name for p in folder.iterdir())
    done = dlcli(*arguments, cwd=folder)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert not [word for word in NOISE if word in done.stderr]
    assert done.stdout == ""
    assert sorted(p.name for p in folder.iterdir()) == before
