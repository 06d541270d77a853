"""Final test accuracies that DeepOBS published (Schneider et al. 2019), seeds 42 to 51.

`EXCERPT` holds three of its problems, each optimizer at its tuned learning rate. Where a checkout
has the whole of the published runs (`reference/deepobs_reference.json` in a folder beside it), the
tests run over that as well.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

EXCERPT = {
    "fmnist_2c2d": {
        "SGD": [
            0.92177,
            0.92378,
            0.92378,
            0.92638,
            0.92248,
            0.92027,
            0.92228,
            0.92408,
            0.92037,
            0.92208,
        ],
        "Momentum": [
            0.92398,
            0.92238,
            0.92258,
            0.92418,
            0.92167,
            0.92127,
            0.91767,
            0.92077,
            0.92157,
            0.91837,
        ],
        "Adam": [
            0.92939,
            0.92288,
            0.92528,
            0.92208,
            0.92528,
            0.92278,
            0.92057,
            0.92488,
            0.91887,
            0.92218,
        ],
    },
    "cifar100_allcnnc": {
        "SGD": [
            0.56881,
            0.56661,
            0.57923,
            0.57522,
            0.53325,
            0.58253,
            0.57592,
            0.5616,
            0.56701,
            0.59605,
        ],
        "Momentum": [
            0.61268,
            0.59335,
            0.61599,
            0.60577,
            0.60327,
            0.60557,
            0.58894,
            0.59886,
            0.60447,
            0.60397,
        ],
        "Adam": [
            0.5633,
            0.5606,
            0.56931,
            0.5631,
            0.56821,
            0.54267,
            0.55539,
            0.55298,
            0.5625,
            0.57682,
        ],
    },
    "tolstoi_char_rnn": {
        "SGD": [
            0.6229,
            0.62077,
            0.62248,
            0.62294,
            0.62255,
            0.62402,
            0.6153,
            0.61653,
            0.61871,
            0.62097,
        ],
        "Momentum": [
            0.61347,
            0.61084,
            0.61242,
            0.61547,
            0.61344,
            0.61351,
            0.61265,
            0.6127,
            0.61148,
            0.61356,
        ],
        "Adam": [
            0.61903,
            0.61072,
            0.60756,
            0.6131,
            0.61318,
            0.61299,
            0.61272,
            0.61289,
            0.61137,
            0.60898,
        ],
    },
}

_NAMES = {
    "GradientDescentOptimizer": "SGD",
    "MomentumOptimizer": "Momentum",
    "AdamOptimizer": "Adam",
}


def tuned_scores(runs):
    """Return the last score of each seed, at the learning rate that was run with several seeds."""
    by_rate = defaultdict(dict)
    for run in runs:
        by_rate[run["lr"]][run["seed"]] = run["test"][-1]
    seeds = max(by_rate.values(), key=len)
    return [seeds[seed] for seed in sorted(seeds)]


def published(path):
    """Return {problem: {optimizer: last scores}} of a file of all published runs."""
    problems = json.loads(path.read_text(encoding="utf-8"))
    return {
        problem: {_NAMES[name]: tuned_scores(entry["runs"]) for name, entry in optimizers.items()}
        for problem, optimizers in problems.items()
    }


def sources():
    """Return the excerpt, and every complete file found beside the checkout."""
    checkout = Path(__file__).resolve().parents[2]
    files = sorted(checkout.parent.glob("*/reference/deepobs_reference.json"))
    return {"excerpt": EXCERPT, **{file.stem: published(file) for file in files}}
