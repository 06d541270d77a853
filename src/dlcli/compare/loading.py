"""A problem's data: the same in whichever process asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcli.data import Parts, feature_names, load_pool
from dlcli.data.draw import drawn
from dlcli.rules.examples import MOST, look, places

if TYPE_CHECKING:
    from dlcli.compare.plan.plan import Plan, Problem
    from dlcli.config.sections.experiment import Config
    from dlcli.data.draw import Draw
    from dlcli.data.formats.keras_cache import Progress
    from dlcli.data.pool import Pool
    from dlcli.rules.examples import Examples

ENCODED = 5000
"""Examples that rules look at where they must be encoded first."""


def load_data(problem: Problem) -> Pool:
    """Read what a problem's config names."""
    return read_data(problem.config)


def read_data(config: Config, progress: Progress | None = None) -> Pool:
    """Read all examples that a config names, downloading them if they must be."""
    data = config.data
    return load_pool(data.source, group=data.group, time=data.time, progress=progress)


def seen_of(pool: Pool, config: Config, *, resample: bool) -> Examples:
    """Return what rules look at of a problem's data, in the split of the config's seed.

    Raises:
        DataError: If there are too few examples.
    """
    import numpy as np

    data = config.data
    parts = pool.parts(config.seed, data.validation, resample=resample, fraction=data.fraction)
    most = ENCODED if pool.is_encoded else MOST
    train, test = (
        None if part is None else part[places(len(part), most)]
        for part in (parts.train, parts.test)
    )
    assert train is not None  # noqa: S101 (only the others may be missing)
    dataset = pool.dataset(Parts(train, None, test))
    chosen = [part for part in (parts.train, parts.validation) if part is not None]
    targets = pool.targets[np.concatenate(chosen)]
    names = feature_names(dataset.encoder)
    return look(dataset, train_size=len(parts.train), targets=targets, names=names)


def replicated(plan: Plan, config: Config, pool: Pool, seed: int) -> Draw:
    """Return the draw of a replication's seed; in a plain grid, the split that `train` uses.

    Args:
        plan: Whose replication it is.
        config: A candidate's: its `data.fraction` decides what of the training part is used.
        pool: Of its problem.
        seed: Of the replication.
    """
    drawing = config.seed if plan.is_grid else seed
    resample = not plan.is_grid and plan.split == "resample"
    data = config.data
    parts = pool.parts(drawing, data.validation, resample=resample, fraction=data.fraction)
    return drawn(pool, parts)
