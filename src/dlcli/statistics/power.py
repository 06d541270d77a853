"""What the statistics promise: the error of their claims, the power they are asked for, looks."""

from __future__ import annotations

import math

ALPHA = 0.05
"""Probability of a wrong claim, and what the intervals leave out."""

FEWEST_REPLICATIONS = math.ceil(1 - math.log2(ALPHA))
"""Six: with fewer, no two candidates can be told apart, since 2^(1 - n) is the smallest p-value of
`n` replications' signs."""

POWER = 0.8
"""Probability with which a difference should be shown."""

LOOKS = (10, 20, 40)
"""Replications after which `seeds: auto` looks."""

MOST_REPLICATIONS = 1_000_000
"""A difference that needs more replications than this is, for anyone's purposes, none."""
