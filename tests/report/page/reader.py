"""What every page keeps, and what its figures hold."""

from __future__ import annotations

import re
from html.parser import HTMLParser

COMPARE = (
    "compare: {optimizers: [SGD, Adam], learning_rates: [0.001, 0.03, 100000.0], seeds: 6, "
    "initializers: [GlorotUniform, HeNormal], target: {accuracy: 0.5}}\n"
)


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
