"""A report shows whatever a config or a data file holds, and does nothing of it."""

from __future__ import annotations

import csv
import io
import json
import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from dlcli.report.drawing import style
from dlcli.report.drawing.saving import save_figure
from dlcli.report.page import comparison_page
from dlcli.report.text.documents import without_tags
from dlcli.report.text.latex import escaped
from dlcli.report.writing import write_run_report
from dlcli.store.comparisons import ComparisonFolder
from tests.browser import browsing, needs_chromium
from tests.helpers import SMALL, dlcli
from tests.report.page.test_pages import browsed
from tests.security.places import CONFIG, own_data, write_predictions, write_run

HOSTILE = (
    "<script>window.owned=1</script>",
    '"><img src=x onerror="window.owned=1">',
    "</script><script>window.owned=1</script>",
    "</title><script>window.owned=1</script>",
    "</style><svg onload=window.owned=1>",
    '<a href="javascript:window.owned=1">x</a>',
    '<a href="http://example.org/">x</a>',
    "javascript:window.owned=1",
    "`${window.owned=1}`",
    "' onmouseover='window.owned=1",
    "<!-- <b>",
    "&lt;script&gt;window.owned=1&lt;/script&gt;",
    "%{x}<br><b>%{y}</b>{title}{0}",
    "]]><script>window.owned=1</script>",
)
TAGS = {
    "html", "head", "meta", "link", "title", "style", "body", "a", "header", "h1", "div", "nav",
    "ul", "li", "main", "section", "h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td",
    "button", "figure", "figcaption", "details", "summary", "pre", "footer", "script",
}  # fmt: skip
"""All that dlcli itself writes."""


class Page(HTMLParser):
    """Collects the tags of a page, its attributes, its text, and its scripts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.shown, self.scripts = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.tags[-1:] == ["script"] and data.strip() and not self.scripts[-1]:
            self.scripts[-1] = data
        else:
            self.shown.append(data)


def harmless(text):
    """Check that a page holds what dlcli writes and nothing else; return it."""
    page = Page(text)
    assert set(page.tags) <= TAGS
    assert page.tags.count("script") == 3
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    links = [value for name, value in page.attributes if name in ("href", "src")]
    assert all(link.startswith(("#", "data:")) for link in links)
    return page


def drawn(page):
    """Yield every text in the page's figures that is not dlcli's own."""
    waiting = [json.loads(page.scripts[0])]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            waiting += [v for k, v in found.items() if not k.startswith("hovertemplate")]
        elif isinstance(found, list):
            waiting += found
        elif isinstance(found, str):
            yield found


def run_report(tmp_path, hostile):
    names = ["a", hostile, "c"]
    run = write_run(
        tmp_path / "runs",
        config=CONFIG + f"# {hostile}\n",
        source=CONFIG + f"# {hostile}\n",
        metrics={"test": {hostile: 0.5, "accuracy": 0.5}, hostile: {hostile: 1.0}},
        environment={"started": hostile, "command": ["dlcli", hostile], hostile: hostile,
                     "packages": {hostile: hostile}, "devices": [hostile]},
        status={"state": "finished", "epochs_done": 2, "message": hostile},
        history=_table([{"epoch": "1", "loss": "1", hostile: "2", f"val_{hostile}": "3"},
                        {"epoch": "2", "loss": "1", hostile: "2", f"val_{hostile}": "3"}]),
    )  # fmt: skip
    write_predictions(run)
    (run.path / "data.json").write_text(json.dumps(own_data(names)))
    return write_run_report(tmp_path / "runs", "first")


def _table(rows):
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


SUMMARY = (
    "problem", "rank", "group", "candidate", "label", "optimizer", "arguments", "initializer",
    "learning_rate", "edge", "runs", "ok", "diverged", "stuck", "failed", "mean", "sd",
    "median", "iqm", "low", "high", "difference", "difference_low", "difference_high",
    "p_value", "improvement", "epochs_to_target", "steps_to_target", "seconds_to_target",
    "reached", "censored", "width_decades", "width_open", "failed_rates", "default_rate",
    "default_regret", "under_tuned",
)  # fmt: skip
NEW = ("verdict", "rate_low", "rate_high", "cliff", "safer_rate", "safer_cost")
"""What the former protocol's summary did not have."""
TABLES = {
    "curves": "problem candidate label initializer epoch mean low high runs",
    "sensitivity": "problem candidate label initializer learning_rate score runs failed chosen",
    "arrivals": "problem candidate label initializer epoch share",
    "budget": "problem candidate label initializer tries expected_best",
    "trials": "problem optimizer arguments learning_rate initializer stage replication seed "
              "status epochs message candidate",
    "scores": "problem candidate label initializer replication learning_rate score status",
}  # fmt: skip
WORDS = {"problem", "group", "candidate", "label", "optimizer", "arguments", "initializer", "stage",
         "message", "edge", "under_tuned", "verdict", "cliff", "replication"}  # fmt: skip


def results(hostile):
    """Return a results.json in which every text is hostile."""
    texts = {name: hostile for name in (*SUMMARY, *NEW) if name in WORDS}
    row = dict.fromkeys((*SUMMARY, *NEW), 0.5) | texts | {"verdict": "open"}
    problem = {
        "name": hostile, "replications": 3, "margin": 0.1, "target": 0.5, "chance": 0.1,
        "sentences": [hostile, hostile], "candidates": [row],
    }  # fmt: skip
    joint = {"candidate": hostile, "normalised_mean": 1.0, "normalised_iqm": 1.0, "low": None,
             "high": None, "average_rank": 1.0}  # fmt: skip
    return {
        "version": 1, "protocol": "replications", "score": hostile, "score_text": hostile,
        "validation_text": hostile, "greater_is_better": True, "split": "resample",
        "tune": "each", "is_ranked": True, "is_grid": False, "interrupted": True, "trials": 1,
        "expected_trials": 2, "verdict": [hostile, hostile, hostile],
        "problems": [problem, problem | {"name": "other"}], "aggregate": [joint],
        "notes": [hostile],
    }  # fmt: skip


def former_report(tmp_path, hostile):
    return comparison_report(tmp_path, hostile, former=True)


def comparison_report(tmp_path, hostile, *, former=False):
    place = tmp_path / "comparisons" / "hostile"
    place.mkdir(parents=True)
    names = (hostile, "Adam")

    def row(columns, name):
        known = {"status": "failed", "chosen": "True"}
        return {c: known.get(c, name if c in WORDS else "0.5") for c in columns}

    def rows(columns):
        made = [row(columns, name) for name in names]
        return _table([found | {"problem": hostile} for found in made])

    (place / "summary.csv").write_text(rows(SUMMARY if former else (*SUMMARY, *NEW)))
    for name, columns in TABLES.items():
        (place / f"{name}.csv").write_text(rows(columns.split()))
    (place / "summary.md").write_text(f"# Title\n\n{hostile}\n\n## Notes\n\n- {hostile}\n")
    (place / "config.yaml").write_text(f"# {hostile}\n")
    environment = {"problems": "x", "command": ["dlcli", hostile], hostile: hostile}
    if not former:
        environment["protocol"] = hostile
        (place / "results.json").write_text(json.dumps(results(hostile)))
    (place / "environment.json").write_text(json.dumps(environment))
    text = comparison_page(ComparisonFolder(place))
    (place / "report.html").write_text(text)
    return place / "report.html"


REPORTS = {"run": run_report, "comparison": comparison_report, "former": former_report}


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("kind", REPORTS)
def test_a_page_shows_what_it_is_given_and_holds_no_more_tags_than_ever(kind, hostile, tmp_path):
    page = harmless(REPORTS[kind](tmp_path, hostile).read_text("utf-8"))
    shown = "".join(page.shown)
    assert shown.count(hostile) > 5
    texts = list(drawn(page))
    assert texts
    assert not [text for text in texts if "<" in text]


LOOK = (
    "document.querySelectorAll('.plot').forEach(plot => {"
    "const point = {curveNumber: 0, pointNumber: 0};"
    "try { Plotly.Fx.hover(plot, [point]); } catch (error) {} });"
    "return {owned: window.owned || 0,"
    "plots: document.querySelectorAll('.plot .main-svg').length,"
    "links: document.querySelectorAll('.plot svg a').length,"
    "images: document.querySelectorAll('img[src=x]').length,"
    "texts: [...document.querySelectorAll('.plot text')].map(t => t.textContent),"
    "requests: performance.getEntriesByType('resource').length};"
)


@needs_chromium
@pytest.mark.slow
@pytest.mark.parametrize("kind", REPORTS)
def test_a_browser_runs_nothing_that_a_page_shows(kind, tmp_path):
    hostile = "<a href='http://example.org/'>x</a>" + "".join(HOSTILE)
    report = REPORTS[kind](tmp_path, hostile)
    seen = browsed(report, tmp_path / "profile", LOOK, 1200)
    assert seen["plots"] > 0
    assert (seen["owned"], seen["links"], seen["images"], seen["requests"]) == (0, 0, 0, 0)
    assert any("<script>window.owned=1</script>" in text for text in seen["texts"])


def allowed(text):
    """Return what a page's policy lets run, and the hashes of the scripts it has."""
    found = re.search(r'http-equiv="Content-Security-Policy" content="(.*?)"', text)[1]
    rules = dict(rule.strip().split(" ", 1) for rule in unescape(found).split(";"))
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    hashes = [b64encode(sha256(script.encode()).digest()).decode() for script in scripts]
    return rules, [f"'sha256-{digest}'" for digest in hashes]


@pytest.mark.parametrize("kind", REPORTS)
def test_a_policy_names_exactly_the_scripts_of_its_page(kind, tmp_path):
    rules, hashes = allowed(REPORTS[kind](tmp_path, HOSTILE[0]).read_text("utf-8"))
    assert len(hashes) == 2
    assert rules["script-src"].split() == hashes
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"


INJECTED = (
    "<script>window.owned=1</script>"
    '<script type="module">window.owned=1</script>'
    '<script src="data:text/javascript,window.owned=1"></script>'
    '<img src=x onerror="window.owned=1">'
    "<svg onload=window.owned=1></svg>"
    '<iframe srcdoc="<script>parent.owned=1</script>"></iframe>'
    '<a id="link" href="javascript:void(window.owned=1)">x</a>'
    '<button id="pressed" onclick="window.owned=1">x</button>'
)
"""What a page must not obey even if it stands in it as tags: all ways to run a script at once."""

USED = (
    "document.getElementById('link').click(); document.getElementById('pressed').click();"
    "document.querySelector('th:nth-child(2) button').click();"
    "return new Promise(done => setTimeout(() => done({owned: window.owned || 0,"
    "plots: document.querySelectorAll('.plot .main-svg').length,"
    "sorted: document.querySelectorAll('[aria-sort]').length}), 300));"
)


@needs_chromium
@pytest.mark.slow
@pytest.mark.parametrize("kind", REPORTS)
def test_a_script_that_got_into_a_page_does_not_run(kind, tmp_path):
    report = REPORTS[kind](tmp_path, "a name")
    text = report.read_text("utf-8").replace('<main id="main">', '<main id="main">' + INJECTED)
    open_to_all = re.sub("script-src .*?;", "script-src 'unsafe-inline' data:;", text, count=1)
    for page, owned in ((text, 0), (open_to_all, 1)):  # the second: what it is that is kept out
        report.write_text(page)
        with browsing(tmp_path / "profile") as tab:
            tab.open(report)
            seen = tab.run(f"(() => {{ {USED} }})()")
            told = [error for error in tab.errors if "script-src" in error]
        assert seen["owned"] == owned
        assert seen["plots"] > 0
        assert seen["sorted"] == 1
        if not owned:
            assert len(told) == INJECTED.count("owned"), told


DRAWN = {"svg", "metadata", "defs", "style", "g", "path", "use", "text", "tspan", "clipPath",
         "rect", "RDF", "Work", "type", "format", "date", "creator", "Agent", "title", "image",
         "linearGradient", "pattern"}  # fmt: skip
"""All that Matplotlib writes."""


def tags_of(figure):
    """Return the tags of an SVG file."""
    found = ET.parse(figure).iter()  # noqa: S314 - written just now
    return {element.tag.rpartition("}")[2] for element in found}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_figure_holds_names_as_text(hostile, tmp_path):
    with style.applied():
        figure = Figure()
        axes = figure.add_subplot()
        axes.plot([1, 2], label=hostile)
        axes.set_title(hostile)
        axes.legend()
        save_figure(figure, tmp_path, "figure")
    assert tags_of(tmp_path / "figure.svg") <= DRAWN


def test_a_name_with_dollars_is_no_formula(tmp_path):
    with style.applied():
        assert mpl.rcParams["text.parse_math"] is False
        figure = Figure()
        figure.suptitle(r"$\frac{ $x$ \input{/etc/passwd}")
        assert save_figure(figure, tmp_path, "figure")


@pytest.mark.parametrize("hostile", [h for h in HOSTILE if "<" in h])
def test_markdown_holds_no_tags(hostile):
    assert not re.search(r"<[A-Za-z/!?]", without_tags(hostile))
    assert without_tags("p < 0.001 and a<1") == "p < 0.001 and a<1"


def test_latex_obeys_no_name():
    made = escaped(r"\input{/etc/passwd}$x$ \write18{id} % & _ ^ ~ #")
    assert not re.search(r"(?<!\\)[$%&#_{}]", made.replace(r"\textbackslash{}", "").replace(
        r"\textasciitilde{}", "").replace(r"\textasciicircum{}", ""))  # fmt: skip
    assert r"\input" not in made
    assert r"\write" not in made


@pytest.mark.slow
def test_a_comparison_of_hostile_labels_harms_nobody(tmp_path):
    label = "<img src=x onerror=window.owned=1>$x$|\\input{x}"
    compare = (
        f"compare: {{optimizers: [{{Adam: {{}}, label: {json.dumps(label)}}}, SGD], "
        "learning_rates: [0.003, 0.03], seeds: 2}\n"
    )
    (tmp_path / "cfg.yaml").write_text(SMALL + compare)
    done = dlcli("compare-optimizers", "cfg.yaml", "--executor", "serial", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    place = tmp_path / "comparisons" / "small"
    page = harmless((place / "report.html").read_text("utf-8"))
    assert "".join(page.shown).count(label) > 5
    assert "<img" not in (place / "summary.md").read_text()
    assert r"\input" not in (place / "summary.tex").read_text()
    for figure in (place / "figures").glob("*.svg"):
        assert tags_of(figure) <= DRAWN
