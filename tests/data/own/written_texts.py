"""Files and folders of texts."""

from __future__ import annotations

import json

from dlcli import data
from dlcli.data.description import Source


def lines(*examples):
    return "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in examples)


def labelled(count):
    return [
        {"text": f"word{i} common {'good' if i % 2 else 'bad'}", "label": i % 2}
        for i in range(count)
    ]


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def load(path, validation=0.0, **options):
    return data.load(Source("text", {"path": str(path), **options}), validation=validation)
