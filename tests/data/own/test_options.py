"""What a config says of a file of rows: columns to leave out, weights, tags, parts, scales."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli import data
from dlcli.data.description import INPUT, Source
from dlcli.errors import DataError, UserError


def load(path, *, validation=0.0, group=None, time=None, **options):
    source = Source("csv", {"path": path, "target": "y"} | options)
    return data.load(source, validation=validation, group=group, time=time)


def write(path, header, rows):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


@pytest.fixture
def people(tmp_path):
    rows = [
        f"{i},2024-01-{i % 28 + 1:02d},name{i},{1 + i % 3},{'ill' if i % 9 == 0 else 'well'}"
        for i in range(90)
    ]
    return write(tmp_path / "t.csv", "a,date,name,w,y", rows)


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


def test_weights_count_in_the_loss_and_are_no_feature(people):
    found = load(people, ignore=["date", "name"], weights="w")
    assert found.description.inputs[INPUT].shape == (1,)
    expected = 1 + found.train.x[INPUT][:, 0] % 3
    np.testing.assert_allclose(found.train.weights, expected)


@pytest.mark.parametrize("bad", ["-1", "", "many"])
def test_weights_that_are_none_are_refused_with_their_line(tmp_path, bad):
    rows = [f"{i},{bad if i == 5 else 1},{i % 2}" for i in range(30)]
    with pytest.raises(DataError, match=r"t\.csv:7"):
        load(write(tmp_path / "t.csv", "a,w,y", rows), weights="w")


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


def test_validation_and_test_files_are_the_parts(tmp_path):
    parts = {"train": 40, "dev": 10, "final": 20}
    for name, size in parts.items():
        write(tmp_path / f"{name}.csv", "a,y", [f"{size + i},{i % 2}" for i in range(size)])
    source = Source(
        "csv",
        {
            "path": tmp_path / "train.csv",
            "target": "y",
            "validation": tmp_path / "dev.csv",
            "test": tmp_path / "final.csv",
        },
    )
    found = data.load(source, validation=0.3)
    assert [part.size for part in (found.train, found.validation, found.test)] == [40, 10, 20]
    assert found.validation.x[INPUT].min() == 10


def test_groups_are_on_one_side_and_the_latest_rows_test(tmp_path):
    rows = [f"{i},p{i // 4},2024-{i // 28 + 1:02d}-{i % 28 + 1:02d},{i % 2}" for i in range(84)]
    path = write(tmp_path / "t.csv", "a,patient,day,y", rows)
    found = load(path, validation=0.2, group="patient", ignore=["day"])
    parts = (found.train, found.validation, found.test)
    groups = [set((part.x[INPUT][:, 0] // 4).astype(int)) for part in parts]
    assert sum(map(len, groups)) == len(set().union(*groups)) == 21
    found = load(path, validation=0.2, time="day", ignore=["patient"])
    ends = [found.train.x[INPUT].max(), found.validation.x[INPUT].min(),
            found.validation.x[INPUT].max(), found.test.x[INPUT].min()]  # fmt: skip
    assert ends == sorted(ends)


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


def test_a_target_scale_is_for_values(people):
    with pytest.raises(DataError, match="target_scale is for regression"):
        load(people, ignore=["date", "name"], target_scale="standard")


def test_a_category_that_the_training_part_lacks_is_all_zeros_and_said(tmp_path):
    cities = [f"village{i}" if i % 10 == 0 else "oslo" for i in range(100)]
    path = write(tmp_path / "t.csv", "city,y", [f"{c},{i % 2}" for i, c in enumerate(cities)])
    found = load(path)
    assert found.test.x[INPUT].max() <= 1
    strange = found.test.x[INPUT][found.test.x[INPUT].sum(axis=1) == 0]
    assert len(strange)
    assert any("no training example has" in told for told in found.told)
