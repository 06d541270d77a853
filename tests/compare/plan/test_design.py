"""The settings that are tried: spread over every range, the same each time, all within it."""

from __future__ import annotations

import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.compare.plan.design import Setting, at, design, edge_of, short, shown_values
from dlcli.config.sections.space import RATE, Space

LOG = Space(low=1e-5, high=1e-1, scale="log")
LINEAR = Space(low=0.0, high=0.5)
WHOLE = Space(low=8, high=64, scale="log")
WORDS = Space(choices=("HeNormal", "GlorotUniform", None))
SPACES = st.sampled_from([LOG, LINEAR, WHOLE, WORDS])


@given(SPACES, st.floats(0, 1, exclude_max=True))
def test_a_value_is_in_its_space(space, share):
    value = at(space, share)
    if space.choices is not None:
        assert value in space.choices
    else:
        assert space.low <= value <= space.high
        assert isinstance(value, int) == (space is WHOLE)


def test_every_range_is_covered_evenly_whatever_the_others():
    found = design({RATE: LOG, "a": LINEAR, "b": WORDS}, 32)
    assert len(set(found)) == 32
    assert list(found) == sorted(found)
    rates = np.log10([float(each) for each in found])
    shares = (rates + 5) / 4, [dict(each.values)["a"] / 0.5 for each in found]
    for share in shares:
        assert np.abs(np.histogram(share, 8, (0, 1))[0] - 4).max() <= 1
    counts = [sum(dict(f.values)["b"] == word for f in found) for word in WORDS.choices]
    assert max(counts) - min(counts) <= 2


def test_more_tries_begin_with_those_of_fewer():
    spaces = {RATE: LOG, "a": LINEAR}
    assert set(design(spaces, 16)) < set(design(spaces, 24))


def test_there_are_no_more_settings_than_combinations():
    rates = Space(choices=(0.1, 0.01))
    found = design({RATE: rates, "a": Space(choices=(1, 2, 3))}, 16)
    assert {(float(f), dict(f.values)["a"]) for f in found} == {
        (rate, a) for rate in (0.1, 0.01) for a in (1, 2, 3)
    }


def test_a_setting_is_its_rate_in_all_but_what_is_the_same():
    one, other = Setting(0.1, (("a", 1),)), Setting(0.1, (("a", 2),))
    assert one != other
    assert one != 0.1
    assert 0.1 != one  # noqa: SIM300 (both ways count)
    assert one == Setting(0.1, (("a", 1),))
    assert Setting(0.1) == 0.1
    assert len({one, other, Setting(0.1, (("a", 1),)), 0.1}) == 3
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301 (just made)
    assert json.dumps([one]) == "[0.1]"
    assert math.log10(one) == math.log10(0.1)
    assert f"{one:g}" == "0.1"


@pytest.mark.parametrize(
    ("space", "value", "edge"),
    [(LOG, 1.2e-5, "lower"), (LOG, 1e-3, ""), (LOG, 0.09, "upper"), (LINEAR, 0.01, "lower"),
     (LINEAR, 0.25, ""), (LINEAR, 0.5, "upper"), (WORDS, "HeNormal", "")],
)  # fmt: skip
def test_a_value_near_the_end_of_its_range_is_on_its_edge(space, value, edge):
    assert edge_of(space, value) == edge


def test_settings_are_shown_by_short_names():
    path = "model.layers[2].Dropout.rate"
    assert short(path) == "Dropout[2].rate"
    setting = Setting(0.1, (("compile.optimizer.Adam.weight_decay", 1e-4), (path, 0.5)))
    assert shown_values(setting) == "weight_decay=0.0001, Dropout[2].rate=0.5"
    assert shown_values(0.1) == ""
