"""A very large comparison is not started by mistake."""

from __future__ import annotations

import io

import click
import pytest

from dlcli.cli.screen.consent import asker
from dlcli.errors import UserError
from tests.helpers import SMALL, dlcli


class Terminal(io.StringIO):
    """Standard input at which somebody sits."""

    def isatty(self):
        return True


def test_without_a_terminal_the_remedy_names_yes(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(UserError, match=r"12,000 trials remain \(about 2 h 5 min\)") as caught:
        asker(yes=False)(12_000, 7500)
    assert "--yes" in caught.value.remedy


def test_yes_asks_nobody_and_says_what_is_started(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    asker(yes=True)(12_000, 7500)
    assert "12,000 trials remain" in capsys.readouterr().err


@pytest.mark.parametrize("agrees", [True, False])
def test_at_a_terminal_the_answer_decides(monkeypatch, agrees):
    asked = []
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(click, "confirm", lambda text, **_: asked.append(text) or agrees)
    if agrees:
        asker(yes=False)(12_000, 7500)
    else:
        with pytest.raises(UserError, match="nothing was trained"):
            asker(yes=False)(12_000, 7500)
    assert len(asked) == 1
    assert "12,000 trials remain" in asked[0]


@pytest.mark.slow
def test_a_plan_of_many_hours_writes_nothing_unasked(tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL)
    long = ("small.yaml", "--optimizers", "SGD,Adam", "--epochs", "5000000", "--seeds", "6")
    done = dlcli("compare-optimizers", *long, cwd=tmp_path)
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert not (tmp_path / "comparisons").exists()
    shown = dlcli("compare-optimizers", *long, "--dry-run", cwd=tmp_path)
    assert shown.returncode == 0
    assert "asks before it starts" in shown.stderr
