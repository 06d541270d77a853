"""States, gates and gradients over the steps of a sequence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dlcli.report import inside
from tests.report.inside.made import SERIES, TEXT, parted, texts, unrolled

pytestmark = pytest.mark.usefixtures("styled")


@pytest.mark.parametrize("features", [2, 30])
def test_states_and_gates_share_the_axis_of_time(features, tmp_path):
    figure = inside.draw_states(unrolled(features=features), SERIES)
    figure.savefig(tmp_path / "f.png")
    panels = [a for a in figure.axes if a.get_title(loc="left")]
    assert len(panels) == 4
    assert len({a.get_xlim() for a in panels}) == 1
    assert panels[2].images[0].get_clim() == (0, 1)
    assert panels[-1].get_xlabel() == "time step"
    assert panels[-1].get_yscale() == "log"
    assert "$" not in "".join(t.get_text() for t in panels[-1].get_yticklabels())


def test_words_name_the_steps_of_a_text(tmp_path):
    figure = inside.draw_states(unrolled(steps=4, gradient=False), TEXT)
    figure.savefig(tmp_path / "f.png")
    assert [t.get_text() for t in figure.axes[2].get_xticklabels()] == ["a", "the", "$film$", "the"]
    assert "norm" not in "".join(texts(figure))


def test_colours_over_time_say_what_they_stand_for():
    _, bars = parted(inside.draw_states(unrolled(features=30), SERIES))
    assert sorted(bar.get_ylabel() for bar in bars) == ["gate", "state", "value"]


def test_gradients_of_several_networks_are_told_apart_without_colour():
    figure = inside.draw_gradients({"rnn": unrolled(), "lstm": unrolled()})
    first, second = figure.axes[0].get_lines()
    assert first.get_linestyle() != second.get_linestyle() or first.get_marker() != (
        second.get_marker()
    )
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["rnn", "lstm"]


@pytest.mark.parametrize("norms", [(1.0, 1.2), (1.6, 1.9), (0.9, 4.0), (1.0, 30.0), (1e-9, 1.0)])
def test_a_scale_of_gradients_has_several_numbers_to_read(norms, tmp_path):
    made = replace(unrolled(), gradient=np.geomspace(*norms, 12))
    figure = inside.draw_gradients({"lstm": made})
    figure.savefig(tmp_path / "f.png")
    axes = figure.axes[0]
    low, high = axes.get_ylim()
    ticks = zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
    assert len([1 for value, label in ticks if low <= value <= high and label.get_text()]) > 1
