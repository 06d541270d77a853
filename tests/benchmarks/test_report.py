"""The tables of benchmarks/README.md are what was measured."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
README = (BENCHMARKS / "README.md").read_text("utf-8")
TABLES = dict(re.findall(r"<!-- (\w+) -->\n(.*?)\n<!-- end -->", README, re.DOTALL))


@pytest.fixture
def report(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield __import__("report")
    for name in ("report", "harness", "problems"):
        sys.modules.pop(name, None)


def test_there_are_tables():
    assert len(TABLES) > 20


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_that_of_its_results(name, report):
    assert TABLES[name] == report.table(name)
