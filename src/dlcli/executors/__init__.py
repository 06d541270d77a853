"""Tasks in, results out as they finish: in this process, in several, or on a Ray cluster.

`tasks` says what a task is, `pool` who gets which; `serial`, `processes` and `cluster` do them.
"""

from dlcli.executors.processes import Processes, start_fork_server
from dlcli.executors.serial import Serial
from dlcli.executors.tasks import Done, Executor, Queue, Remote

__all__ = ["Done", "Executor", "Processes", "Queue", "Remote", "Serial", "start_fork_server"]
