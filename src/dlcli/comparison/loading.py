"""A problem's data: the same in whichever process asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcli.data import load

if TYPE_CHECKING:
    from dlcli.comparison.plan import Problem
    from dlcli.data.description import Dataset


def load_data(problem: Problem) -> Dataset:
    """Load what a problem's config names, its validation part drawn by the config's seed."""
    config = problem.config
    return load(
        config.data.source,
        validation=config.data.validation,
        seed=config.seed,
        group=config.data.group,
    )
