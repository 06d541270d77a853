"""What users write is escaped everywhere."""

from __future__ import annotations

import json
import re

from dlcli.report.page.html import Figure, Section, page, table
from tests.report.page.reader import check

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&"


def test_what_users_write_is_escaped_everywhere():
    trace = {"type": "scatter", "x": [1], "y": [2], "name": HOSTILE}
    figure = Figure(HOSTILE, HOSTILE, [trace], {"title": {"text": HOSTILE}}, [[HOSTILE], ["1"]])
    text = page(HOSTILE, table([HOSTILE], [[HOSTILE]]), [Section(HOSTILE, [figure])])
    read = check(text)
    assert "img" not in read.tags
    assert read.tags.count("script") == 3
    data = re.search(r'id="figures">(.*?)</script>', text, re.DOTALL).group(1)
    assert json.loads(data)[0]["traces"][0]["name"] == HOSTILE
