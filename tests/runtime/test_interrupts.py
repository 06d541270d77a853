"""Ctrl-C where what runs would forget it."""

from __future__ import annotations

import contextlib
import os
import signal

import pytest

from dlcli.runtime.interrupts import never_swallowed


def press():
    """Press Ctrl-C where it is forgotten, as native code does that asks Python something."""
    with contextlib.suppress(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def test_a_forgotten_press_is_heard_when_the_block_heeds_it():
    done = []

    def work():
        with never_swallowed() as heed:
            heed()
            press()
            done.append("before")
            heed()
            done.append("after")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["before"]


def test_a_forgotten_press_comes_out_at_the_end_of_the_block():
    with pytest.raises(KeyboardInterrupt), never_swallowed():
        press()


def test_an_error_that_a_press_became_is_told_as_the_press():
    def half_an_import():
        press()
        raise ImportError("half of it")

    with pytest.raises(KeyboardInterrupt), never_swallowed():
        half_an_import()


def test_an_error_without_a_press_stays_what_it_is():
    with pytest.raises(ImportError), never_swallowed():
        raise ImportError
