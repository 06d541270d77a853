"""California's houses come in Keras's own order."""

from __future__ import annotations

import io

import numpy as np

from dlcli.data.builtin import keras_tables
from dlcli.data.description import INPUT
from tests.data.conftest import publish


def test_california_housing_keeps_districts_with_their_prices(monkeypatch):
    stream = io.BytesIO()
    x = np.arange(80.0).reshape(10, 8)
    np.savez(stream, x=x, y=x.sum(axis=1))
    file = publish(keras_tables.CALIFORNIA_HOUSING, stream.getvalue())
    monkeypatch.setattr(keras_tables, "CALIFORNIA_HOUSING", file)
    dataset = keras_tables.california_housing()
    assert (dataset.train.size, dataset.test.size) == (8, 2)
    for part in (dataset.train, dataset.test):
        assert part.x[INPUT].dtype == part.y.dtype == "float32"
        assert np.array_equal(part.y, part.x[INPUT].sum(axis=1))
