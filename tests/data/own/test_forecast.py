"""Rows in the order of time become windows, and what is to be forecast after them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from dlcli import data
from dlcli.data import describe
from dlcli.data.description import INPUT, Source
from dlcli.data.own.windows import season_of, starts_of
from dlcli.errors import DataError, UserError

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


def test_an_example_is_a_window_and_the_steps_after_it(tmp_path):
    found = load(write(tmp_path, hours(100)))
    x, y = found.train.x[INPUT], found.train.y
    assert found.description.inputs[INPUT].shape == (4, 2)
    assert x[0, :, 0].tolist() == [0, 1, 2, 3]
    assert x[0, :, 1].tolist() == [0, 1, 4, 9]
    assert y[0].tolist() == [4, 5]
    assert found.description.task == "forecasting"
    assert found.description.targets == ("v +1", "v +2")


def test_later_examples_validate_and_test_and_no_training_target_reaches_into_them(tmp_path):
    found = load(write(tmp_path, hours(200)), validation=0.2)
    train, validation, test = found.train.y, found.validation.y, found.test.y
    assert train.max() < validation.min()
    assert validation.max() < test.min()
    assert test.max() == 199


def test_rows_may_come_in_any_order(tmp_path):
    rows = hours(80)
    plain = load(write(tmp_path, rows))
    (tmp_path / "other").mkdir()
    mixed = load(write(tmp_path / "other", [*rows[40:], *rows[:40]]))
    np.testing.assert_array_equal(plain.train.x[INPUT], mixed.train.x[INPUT])
    np.testing.assert_array_equal(plain.test.y, mixed.test.y)


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


def test_what_is_known_in_advance_is_a_second_input(tmp_path):
    found = load(write(tmp_path, hours(100)), known=["w"])
    shapes = {name: spec.shape for name, spec in found.description.inputs.items()}
    assert shapes == {"past": (4, 2), "known": (2, 1)}
    assert found.train.x["known"][0, :, 0].tolist() == [16, 25]


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


def test_missing_values_are_features_with_gaps_but_no_targets(tmp_path):
    rows = hours(60)
    rows[20] = rows[20].split(",")[0] + ",,400"
    path = write(tmp_path, rows)
    with pytest.raises(DataError, match=r"f\.csv:22") as error:
        load(path)
    assert "unlabeled: drop" in error.value.remedy
    found = load(path, unlabeled="drop")
    assert not np.isnan(found.train.y).any()
    assert found.train.size + found.test.size < 60 - 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 90}, "the longest series without a gap has 50 steps"),
        ({"target": "x"}, "no column 'x'"),
        ({"time": "v", "target": "v"}, "named twice"),
        ({"categories": ["v"]}, "is of amounts"),
        ({"ignore": ["v"]}, "cannot be ignored"),
        ({"target": "word"}, "holds no numbers"),
    ],
)
def test_what_cannot_be_forecast_is_refused(tmp_path, options, message):
    rows = [f"{row},{'ab'[i % 2]}" for i, row in enumerate(hours(50))]
    with pytest.raises(UserError, match=message) as error:
        load(write(tmp_path, rows, header="t,v,w,word"), **options)
    assert error.value.exit_code == 2


def test_a_forecast_is_split_by_its_own_time(tmp_path):
    path = write(tmp_path, hours(50))
    with pytest.raises(UserError, match=r"takes no data\.time"):
        describe(source(path), time="t")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(3600, (24, "a day")), (86400, (7, "a week")), (30 * 86400, (12, "a year")), (7, None)],
)
def test_a_season_is_what_the_time_between_rows_tells(seconds, expected):
    assert season_of(float(seconds)) == expected


def test_windows_lie_within_one_piece():
    assert starts_of((5, 8, 20), 4).tolist() == [0, 1, *range(8, 17)]
