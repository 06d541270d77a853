"""Windows lie within one series and one piece of it, and what is forecast comes after them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from dlcli.data.description import INPUT
from dlcli.data.own.windows import season_of, starts_of
from dlcli.errors import DataError
from tests.data.own.hourly import START, hours, load, write


def test_no_window_reaches_over_a_gap(tmp_path):
    path = write(tmp_path, hours(120, skip=range(50, 60)))
    found = load(path)
    x = np.concatenate([found.train.x[INPUT], found.test.x[INPUT]])
    assert set(np.diff(x[:, :, 0], axis=1).ravel()) == {1}
    assert any("no window reaches over a gap" in told for told in found.told)
    over = load(path, gaps="ignore").train.x[INPUT]
    assert 11 in np.diff(over[:, :, 0], axis=1)


def test_usual_long_steps_such_as_weekends_are_no_gaps(tmp_path):
    days = [START + dt.timedelta(days=i) for i in range(100)]
    rows = [f"{day:%Y-%m-%d},{i},0" for i, day in enumerate(days) if day.weekday() < 5]
    path = write(tmp_path, rows)
    found = load(path, window=3, horizon=1)
    assert any("windows reach over them" in told for told in found.told)
    split = load(path, window=3, horizon=1, gaps="split")
    assert found.train.size + found.test.size > len(split.train.y) + len(split.test.y)


def test_several_series_are_kept_apart(tmp_path):
    rows = [f"{row},{shop}" for row in hours(40) for shop in ("north", "south")]
    path = write(tmp_path, rows, header="t,v,w,shop")
    with pytest.raises(DataError, match="is the same as in") as error:
        load(path, ignore=["shop"])
    assert "id" in error.value.remedy
    found = load(path, id="shop", ignore=["w"])
    x = np.concatenate([found.train.x[INPUT], found.test.x[INPUT]])
    assert set(np.diff(x[:, :, 0], axis=1).ravel()) == {1}


def test_simple_forecasts_are_the_last_value_and_that_of_a_season_before(tmp_path):
    found = load(write(tmp_path, hours(200)))
    simple = found.baselines["test"]
    first = found.test.x[INPUT][0, :, 0]
    assert simple["naive"][0].tolist() == [first[-1], first[-1]]
    assert simple["seasonal naive (24)"][0].tolist() == [first[-1] - 23, first[-1] - 22]
    assert list(load(write(tmp_path, hours(200)), season=3).baselines["test"]) == [
        "naive",
        "seasonal naive (3)",
    ]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(3600, (24, "a day")), (86400, (7, "a week")), (30 * 86400, (12, "a year")), (7, None)],
)
def test_a_season_is_what_the_time_between_rows_tells(seconds, expected):
    assert season_of(float(seconds)) == expected


def test_windows_lie_within_one_piece():
    assert starts_of((5, 8, 20), 4).tolist() == [0, 1, *range(8, 17)]
