"""Tasks in, results out as they finish: in this process, in several, or on a Ray cluster.

`tasks` says what a task is, `pool` who gets which; `serial`, `processes` and `cluster` do them.
"""

from dlcli.parallel.processes import Processes
from dlcli.parallel.serial import Serial
from dlcli.parallel.tasks import Done, Executor, Queue, Remote

__all__ = ["Done", "Executor", "Processes", "Queue", "Remote", "Serial"]
