"""Parquet and Feather files become the cells that a CSV file of the same frame has."""

from __future__ import annotations

import builtins
import csv
import io

import pandas as pd
import pytest

from dlcli.data.formats.columnar import read_columnar
from dlcli.errors import DataError, UserError

FRAME = pd.DataFrame(
    {
        "whole": [1, 2, 3],
        "real": [0.5, None, 1e-9],
        "word": ["a", None, "c, d"],
        "day": pd.to_datetime(["2024-02-29", None, "2024-03-01"]),
        "large": pd.array([2**62 + 1, None, 3], dtype="Int64"),
    }
)


@pytest.fixture(params=["parquet", "feather"])
def written(request, tmp_path):
    path = tmp_path / f"t.{request.param}"
    getattr(FRAME, f"to_{request.param}")(path)
    return path, request.param


def test_cells_are_those_of_csv(written):
    header, *rows = read_columnar(*written)
    expected = list(csv.reader(io.StringIO(FRAME.to_csv(index=False))))
    assert header == expected[0]
    dates = [[cell.removesuffix(" 00:00:00") for cell in row] for row in rows]
    assert dates == expected[1:]


def test_truth_is_a_number_and_bytes_are_text(tmp_path):
    pd.DataFrame({"b": [True, False], "t": [b"\xc3\xa4", b"x"]}).to_parquet(tmp_path / "t.parquet")
    assert read_columnar(tmp_path / "t.parquet", "parquet") == [
        ["b", "t"],
        ["1", "\u00e4"],
        ["0", "x"],
    ]


def test_a_named_index_is_a_column(tmp_path):
    FRAME.set_index("word")[["whole"]].to_parquet(tmp_path / "t.parquet")
    assert read_columnar(tmp_path / "t.parquet", "parquet")[0] == ["word", "whole"]


def test_lists_and_damage_are_refused_with_a_remedy(written, tmp_path):
    path, kind = written
    pd.DataFrame({"a": [[1, 2]]}).to_parquet(tmp_path / "lists.parquet")
    with pytest.raises(DataError, match="'a' holds lists") as caught:
        read_columnar(tmp_path / "lists.parquet", "parquet")
    assert "a column of its own" in caught.value.remedy
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=f"damaged {kind.title()} file") as caught:
        read_columnar(path, kind)
    assert caught.value.remedy


def test_without_pyarrow_the_remedy_names_it(written, monkeypatch):
    known = builtins.__import__

    def lacking(name, *arguments, **options):
        if name == "pyarrow":
            raise ImportError(name)
        return known(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", lacking)
    with pytest.raises(UserError, match="needs the package pyarrow") as caught:
        read_columnar(*written)
    assert "pip install pyarrow" in caught.value.remedy
