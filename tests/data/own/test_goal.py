"""What is predicted: classes in an order, tags, values, and examples without a target."""

from __future__ import annotations

import pytest

from dlcli.errors import DataError, UserError
from tests.data.own.tables import load, write


def test_the_positive_class_comes_second(people):
    form = {"ignore": ["date", "name"]}
    assert load(people, **form).description.classes == ("ill", "well")
    found = load(people, **form, positive="ill")
    assert found.description.classes == ("well", "ill")
    assert found.train.y.sum() + found.test.y.sum() == 10
    with pytest.raises(UserError, match="'sick'"):
        load(people, **form, positive="sick")


def test_tags_in_one_cell_are_labels_that_apply_together(tmp_path):
    tags = ["comedy/drama", "comedy", "drama", "action/comedy"]
    path = write(tmp_path / "t.csv", "a,y", [f"{i},{tags[i % 4]}" for i in range(80)])
    found = load(path, separator="/")
    assert found.description.task == "multilabel"
    assert found.description.classes == ("action", "comedy", "drama")
    rows = {tuple(row) for row in found.train.y.astype(int).tolist()}
    assert rows == {(0, 1, 1), (0, 1, 0), (0, 0, 1), (1, 1, 0)}
    assert any("separator: '/'" in told for told in load(path).told)


def test_a_class_whose_name_holds_a_slash_is_no_hint_at_tags(tmp_path):
    path = write(tmp_path / "t.csv", "a,y", [f"{i},{['km/h', 'mph'][i % 2]}" for i in range(40)])
    assert load(path).told == ()


def test_examples_without_a_target_are_dropped_on_request_and_counted(tmp_path):
    rows = [f"{i},{'' if i % 5 == 0 else i % 2}" for i in range(50)]
    path = write(tmp_path / "t.csv", "a,y", rows)
    with pytest.raises(DataError, match=r"t\.csv:2") as error:
        load(path)
    assert "unlabeled: drop" in error.value.remedy
    found = load(path, unlabeled="drop")
    assert found.train.size + found.test.size == 40
    assert any("10" in told for told in found.told)


def test_a_target_scale_is_for_values(people):
    with pytest.raises(DataError, match="target_scale is for regression"):
        load(people, ignore=["date", "name"], target_scale="standard")
