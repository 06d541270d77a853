"""What pages read from files: rows, numbers, axes, and how a result was made."""

from __future__ import annotations

import pytest

from dlcli.errors import UserError
from dlcli.report.page.sources import (
    FEW_EPOCHS,
    epoch_axis,
    number,
    provenance,
    read_rows,
    shown,
    value_axis,
)
from dlcli.store.folder import Folder


def folder(tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    return Folder(tmp_path)


def test_rows_have_all_columns_or_those_that_are_wanted(tmp_path):
    place = folder(tmp_path, 'a,b\n1,"x, y"\n2,\n')
    assert read_rows(place, "t.csv") == [{"a": "1", "b": "x, y"}, {"a": "2", "b": ""}]
    assert read_rows(place, "t.csv", ("b", "c")) == [{"b": "x, y"}, {"b": ""}]


@pytest.mark.parametrize("text", ["a,b\n1\n", "a,b\n1,2,3\n"])
def test_a_row_that_is_cut_off_or_too_long_is_damage(tmp_path, text):
    with pytest.raises(UserError, match=r"t\.csv is damaged"):
        read_rows(folder(tmp_path, text), "t.csv")


@pytest.mark.parametrize(
    ("text", "value", "cell"),
    [("1.23456", 1.23456, "1.235"), ("", None, "-"), (None, None, "-"), ("nan", None, "-"),
     ("inf", None, "-"), ("x", None, "-"), ("0", 0.0, "0")],
)  # fmt: skip
def test_only_a_finite_number_is_one(text, value, cell):
    assert number(text) == value
    assert shown(text) == cell


def test_few_epochs_have_a_tick_each():
    assert epoch_axis([1, None, FEW_EPOCHS])["dtick"] == 1
    assert "dtick" not in epoch_axis([1, FEW_EPOCHS + 1])
    assert epoch_axis([])["dtick"] == 1


def test_a_value_that_never_changes_is_in_the_middle_of_its_axis():
    assert value_axis("loss", [2, 2, None])["range"] == [1, 3]
    assert value_axis("loss", [-2])["range"] == [-3, -1]
    assert "range" not in value_axis("loss", [1, 2])
    assert "range" not in value_axis("loss", [0])


def test_the_command_can_be_pasted_and_the_machine_is_said_in_words():
    environment = {
        "command": ["/home/me/bin/dlcli", "train", "my config.yaml"],
        "memory_bytes": 16_000_000_000,
        "devices": ["cpu:0", "gpu:0"],
        "seed": None,
        "packages": {"keras": "3.1"},
    }
    text = "".join(map(str, provenance(environment, [("config.yaml", "a: <b>")])))
    assert "dlcli train &#x27;my config.yaml&#x27;" in text
    assert "/home/me" not in text
    assert "16.0 GB" in text
    assert "cpu:0, gpu:0" in text
    assert "<td>keras</td><td>3.1</td>" in text
    assert "seed" not in text
    assert "a: &lt;b&gt;" in text
    assert "not recorded" in "".join(map(str, provenance({}, [])))
