"""A checkpoint puts back what a training had, and nothing else, whoever wrote it."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dlcli.errors import UserError
from dlcli.train.checkpoint import (
    Checkpoint,
    load_checkpoint,
    restore_callbacks,
    restore_model,
    take_checkpoint,
)

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """Let what TensorBoard writes go into a folder of the test's own."""
    monkeypatch.chdir(tmp_path)


def network(units=2):
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units)])
    made.compile("sgd")
    return made


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nonsense", bytes(300)])
def test_a_damaged_one_is_the_users_to_replace(tmp_path, content):
    (tmp_path / "checkpoint.npz").write_bytes(content)
    with pytest.raises(UserError, match="is damaged") as caught:
        load_checkpoint(tmp_path / "checkpoint.npz")
    assert f"dlcli train {tmp_path / 'source.yaml'}" in caught.value.remedy


def test_one_that_is_cut_off_anywhere_is_damaged(tmp_path):
    take_checkpoint(network(), [], 1, [{"epoch": 1}]).save(tmp_path / "whole.npz")
    whole = (tmp_path / "whole.npz").read_bytes()
    for share in (0.1, 0.5, 0.9, 0.99):
        (tmp_path / "cut.npz").write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(UserError, match="is damaged"):
            load_checkpoint(tmp_path / "cut.npz")


def test_that_of_another_model_is_told():
    with pytest.raises(UserError, match="was written by another model") as caught:
        restore_model(network(), take_checkpoint(network(5), [], 1, []))
    assert caught.value.remedy


def test_the_state_of_a_callback_comes_back():
    saved, other = (keras.callbacks.EarlyStopping(patience=9) for _ in range(2))
    saved.wait, saved.best, saved.best_weights = 4, 0.25, [np.ones(2)]
    restore_callbacks([other], take_checkpoint(network(), [saved], 1, []))
    assert (other.wait, other.best, other.patience) == (4, 0.25, 9)
    np.testing.assert_array_equal(other.best_weights[0], np.ones(2))


HOSTILE = {
    "filepath": "/elsewhere/{epoch}.keras", "_train_dir": "/elsewhere", "log_dir": "/elsewhere",
    "on_epoch_end": 1, "set_model": None, "__class__": 1, "model": 0, "patience": 10**9,
}  # fmt: skip


@pytest.mark.parametrize(
    "callback",
    [
        lambda: keras.callbacks.ModelCheckpoint("own.keras"),
        lambda: keras.callbacks.TensorBoard("own"),
        lambda: keras.callbacks.EarlyStopping(patience=3),
    ],
    ids=["ModelCheckpoint", "TensorBoard", "EarlyStopping"],
)
def test_a_checkpoint_from_others_leads_no_callback_elsewhere(callback):
    made = callback()
    made.set_model(network())
    before = {name: value for name, value in vars(made).items() if name in HOSTILE}
    assert before
    restore_callbacks([made], Checkpoint(1, [], [HOSTILE]))
    assert before.items() <= vars(made).items()
    assert callable(made.on_epoch_end)
    assert callable(made.set_model)


def test_no_path_is_kept_which_would_be_another_ones_on_another_machine():
    board = keras.callbacks.TensorBoard("own")
    board.set_model(network())
    (state,) = take_checkpoint(network(), [board], 1, []).callbacks
    assert not any(isinstance(value, str) for value in state.values())
