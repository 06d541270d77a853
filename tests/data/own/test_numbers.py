"""Numbers as people write them are numbers, or are refused with their column; never categories."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli import data
from dlcli.data.description import INPUT, Source
from dlcli.errors import DataError


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


def test_a_byte_order_mark_and_umlauts_are_read(tmp_path):
    text = table(["1,5", "2,5"] * 10, header="L\u00e4nge", delimiter=";")
    found = loaded(tmp_path, text, encoding="utf-8-sig", features=["L\u00e4nge"])
    assert set(values(found)) == {1.5, 2.5}


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


def test_an_option_settles_what_a_cell_means(tmp_path):
    text = table(["1,234", "2,345", "3,456"] * 10, delimiter=";")
    assert set(values(loaded(tmp_path, text, decimal=","))) == {
        np.float32(1.234),
        np.float32(2.345),
        np.float32(3.456),
    }
    assert set(values(loaded(tmp_path, text, thousands=","))) == {1234.0, 2345.0, 3456.0}


@pytest.mark.parametrize(
    "write", [lambda i: f"{i}/7", lambda i: f"{i}-{i + 9}", lambda i: f"0x{i:x}"],
    ids=["fraction", "range", "hexadecimal"],
)  # fmt: skip
def test_what_looks_like_a_number_and_is_none_is_no_category_without_a_word(tmp_path, write):
    cells = [write(i % 20) for i in range(60)]
    (told, *_) = loaded(tmp_path, table(cells)).told
    assert f"'v' is read as 20 categories, although '{cells[0]}' looks like a number" in told
    assert not any("looks like" in t for t in loaded(tmp_path, table(cells), categories=["v"]).told)


def test_a_few_ranges_and_codes_with_letters_are_categories(tmp_path):
    ages = [f"{10 * (i % 8)}-{10 * (i % 8) + 9}" for i in range(60)]
    codes = [f"A{i % 20}" for i in range(60)]
    for cells in (ages, codes):
        assert not any("looks like" in told for told in loaded(tmp_path, table(cells)).told)
