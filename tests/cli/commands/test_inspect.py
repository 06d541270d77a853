"""`dlcli inspect`: what it is asked for, before anything is drawn."""

from __future__ import annotations

import pytest

from dlcli.cli import run


@pytest.mark.parametrize("arguments", [[], ["some-run"], ["--layer", "conv"]])
def test_without_a_figure_to_draw_the_figures_are_named(arguments, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert run(["inspect", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "no figure was asked for" in told.err
    for option in ("--filters", "--feature-maps", "--invariance", "--hidden-states"):
        assert option in told.err


def test_without_a_run_there_is_nothing_to_look_at(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert run(["inspect", "--filters"]) == 2
    assert "no finished run" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
