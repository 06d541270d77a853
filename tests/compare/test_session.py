"""A comparison in its folder, with an executor that makes its results up."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from collections import deque
from dataclasses import replace

import pytest

from dlcli.compare.plan.plan import allowance_of
from dlcli.compare.plan.records import Trial, TrialRecord
from dlcli.compare.session import BestSoFar, ComparisonSession
from dlcli.errors import InterruptedRunError, UserError, WorkError
from dlcli.parallel import Done
from dlcli.report.text.documents import as_data, markdown
from dlcli.statistics.looks import level_after
from dlcli.store.comparisons import ComparisonFolder
from tests.compare.made import by_rate, plan, result

PEAKS = {"SGD": (0.316, 0.80), "Adam": (1e-3, 0.90)}
TWO = "compare: {optimizers: [SGD, Adam], seeds: 6}"
ALL = 18 + 2 * 5 * 3


class MadeUp:
    """Does tasks at once; some fail.

    Args:
        made: The plan.
        fails: Whether a trial cannot be run.
        stop: An exception to raise after so many tasks.
        peaks: Of the scores.
    """

    def __init__(self, made, fails=lambda trial: False, stop=None, peaks=PEAKS):
        self.made, self.fails, self.stop = made, fails, stop
        self.queue, self.done, self.is_closed = deque(), 0, False
        self.score = by_rate(peaks, spread=0.01, width=3)

    def submit(self, task, group, stage):
        self.stages = [*getattr(self, "stages", ()), stage]
        self.queue.append(task)
        self.groups = {*getattr(self, "groups", ()), group}

    def next_done(self):
        if self.stop and self.done == self.stop[0]:
            raise self.stop[1]
        if not self.queue:
            return None
        self.done += 1
        task = self.queue.popleft()
        if any(self.fails(trial) for trial in task.trials):
            return Done(task, None, "its process was ended by SIGKILL")
        return Done(task, [result(self.score(self.made, t)) for t in task.trials])

    def cancel(self):
        left = list(self.queue)
        self.queue.clear()
        return left

    def close(self):
        self.is_closed = True


class Told:
    """Remembers what it was told."""

    def started(self, *, trials, kept, at_most):
        self.first = (trials, kept)
        self.at_most = at_most

    def trial(self, *, done, trials, best):
        self.last = (done, trials, best)


AUTO = "compare: {optimizers: [SGD, Adam, Lion], learning_rates: [0.001, 0.01], seeds: auto}"
TEN = AUTO.replace("auto", "10").replace("0.001, 0.01", "0.001")
CLOSE = {"SGD": (0.01, 0.80), "Adam": (1e-3, 0.90), "Lion": (1e-3, 0.89)}


def session(tmp_path, compare=TWO):
    return ComparisonSession(plan(compare), ComparisonFolder(tmp_path))


def test_everything_is_kept_and_found_again(tmp_path):
    first, told = session(tmp_path), Told()
    executor = MadeUp(first.plan)
    first.run(executor, told)
    assert executor.is_closed
    assert set(executor.stages) == {(0, r) for r in range(6)}
    assert executor.groups == {candidate.program for candidate in first.plan.candidates}
    assert told.first == (ALL, 0)
    assert told.last[:2] == (ALL, ALL)
    assert told.last[2].startswith("Adam at 0.001: val_accuracy")
    again, told = session(tmp_path), Told()
    assert again.remaining() == 0
    executor = MadeUp(again.plan)
    again.run(executor, told)
    assert (executor.done, told.first) == (0, (ALL, ALL))
    assert again.results().verdict == first.results().verdict


def test_what_is_missing_is_counted_before_it_is_trained(tmp_path):
    assert session(tmp_path).remaining() == ALL
    session(tmp_path).run(MadeUp(plan(TWO), stop=None), Told())
    wider = session(tmp_path, TWO.replace("6", "9"))
    assert wider.remaining() == 3 * 2 * 3


def test_a_trial_that_could_not_be_run_is_in_the_tables_and_tried_again_next_time(tmp_path):
    first = session(tmp_path)
    broken = first.plan.seeds[2]
    first.run(MadeUp(first.plan, lambda t: (t.seed, t.rate) == (broken, 0.1)), Told())
    assert [r.result.message for r in first.failed] == ["its process was ended by SIGKILL"]
    found = first.results()
    assert (found.trials["status"] == "failed").sum() == 1
    with pytest.raises(WorkError, match="1 trial could not be run, the first one SGD") as caught:
        first.raise_failed()
    assert caught.value.exit_code == 1
    again = session(tmp_path)
    assert again.remaining() == 1 + 3 * 3  # and the replications that wait for it
    again.run(MadeUp(again.plan), Told())
    assert not again.failed
    again.raise_failed()


@pytest.mark.parametrize("is_out", [True, False])
def test_a_lack_of_memory_is_told_by_its_flag_whatever_the_message_says(tmp_path, is_out):
    class Short(MadeUp):
        def next_done(self):
            done = super().next_done()
            return done and replace(done, out_of_memory=is_out)

    made = session(tmp_path)
    made.run(Short(made.plan, lambda t: t.rate == 0.1), Told())
    with pytest.raises(WorkError) as caught:
        made.raise_failed()
    assert ("to need less memory" in caught.value.remedy) is is_out


def test_ctrl_c_keeps_what_is_done_and_closes_the_executor(tmp_path):
    first = session(tmp_path)
    executor = MadeUp(first.plan, stop=(7, KeyboardInterrupt()))
    with pytest.raises(InterruptedRunError, match="7 finished trials are kept"):
        first.run(executor, Told())
    assert executor.is_closed
    assert session(tmp_path).remaining() == ALL - 7


class Forgotten(Told):
    """Presses Ctrl-C after five trials where it is forgotten, as native code does now and then."""

    def trial(self, *, done, trials, best):
        super().trial(done=done, trials=trials, best=best)
        if done == 5:
            with contextlib.suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)


def test_a_ctrl_c_that_native_code_has_forgotten_is_heard_after_the_trial(tmp_path):
    first = session(tmp_path)
    with pytest.raises(InterruptedRunError, match="5 finished trials are kept"):
        first.run(MadeUp(first.plan), Forgotten())
    assert first.interrupted


def test_ctrl_c_right_after_a_trial_was_kept_leaves_it_in_the_tables(tmp_path):
    class Pressing(ComparisonFolder):
        def write_trial(self, key, content, history):
            super().write_trial(key, content, history)
            if self.kept_trials() == 2:
                signal.raise_signal(signal.SIGINT)

    first = ComparisonSession(plan(TWO), Pressing(tmp_path))
    with pytest.raises(InterruptedRunError, match="2 finished trials are kept"):
        first.run(MadeUp(first.plan), Told())
    kept = {path.parent.name for path in tmp_path.glob("trials/*/trial.json")}
    assert set(first.results().trials["key"]) == kept
    assert len(kept) == 2


def test_ctrl_c_while_kept_trials_are_read_leaves_all_of_them_in_the_tables(tmp_path):
    with pytest.raises(InterruptedRunError):
        session(tmp_path).run(MadeUp(plan(TWO), stop=(7, KeyboardInterrupt())), Told())
    presses = iter([signal.SIGINT])

    class Pressing(ComparisonFolder):
        def read_trial(self, key):
            for number in presses:
                signal.raise_signal(number)
            return super().read_trial(key)

    again = ComparisonSession(plan(TWO), Pressing(tmp_path))
    with pytest.raises(InterruptedRunError, match="7 finished trials are kept"):
        again.run(MadeUp(again.plan), Told())
    assert len(again.results().trials) == 7


def test_an_error_of_the_user_closes_the_executor_too(tmp_path):
    first = session(tmp_path)
    executor = MadeUp(first.plan, stop=(0, UserError("wrong")))
    with pytest.raises(UserError):
        first.run(executor, Told())
    assert executor.is_closed


def test_no_trial_begins_after_the_deadline(tmp_path):
    first = session(tmp_path)
    first.run(MadeUp(first.plan), Told(), deadline=time.monotonic() - 1)
    assert not first.records
    assert any("the time was over: 18 trials" in note for note in first.notes)


def test_what_was_queued_before_the_deadline_does_not_begin_after_it(tmp_path, monkeypatch):
    clock = iter(range(1000))  # each look at it takes a second
    monkeypatch.setattr("dlcli.compare.session.time.monotonic", lambda: next(clock))
    first = session(tmp_path)
    first.run(MadeUp(first.plan), Told(), deadline=3)
    assert 1 <= len(first.records) <= 4
    left = 18 - len(first.records)
    assert any(f"the time was over: {left} trials" in note for note in first.notes)


def test_a_search_whose_trials_all_fail_leaves_the_others(tmp_path):
    first = session(tmp_path)
    first.run(MadeUp(first.plan, lambda t: t.candidate == 0), Told())
    assert {r.trial.candidate for r in first.failed} == {0}
    assert "SGD: all trials of its search failed to run" in first.notes
    assert first.results().verdict[0].startswith("Use Adam at 0.001 on data like these (made). It")


def test_pruned_trials_are_kept_apart_from_whole_ones(tmp_path):
    class Pruning(MadeUp):
        def next_done(self):
            done = super().next_done()
            if done and done.task.prune:
                best = max(done.value, key=lambda r: r.best["val_accuracy"])
                value = [r if r is best else result(0.4, status="pruned") for r in done.value]
                return Done(done.task, value)
            return done

    pruned = session(tmp_path, TWO.replace("}", ", prune: true}"))
    pruned.run(Pruning(pruned.plan), Told())
    assert (pruned.results().trials["status"] == "pruned").sum() == 16
    again = session(tmp_path, TWO.replace("}", ", prune: true}"))
    assert again.remaining() == 0
    whole = session(tmp_path)
    assert whole.remaining() == ALL - 2  # the best of each search alone is kept


def test_pruned_trials_of_other_rates_are_no_ones_verdict(tmp_path):
    class Halving(MadeUp):
        def next_done(self):
            done = super().next_done()
            if done and done.task.prune:
                best = max(done.value, key=lambda r: r.best["val_accuracy"])
                value = [r if r is best else result(0.4, status="pruned") for r in done.value]
                return Done(done.task, value)
            return done

    narrow = "compare: {optimizers: [Adam], learning_rates: [0.0001, 0.01], seeds: 2, prune: true}"
    wide = narrow.replace("0.0001", "0.0001, 0.001")
    first = session(tmp_path, wide)
    first.run(Halving(first.plan), Told())
    second = session(tmp_path, narrow)
    assert second.remaining() == 2 + 2
    second.run(Halving(second.plan), Told())
    assert second.schedule.choices


@pytest.mark.parametrize(
    "change",
    [
        {"status": "zzz"}, {"best": 3}, {"best": {"val_accuracy": "high"}}, {"seconds": None},
        {"unknown": 1}, {"best_epoch": [1]},
    ],
    ids=str,
)  # fmt: skip
def test_a_kept_trial_that_cannot_be_is_trained_again(tmp_path, change):
    first = session(tmp_path)
    first.run(MadeUp(first.plan), Told())
    victim = min(tmp_path.glob("trials/*/trial.json"))
    content = json.loads(victim.read_text())
    content["result"] |= change
    victim.write_text(json.dumps(content))
    again = session(tmp_path)
    assert again.remaining() >= 1
    again.run(MadeUp(again.plan), Told())
    assert any("was damaged" in note for note in again.notes)
    assert again.results().verdict == first.results().verdict


def test_the_best_so_far_is_found_among_new_records_only(tmp_path):
    made = plan(TWO)
    best = BestSoFar(made)
    assert best.told([]) == ""
    trials = [Trial(0, 0.1, seed) for seed in range(4)]
    scores = (0.5, 0.8, 0.7, 0.9)
    records = [TrialRecord(t, result(s)) for t, s in zip(trials, scores, strict=True)]
    assert best.told(records[:1]) == "SGD at 0.1: val_accuracy 0.5000"
    assert best.told(records[:3]) == "SGD at 0.1: val_accuracy 0.8000"
    stuck = [*records[:3], replace(records[3], result=result(0.95, status="stuck"))]
    assert best.told(stuck) == "SGD at 0.1: val_accuracy 0.8000"


def looked(session, **options):
    """Run a comparison that looks before its end; return what it was told and its results."""
    told = Told()
    session.run(MadeUp(session.plan, peaks=CLOSE, **options), told)
    return told, session.results()


def test_a_comparison_that_looks_counts_its_trials_at_most_and_says_what_it_saved(tmp_path):
    first = session(tmp_path, AUTO)
    assert first.remaining() == 3 * 2 * 40
    told, results = looked(first)
    assert (told.first, told.at_most) == ((240, 0), True)
    assert told.last[:2] == (len(first.records), len(first.records))
    (saved,) = [s for s in results.verdict if "planned trials were not needed" in s]
    course = results.looks["made"]
    assert f"{course['saved_trials']} of {course['planned_trials']} planned trials" in saved
    assert course["planned_trials"] - course["saved_trials"] == len(first.records)


def test_the_same_comparison_again_looks_at_the_same_and_trains_nothing(tmp_path):
    _, results = looked(session(tmp_path, AUTO))
    again = session(tmp_path, AUTO)
    assert again.outlook() == (len(results.trials), 0)
    told, found = looked(again)
    assert told.first == (len(results.trials), len(results.trials))
    assert not told.at_most
    assert as_data(found) == as_data(results)


@pytest.mark.parametrize("after", [3, 50, 61, 90])
def test_cut_off_anywhere_it_goes_on_to_the_same_end(tmp_path, after):
    _, whole = looked(session(tmp_path / "whole", AUTO))
    first = session(tmp_path / "cut", AUTO)
    with pytest.raises(InterruptedRunError):
        looked(first, stop=(after, KeyboardInterrupt()))
    part = first.results()
    assert part.interrupted
    assert len(first.records) == after
    assert part.verdict[0].startswith(f"Interrupted: {after} of at most ")
    _, found = looked(session(tmp_path / "cut", AUTO))
    assert as_data(found) == as_data(whole)


def test_trials_of_a_comparison_of_ten_replications_are_used_again(tmp_path):
    ten = session(tmp_path, AUTO.replace("auto", "10"))
    looked(ten)
    more = session(tmp_path, AUTO)
    told, _ = looked(more)
    assert told.first[1] == more.kept >= len(ten.records)
    assert {record.key for record in ten.records} < {record.key for record in more.records}


def test_when_the_time_is_over_the_verdict_spends_what_a_look_there_may(tmp_path, monkeypatch):
    clock = iter(range(10_000))
    monkeypatch.setattr("dlcli.compare.session.time.monotonic", lambda: next(clock))
    first = session(tmp_path, AUTO.replace("]", "]", 1).replace("[0.001, 0.01]", "[0.001]"))
    first.run(MadeUp(first.plan, peaks=CLOSE), Told(), deadline=110)
    results = first.results()
    count = results.replications["made"]
    assert 10 < count < 40
    assert results.looks["made"]["level"] == pytest.approx(level_after(count, (10, 20, 40)))
    assert not results.looks["made"]["over"]
    assert any("the time was over" in note for note in first.notes)


def test_a_verdict_that_a_budget_of_time_cut_short_says_so_in_its_second_sentence(
    tmp_path, monkeypatch
):
    clock = iter(range(10_000))
    monkeypatch.setattr("dlcli.compare.session.time.monotonic", lambda: next(clock))
    first = session(tmp_path, TEN)
    first.plan = replace(first.plan, allowance=allowance_of(first.plan, "2m"))
    first.run(MadeUp(first.plan, peaks=CLOSE), Told(), deadline=40)
    results = first.results()
    count = results.replications["made"]
    assert 0 < count < 10
    assert results.verdict[1] == (
        f"The budget of 2m weakens this verdict: it was enough for {count} of 10 replications."
    )
    assert as_data(results)["weakened"] == results.verdict[1]
    assert results.verdict[1] in markdown(results)


def test_a_budget_of_time_that_was_enough_or_trials_that_somebody_stopped_weaken_nothing(tmp_path):
    whole = session(tmp_path / "whole", TEN)
    whole.plan = replace(whole.plan, allowance=allowance_of(whole.plan, "2m"))
    whole.run(MadeUp(whole.plan, peaks=CLOSE), Told())
    assert whole.results().weakened == ""
    assert as_data(whole.results())["weakened"] is None
    cut = session(tmp_path / "cut", TEN)
    cut.plan = replace(cut.plan, allowance=allowance_of(cut.plan, "2m"))
    with pytest.raises(InterruptedRunError):
        cut.run(MadeUp(cut.plan, peaks=CLOSE, stop=(12, KeyboardInterrupt())), Told())
    assert cut.results().weakened == ""


def test_a_look_that_has_decided_all_is_not_weakened_by_replications_that_a_budget_cut(tmp_path):
    found = {}
    for name, margin in (("clear", 0.05), ("close", 0)):
        first = session(
            tmp_path / name, AUTO.replace("auto", f"auto, budget: 150, margin: {margin}")
        )
        first.run(MadeUp(first.plan, peaks=dict.fromkeys(CLOSE, (1e-3, 0.9))), Told())
        found[name] = first.results()
    assert found["clear"].looks["made"]["made"][-1]["decided"]
    assert found["clear"].weakened == ""
    planned = found["close"].looks["made"]["planned"][-1]
    assert f"enough for {planned} of 40 replications" in found["close"].weakened
