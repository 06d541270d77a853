"""A comparison from its configs to its tables: what `dlcli compare-optimizers` does.

`reading` makes the plan, `workers` says where its trials run, `timing` tries it out, `jit` decides
on XLA, `home` finds its folder, `session` trains what is missing there, `recommended` is the config
that comes of it.
"""

from dlcli.comparing.home import Home
from dlcli.comparing.reading import plan_comparison, read_problems
from dlcli.comparing.recommended import recommended, write_best
from dlcli.comparing.session import Session, first_keys_of, problems_key_of, write_settings
from dlcli.comparing.timing import (
    Settled,
    check,
    estimated_seconds,
    fitted,
    measure,
    settled,
    within_time,
)
from dlcli.comparing.workers import Placement, place

__all__ = [
    "Home",
    "Placement",
    "Session",
    "Settled",
    "check",
    "estimated_seconds",
    "first_keys_of",
    "fitted",
    "measure",
    "place",
    "plan_comparison",
    "problems_key_of",
    "read_problems",
    "recommended",
    "settled",
    "within_time",
    "write_best",
    "write_settings",
]
