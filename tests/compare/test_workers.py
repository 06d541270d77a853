"""Workers are named by what they run, and the names are right."""

from __future__ import annotations

import subprocess
import sys

import pytest


def test_naming_them_imports_nothing_that_trains():
    code = (
        "import sys\nfrom dlcli.compare import workers\n"
        "print(sorted({'keras', 'tensorflow', workers.WORKER, workers.PRELOAD} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", ["open_workshop", "open_devices"])
def test_each_name_is_a_function_of_the_worker(name):
    from dlcli.compare import worker, workers

    remote = getattr(workers, name)
    assert (remote.module, remote.name) == (worker.__name__, name)
    assert callable(getattr(worker, remote.name))


def test_the_fork_server_is_told_what_to_import(monkeypatch):
    from dlcli.compare import workers

    told = []
    monkeypatch.setattr(workers.processes, "start_fork_server", told.append)
    workers.start_fork_server()
    assert told == ["dlcli.compare.preload"]
