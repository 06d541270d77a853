"""The numbers of a column agree in how they are written, or are refused."""

from __future__ import annotations

import pytest

from dlcli.data.description import INPUT
from dlcli.errors import DataError
from tests.data.own.columns import loaded, table, values


@pytest.mark.parametrize(
    ("cells", "delimiter", "expected"),
    [
        (["1,5", "2,25", "3,75"], ";", [1.5, 2.25, 3.75]),
        (["1.234,5", "2.000,0", "17,25"], ";", [17.25, 1234.5, 2000]),
        (['"$1,200.00"', '"$3,450.50"', "$7.25"], ",", [7.25, 1200, 3450.5]),
        (["45%", "7 %", "100%"], ",", [7, 45, 100]),
        (["1 200", "3 400 000", "55"], ",", [55, 1200, 3.4e6]),
        (["\u22125", "3", "\u22120.5"], ",", [-5, -0.5, 3]),
        (["1'200", "3'400", "15"], ",", [15, 1200, 3400]),
        (["\u20ac5", "\u20ac7", "\u20ac9"], ",", [5, 7, 9]),
    ],
    ids=["comma", "german", "dollars", "percent", "spaces", "minus", "swiss", "euro"],
)
def test_a_column_that_agrees_is_read_as_numbers_and_that_is_said(
    tmp_path, cells, delimiter, expected
):
    found = loaded(tmp_path, table(cells * 10, delimiter=delimiter))
    assert found.description.inputs[INPUT].shape == (1,)
    assert sorted(set(values(found))) == pytest.approx(expected)
    assert any("'v'" in told for told in found.told)


def test_plain_numbers_are_not_worth_a_word(tmp_path):
    assert loaded(tmp_path, table(["1.5", "-2", "3e4"] * 10)).told == ()


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1,5", "2.5", "1.234,5", "1,234.5"], "'v'"),
        ([*["1.5"] * 30, "abc"], "'v'"),
    ],
)
def test_cells_that_disagree_are_refused_with_their_column(tmp_path, cells, message):
    with pytest.raises(DataError, match=message) as error:
        loaded(tmp_path, table(cells * 2, delimiter=";"))
    assert error.value.remedy
    assert error.value.exit_code == 2
