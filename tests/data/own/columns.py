"""Tables of one column of numbers."""

from __future__ import annotations

import numpy as np

from dlcli import data
from dlcli.data.description import INPUT, Source


def loaded(tmp_path, text, *, encoding="utf-8", **options):
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    source = Source("csv", {"path": tmp_path / "t.csv", "target": "y"} | options)
    return data.load(source, validation=0)


def table(cells, header="v", delimiter=","):
    rows = [f"{cell}{delimiter}{'ab'[i % 2]}" for i, cell in enumerate(cells)]
    return "\n".join([f"{header}{delimiter}y", *rows]) + "\n"


def values(found):
    both = np.concatenate([found.train.x[INPUT], found.test.x[INPUT]])
    return sorted(both[:, 0].tolist())
