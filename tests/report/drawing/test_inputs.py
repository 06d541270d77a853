"""How one example is drawn: its steps and their names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dlcli.inspection import FeatureMaps
from dlcli.report import inside
from dlcli.report.drawing.inputs import Example
from tests.report.inside.made import RNG, TEXT, unrolled

pytestmark = pytest.mark.usefixtures("styled")
LETTERS = Example("tokens", np.array([2, 4, 3, 1, 0]), "Chinese", ("-", "?", "a", " ", "\u6f22"))


def test_letters_name_the_steps_and_those_the_font_lacks_are_named_by_their_number(tmp_path):
    shown = ["a", "U+6F22", "\N{OPEN BOX}", "?"]
    states = inside.draw_states(unrolled(steps=4, gradient=False), LETTERS)
    maps = inside.draw_feature_maps(FeatureMaps("conv", "Conv1D", RNG.random((5, 3))), LETTERS)
    for figure in (states, maps):
        figure.savefig(tmp_path / "f.png")
        named = [axes for axes in figure.axes if axes.get_xlabel()][-1]
        assert [t.get_text() for t in named.get_xticklabels()] == shown
    assert LETTERS.phrase() == "a U+6F22 \N{OPEN BOX} ?"
    assert LETTERS.phrase(2) == "\N{OPEN BOX}?"
    assert TEXT.phrase() == "a the $film$ the"
    assert replace(LETTERS, words=()).tokens() == ["2", "4", "3", "1"]
