"""Figures of what is inside a network: every axis named, everything in place, nothing computed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.collections import PolyCollection

from dlcli.inspection import FeatureMaps, FilterBank, Invariance, Unrolled
from dlcli.inspection.filters import Response
from dlcli.report import inside
from dlcli.report.drawing.inputs import Example
from dlcli.report.drawing.style import applied

RNG = np.random.default_rng(3)
IMAGE = Example("image", RNG.random((8, 8, 1)), "7, test:0")
SERIES = Example("sequence", RNG.normal(size=(12, 2)), "up")
TEXT = Example("tokens", np.array([3, 2, 4, 2, 0, 0]), "good", ("-", "?", "the", "a", "$film$"))


@pytest.fixture(autouse=True)
def _style():
    with applied():
        yield


def texts(figure):
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()]
        found += [text.get_text() for text in axes.texts]
    return [text for text in found if text]


def parted(figure):
    """Return a figure's panels, and the bars that say what their colours stand for."""
    bars = [axes for axes in figure.axes if getattr(axes, "_colorbar", None) is not None]
    return [axes for axes in figure.axes if axes not in bars], bars


def bank(example, kernel, count=3):
    places = (8, 8) if example.kind == "image" else (example.length(),)
    window = ((1, 4),) * len(places)
    response = Response(0, 2.5, window, RNG.random(places))
    kernels = RNG.normal(size=(count, *kernel))
    return FilterBank("conv", "Conv2D", kernels, ((response,),) * count, np.full(count, 0.25))


@pytest.mark.parametrize(
    ("example", "kernel"),
    [
        (IMAGE, (3, 3, 1)),
        (IMAGE, (3, 3, 3)),
        (IMAGE, (3, 3, 16)),
        (SERIES, (3, 2)),
        (TEXT, (3, 8)),
    ],
)
def test_filters_are_drawn_with_what_they_respond_to(example, kernel, tmp_path):
    figure = inside.draw_filters(bank(example, kernel), {0: example})
    said = texts(figure)
    size = " x ".join(map(str, kernel[:-1]))
    over = "one channel" if kernel[-1] == 1 else f"{kernel[-1]} channels"
    assert said[0] == f"conv: 3 filters of {size} over {over}"
    assert "2: up to 2.5, above 0 at 25%" in said
    if example is TEXT:
        assert "the $film$ the" in said
    figure.savefig(tmp_path / "f.png")


@pytest.mark.parametrize(
    ("example", "kernel"), [(IMAGE, (3, 3, 1)), (SERIES, (3, 2)), (TEXT, (3, 8))]
)
@pytest.mark.parametrize("dead", [{1: 0.0}, {0: 0.0, 1: 0.0, 2: 0.0}])
def test_a_dead_filter_is_drawn_without_an_example(example, kernel, dead, tmp_path):
    alive = bank(example, kernel)
    responses = tuple(() if i in dead else r for i, r in enumerate(alive.responses))
    made = replace(alive, responses=responses, dead=dead, looked_at=359)
    figure = inside.draw_filters(made, {0: example})
    said = [text.replace("\n", " ") for text in texts(figure)]
    assert said[0].endswith(f"; {len(dead)} dead")
    assert said.count("dead: never active on 359 examples") == len(dead)
    assert "1: up to 2.5, above 0 at 25%" not in said
    panels, _ = parted(figure)
    fewer, _ = parted(inside.draw_filters(alive, {0: example}))
    assert len(fewer) - len(panels) == len(dead) * (1 if example is TEXT else 2)
    figure.savefig(tmp_path / "f.png")


def test_no_more_filters_are_drawn_than_a_page_holds_and_that_is_said():
    figure = inside.draw_filters(bank(IMAGE, (3, 3, 1), count=40), {0: IMAGE})
    assert "40 filters" in texts(figure)[0]
    assert "the first 24 shown" in texts(figure)[0]
    panels, bars = parted(figure)
    assert len(panels) == 3 * 24
    assert len(bars) == 3


def test_kernels_are_drawn_without_examples():
    alone = FilterBank("conv", "Conv1D", RNG.normal(size=(4, 3, 2)), (), np.empty(0))
    panels, bars = parted(inside.draw_filters(alone, {}))
    assert len(panels) == 4
    assert [bar.get_xlabel() for bar in bars] == ["weight"]


def test_the_maps_of_a_layer_share_one_scale_that_is_drawn():
    maps = FeatureMaps("pool", "MaxPooling2D", RNG.random((4, 4, 10)) * [*range(1, 11)])
    figure = inside.draw_feature_maps(maps, IMAGE)
    limits = {a.images[0].get_clim() for a in figure.axes[1:11]}
    assert limits == {(0.0, maps.maps.max())}
    assert "activation" in texts(figure)
    signed = FeatureMaps("conv", "Conv2D", RNG.normal(size=(4, 4, 2)))
    low, high = inside.draw_feature_maps(signed, IMAGE).axes[1].images[0].get_clim()
    assert low == -high == -np.abs(signed.maps).max()


WIDE = Example("sequence", RNG.normal(size=(12, 9)), "up")


@pytest.mark.parametrize(
    ("example", "kernel", "labels"),
    [
        (IMAGE, (3, 3, 1), ["weight", "pixel value", "share of the largest answer"]),
        (IMAGE, (3, 3, 3),
         ["weight of red, green, blue", "pixel value", "share of the largest answer"]),
        (IMAGE, (3, 3, 16),
         ["weight, root mean square", "pixel value", "share of the largest answer"]),
        (SERIES, (3, 2), ["weight"]),
        (WIDE, (3, 9), ["weight", "input value"]),
        (TEXT, (3, 8), []),
    ],
)  # fmt: skip
def test_all_filters_share_the_scales_that_bars_tell(example, kernel, labels):
    made = bank(example, kernel)
    panels, bars = parted(inside.draw_filters(made, {0: example}))
    assert [bar.get_xlabel() for bar in bars] == labels
    drawn = [
        image.get_clim() for axes in panels for image in axes.images if image.get_array().ndim == 2
    ]
    told = [bar.get_xlim() for bar in bars]
    assert set(drawn) <= set(told)
    for bar in bars:
        assert len([t for t in bar.get_xticklabels() if t.get_text()]) >= 2


@pytest.mark.parametrize(
    ("value", "maps", "limits"),
    [
        (2.5, [[0.0, 2.5]], (0, 1)),
        (2.5, [[-5.0, 2.5]], (-1, 1)),
        (0.0, [[0.0, 0.0]], (0, 1)),
        (-1.0, [[-4.0, -1.0]], (-1, 1)),
    ],
)
def test_an_answer_is_shown_as_a_share_of_the_largest(value, maps, limits):
    response = Response(0, value, ((1, 4), (1, 4)), np.array(maps))
    made = replace(bank(IMAGE, (3, 3, 1), count=1), responses=((response,),))
    panels, _ = parted(inside.draw_filters(made, {0: IMAGE}))
    image = panels[2].images[0]
    assert image.get_clim() == limits
    unit = value if value > 0 else max(np.abs(maps).max(), 1e-9)
    np.testing.assert_allclose(image.get_array(), np.array(maps) / unit)


def test_a_sequences_answers_share_an_axis_in_their_unit():
    panels, _ = parted(inside.draw_filters(bank(SERIES, (3, 2)), {0: SERIES}))
    answers = panels[2::3]
    assert len({axes.get_ylim() for axes in answers}) == 1
    for axes in answers:
        low, high = axes.get_ylim()
        assert [low <= tick <= high for tick in axes.get_yticks()] == [True, True]
        assert list(axes.get_xticks()) == [0, SERIES.length() - 1]


@pytest.mark.parametrize("example", [SERIES, TEXT])
def test_the_maps_of_a_sequence_lie_below_it(example):
    maps = FeatureMaps("conv", "Conv1D", RNG.random((len(example.values), 5)))
    figure = inside.draw_feature_maps(maps, example)
    above, below, *_ = figure.axes
    assert above.get_position().y0 > below.get_position().y0
    assert below.images[0].get_array().shape == (5, example.length())
    assert (below.get_xlabel(), below.get_ylabel()) == ("place along the sequence", "filter")


def unrolled(steps=12, features=2, gradient=True):
    values = {
        "hidden state": RNG.normal(size=(steps, 5)), "forget gate": RNG.random((steps, 5)),
    }  # fmt: skip
    norms = np.geomspace(1e-9, 1, steps) if gradient else None
    inputs = RNG.normal(size=(steps, features))
    return Unrolled("lstm", "LSTM", np.arange(steps), inputs, values, norms)


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


def test_invariance_has_a_panel_a_kind_and_measure_with_bands():
    points = [
        Invariance(kind, by, 0.9, 0.8, 0.95, 0.95, 0.9, 0.99, 100)
        for kind in ("shift", "scale")
        for by in (1, 2)
    ]
    figure = inside.draw_invariance({"max": points, "none": points})
    assert len(figure.axes) == 4
    labels = [(a.get_xlabel().replace("\n", " "), a.get_ylabel()) for a in figure.axes]
    assert labels[0] == ("shift in pixels (up, down, left and right)", "accuracy")
    assert labels[3] == ("scale factor (larger and smaller)", "unchanged predictions")
    for axes in figure.axes:
        assert sum(isinstance(c, PolyCollection) for c in axes.collections) == 2


def test_invariance_shows_the_accuracy_of_always_naming_the_most_frequent_class():
    points = [Invariance("shift", by, 0.9, 0.8, 0.95, 0.95, 0.9, 0.99, 100) for by in (1, 2)]
    figure = inside.draw_invariance({"max": points}, 0.25)
    accuracy, unchanged = figure.axes
    flat = [line for line in accuracy.lines if list(line.get_ydata()) == [0.25, 0.25]]
    assert len(flat) == 1
    assert len(unchanged.lines) == 1
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert shown == ["max", "most frequent class, 25%"]


@pytest.mark.parametrize("norms", [(1.0, 1.2), (1.6, 1.9), (0.9, 4.0), (1.0, 30.0), (1e-9, 1.0)])
def test_a_scale_of_gradients_has_several_numbers_to_read(norms, tmp_path):
    made = replace(unrolled(), gradient=np.geomspace(*norms, 12))
    figure = inside.draw_gradients({"lstm": made})
    figure.savefig(tmp_path / "f.png")
    axes = figure.axes[0]
    low, high = axes.get_ylim()
    ticks = zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
    assert len([1 for value, label in ticks if low <= value <= high and label.get_text()]) > 1


@pytest.mark.parametrize(
    ("share", "said"), [(0, "0%"), (0.001, "<1%"), (0.25, "25%"), (0.999, ">99%"), (1, "100%")]
)
def test_a_filter_that_seldom_answers_is_not_called_silent(share, said):
    made = replace(bank(IMAGE, (3, 3, 1)), active=np.full(3, share))
    assert f"0: up to 2.5, above 0 at {said}" in texts(inside.draw_filters(made, {0: IMAGE}))
