"""Random streams that are the same on every machine and with every version of NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np

Seed: TypeAlias = "int | np.random.SeedSequence"
"""What a random stream begins with: a user's seed, or one of the several made of it."""


def shuffler(seed: Seed) -> np.random.RandomState:
    """Return the random stream of a seed.

    `numpy.random.RandomState`'s stream never changes (NEP 19).
    """
    import numpy as np

    # Through MT19937, because RandomState itself takes no seed above 32 bits.
    return np.random.RandomState(np.random.MT19937(seed))


def stream(seed: int, purpose: int) -> np.random.SeedSequence:
    """Return the beginning of one of a seed's streams, which have nothing in common.

    Args:
        seed: The user's.
        purpose: Which of them.
    """
    import numpy as np

    return np.random.SeedSequence(seed, spawn_key=(purpose,))
