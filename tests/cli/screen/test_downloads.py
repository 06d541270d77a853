"""Downloads are bars on a terminal, and nothing elsewhere."""

from __future__ import annotations

import io
import sys

from dlcli.cli.screen.downloads import download_progress


class Terminal(io.StringIO):
    """Says that it is a terminal."""

    def isatty(self):
        return True


def test_where_nobody_looks_nothing_is_shown(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with download_progress() as advance:
        assert advance is None
    assert stream.getvalue() == ""


def test_a_terminal_shows_a_bar_for_each_file(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with download_progress() as advance:
        for received in (0, 500, 1000):
            advance("a.npz", received, 1000)
        advance("b.npz", 7, None)
    told = stream.getvalue()
    assert "a.npz" in told
    assert "b.npz" in told


def test_a_terminal_is_left_alone_where_nothing_is_fetched(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with download_progress():
        pass
    assert stream.getvalue() == ""
