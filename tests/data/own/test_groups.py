"""`data.group` keeps what belongs together on one side, in every kind of own data."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from dlcli import data
from dlcli.data.description import INPUT, Source
from dlcli.errors import DataError

PEOPLE = 12


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def of_person(person):
    """Return the label and value of each example of a person, who has two of each label."""
    return [(("no", "yes")[i % 2], person * 10 + i) for i in range(4)]


def csv(folder, people=range(PEOPLE)):
    rows = [f"{v},p{p},{label}" for p in people for label, v in of_person(p)]
    return Source(
        "csv", {"path": write(folder / "t.csv", "v,patient,y\n" + "\n".join(rows)), "target": "y"}
    )


def sequences(folder):
    rows = [
        f"s{v},{v + t / 8},p{p},{label}"
        for p in range(PEOPLE)
        for label, v in of_person(p)
        for t in range(1 + p % 3)
    ]
    path = write(folder / "s.csv", "id,v,patient,y\n" + "\n".join(rows))
    return Source("sequences", {"path": path, "id": "id", "target": "y"})


def json_lines(folder):
    rows = [
        json.dumps({"text": f"word{v}", "label": label, "patient": p})
        for p in range(PEOPLE)
        for label, v in of_person(p)
    ]
    return Source("text", {"path": write(folder / "t.jsonl", "\n".join(rows))})


def text_table(folder):
    rows = [f"word{v},p{p},{label}" for p in range(PEOPLE) for label, v in of_person(p)]
    path = write(folder / "t.csv", "text,patient,label\n" + "\n".join(rows))
    return Source("text", {"path": path})


def text_folder(folder):
    for p in range(PEOPLE):
        for label, v in of_person(p):
            write(folder / "texts" / label / f"patient{p}_{v}.txt", f"word{v}")
    return Source("text", {"path": folder / "texts"})


def images(folder):
    for p in range(PEOPLE):
        for label, v in of_person(p):
            path = folder / "images" / label / f"patient{p}_{v}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((2, 2), v, np.uint8)).save(path)
    return Source("images", {"path": folder / "images"})


def arrays(folder):
    found = [(v, label == "yes", p) for p in range(PEOPLE) for label, v in of_person(p)]
    v, y, people = (np.array(column) for column in zip(*found, strict=True))
    y = y.astype(int)
    path = folder / "a.npz"
    np.savez(
        path,
        x_train=v[:36, None] * 1.0, y_train=y[:36], patient_train=people[:36],
        x_test=v[36:, None] * 1.0, y_test=y[36:], patient_test=people[36:],
    )  # fmt: skip
    return Source("npz", {"path": path})


KINDS = {
    "csv": (csv, "patient"),
    "sequences": (sequences, "patient"),
    "json lines": (json_lines, "patient"),
    "text table": (text_table, "patient"),
    "text folder": (text_folder, r"(patient\d+)_"),
    "images": (images, r"patient\d+"),
    "npz": (arrays, "patient"),
}


@pytest.fixture(params=KINDS)
def kind(request, tmp_path):
    make, group = KINDS[request.param]
    return make(tmp_path), group


def people_of(pool, part):
    """Return whose examples a part holds, by their values where they can be read, else by group."""
    return set(pool.groups[part].tolist())


def test_no_person_is_on_two_sides_of_any_split(kind):
    source, group = kind
    pool = data.load_pool(source, group=group)
    assert pool.grouping.count == PEOPLE
    assert np.bincount(pool.groups).tolist() == [4] * PEOPLE
    for seed in range(5):
        for resample in (False, True):
            parts = pool.parts(seed, 0.25, resample=resample)
            found = [people_of(pool, p) for p in (parts.train, parts.validation, parts.test)]
            assert sum(len(people) for people in found) == PEOPLE
            assert all(found)


def test_the_groups_are_those_of_the_examples(kind):
    """Numbers go with names: the value of an example is ten times its person, and 0 to 3."""
    source, group = kind
    pool = data.load_pool(source, group=group)
    people = [
        int("".join(c for c in str(pool.grouping.names[n]) if c.isdigit())) for n in pool.groups
    ]
    if pool.raw is None:
        values = pool.examples.x[INPUT][:, 0]
    else:
        values = [value_of(pool.raw[i]) for i in pool.examples.x[INPUT]]
    assert [int(v) // 10 for v in values] == people


def value_of(raw):
    """Return the value of a raw example: a row, a list of rows, a text or an image's path."""
    if isinstance(raw, list):
        raw = raw[0]
    if hasattr(raw, "cells"):
        return float(raw.cells[0])
    return int((raw if isinstance(raw, str) else raw.stem.rpartition("_")[2]).removeprefix("word"))


def test_a_group_is_no_feature_and_is_not_needed_to_predict(kind):
    source, group = kind
    grouped = data.describe(source, group=group)
    found = data.load(source, group=group, validation=0.25)
    assert found.description == grouped
    assert found.train.x[INPUT].shape[1:] == (
        found.validation.x[INPUT].shape[1:]
        if None in grouped.inputs[INPUT].shape
        else grouped.inputs[INPUT].shape
    )
    if source.name == "csv":
        assert grouped.inputs[INPUT].shape == (1,)
        new = write(source.options["path"].parent / "new.csv", "v\n7\n")
        assert data.read_examples(new, data.form_of(found), targets=False).x[INPUT] == [[7]]


@pytest.mark.parametrize("name", ["csv", "sequences", "json lines", "text table", "npz"])
def test_an_unknown_group_names_what_there_is(tmp_path, name):
    make, _ = KINDS[name]
    with pytest.raises(DataError, match="'patent'") as caught:
        data.load(make(tmp_path), group="patent")
    assert "did you mean 'patient'" in caught.value.message
    assert caught.value.exit_code == 2
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["text folder", "images"])
@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("person", "finds no group in no/patient0_0"),
        ("patient3(x?)", "finds no group"),
        ("(patient", "is no regular expression: missing"),
    ],
)
def test_a_pattern_that_does_not_fit_names_the_file(tmp_path, name, pattern, message):
    make, _ = KINDS[name]
    with pytest.raises(DataError, match=message) as caught:
        data.load(make(tmp_path), group=pattern)
    assert caught.value.remedy.startswith(("Match", "Write"))


def test_a_pattern_sees_the_path_below_the_parts_folder(tmp_path):
    base = tmp_path / "patient99_" / "images"
    for part, people in (("train", range(6)), ("test", range(6, 9))):
        for p in people:
            for label, v in of_person(p):
                path = base / part / label / f"p{p}" / f"{v}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(np.full((2, 2), v, np.uint8)).save(path)
    source = Source("images", {"path": base})
    pool = data.load_pool(source, group=r"^(?:no|yes)/(p\d+)/")
    assert pool.grouping.names == tuple(f"p{p}" for p in range(9))
    with pytest.raises(DataError, match=r"finds no group in no/p0/0\.png"):
        data.load_pool(source, group="patient|train")


def test_an_empty_group_is_told_with_its_line(tmp_path):
    path = write(tmp_path / "t.csv", "v,patient,y\n1,a,no\n2,,yes\n")
    with pytest.raises(DataError, match=r"t\.csv:3: 'patient' is empty, but names the group"):
        data.load(Source("csv", {"path": path, "target": "y"}), group="patient")


def test_a_sequence_of_two_groups_is_told(tmp_path):
    path = write(tmp_path / "s.csv", "id,v,patient,y\na,1,p,no\na,2,q,no\nb,1,p,yes\n")
    source = Source("sequences", {"path": path, "id": "id", "target": "y"})
    with pytest.raises(DataError, match=r"s\.csv:3: sequence 'a' has the patient q here, but p"):
        data.load(source, group="patient")


def test_a_group_among_the_features_is_told(tmp_path):
    source = csv(tmp_path)
    asked = Source("csv", {**source.options, "features": ["v", "patient"]})
    with pytest.raises(DataError, match="'patient' cannot be a feature: it is the target, group"):
        data.load(asked, group="patient")


def test_a_person_in_the_users_own_test_file_too_is_an_error_of_train_alone(tmp_path):
    source = csv(tmp_path / "train", range(8))
    test = csv(tmp_path / "test", range(6, 10)).options["path"]
    both = Source("csv", {**source.options, "test": test})
    with pytest.raises(DataError) as caught:
        data.load(both, group="patient")
    assert caught.value.message.endswith(
        "2 of 10 groups (by column 'patient') are in more than one part, such as 'p6' "
        "(examples: 4 in train, 4 in test)"
    )
    assert caught.value.exit_code == 2
    pool = data.load_pool(both, group="patient")
    parts = pool.parts(0, 0.2, resample=True)
    assert len(parts.test) == len(pool.official.test)
    data.load(both)  # without groups nothing is torn


def test_a_group_that_is_the_class_cannot_be_split(tmp_path):
    with pytest.raises(DataError, match="cannot be split by its 2 groups") as caught:
        data.load(csv(tmp_path), group="y")
    assert "leave data.group out" in caught.value.remedy


@pytest.mark.parametrize("names", [["p_train", "p_test"], ["p"]])
def test_npz_names_its_groups_by_number_or_text(tmp_path, names):
    y = np.array([0, 1] * 6)
    groups = np.array([f"g{i // 2}" for i in range(16)])
    kept = {"p_train": groups[:12], "p_test": groups[12:], "p": groups}
    path = tmp_path / "a.npz"
    x = np.zeros((16, 1))
    np.savez(
        path,
        x_train=x[:12], y_train=y, x_test=x[12:], y_test=y[:4],
        **{name: kept[name] for name in names},
    )  # fmt: skip
    pool = data.load_pool(Source("npz", {"path": path}), group="p")
    assert [pool.grouping.names[n] for n in pool.groups] == groups.tolist()
    with pytest.raises(DataError, match="is not a key dlcli knows"):
        data.load_pool(Source("npz", {"path": path}))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"p_train": np.zeros(3, int)}, r"p_train is int64\[3\], but must be a whole number"),
        ({"p_train": np.zeros((4, 1))}, r"p_train is float64\[4, 1\]"),
        ({"p_train": np.zeros(4)}, r"p_train is float64\[4\]"),
        ({"p": np.zeros(4, int), "p_train": np.zeros(4, int)}, "more than one way"),
        ({"p_train": np.zeros(4, int), "p_test": np.zeros(4, int)}, "'p_test'"),
        ({}, "has no array 'p_train' and none 'p'"),
    ],
)
def test_groups_of_an_npz_that_do_not_fit_are_told(tmp_path, groups, message):
    path = tmp_path / "a.npz"
    np.savez(path, x_train=np.zeros((4, 1)), y_train=np.array([0, 1, 0, 1]), **groups)
    with pytest.raises(DataError, match=message):
        data.load_pool(Source("npz", {"path": path}), group="p")


def test_x_and_y_are_no_groups(tmp_path):
    with pytest.raises(DataError, match="'y'"):
        data.load_pool(arrays(tmp_path), group="y")
