"""What is trained in which folder: a run goes on or cannot, and what is refused before."""

from __future__ import annotations

import pandas as pd
import pytest

from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.errors import InterruptedRunError, UserError
from dlcli.train import fit
from dlcli.train import session as sessions
from dlcli.train.saved import load_model
from tests.helpers import SMALL
from tests.train.sessions import Silent, history, take_up, train

pytestmark = pytest.mark.slow
SEQUENCES = """\
name: small
data: {dataset: japanese_vowels, bucketing: true}
model:
  inputs: {input: {dtype: float16}}
  layers:
    - {Masking: {mask_value: 0.0}}
    - {GRU: {units: 2}}
    - {Dense: {units: $classes, activation: softmax}}
fit: {epochs: 3}
"""


def test_a_resumed_run_keeps_bucketing_and_the_dtype_of_its_lone_input(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SEQUENCES)
    whole, _ = train(str(path), tmp_path / "runs")
    with pytest.raises(InterruptedRunError):
        train(str(path), tmp_path / "cut", observer=Silent(interrupt_after=1))
    cut = sessions.find_run(tmp_path / "cut", "small")
    take_up(cut)
    written = sessions.load_run_config(cut)
    assert written.data.bucketing
    assert [i.dtype for i in written.model.inputs] == ["float16"]
    assert load_model(cut).inputs[0].dtype == "float16"
    pd.testing.assert_frame_equal(history(cut), history(whole))


def test_a_cut_off_run_is_not_resumed_for_fewer_epochs_than_it_has(config, tmp_path):
    with pytest.raises(InterruptedRunError):
        train(config, tmp_path / "cut", observer=Silent(interrupt_after=3))
    cut = sessions.find_run(tmp_path / "cut", "small")
    with pytest.raises(UserError, match="already has 3 epochs"):
        take_up(cut, epochs=2)


def test_a_run_is_not_resumed_with_another_config(tmp_path, finished):
    other = tmp_path / "other.yaml"
    other.write_text(SMALL.replace("units: 8", "units: 9"))
    with pytest.raises(UserError, match="started with another config"):
        sessions.resume(finished.path.parent, finished.name, epochs=9, config=str(other))


def test_a_run_that_another_process_trains_is_left_untouched(finished):
    before = {p.name: p.read_bytes() for p in finished.path.iterdir()}
    session = sessions.resume(finished.path.parent, finished.name, epochs=9, config=None)
    with finished.lock(), pytest.raises(UserError, match="being trained"), session:
        pass
    assert {p.name: p.read_bytes() for p in finished.path.iterdir()} == before


def test_a_damaged_checkpoint_says_so(finished):
    (finished.path / fit.CHECKPOINT).write_bytes(b"PK\x03\x04 nonsense")
    before = {p.name: p.read_bytes() for p in finished.path.iterdir()}
    with pytest.raises(UserError, match="is damaged") as caught:
        take_up(finished, epochs=9)
    assert "train the run again: dlcli train" in caught.value.remedy
    assert {p.name: p.read_bytes() for p in finished.path.iterdir()} == before
    assert finished.state == "finished"
    with finished.lock():
        pass


def test_a_checkpoint_of_other_callbacks_is_told_and_the_run_left_as_it_is(finished):
    plain = finished.read_text("config.yaml")
    changed = plain.replace("callbacks: []", "callbacks: [{EarlyStopping: {monitor: loss}}]")
    assert changed != plain
    finished.write_text("config.yaml", changed)
    with pytest.raises(UserError, match="was written with other callbacks"):
        take_up(finished, epochs=9)
    assert finished.state == "finished"


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        ("{CSVLogger: {filename: ../../x.csv}}", "outside the run"),
        ("{CSVLogger: {filename: /tmp/x.csv}}", "outside the run"),
        ("{CSVLogger: {filename: history.csv}}", "a file that dlcli itself writes"),
        ("{ModelCheckpoint: {filepath: best}}", "keras"),
        ("{EarlyStopping: {monitor: val_acuracy}}", "did you mean 'val_accuracy'"),
        ("{EarlyStopping: {monitor: val_f2, mode: max}}", "did you mean 'val_f1'"),
        ("{ReduceLROnPlateau: {monitor: nothing}}", "'nothing' is not logged"),
    ],
)
def test_a_callback_that_cannot_work_is_refused_before_there_is_a_folder(
    config, tmp_path, callback, message
):
    with pytest.raises(ConfigError, match=message):
        train(config, tmp_path / "runs", f"fit.callbacks=[{callback}]")
    assert not (tmp_path / "runs").exists()


def test_watching_validation_where_nothing_validates_is_refused(config, tmp_path):
    overrides = ("data.validation=0", "fit.callbacks=[EarlyStopping]")
    with pytest.raises(ConfigError, match="'val_loss' is not logged"):
        train(config, tmp_path / "runs", *overrides)
