"""`dlcli predict` says what a saved run makes of new examples."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.helpers import dlcli

pytestmark = pytest.mark.slow


def test_predict_without_a_run_takes_the_newest(workplace):
    folder, _ = workplace
    (folder / "none.csv").write_text("a,b\n1,2\n")
    done = dlcli("predict", "none.csv", cwd=folder)
    assert done.returncode == 2
    assert done.stderr.startswith("run: runs/small-")


def test_predict_takes_csv_and_npz_and_gives_csv_and_json(workplace):
    folder, result = workplace
    (folder / "new.csv").write_text("a,b,c,d\n5.1,3.5,1.4,0.2\n6.7,3.0,5.2,2.3\n")
    done = dlcli("predict", result["run"], "new.csv", cwd=folder)
    lines = done.stdout.splitlines()
    assert lines[0] == "class,p(setosa),p(versicolor),p(virginica)"
    assert len(lines) == 3
    np.savez(folder / "new.npz", x=[[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]])
    made = json.loads(dlcli("predict", result["run"], "new.npz", "--json", cwd=folder).stdout)
    assert [row["class"] for row in made["predictions"]] == [
        line.split(",")[0] for line in lines[1:]
    ]


def test_predict_prints_short_numbers_unless_more_digits_are_wanted(workplace):
    folder, result = workplace
    (folder / "new.csv").write_text("a,b,c,d\n5.1,3.5,1.4,0.2\n")
    for digits in (4, 9):
        options = () if digits == 4 else ("--digits", "9")
        done = dlcli("predict", result["run"], "new.csv", *options, cwd=folder)
        _, *numbers = done.stdout.splitlines()[1].split(",")
        assert [len(number.partition(".")[2]) for number in numbers] == [digits] * 3
        assert sum(map(float, numbers)) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,2,3\n", "new.csv:1: 3 values, but an example has 4"),
        ("1,2,3,4\n1,2,x,4\n", "new.csv:2: column 3 is 'x'"),
        ("", "holds no examples"),
        ("a,b,c,d\n", "holds no examples"),
    ],
)
def test_predict_names_the_row_that_does_not_fit(workplace, content, message):
    folder, result = workplace
    (folder / "new.csv").write_text(content)
    done = dlcli("predict", result["run"], "new.csv", cwd=folder)
    assert done.returncode == 2
    assert message in done.stderr
