"""A training shows itself as a bar on a terminal, and as lines elsewhere."""

from __future__ import annotations

import io
import sys

from rich.console import Console

from dlcli.cli.screen.progress import Bar, Lines, describe_logs, training_progress

ROW = {
    "epoch": 1,
    "loss": 0.25,
    "accuracy": 0.9,
    "val_loss": 0.5,
    "learning_rate": 1e-3,
    "seconds": 2,
}


def drive(observer):
    with observer:
        observer.started(epochs=2, steps=10, first_epoch=0)
        observer.batch(epoch=0, step=5, logs={"accuracy": 0.8, "loss": 0.3})
        observer.epoch(epoch=1, row=ROW)
        observer.batch(epoch=1, step=5, logs={"accuracy": 0.8, "loss": 0.3})


def test_metrics_are_written_shortly_the_loss_first():
    assert describe_logs(ROW) == "loss 0.25  accuracy 0.9  val_loss 0.5"
    assert describe_logs({"accuracy": 0.5, "loss": 1.0}) == "loss 1  accuracy 0.5"


def test_elsewhere_than_on_a_terminal_an_epoch_is_a_line(capsys):
    assert isinstance(training_progress(), Lines)
    drive(Lines())
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "epoch 1/2  2.0s  loss 0.25  accuracy 0.9  val_loss 0.5\n"


def test_on_a_terminal_of_80_columns_the_bar_keeps_to_one_line(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bar = training_progress()
    assert isinstance(bar, Bar)
    screen = io.StringIO()
    bar._progress.live.console = Console(file=screen, width=80, force_terminal=True)
    drive(bar)
    frame = Console(width=80, file=io.StringIO())
    frame.print(bar._progress.get_renderable())
    lines = frame.file.getvalue().rstrip("\n").split("\n")
    assert len(lines) == 1
    assert "epoch 2/2" in lines[0]
    assert "loss 0.3" in lines[0]
