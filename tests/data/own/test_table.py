"""A CSV file of the user's own, from the cells to arrays, against scikit-learn's preparation."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

from dlcli import data
from dlcli.data.description import INPUT, Source
from dlcli.data.own.table import csv
from dlcli.errors import DataError


def test_features_are_those_of_scikit_learn_fitted_on_train_alone(tmp_path, buyers):
    source = Source("csv", {"path": str(tmp_path / "people.csv"), "target": "bought"})
    loaded = data.load(source, validation=0.2, seed=3)
    assert [part.size for part in (loaded.train, loaded.validation, loaded.test)] == [128, 32, 40]
    # The numbers tell which rows are where: every income is unlike the others.
    rows = {value: i for i, value in enumerate(buyers.income.astype("float32"))}
    index = [rows[x[-1]] for x in loaded.train.x[INPUT]]
    expected = ColumnTransformer(
        [
            ("age", SimpleImputer(add_indicator=True), ["age"]),
            ("city", OneHotEncoder(categories=[["Oslo", "Paris", "Rome"]]), ["city"]),
            ("income", "passthrough", ["income"]),
        ]
    ).fit(buyers.iloc[index])
    for part in (loaded.train, loaded.validation, loaded.test):
        of_part = buyers.iloc[[rows[x[-1]] for x in part.x[INPUT]]]
        np.testing.assert_allclose(part.x[INPUT], expected.transform(of_part), rtol=1e-6)
        assert (part.y == (of_part.bought == "yes")).all()


def test_the_description_is_that_of_the_loaded_data(tmp_path, buyers):
    source = Source("csv", {"path": str(tmp_path / "people.csv"), "target": "bought"})
    known = data.describe(source)
    assert known == data.load(source).description
    assert (known.task, known.classes) == ("binary", ("no", "yes"))
    assert known.inputs[INPUT].shape == (6,)
    assert (known.train_size, known.test_size) == (160, 40)


def test_a_test_file_is_used_as_it_is(tmp_path):
    (tmp_path / "train.csv").write_text("x,y\n" + "1,a\n2,b\n" * 5)
    (tmp_path / "test.csv").write_text("y,more,x\nb,0,5\n")
    loaded = csv(path=tmp_path / "train.csv", target="y", test=tmp_path / "test.csv")
    assert (loaded.train.size, loaded.test.size) == (10, 1)
    loaded = data.load(
        Source(
            "csv", {"path": tmp_path / "train.csv", "target": "y", "test": tmp_path / "test.csv"}
        )
    )
    assert loaded.test.x[INPUT].tolist() == [[5.0]]
    assert loaded.test.y.tolist() == [1]


def test_several_targets_are_multilabel_or_several_values(tmp_path):
    (tmp_path / "t.csv").write_text("x,a,b\n" + "1,0,1\n2,1,1\n" * 5)
    known = data.describe(Source("csv", {"path": tmp_path / "t.csv", "target": ["a", "b"]}))
    assert (known.task, known.classes, known.target_shape) == ("multilabel", ("a", "b"), (2,))
    (tmp_path / "t.csv").write_text("x,a,b\n" + "1,0,1\n2,1,7.5\n" * 5)
    known = data.describe(Source("csv", {"path": tmp_path / "t.csv", "target": ["a", "b"]}))
    assert (known.task, known.target_shape) == ("regression", (2,))


def test_a_file_that_changed_is_read_again(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "1,a\n2,b\n" * 5)
    assert csv(path=path, target="y").description.train_size == 8
    path.write_text("x,y\n" + "1,a\n2,b\n" * 50)
    assert csv(path=path, target="y").description.train_size == 80


def test_new_examples_need_the_same_columns_in_any_order(tmp_path, buyers):
    source = Source("csv", {"path": str(tmp_path / "people.csv"), "target": "bought"})
    loaded = data.load(source)
    form = data.read_form(data.form_of(loaded).to_dict())
    (tmp_path / "new.csv").write_text("income;city;age\n10;Rome;\n20;Bern;50\n")
    new = data.read_examples(tmp_path / "new.csv", form, targets=False)
    mean = loaded.encoder.columns[0].mean
    np.testing.assert_allclose(new.x[INPUT], [[mean, 1, 0, 0, 1, 10], [50, 0, 0, 0, 0, 20]])
    (tmp_path / "new.csv").write_text("income;city\n10;Rome\n")
    with pytest.raises(DataError, match="no column 'age'"):
        data.read_examples(tmp_path / "new.csv", form, targets=False)
    (tmp_path / "new.csv").write_text("income;city;age;bought\n10;Rome;3;yes\n")
    assert list(data.read_examples(tmp_path / "new.csv", form, targets=True).y) == [1]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("x,y\n1,a\n", {"target": "z"}, "no column 'z'"),
        ("x,y\n1,a\n", {"target": []}, "target names no column"),
        ("x,y\n1,a\n", {"target": ["y", "y"]}, "names 'y' twice"),
        ("x,y\n1,a\n1,a\n", {"target": "y"}, "a single class, 'a'"),
        ("x,y\n1,a\n2,\n3,b\n", {"target": "y"}, "t.csv:3: 'y' is empty"),
        ("x,y\n1,a\n1,b\n1,b\n1,b\nz,b\n", {"target": "y"}, "t.csv:6: 'x' is 'z'"),
        ("x,y\n1,0.5\n", {"target": "y"}, "a single example"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_row(tmp_path, text, options, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        data.load(Source("csv", {"path": str(tmp_path / "t.csv"), **options}), validation=0)
    assert caught.value.remedy


@pytest.mark.parametrize("seed", range(5))
def test_categories_and_gaps_are_those_of_the_training_part_alone(rare, seed):
    source, frame = rare
    loaded = data.load(source, validation=0.2, seed=seed)
    rows = {
        part: frame.iloc[getattr(loaded, part).x[INPUT][:, 0].astype(int)]
        for part in ("train", "validation", "test")
    }
    known = {column.name: column for column in loaded.encoder.columns}
    for name in ("zip", "town"):
        assert known[name].categories == tuple(sorted(set(rows["train"][name])))
        assert set(known[name].categories) < set(frame[name])
    assert known["gap"].has_gaps == ("" in set(rows["train"].gap))
    width = loaded.train.x[INPUT].shape[1]
    assert loaded.description.inputs[INPUT].shape == (width,) == (loaded.encoder.width,)
    assert loaded.description == data.describe(source, validation=0.2, seed=seed)
    # No feature is constant in training, and what training lacks is all zeros elsewhere.
    assert np.ptp(loaded.train.x[INPUT], axis=0).min() > 0
    towns = len(known["town"].categories)
    for part in ("validation", "test"):
        new = ~rows[part].town.isin(rows["train"].town)
        one_hot = getattr(loaded, part).x[INPUT][:, -towns:]
        assert one_hot.sum(axis=1).tolist() == (~new).astype(float).tolist()
    assert any(~rows["test"].town.isin(rows["train"].town))


def test_a_gap_that_only_new_rows_have_is_filled_in_without_a_feature(tmp_path):
    (tmp_path / "train.csv").write_text("x,y\n" + "1,a\n3,b\n" * 10)
    (tmp_path / "test.csv").write_text("x,y\nNA,a\n")
    options = {"path": tmp_path / "train.csv", "test": tmp_path / "test.csv", "target": "y"}
    loaded = data.load(Source("csv", options), validation=0)
    assert loaded.test.x[INPUT].tolist() == [[2.0]]


def test_a_word_of_the_test_file_alone_is_all_zeros(tmp_path):
    (tmp_path / "train.csv").write_text("x,y\n" + "u,a\nv,b\n" * 10)
    (tmp_path / "test.csv").write_text("x,y\nw,a\nv,b\n")
    options = {"path": tmp_path / "train.csv", "test": tmp_path / "test.csv", "target": "y"}
    loaded = data.load(Source("csv", options), validation=0.2)
    assert loaded.test.x[INPUT].tolist() == [[0, 0], [0, 1]]


def test_a_training_part_without_any_value_is_refused(tmp_path):
    (tmp_path / "train.csv").write_text("x,y\n" + ",a\n,b\n" * 9 + "u,b\n")
    options = {"path": str(tmp_path / "train.csv"), "target": "y"}
    seeds = range(30)
    refused = 0
    for seed in seeds:
        try:
            loaded = data.load(Source("csv", options), validation=0.3, seed=seed)
        except DataError as error:
            assert "the training part has no value in 'x'" in error.message
            assert error.remedy
            refused += 1
        else:
            assert loaded.train.x[INPUT].max() == 1
    assert 0 < refused < len(seeds)


def test_a_class_with_a_single_example_stays_in_the_training_part(tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n" + "1,a\n2,b\n" * 20 + "3,rare\n")
    source = Source("csv", {"path": str(tmp_path / "t.csv"), "target": "y"})
    for seed in range(10):
        loaded = data.load(source, validation=0.5, seed=seed)
        assert loaded.description.classes == ("a", "b", "rare")
        assert sorted(set(loaded.train.y)) == [0, 1, 2]


def test_a_class_of_the_test_file_alone_is_refused_with_its_number_of_examples(tmp_path):
    (tmp_path / "train.csv").write_text("x,y\n" + "1,a\n2,b\n" * 10)
    (tmp_path / "test.csv").write_text("x,y\n1,a\n1,new\n2,new\n3,other\n")
    options = {"path": tmp_path / "train.csv", "test": tmp_path / "test.csv", "target": "y"}
    message = (
        r"test.csv:3: 'y' is the class 'new', of which there is no training example "
        r"\(2 examples here; 1 more such class\)"
    )
    with pytest.raises(DataError, match=message) as caught:
        data.load(Source("csv", options))
    assert caught.value.remedy.startswith("Add training examples of 'new', or leave it out")
