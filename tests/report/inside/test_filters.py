"""Filters are drawn with what each responds to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dlcli.inspection import FilterBank
from dlcli.inspection.filters import Response
from dlcli.report import inside
from dlcli.report.drawing.inputs import Example
from tests.report.inside.made import IMAGE, RNG, SERIES, TEXT, parted, texts

pytestmark = pytest.mark.usefixtures("styled")


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


@pytest.mark.parametrize(
    ("share", "said"), [(0, "0%"), (0.001, "<1%"), (0.25, "25%"), (0.999, ">99%"), (1, "100%")]
)
def test_a_filter_that_seldom_answers_is_not_called_silent(share, said):
    made = replace(bank(IMAGE, (3, 3, 1)), active=np.full(3, share))
    assert f"0: up to 2.5, above 0 at {said}" in texts(inside.draw_filters(made, {0: IMAGE}))
