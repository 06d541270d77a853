"""A comparison from its configs to its tables: what `dlcli compare-optimizers` does.

`reading` makes the plan, `timing` tries it out, `session` trains what is missing in its folder.
"""

from dlcli.comparing.reading import plan_comparison, read_problems
from dlcli.comparing.session import Session, problems_key_of, write_settings
from dlcli.comparing.timing import check, estimated_seconds, measure, within_time

__all__ = [
    "Session",
    "check",
    "estimated_seconds",
    "measure",
    "plan_comparison",
    "problems_key_of",
    "read_problems",
    "within_time",
    "write_settings",
]
