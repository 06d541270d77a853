"""Looking inside a trained network: filters, feature maps, invariance, hidden states.

A model and arrays go in, arrays come out; `dlcli.report.inside` draws them.
"""

from dlcli.inspection.filters import FilterBank, filter_bank
from dlcli.inspection.invariance import KINDS, Invariance, measure_invariance
from dlcli.inspection.layers import (
    FeatureMaps,
    chosen_layers,
    convolutions,
    feature_maps,
    recurrent,
)
from dlcli.inspection.recurrence import Unrolled, unroll

__all__ = [
    "KINDS",
    "FeatureMaps",
    "FilterBank",
    "Invariance",
    "Unrolled",
    "chosen_layers",
    "convolutions",
    "feature_maps",
    "filter_bank",
    "measure_invariance",
    "recurrent",
    "unroll",
]
