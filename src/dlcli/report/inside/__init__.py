"""Figures of what is inside a network, from arrays of `dlcli.inspection`."""

from dlcli.report.inside.filters import draw_filters
from dlcli.report.inside.invariance import draw_invariance
from dlcli.report.inside.maps import draw_feature_maps
from dlcli.report.inside.states import draw_gradients, draw_states

__all__ = [
    "draw_feature_maps",
    "draw_filters",
    "draw_gradients",
    "draw_invariance",
    "draw_states",
]
