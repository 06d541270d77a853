"""A pool's workers get tasks, die, are lost: who gets which task, and what a death costs."""

from __future__ import annotations

import pytest

from dlcli.errors import UserError
from dlcli.parallel.pool import Heard, Member, WorkerPool
from dlcli.parallel.tasks import Failure


class Puppet(Member):
    """A worker that does nothing by itself."""

    def __init__(self, number):
        super().__init__()
        self.number, self.sent, self.ended = number, [], False

    def send(self, task):
        self.sent.append(task)

    def end(self):
        self.ended = True


class Puppets(WorkerPool):
    """A pool of so many workers, of which the first busy one answers as a function says."""

    def __init__(self, room, answer):
        super().__init__()
        self.room, self.answer, self.all = room, answer, []

    def _enlarge(self):
        if len(self._workers) < self.room:
            self.all.append(Puppet(len(self.all)))
            self._workers.append(self.all[-1])

    def _heard(self, busy):
        return busy[0], self.answer(busy[0])


def ended(pool):
    found = []
    while (done := pool.next_done()) is not None:
        found.append(done)
    return found


def submitted(pool, tasks, group="a"):
    for task in tasks:
        pool.submit(task, group)
    return pool


def test_every_task_comes_back_once_and_no_more_workers_start_than_there_is_room_for():
    pool = submitted(Puppets(3, lambda worker: Heard(worker.task * 10)), range(8))
    done = ended(pool)
    assert sorted((each.task, each.value) for each in done) == [(i, i * 10) for i in range(8)]
    assert len(pool.all) == 3
    assert all(worker.sent for worker in pool.all)


def test_a_worker_that_dies_costs_its_task_a_try_and_is_replaced():
    deaths = []

    def answer(worker):
        if worker.task == "hard":
            deaths.append(worker.number)
            return Heard(None, Failure("it died"), crashed=True)
        return Heard(worker.task)

    pool = submitted(Puppets(1, answer), ["hard", "easy"])
    done = {each.task: each for each in ended(pool)}
    assert deaths == [0, 1]
    assert (done["hard"].crashed, done["hard"].error) == (True, "it died")
    assert (done["easy"].crashed, done["easy"].value) == (False, "easy")
    assert len(pool.all) == 3


def test_a_worker_that_is_lost_with_its_machine_costs_no_try():
    lost = []

    def answer(worker):
        if len(lost) < 5:
            lost.append(worker.number)
            return Heard(None, Failure("gone"), lost=True)
        return Heard("done")

    (done,) = ended(submitted(Puppets(1, answer), ["task"]))
    assert (done.value, done.error) == ("done", "")
    assert lost == [0, 1, 2, 3, 4]


def test_a_worker_without_memory_is_replaced_so_that_it_holds_none():
    heard = Heard(None, Failure("no room", out_of_memory=True))
    pool = submitted(Puppets(1, lambda _: heard), ["large"])
    (done,) = ended(pool)
    assert done.out_of_memory
    assert not done.crashed
    assert len(pool.all) == 2


def test_a_worker_keeps_to_its_group():
    pool = Puppets(2, lambda worker: Heard(worker.number))
    for i in range(4):
        pool.submit(f"a{i}", "a")
        pool.submit(f"b{i}", "b")
    ended(pool)
    assert [{task[0] for task in worker.sent[:4]} for worker in pool.all] == [{"a"}, {"b"}]


def test_an_error_of_the_user_ends_everything():
    wrong = UserError("the config is wrong", remedy="Mend it.")
    with pytest.raises(UserError, match="the config is wrong"):
        ended(submitted(Puppets(1, lambda _: Heard(None, wrong)), [1, 2]))


def test_what_has_not_begun_is_cancelled_and_closing_ends_the_workers():
    pool = submitted(Puppets(1, lambda worker: Heard(worker.task)), range(5))
    first = pool.next_done()
    begun = pool.all[0].task
    assert {*pool.cancel()} == set(range(5)) - {first.task, begun}
    pool.close()
    assert pool.all[0].ended
