"""Files of rows, and what a config says of them."""

from __future__ import annotations

from dlcli import data
from dlcli.data.description import Source


def load(path, *, validation=0.0, group=None, time=None, **options):
    source = Source("csv", {"path": path, "target": "y"} | options)
    return data.load(source, validation=validation, group=group, time=time)


def write(path, header, rows):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path
