"""A problem's data: the same in whichever process asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcli.data import load_pool
from dlcli.data.draw import drawn

if TYPE_CHECKING:
    from dlcli.compare.plan.plan import Plan, Problem
    from dlcli.config.experiment import Config
    from dlcli.data.draw import Draw
    from dlcli.data.formats.keras_cache import Progress
    from dlcli.data.pool import Pool


def load_data(problem: Problem) -> Pool:
    """Read what a problem's config names."""
    return read_data(problem.config)


def read_data(config: Config, progress: Progress | None = None) -> Pool:
    """Read all examples that a config names, downloading them if they must be."""
    data = config.data
    return load_pool(data.source, group=data.group, time=data.time, progress=progress)


def replicated(plan: Plan, config: Config, pool: Pool, seed: int) -> Draw:
    """Return the draw of a replication's seed; in a plain grid, the split that `train` uses."""
    drawing = config.seed if plan.is_grid else seed
    resample = not plan.is_grid and plan.split == "resample"
    return drawn(pool, pool.parts(drawing, config.data.validation, resample=resample))
