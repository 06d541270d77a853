"""Files with a row for every hour."""

from __future__ import annotations

import datetime as dt

from dlcli import data
from dlcli.data.description import Source

START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def hours(count, skip=()):
    """Return rows of hours: the time, a count of hours, and its square."""
    return [
        f"{(START + dt.timedelta(hours=i)).isoformat()},{i},{i * i}"
        for i in range(count)
        if i not in skip
    ]


def write(tmp_path, rows, header="t,v,w"):
    (tmp_path / "f.csv").write_text("\n".join([header, *rows]) + "\n")
    return tmp_path / "f.csv"


def source(path, **options):
    form = {"path": path, "time": "t", "target": "v", "window": 4, "horizon": 2}
    return Source("forecast", form | options)


def load(path, *, validation=0.0, **options):
    return data.load(source(path, **options), validation=validation)
