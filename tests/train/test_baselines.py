"""What simple predictions come to."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from dlcli.train.predicting import predict_file
from dlcli.train.saved import evaluate_run
from tests.train.predicted import train, write

pytestmark = pytest.mark.slow


def test_a_series_is_forecast_after_its_last_row_beside_simple_forecasts(tmp_path):
    begin = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    hours = [begin + dt.timedelta(hours=i) for i in range(120)]
    values = [np.sin(i * np.pi / 12) for i in range(120)]
    rows = [f"{t.isoformat()},{v:.4f}" for t, v in zip(hours, values, strict=True)]
    write(tmp_path / "f.csv", "t,v", rows)
    data = {"forecast": {"path": "f.csv", "time": "t", "target": "v", "window": 6, "horizon": 3}}
    run, result = train(tmp_path, data, "[{LSTM: {units: 4}}, {Dense: {units: 3}}]")
    assert result.baselines["seasonal naive (24)"]["test"]["mae"] == pytest.approx(0, abs=1e-4)
    assert result.baselines["naive"]["test"]["mae"] > 0.1
    (row,) = predict_file(run.path.parent, run.path.name, tmp_path / "f.csv").rows()
    assert row.pop("after") == hours[-1].isoformat()
    assert list(row) == ["v +1", "v +2", "v +3"]
    evaluated = evaluate_run(run.path.parent, run.path.name, ["mae"])[1]
    simple = evaluated.baselines["naive"]["mae"].value
    assert simple == pytest.approx(result.baselines["naive"]["test"]["mae"], rel=1e-5)
