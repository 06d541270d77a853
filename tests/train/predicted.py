"""Runs that are trained on files of one's own."""

from __future__ import annotations

import json

from dlcli.train.session import start
from tests.helpers import Silent


def train(folder, data, layers, more="fit: {epochs: 1}"):
    text = f"name: own\ndata: {json.dumps(data)}\nmodel: {{layers: {layers}}}\n{more}\n"
    (folder / "own.yaml").write_text(text)
    with (session := start(str(folder / "own.yaml"), (), root=folder / "runs", out=None)) as run:
        result = session.train(Silent())
    return run, result


def write(path, header, rows):
    path.write_text("\n".join([header, *rows]) + "\n")
