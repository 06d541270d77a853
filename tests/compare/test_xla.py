"""XLA or not: measured where it matters, remembered, and never in the way."""

from __future__ import annotations

from collections import deque

import pytest

from dlcli.compare import xla
from dlcli.compare.plan.records import JitCheck, JitTimes, Measurement
from dlcli.parallel import Done
from tests.compare.made import plan

DENSE = """compare: {optimizers: [SGD, Adam], seeds: 10}
"""
LONG, SHORT = {0: Measurement(epoch=10.0)}, {0: Measurement(epoch=0.01)}


class Measuring:
    """An executor that answers every check with the same times."""

    def __init__(self, answer, error=""):
        self.answer, self.error = answer, error
        self.tasks = deque()
        self.asked = []

    def submit(self, task, group):  # noqa: ARG002
        self.tasks.append(task)
        self.asked.append(task)

    def next_done(self):
        return Done(self.tasks.popleft(), self.answer, self.error) if self.tasks else None


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "jit"


@pytest.mark.parametrize(
    ("with_xla", "without", "faster"),
    [(1.0, 2.0, True), (2.0, 1.0, False), (0.95, 1.0, False), (float("inf"), 1.0, False)],
)
def test_the_faster_way_is_taken_and_remembered(with_xla, without, faster):
    made = plan(DENSE)
    config = made.problems[0].config
    assert xla.known_or_ruled(config)  # by rule: the network has an LSTM
    pool = Measuring(JitTimes(with_xla, without))
    chosen = xla.measured(made, LONG, pool, 2)
    assert pool.asked == [JitCheck(0)]
    assert chosen.networks[0].jit is faster
    assert xla.known_or_ruled(config) is faster
    again = Measuring(None)
    assert xla.measured(chosen, LONG, again, 2) == chosen
    assert not again.asked


def test_little_work_is_not_worth_measuring():
    made = plan(DENSE)
    pool = Measuring(None)
    assert xla.measured(made, SHORT, pool, 1) == made
    assert not pool.asked


def test_what_goes_through_fit_is_not_measured():
    made = plan(DENSE)
    pool = Measuring(None)
    assert xla.measured(made, {0: Measurement(epoch=10, obstacle="too large")}, pool, 1) == made
    assert xla.measured(made, {}, pool, 1) == made
    assert not pool.asked


def test_a_network_that_cannot_be_timed_stays_as_it_is(cache):
    made = plan(DENSE)
    assert xla.measured(made, LONG, Measuring(None, "it broke"), 2) == made
    assert not list(cache.glob("*.json"))


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"with_xla": 1}', '{"with_xla": "x"}'])
def test_a_damaged_note_is_measured_again(cache, damage):
    made = plan(DENSE)
    xla.measured(made, LONG, Measuring(JitTimes(2.0, 1.0)), 2)
    (note,) = cache.glob("*.json")
    note.write_text(damage)
    assert xla.known_or_ruled(made.problems[0].config)
    pool = Measuring(JitTimes(2.0, 1.0))
    assert not xla.measured(made, LONG, pool, 2).networks[0].jit
    assert pool.asked
