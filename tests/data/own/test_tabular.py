"""What a config says of a file of rows: which columns are features, and what weighs examples."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.data.description import INPUT
from dlcli.errors import DataError, UserError
from tests.data.own.tables import load, write


def test_columns_are_left_out_by_name(people):
    found = load(people, ignore=["date", "name"])
    assert found.description.inputs[INPUT].shape == (2,)
    with pytest.raises(UserError, match="no column 'nam'"):
        load(people, ignore=["nam"])


def test_a_column_of_dates_is_refused_with_what_to_do_instead(people):
    with pytest.raises(DataError, match="'date' holds dates or times") as error:
        load(people)
    assert "ignore: [date]" in error.value.remedy
    assert "forecast" in error.value.remedy


@pytest.mark.parametrize("bad", ["-1", "", "many"])
def test_weights_that_are_none_are_refused_with_their_line(tmp_path, bad):
    rows = [f"{i},{bad if i == 5 else 1},{i % 2}" for i in range(30)]
    with pytest.raises(DataError, match=r"t\.csv:7"):
        load(write(tmp_path / "t.csv", "a,w,y", rows), weights="w")


def test_each_embedded_column_is_an_input_of_whole_numbers(tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"u{rng.integers(50_000)},f{rng.integers(300)},{rng.normal():.2f},{rng.integers(1, 6)}"
            for _ in range(600)]  # fmt: skip
    path = write(tmp_path / "t.csv", "user,film,hour,y", rows)
    with pytest.raises(DataError, match="'user' holds") as error:
        load(path, task="regression")
    assert "embed: [user]" in error.value.remedy
    found = load(path, task="regression", embed=["user", "film"])
    inputs = found.description.inputs
    assert {name: spec.dtype for name, spec in inputs.items()} == {
        "user": "int32",
        "film": "int32",
        "features": "float32",
    }
    assert found.train.x["user"].min() >= 1
    assert 0 in found.test.x["film"] or found.test.x["film"].min() >= 1


@pytest.mark.parametrize("name", ["price ($)", "$classes", "sepal.length", "R$", "[a]"])
def test_a_column_may_be_called_anything(tmp_path, name):
    path = write(tmp_path / "t.csv", f'"{name}",b,y', [f"{i},1,{i % 2}" for i in range(30)])
    assert load(path, features=[name]).description.inputs[INPUT].shape == (1,)


def test_a_category_that_the_training_part_lacks_is_all_zeros_and_said(tmp_path):
    cities = [f"village{i}" if i % 10 == 0 else "oslo" for i in range(100)]
    path = write(tmp_path / "t.csv", "city,y", [f"{c},{i % 2}" for i, c in enumerate(cities)])
    found = load(path)
    assert found.test.x[INPUT].max() <= 1
    strange = found.test.x[INPUT][found.test.x[INPUT].sum(axis=1) == 0]
    assert len(strange)
    assert any("no training example has" in told for told in found.told)
