"""Numbers as people write them are numbers, or are refused with their column; never categories."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.own.columns import loaded, table, values


def test_a_byte_order_mark_and_umlauts_are_read(tmp_path):
    text = table(["1,5", "2,5"] * 10, header="L\u00e4nge", delimiter=";")
    found = loaded(tmp_path, text, encoding="utf-8-sig", features=["L\u00e4nge"])
    assert set(values(found)) == {1.5, 2.5}


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
