"""A comparison from its configs to its tables: what `dlcli compare-optimizers` does.

`reading` makes the plan, `devices` knows how many trials run side by side, `timing` tries it out,
`jit` decides on XLA, `session` trains what is missing in its folder.
"""

from dlcli.comparing import jit
from dlcli.comparing.devices import default_jobs
from dlcli.comparing.reading import plan_comparison, read_problems
from dlcli.comparing.session import Session, problems_key_of, write_settings
from dlcli.comparing.timing import check, estimated_seconds, measure, within_time

__all__ = [
    "Session",
    "check",
    "default_jobs",
    "estimated_seconds",
    "jit",
    "measure",
    "plan_comparison",
    "problems_key_of",
    "read_problems",
    "within_time",
    "write_settings",
]
