"""Feature maps of a layer lie side by side on one scale."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.inspection import FeatureMaps
from dlcli.report import inside
from tests.report.inside.made import IMAGE, RNG, SERIES, TEXT, texts

pytestmark = pytest.mark.usefixtures("styled")


def test_the_maps_of_a_layer_share_one_scale_that_is_drawn():
    maps = FeatureMaps("pool", "MaxPooling2D", RNG.random((4, 4, 10)) * [*range(1, 11)])
    figure = inside.draw_feature_maps(maps, IMAGE)
    limits = {a.images[0].get_clim() for a in figure.axes[1:11]}
    assert limits == {(0.0, maps.maps.max())}
    assert "activation" in texts(figure)
    signed = FeatureMaps("conv", "Conv2D", RNG.normal(size=(4, 4, 2)))
    low, high = inside.draw_feature_maps(signed, IMAGE).axes[1].images[0].get_clim()
    assert low == -high == -np.abs(signed.maps).max()


@pytest.mark.parametrize("example", [SERIES, TEXT])
def test_the_maps_of_a_sequence_lie_below_it(example):
    maps = FeatureMaps("conv", "Conv1D", RNG.random((len(example.values), 5)))
    figure = inside.draw_feature_maps(maps, example)
    above, below, *_ = figure.axes
    assert above.get_position().y0 > below.get_position().y0
    assert below.images[0].get_array().shape == (5, example.length())
    assert (below.get_xlabel(), below.get_ylabel()) == ("place along the sequence", "filter")
