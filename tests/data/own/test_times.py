"""Steps are in the order of time, however it is written; never in the order of the text."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from dlcli import data
from dlcli.data.description import INPUT, Source
from dlcli.errors import DataError

START = dt.datetime(2024, 1, 30, 22, tzinfo=dt.UTC)
HOURS = [START + dt.timedelta(hours=5 * i) for i in range(12)]
"""Over the ends of days and of a month."""


def loaded(tmp_path, write, **options):
    """Load sequences whose steps are written backwards, numbered as they should come."""
    rows = [
        f'{name},"{write(HOURS[step])}",{step},{name % 2}'
        for name in range(20)
        for step in reversed(range(len(HOURS)))
    ]
    (tmp_path / "s.csv").write_text("\n".join(["id,t,v,y", *rows]) + "\n")
    options = {"path": tmp_path / "s.csv", "id": "id", "time": "t", "target": "y"} | options
    return data.load(Source("sequences", options), validation=0)


def milliseconds(moment):
    return str(int(moment.timestamp() * 1000))


@pytest.mark.parametrize(
    "write",
    [
        lambda t: t.strftime("%d.%m.%Y %H:%M:%S"),
        lambda t: f"{t.month}/{t.day}/{t.year} {t.strftime('%I:%M %p')}",
        lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ"),
        lambda t: t.isoformat(),
        lambda t: t.strftime("%Y-%m-%d %H:%M:%S.%f"),
        milliseconds,
        lambda t: t.strftime("%d-%b-%Y %H:%M"),
    ],
    ids=["german", "american", "zulu", "offset", "fractions", "milliseconds", "month"],
)
def test_rows_are_sorted_by_what_their_times_mean(tmp_path, write):
    found = loaded(tmp_path, write)
    assert found.train.x[INPUT][0, :, 0].tolist() == list(range(12))


def test_dates_that_may_be_two_are_refused_until_it_is_said(tmp_path):
    def ambiguous(moment):
        return f"{moment.hour % 12 + 1}/{moment.day % 12 + 1}/2024"

    with pytest.raises(DataError, match="'t'") as error:
        loaded(tmp_path, ambiguous)
    assert "dayfirst" in error.value.remedy
    by_day = loaded(tmp_path, ambiguous, dayfirst=True).train.x[INPUT][0, :, 0]
    by_month = loaded(tmp_path, ambiguous, dayfirst=False).train.x[INPUT][0, :, 0]
    assert by_day.tolist() != by_month.tolist()
    assert sorted(by_day) == sorted(by_month)


def test_what_is_no_time_is_refused_with_its_line(tmp_path):
    with pytest.raises(DataError, match=r"s\.csv:\d+"):
        loaded(tmp_path, lambda t: "soon" if t == HOURS[3] else t.isoformat())


def test_steps_of_all_zeros_count_and_the_lengths_are_known(tmp_path):
    rows = [f"{n},{t},0,{n % 2}" for n in range(20) for t in range(n % 4 + 1)]
    (tmp_path / "s.csv").write_text("\n".join(["id,t,v,y", *rows]) + "\n")
    options = {"path": tmp_path / "s.csv", "id": "id", "time": "t", "target": "y"}
    found = data.load(Source("sequences", options), validation=0)
    (lengths,) = (array for name, array in found.train.x.items() if name != INPUT)
    both = np.concatenate([lengths, *(a for n, a in found.test.x.items() if n != INPUT)])
    assert sorted(both.tolist()) == sorted(n % 4 + 1 for n in range(20))


def test_a_target_for_each_step_is_read_on_request_and_else_refused_with_its_line(tmp_path):
    rows = [
        f"{n},{t},{t + n},{'up' if t > 1 else 'down'}" for n in range(20) for t in range(2 + n % 3)
    ]
    (tmp_path / "s.csv").write_text("\n".join(["id,t,v,y", *rows]) + "\n")
    options = {"path": tmp_path / "s.csv", "id": "id", "time": "t", "target": "y"}
    with pytest.raises(DataError, match=r"s\.csv:\d+: sequence") as error:
        data.load(Source("sequences", options), validation=0)
    assert "per_step: true" in error.value.remedy
    found = data.load(Source("sequences", {**options, "per_step": True}), validation=0)
    assert found.description.task == "binary"
    assert found.description.target_shape == (None,)
    assert set(np.unique(found.train.y)) == {-1, 0, 1}
    steps = (found.train.y >= 0).sum() + (found.test.y >= 0).sum()
    assert steps == len(rows)
