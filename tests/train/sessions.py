"""Trainings of a small config, which may be cut off and taken up again."""

from __future__ import annotations

import pandas as pd

from dlcli.train import session as sessions


class Silent:
    """An observer that shows nothing, and may interrupt like a user does."""

    def __init__(self, interrupt_after: int | None = None) -> None:
        self.interrupt_after = interrupt_after

    def started(self, **_facts) -> None:
        if self.interrupt_after == 0:
            raise KeyboardInterrupt

    def batch(self, **_facts) -> None:
        pass

    def epoch(self, *, epoch: int, row) -> None:  # noqa: ARG002
        if epoch == self.interrupt_after:
            raise KeyboardInterrupt


def train(config, root, *overrides, observer=None):
    session = sessions.start(config, overrides, root=root, out=None)
    with session as run:
        return run, session.train(observer or Silent())


def take_up(run, epochs=None, observer=None):
    session = sessions.resume(run.path.parent, run.name, epochs=epochs, config=None)
    with session as same:
        assert same.path == run.path
        return session.train(observer or Silent())


def history(run):
    return pd.read_csv(run.path / "history.csv").drop(columns="seconds")
