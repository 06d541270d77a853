"""Tasks in this process: group by group, tried twice, and forgotten on request."""

from __future__ import annotations

import pytest

from dlcli.errors import UserError
from dlcli.parallel.serial import Serial


def serial(work):
    return Serial(lambda: work, ())


def ended(executor):
    found = []
    while (done := executor.next_done()) is not None:
        found.append(done)
    return found


def test_tasks_of_a_group_follow_one_another_and_lower_stages_come_first():
    executor = serial(lambda task: task * 2)
    for task, group, stage in ((1, "a", (1,)), (2, "b", (1,)), (3, "a", (1,)), (4, "b", (0,))):
        executor.submit(task, group, stage)
    done = ended(executor)
    assert [each.task for each in done] == [4, 2, 1, 3]
    assert [each.value for each in done] == [8, 4, 2, 6]


def test_a_task_that_fails_is_tried_twice_and_the_others_go_on():
    tried = []

    def work(task):
        tried.append(task)
        if task == "bad" or (task == "unlucky" and tried.count(task) == 1):
            raise ValueError(f"{task} luck")
        return task

    executor = serial(work)
    for task in ("bad", "unlucky", "good"):
        executor.submit(task, "a")
    bad, unlucky, good = ended(executor)
    assert tried == ["bad", "bad", "unlucky", "unlucky", "good"]
    assert bad.value is None
    assert "bad luck" in bad.error
    assert (unlucky.value, unlucky.error) == ("unlucky", "")
    assert good.value == "good"


def test_a_lack_of_memory_is_told_as_one():
    def work(_):
        raise MemoryError

    executor = serial(work)
    executor.submit("large", "a")
    (done,) = ended(executor)
    assert done.out_of_memory


def test_an_error_of_the_user_ends_everything_at_once():
    tried = []

    def work(task):
        tried.append(task)
        raise UserError("the config is wrong", remedy="Mend it.")

    executor = serial(work)
    executor.submit(1, "a")
    executor.submit(2, "a")
    with pytest.raises(UserError, match="the config is wrong"):
        executor.next_done()
    assert tried == [1]


def test_what_has_not_begun_can_be_cancelled():
    executor = serial(lambda task: task)
    for task in (1, 2, 3):
        executor.submit(task, "a")
    assert executor.next_done().task == 1
    assert sorted(executor.cancel()) == [2, 3]
    assert executor.next_done() is None
