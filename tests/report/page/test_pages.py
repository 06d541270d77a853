"""report.html holds everything, escapes everything, loads nothing, and works in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import browsing, needs_chromium
from tests.helpers import dlcli


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
