"""Memory that is not there is refused in words, before the system kills who would use it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest

from dlcli.runtime import memory

ROOM = 2**30


def limited(code, size):
    """Run Python in a process that may have so much memory; return what it prints."""

    def limit():
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))

    done = subprocess.run(
        [sys.executable, "-c", f"from dlcli.runtime import memory\n{code}"],
        capture_output=True, text=True, check=True, preexec_fn=limit,
    )  # fmt: skip
    return done.stdout.strip()


def test_pythons_error_and_tensorflows_are_known():
    import tensorflow as tf

    assert memory.is_short(MemoryError())
    assert memory.is_short(tf.errors.ResourceExhaustedError(None, None, "OOM"))
    assert not memory.is_short(tf.errors.InvalidArgumentError(None, None, "shape"))
    assert not memory.is_short(OSError(12, "Cannot allocate memory"))


def test_there_is_as_much_as_the_system_says():
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = memory.machine_bytes()
    assert found is not None
    assert 2**28 < found <= pages + memory._swap_bytes()


@pytest.mark.parametrize(
    ("content", "size"), [("1048576\n", 2**20), ("max\n", None), ("", None), (None, None)]
)
def test_a_containers_share_is_known(tmp_path, monkeypatch, content, size):
    place = tmp_path / "memory.max"
    if content is not None:
        place.write_text(content)
    monkeypatch.setattr(memory, "_GROUPS", (str(place),))
    whole = memory._physical_bytes()
    assert memory.machine_bytes() == (size or whole)


def test_room_is_asked_for_and_not_used():
    code = f"memory.check_room({ROOM // 2}); memory.check_room({ROOM // 2}); print('there is')"
    assert limited(code, ROOM) == "there is"


def test_room_that_is_not_there_is_told():
    code = f"try: memory.check_room({ROOM})\nexcept MemoryError as error: print(error)"
    assert limited(code, ROOM) == "there are no 1,074 MB for the gradients of its weights"
    assert limited(code.replace(str(ROOM), "2**80"), ROOM).startswith("there are no")


LIMITED = """
import resource
memory.machine_bytes = lambda: {there_is}
memory.HINTS = {hints}
memory.limit_to_machine()
print(resource.getrlimit(resource.RLIMIT_DATA)[0])
"""


def test_no_process_asks_for_more_than_there_is_and_a_users_own_limit_stays():
    stacks = memory.STACKS_BYTES * (os.cpu_count() or 1)
    most = min(ROOM // 2 + stacks, ROOM)
    assert limited(LIMITED.format(there_is=ROOM // 2, hints=()), ROOM) == str(most)
    assert limited(LIMITED.format(there_is=ROOM * 2, hints=()), ROOM) == str(ROOM)
    assert limited(LIMITED.format(there_is=None, hints=()), ROOM) == str(ROOM)


def test_where_there_is_a_gpu_nothing_is_limited():
    hints = (os.devnull,)
    assert limited(LIMITED.format(there_is=ROOM // 2, hints=hints), ROOM) == str(ROOM)
