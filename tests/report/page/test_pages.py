"""report.html holds everything, escapes everything, loads nothing, and works in a browser."""

from __future__ import annotations

import json
import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dlcli.report.page import comparison_page, run_page
from dlcli.report.page.html import Figure, Section, page, table
from dlcli.store.comparisons import ComparisonFolder
from dlcli.train.saved import data_form, open_run, read_predictions
from tests.browser import browsing, needs_chromium
from tests.helpers import HERE, SMALL, dlcli
from tests.security.places import write_run

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&"
COMPARE = (
    "compare: {optimizers: [SGD, Adam], learning_rates: [0.001, 0.03, 100000.0], seeds: 6, "
    "initializers: [GlorotUniform, HeNormal], target: {accuracy: 0.5}}\n"
)
NUMBER = ' class="number"'
CLASSES = ("", "", NUMBER, ' class="number kept"', NUMBER, NUMBER, "")


class Reader(HTMLParser):
    """Collects tags, headings and what would be loaded."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.loaded, self.headings, self.ids, self.links = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append(tag)
        if values.get("src") or (tag == "link" and not values["href"].startswith("data:")):
            self.loaded.append((tag, values))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if tag == "a" else []


def check(text):
    """Check what every page keeps."""
    read = Reader(text)
    assert read.loaded == []
    assert read.headings[0] == 1
    assert read.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(read.headings, read.headings[1:], strict=False))
    assert len(read.ids) == len(set(read.ids))
    assert all(link.removeprefix("#") in read.ids for link in read.links)
    assert 'lang="en"' in text
    assert "default-src 'none'" in text.replace("&#x27;", "'")
    assert len(text.encode()) < 6_000_000
    return read


def test_what_users_write_is_escaped_everywhere():
    trace = {"type": "scatter", "x": [1], "y": [2], "name": HOSTILE}
    figure = Figure(HOSTILE, HOSTILE, [trace], {"title": {"text": HOSTILE}}, [[HOSTILE], ["1"]])
    text = page(HOSTILE, table([HOSTILE], [[HOSTILE]]), [Section(HOSTILE, [figure])])
    read = check(text)
    assert "img" not in read.tags
    assert read.tags.count("script") == 3
    data = re.search(r'id="figures">(.*?)</script>', text, re.DOTALL).group(1)
    assert json.loads(data)[0]["traces"][0]["name"] == HOSTILE


def history(values, rate=0.001):
    rows = [f"{i},{value},{value},{rate},0.1" for i, value in enumerate(values, 1)]
    return "\n".join(["epoch,loss,val_loss,learning_rate,seconds", *rows, ""])


def figures_of(text):
    return json.loads(re.search(r'id="figures">(.*?)</script>', text, re.DOTALL).group(1))


def test_the_page_of_a_run_that_diverged_says_so_and_draws_no_empty_figure(tmp_path):
    metrics = {"test": {"loss": None, "accuracy": None}}
    run = write_run(tmp_path, metrics=metrics, history=history(["nan", "nan"]))
    text = run_page(run, None, None)
    check(text)
    assert "The training diverged" in text
    assert "On the test part" not in text
    assert "No epoch has a finite loss." in text
    assert figures_of(text) == []


def test_a_loss_that_never_changes_is_drawn_in_the_middle_of_its_axis(tmp_path):
    (loss,) = figures_of(run_page(write_run(tmp_path, history=history([2, 1])), None, None))
    assert "range" not in loss["layout"]["yaxis"]
    (tmp_path / "other").mkdir()
    run = write_run(tmp_path / "other", history=history([2, 2]))
    (loss,) = figures_of(run_page(run, None, None))
    assert loss["layout"]["yaxis"]["range"] == [1, 3]


def test_the_learning_rate_is_drawn_where_it_changes(tmp_path):
    text = history([2, 1]).replace("0.001", "0.002", 1)
    _, rate = figures_of(run_page(write_run(tmp_path, history=text), None, None))
    assert rate["layout"]["yaxis"]["title"]["text"] == "learning rate"


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with a run and a comparison."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "small.yaml").write_text(SMALL + COMPARE)
    done = dlcli("train", "small.yaml", "--out", "runs/first", cwd=folder)
    assert done.returncode == 0, done.stderr
    done = dlcli("compare-optimizers", "small.yaml", *HERE, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "report: comparisons/small/report.html" in done.stdout
    return folder


@pytest.mark.slow
def test_the_page_of_a_comparison_holds_what_its_tables_hold(workplace):
    folder = ComparisonFolder(workplace / "comparisons" / "small")
    text = comparison_page(folder)
    assert text == folder.read_text("report.html")
    check(text)
    for title in (
        "Scores with their intervals", "Learning rates", "Learning curves", "Time to the target",
        "Tuning budget", "Initializers", "Failed trials", "What became of the trials",
        "What each candidate lacks to the best", "Scores by replication", "How it was made",
    ):  # fmt: skip
        assert title in text
    printed = [
        line.strip("| ").split(" | ")
        for line in folder.read_text("summary.md").splitlines()
        if re.match(r"\| (best|as good|open|worse) \|", line)
    ]
    assert len(printed) == len(folder.summary()) == 4
    for cells in printed:  # the page's table is that of the printed summary
        assert (
            "".join(f"<td{c}>{escape(v)}</td>" for c, v in zip(CLASSES, cells, strict=True)) in text
        )
    assert "dlcli compare-optimizers small.yaml" in text
    assert "stuck" in text
    assert "diverged" in text
    assert "GlorotUniform" in text


@pytest.mark.slow
def test_the_page_of_a_run_holds_scores_curves_and_classes(workplace):
    run, config = open_run(workplace / "runs", "first")
    text = run_page(run, data_form(run, config).description, read_predictions(run))
    check(text)
    scores = run.read_json("metrics.json")
    for part in ("train", "validation", "test"):
        assert f"{scores[part]['f1']:.4f}" in text
    for title in ("Learning curves", "Classes, on the test part", "Confusion", "setosa"):
        assert title in text


@pytest.mark.slow
def test_the_command_writes_either_and_says_where(workplace):
    for name, place in (("first", "runs/first"), ("small", "comparisons/small")):
        (workplace / place / "report.html").unlink(missing_ok=True)
        done = dlcli("report", name, cwd=workplace)
        assert done.stdout.strip() == f"{place}/report.html"
        assert (workplace / place / "report.html").exists()
    assert (workplace / "runs" / "first" / "learning_curves.svg").exists()
    assert (workplace / "runs" / "first" / "scores.tex").exists()
    done = dlcli("report", "nothing", cwd=workplace)
    assert done.returncode == 2
    assert "there is no run 'nothing'" in done.stderr
    damaged = workplace / "comparisons" / "small" / "curves.csv"
    kept = damaged.read_text()
    damaged.write_text("nonsense\n1\n")
    done = dlcli("report", "small", cwd=workplace)
    damaged.write_text(kept)
    assert done.returncode == 2
    assert "is damaged" in done.stderr
    assert "Traceback" not in done.stderr


def browsed(path, profile, script, width):
    """Return what a function's body returns in a page that a browser opened; it says no word."""
    with browsing(profile) as tab:
        tab.width(width)
        tab.open(path)
        found = tab.run(f"(() => {{ {script} }})()")
        assert tab.errors == []
    return found


@needs_chromium
@pytest.mark.slow
@pytest.mark.parametrize("width", [400, 1600])
@pytest.mark.parametrize("place", ["comparisons/small", "runs/first"])
def test_a_browser_draws_sorts_tells_and_loads_nothing(workplace, tmp_path, place, width):
    report = workplace / place / "report.html"
    dlcli("report", Path(place).name, cwd=workplace)
    told = (
        "const head = document.querySelector('th:nth-child(2) button'); head.click();"
        "Plotly.Fx.hover('f0', [{curveNumber: 0, pointNumber: 0}]);"
        "const cells = [...document.querySelectorAll('tbody')][0].rows;"
        "return {plots: document.querySelectorAll('.plot .main-svg').length,"
        "figures: document.querySelectorAll('figure').length,"
        "told: document.querySelectorAll('#f0 .hoverlayer .hovertext').length,"
        "sorted: head.parentElement.getAttribute('aria-sort'),"
        "column: [...cells].map(row => row.cells[1].textContent),"
        "wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,"
        "requests: performance.getEntriesByType('resource').length};"
    )
    seen = browsed(report, tmp_path, told, width)
    assert seen["figures"] > 2
    assert seen["plots"] >= seen["figures"]
    assert seen["told"] > 0
    assert seen["sorted"] == "ascending"
    assert seen["column"] == sorted(seen["column"])
    assert seen["wide"] <= 0
    assert seen["requests"] == 0


@needs_chromium
@pytest.mark.slow
def test_on_a_narrow_screen_the_score_stays_in_view(workplace, tmp_path):
    dlcli("report", "small", cwd=workplace)
    told = (
        "const box = document.querySelector('section .scroll');"
        "const seen = () => [...box.querySelectorAll('td.kept')].map(cell => {"
        "const at = cell.getBoundingClientRect(), room = box.getBoundingClientRect();"
        "return at.left >= room.left - 1 && at.right <= room.right + 1; });"
        "const before = seen(); box.scrollLeft = 60;"
        "return {scrolls: box.scrollWidth > box.clientWidth, before, after: seen()};"
    )
    seen = browsed(workplace / "comparisons" / "small" / "report.html", tmp_path, told, 390)
    assert seen["scrolls"]
    assert len(seen["before"]) > 1
    assert all(seen["before"])
    assert all(seen["after"])
