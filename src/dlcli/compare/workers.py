"""What a worker's process runs, by name, so that this process imports none of it."""

from __future__ import annotations

from dlcli.parallel import Remote, processes

PRELOAD = "dlcli.compare.preload"
"""What the fork server imports: TensorFlow, and all that a trial needs."""

WORKER = "dlcli.compare.worker"

open_workshop = Remote(WORKER, "open_workshop")
open_devices = Remote(WORKER, "open_devices")


def start_fork_server() -> None:
    """Let a server import TensorFlow while this process reads configs and data."""
    processes.start_fork_server(PRELOAD)
