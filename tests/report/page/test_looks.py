"""Pages in a real browser: light, dark, on paper, narrow, by keyboard; colours, sizes and times."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from itertools import combinations, pairwise

import numpy as np
import pytest

from dlcli.report.drawing.colours import COLOURS, DARK
from dlcli.report.page import run_page
from dlcli.report.page.comparison import FATES
from dlcli.report.page.run import PARTS
from dlcli.store.comparisons import ComparisonFolder
from tests.browser import browsing, needs_chromium
from tests.report.page.made import written
from tests.security.places import write_run

LONG = "<b>Ädam</b> & 漢字, a name that is longer than any window is wide: " + "y" * 60
FEW = f"compare: {{optimizers: [SGD, {{Adam: {{}}, label: {json.dumps(LONG)}}}, Lion], seeds: 8}}"
FEW_PEAKS = {"SGD": (0.316, 0.8), LONG: (1e-3, 0.9), "Lion": (1e-4, 0.85)}
BOUND = 6_000_000
"""Bytes of a page of 400 trials."""
READABLE, SEEN = 4.5, 3.0
"""WCAG 2.2's contrasts, AA, of text (1.4.3) and of what else must be seen (1.4.11)."""


def page_colours():
    """Return the colours of page.css, by scheme and name."""
    text = files("dlcli.report.page").joinpath("assets", "page.css").read_text("utf-8")
    found = {"light": {}, "dark": {}}
    for scheme, name, value in re.findall(r"--(light|dark)-(\w+): (#[0-9a-f]{6});", text):
        found[scheme][name] = value
    return found


def linear(colour):
    """Return a colour's red, green and blue, linear, from 0 to 1."""
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(first, second):
    """Return the ratio of WCAG 2.2 between two colours."""
    darker, lighter = sorted(float(linear(c) @ (0.2126, 0.7152, 0.0722)) for c in (first, second))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_and_lines_are_seen_on_their_paper(scheme):
    colours = page_colours()[scheme]
    for name in ("ink", "soft", "link"):
        for paper in ("paper", "box"):
            assert contrast(colours[name], colours[paper]) >= READABLE, (name, paper)
    assert contrast(colours["line"], colours["paper"]) >= SEEN


def test_no_optimizer_is_lost_on_dark_paper():
    paper = page_colours()["dark"]["paper"]
    assert set(DARK) <= set(COLOURS)
    drawn = [DARK.get(colour, colour) for colour in COLOURS]
    assert min(contrast(colour, paper) for colour in drawn) >= SEEN
    others = [colour for _, colour, _ in PARTS.values()] + [colour for colour, _ in FATES.values()]
    assert min(contrast(DARK.get(colour, colour), paper) for colour in others) >= SEEN
    assert len(set(drawn)) == len(COLOURS)
    apart = {pair: float(np.abs(linear(pair[0]) - linear(pair[1])).sum())
             for pair in combinations(drawn, 2)}  # fmt: skip
    light = min(float(np.abs(linear(a) - linear(b)).sum()) for a, b in combinations(COLOURS, 2))
    assert min(apart.values()) >= min(light, 0.1)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """The page of over 400 trials of 60 epochs."""
    return written(tmp_path_factory.mktemp("looks") / "large", epochs=60)


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """The page of a comparison with a name that needs room, and an optimizer that always fails."""
    place = tmp_path_factory.mktemp("looks") / "few"
    return written(place, FEW, FEW_PEAKS, epochs=4, failing={"Lion": "diverged"})


def test_a_page_of_400_trials_stays_small(large):
    assert len((large.parent / "trials.csv").read_text().splitlines()) > 400
    assert large.stat().st_size < BOUND


def test_axes_name_what_was_measured_and_the_target_is_said(few):
    text = few.read_text("utf-8")
    data = json.loads(re.search(r'<script[^>]*id="figures"[^>]*>(.*?)</script>', text)[1])
    titles = [
        figure["layout"][axis]["title"]["text"]
        for figure in data
        for axis in ("xaxis", "yaxis")
        if "title" in figure["layout"][axis]
    ]
    assert {"test accuracy at the best validation epoch", "validation accuracy",
            "expected best validation accuracy"} <= set(titles)  # fmt: skip
    assert re.search(r"reached the target, a validation accuracy of 0\.\d+, by an epoch", text)


def test_columns_that_hold_nothing_are_left_out_of_what_failed(few):
    part = few.read_text("utf-8").partition("What became of the trials")[2]
    heads = re.findall(r"<button[^>]*>(.*?)</button>", part.partition("</details>")[2])
    assert "status" in heads
    assert "message" not in heads
    assert "initializer" not in heads
    assert "replication" in heads


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    """A tab of a browser that all tests share."""
    with browsing(tmp_path_factory.mktemp("browser")) as page:
        yield page


def plots(tab, script):
    """Return what a function of a plot comes to, of every plot of the page."""
    return tab.run(f"[...document.querySelectorAll('.plot')].map({script})")


PAPERS = "plot => getComputedStyle(plot.querySelector('.main-svg')).backgroundColor"
INKS = "plot => getComputedStyle(plot.querySelector('.xtick text')).fill"


def shown(colour):
    """Return a colour as a browser says it."""
    return f"rgb({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"


@needs_chromium
@pytest.mark.slow
def test_a_page_of_400_trials_draws_all_its_plots(large, tab):
    tab.width(1600)
    tab.look()
    tab.open(large)
    assert len(plots(tab, PAPERS)) == 8


@needs_chromium
@pytest.mark.slow
def test_plots_follow_the_preferred_scheme_also_while_the_page_is_open(few, tab):
    tab.width(1600)
    tab.look(scheme="light")
    tab.open(few)
    colours = page_colours()
    for scheme in ("light", "dark", "light"):
        tab.look(scheme=scheme)
        paper = shown(colours[scheme]["paper"])
        tab.until(
            f"[...document.querySelectorAll('.plot')].map({PAPERS}).every(p => p === '{paper}')"
        )
        assert set(plots(tab, INKS)) == {shown(colours[scheme]["ink"])}, scheme
    sgd = "[...document.querySelectorAll('#f2 .scatterlayer .js-line')].map(l => l.style.stroke)"
    assert shown("#000000") in tab.run(sgd)
    tab.look(scheme="dark")
    tab.until(f"{sgd}.includes('{shown(DARK['#000000'])}')")
    assert shown("#000000") not in tab.run(sgd)
    assert tab.errors == []


@needs_chromium
@pytest.mark.slow
def test_a_page_is_printed_on_white_with_nothing_cut_off_and_is_as_before_afterwards(few, tab):
    tab.width(1600)
    tab.look(scheme="dark")
    tab.open(few)
    tab.run(
        "window.addEventListener('beforeprint', () => { window.seen = {"
        f"papers: [...document.querySelectorAll('.plot')].map({PAPERS}),"
        "closed: document.querySelectorAll('details:not([open])').length}; })"
    )
    closed = "document.querySelectorAll('details:not([open])').length"
    before = tab.run(closed)
    assert tab.pdf().startswith(b"%PDF")
    assert set(tab.run("window.seen.papers")) == {shown("#ffffff")}
    assert tab.run("window.seen.closed") == 0
    assert tab.run(closed) == before > 0
    paper = shown(page_colours()["dark"]["paper"])
    tab.until(f"[...document.querySelectorAll('.plot')].map({PAPERS}).every(p => p === '{paper}')")
    tab.width(720)
    tab.look(scheme="dark", media="print")
    assert tab.run("getComputedStyle(document.body).backgroundColor") == shown("#ffffff")
    wide = "[...document.querySelectorAll('table')].filter(t => t.scrollWidth > innerWidth).length"
    assert tab.run(wide) == 0
    tab.look()


@needs_chromium
@pytest.mark.slow
@pytest.mark.parametrize("width", [400, 1600])
def test_whatever_is_drawn_lies_within_the_window(few, large, tab, width):
    tab.width(width)
    tab.look()
    for path in (few, large):
        tab.open(path)
        assert tab.run("innerWidth") == width
        assert tab.run("document.documentElement.scrollWidth") <= width
        outside = plots(
            tab,
            "plot => { const box = plot.getBoundingClientRect();"
            "return [...plot.querySelectorAll('text')].filter(text => {"
            "const own = text.getBoundingClientRect(); return own.width > 0 && "
            "(own.left < box.left - 1 || own.right > box.right + 1 || own.bottom > box.bottom + 1);"
            "}).map(text => text.textContent) }",
        )
        assert outside == [[]] * len(outside)
        assert [url for url in tab.requests if not url.startswith(("file:", "data:"))] == []
        assert len([url for url in tab.requests if url.startswith("file:")]) == 1
        assert tab.errors == []


CALL = "Adam(beta_1=0.95, beta_2=0.9999, epsilon=1e-06, amsgrad=True, clipnorm=1.0)"
CROSSED = (
    f"compare: {{optimizers: [SGD, {{Adam: {{}}, label: '{CALL}'}}], seeds: 8, initializers: ["
    "GlorotUniform, "
    "{VarianceScaling: {scale: 2.0, mode: fan_avg, distribution: truncated_normal}}]}"
)
CROSSED_PEAKS = {"SGD": (0.316, 0.8), CALL: (1e-3, 0.9)}


@needs_chromium
@pytest.mark.slow
def test_long_names_are_folded_so_that_no_table_is_wider_than_a_wide_window(tmp_path, tab):
    path = written(tmp_path / "crossed", CROSSED, CROSSED_PEAKS, epochs=4)
    tab.width(1600)
    tab.look()
    tab.open(path)
    assert "mode=fan_avg, distribution=truncated_normal" in path.read_text("utf-8")
    wide = "[...document.querySelectorAll('div.scroll')].filter(s => s.scrollWidth > s.clientWidth)"
    assert tab.run(f"{wide}.map(s => s.getAttribute('aria-label'))") == []


@needs_chromium
@pytest.mark.slow
def test_a_table_is_sorted_from_the_keyboard_and_says_so(few, tab):
    tab.width(1600)
    tab.look()
    tab.open(few)
    seen = []
    for _ in range(20):
        tab.press("Tab", 9)
        seen.append(tab.run("document.activeElement.textContent"))
        if seen[-1] == "p":
            break
    assert seen[0] == "Skip to the content"
    assert seen[-1] == "p", seen
    style = tab.run(
        "(s => s.outlineStyle + ' ' + s.outlineWidth)(getComputedStyle(document.activeElement))"
    )
    assert style == "solid 3px"
    column = "[...document.querySelector('tbody').rows].map(r => r.cells[5].textContent)"
    sort = "document.activeElement.parentElement.getAttribute('aria-sort')"
    rows = ComparisonFolder(few.parent).summary()
    values = sorted(float(row["p_value"]) for row in rows if row["verdict"] != "best")
    known = [f"{value:.3f}" if value >= 0.001 else "< 0.001" for value in values]
    assert len(known) == 2
    assert sorted(tab.run(column)) == sorted(["-", *known])
    tab.press("Enter", 13, "\r")
    assert tab.run(sort) == "ascending"
    assert tab.run(column) == [*known, "-"]  # what is missing stays last
    tab.press(" ", 32, " ")
    assert tab.run(sort) == "descending"
    assert tab.run(column) == [*known[::-1], "-"]
    assert tab.run("document.querySelectorAll('[aria-sort]').length") == 1


@needs_chromium
@pytest.mark.slow
def test_the_mouse_is_told_the_numbers_of_a_point(few, tab):
    tab.width(1600)
    tab.look()
    tab.open(few)
    place = tab.run(
        "(p => { p.scrollIntoView(); const b = p.getBoundingClientRect();"
        "return [b.x + b.width / 2, b.y + b.height / 2]; })"
        "(document.querySelector('#f0 .points path'))"
    )
    tab.point(*place)
    told = tab.run(
        "new Promise(done => setTimeout(() => done("
        "document.querySelector('#f0 .hoverlayer').textContent), 300))"
    )
    assert re.search(r"0\.\d{4}", told)


@pytest.fixture(scope="module")
def steep(tmp_path_factory):
    """The page of a run whose loss began high."""
    history = [f"{i},{40 / 3**i + 1},{40 / 3**i + 1.1},0.1,1" for i in range(1, 13)]
    rows = "\n".join(["epoch,loss,val_loss,learning_rate,seconds", *history, ""])
    run = write_run(tmp_path_factory.mktemp("steep"), history=rows)
    (run.path / "report.html").write_text(run_page(run, None, None), "utf-8")
    return run.path / "report.html"


@needs_chromium
@pytest.mark.slow
def test_what_the_first_epochs_squash_is_shown_and_a_button_or_double_click_shows_all(steep, tab):
    tab.width(1100)
    tab.look()
    tab.open(steep)
    top = "document.getElementById('f0').layout.yaxis.range[1]"
    assert tab.run(top) < 1.3
    assert "from 1 to 14.43" in tab.run("document.querySelector('.reading').textContent")
    pressed = "document.querySelector('.whole button').getAttribute('aria-pressed')"
    press = "document.querySelector('.whole button').click()"
    tab.run(press)
    assert (tab.run(pressed), tab.run(top) > 14) == ("true", True)
    tab.look(scheme="dark")  # it stays so when all is drawn anew
    tab.until(f"{top} > 14")
    tab.run(press)
    assert (tab.run(pressed), tab.run(top) < 1.3) == ("false", True)
    place = tab.run(
        "(p => { p.scrollIntoView(); const b = p.getBoundingClientRect();"
        "return [b.x + b.width / 2, b.y + b.height / 2]; })"
        "(document.querySelector('#f0 .nsewdrag'))"
    )
    tab.point(*place)
    for count in (1, 2):
        for kind in ("mousePressed", "mouseReleased"):
            tab.do("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left",
                   clickCount=count)  # fmt: skip
    tab.until(f"{top} > 14")
    assert len(tab.run("[...document.querySelectorAll('.whole')].map(w => w.textContent)")) == 1
    assert tab.errors == []


@needs_chromium
@pytest.mark.slow
def test_no_button_of_a_figure_sends_it_to_anybody(few, tab):
    tab.look()
    tab.open(few)
    offered = "[...document.querySelectorAll('.modebar-btn')].map(b => b.dataset.title)"
    assert set(tab.run(offered)) == {
        "Download plot as a PNG", "Zoom", "Pan", "Zoom in", "Zoom out", "Autoscale", "Reset axes",
    }  # fmt: skip


@needs_chromium
@pytest.mark.slow
def test_whoever_hears_a_page_is_told_of_every_figure_and_table(few, tab):
    tab.look()
    tab.open(few)
    assert tab.run("document.documentElement.lang") == "en"
    assert tab.run("document.title") == "Comparison of optimizers: few"
    labels = plots(tab, "plot => plot.getAttribute('role') + ' ' + plot.getAttribute('aria-label')")
    assert len(labels) == 8
    assert all(re.match(r"img [A-Z].{40,}", label) for label in labels)
    figures = (
        "[...document.querySelectorAll('figure')].map(f => f.querySelectorAll('table').length)"
    )
    assert set(tab.run(figures)) == {1}
    names = tab.run(
        "[...document.querySelectorAll('[role=region]')].map(r => r.getAttribute('aria-label'))"
    )
    assert len(names) == len(set(names)) > 6
    levels = tab.run("[...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
