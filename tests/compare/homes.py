"""Comparisons in their folders."""

from __future__ import annotations

from dlcli.compare.home import Home
from dlcli.compare.placement import Placement
from dlcli.compare.session import ComparisonSession, write_settings

COMPARE = "compare: {optimizers: [SGD, Adam], seeds: 6}"


def at_home(made, root, *, fresh=False):
    """Open the home of a plan as the command does; return it and the folder."""
    home = Home(made, None, root)
    session = ComparisonSession(made, home.found())
    session.folder = home.opened(fresh=fresh)
    write_settings(session, ["dlcli"], Placement("serial", 1))
    return home, session.folder
