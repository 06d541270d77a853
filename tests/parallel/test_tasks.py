"""Which task a worker gets next."""

from __future__ import annotations

import pytest

from dlcli.parallel import Queue


def test_a_worker_keeps_to_its_group_then_takes_a_free_one_then_helps():
    queue = Queue()
    for task, group in ((1, "a"), (2, "a"), (3, "b"), (4, "b"), (5, "b")):
        queue.put(task, group)
    assert queue.take() == (1, "a")
    assert queue.take(["a", "b"]) == (3, "b")
    assert queue.take([], ("a",)) == (4, "b")
    assert queue.take([], ("a", "b")) in {(2, "a"), (5, "b")}
    assert len(queue) == 1
    queue.clear()
    assert queue.take() is None


@pytest.mark.parametrize(
    ("seconds", "known", "tasks", "helps"),
    [
        (0.2, [], 1, False),
        (0.2, [], 2, True),
        (3.0, [], 1, True),
        (None, [], 1, True),
        (0.2, ["a", "b"], 1, True),
    ],
)
def test_nobody_begins_a_group_for_its_last_short_task(seconds, known, tasks, helps):
    queue = Queue()
    for task in range(tasks):
        queue.put(task, "a")
    if seconds:
        queue.seconds["a"] = seconds
    taken = queue.take(known, ["a"])
    assert taken == ((0, "a") if helps else None)
    assert len(queue) == tasks - helps


def test_a_task_that_nobody_else_works_at_is_always_taken():
    queue = Queue()
    queue.put(0, "a")
    queue.seconds["a"] = 0.2
    assert queue.take([], []) == (0, "a")


def test_the_lowest_stage_comes_first_among_own_groups_and_those_of_nobody():
    queue = Queue()
    for task, group, stage in ((1, "a", 1), (2, "a", 0), (3, "b", 0), (4, "c", 0), (5, "b", 1)):
        queue.put(task, group, (0, stage))
    assert queue.take(["a"]) == (2, "a")
    assert queue.take(["a"], ["b"]) == (4, "c")  # of a lower stage than what is left of its own
    assert queue.take(["a", "c"], ["b"]) == (1, "a")
    assert queue.take(["a", "c"], ["b"]) == (3, "b")
    assert queue.clear() == [5]
