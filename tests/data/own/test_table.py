"""A CSV file of the user's own, from the cells to arrays, against scikit-learn's preparation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

from dlcli import data
from dlcli.data.description import INPUT, Source
from dlcli.data.own.table import csv
from dlcli.errors import DataError


@pytest.fixture
def people(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 80, 200).astype(float),
            "city": rng.choice(["Rome", "Oslo", "Paris"], 200),
            "income": rng.permutation(200) / 4,
        }
    )
    frame.loc[::7, "age"] = np.nan
    frame["bought"] = np.where(frame.income > 30, "yes", "no")
    frame.to_csv(tmp_path / "people.csv", index=False)
    return frame


def test_features_are_those_of_scikit_learn_fitted_on_train_alone(tmp_path, people):
    source = Source("csv", {"path": str(tmp_path / "people.csv"), "target": "bought"})
    loaded = data.load(source, validation=0.2, seed=3)
    assert [part.size for part in (loaded.train, loaded.validation, loaded.test)] == [128, 32, 40]
    # The numbers tell which rows are where: every income is unlike the others.
    rows = {value: i for i, value in enumerate(people.income.astype("float32"))}
    index = [rows[x[-1]] for x in loaded.train.x[INPUT]]
    expected = ColumnTransformer(
        [
            ("age", SimpleImputer(add_indicator=True), ["age"]),
            ("city", OneHotEncoder(categories=[["Oslo", "Paris", "Rome"]]), ["city"]),
            ("income", "passthrough", ["income"]),
        ]
    ).fit(people.iloc[index])
    for part in (loaded.train, loaded.validation, loaded.test):
        of_part = people.iloc[[rows[x[-1]] for x in part.x[INPUT]]]
        np.testing.assert_allclose(part.x[INPUT], expected.transform(of_part), rtol=1e-6)
        assert (part.y == (of_part.bought == "yes")).all()


def test_the_description_is_that_of_the_loaded_data(tmp_path, people):
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


def test_new_examples_need_the_same_columns_in_any_order(tmp_path, people):
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
