"""A comparison of two candidates, and what its page shows."""

from __future__ import annotations

import json
import re

TWO = "compare: {optimizers: [SGD, Adam], seeds: 8}"
PEAKS = {"SGD": (0.316, 0.80), "Adam": (1e-3, 0.93)}


def figures_of(text):
    return json.loads(re.search(r'id="figures">(.*?)</script>', text, re.DOTALL).group(1))
