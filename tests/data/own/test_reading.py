"""Files of rows in the forms in which others have written them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dlcli.data.description import INPUT
from dlcli.errors import DataError
from tests.data.own.rows import PLAIN, count, load


def test_the_index_that_pandas_writes_is_no_feature(tmp_path):
    frame = pd.DataFrame({"a": np.arange(40) % 5, "y": ["no", "yes"] * 20})
    frame.to_csv(tmp_path / "t.csv")
    found = load(tmp_path / "t.csv")
    assert found.description.inputs[INPUT].shape == (1,)
    assert "has no name, is left out" in found.told[0]
    assert load(tmp_path / "t.csv", features=["a"]).description.inputs[INPUT].shape == (1,)


def test_a_file_without_a_header_is_refused_with_the_way_to_name_its_columns(tmp_path):
    (tmp_path / "iris.data").write_text("\n".join(f"5.{i},3.1,x{i % 2}" for i in range(30)))
    with pytest.raises(DataError, match="no column 'kind'") as error:
        load(tmp_path / "iris.data", target="kind")
    assert "columns: [...]" in error.value.remedy
    found = load(tmp_path / "iris.data", target="kind", columns=["a", "b", "kind"])
    assert count(found) == 30


def test_classes_that_differ_in_capital_letters_are_said(tmp_path):
    rows = [f"{i},{['Yes', 'yes', 'no'][i % 3]}" for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["v,y", *rows]) + "\n")
    (told,) = load(tmp_path / "t.csv").told
    assert "Yes, yes are different classes that differ in capital letters only" in told


@pytest.mark.parametrize(
    ("before", "option"),
    [("Report of 2024\n", {"header": 2}), ("# made by a machine\n# twice\n", {"comment": "#"})],
)
def test_lines_before_the_header_are_skipped_on_request_and_else_explained(
    tmp_path, before, option
):
    (tmp_path / "t.csv").write_text(before + PLAIN)
    with pytest.raises(DataError, match="no column 'y'") as error:
        load(tmp_path / "t.csv")
    assert f"{next(iter(option))}: " in error.value.remedy
    assert count(load(tmp_path / "t.csv", **option)) == 40
