"""Examples with their weights, parts and groups become a data set."""

from __future__ import annotations

import numpy as np

from dlcli import data
from dlcli.data.description import INPUT, Source
from tests.data.own.tables import load, write


def test_weights_count_in_the_loss_and_are_no_feature(people):
    found = load(people, ignore=["date", "name"], weights="w")
    assert found.description.inputs[INPUT].shape == (1,)
    expected = 1 + found.train.x[INPUT][:, 0] % 3
    np.testing.assert_allclose(found.train.weights, expected)


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
