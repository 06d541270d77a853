"""Files and folders that several tests read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dlcli.data.description import Source
from tests.data.own.pictures import grey, save
from tests.data.own.tables import write


@pytest.fixture
def folder(tmp_path):
    for i in range(10):
        save(tmp_path / "im" / "dark" / f"{i}.png", grey(i))
        save(tmp_path / "im" / "light" / f"{i}.png", grey(255 - i))
    return tmp_path / "im"


@pytest.fixture
def people(tmp_path):
    rows = [
        f"{i},2024-01-{i % 28 + 1:02d},name{i},{1 + i % 3},{'ill' if i % 9 == 0 else 'well'}"
        for i in range(90)
    ]
    return write(tmp_path / "t.csv", "a,date,name,w,y", rows)


@pytest.fixture
def buyers(tmp_path):
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


@pytest.fixture
def rare(tmp_path):
    """A table in which most codes of `zip` and most words of `town` occur once."""
    rows = [f"{i},{'' if i % 29 == 3 else i % 7},{10 + i % 3},big,{'ab'[i % 2]}" for i in range(60)]
    rows += [f"{i},1,{100 + i},village {i},{'ab'[i % 2]}" for i in range(60, 80)]
    (tmp_path / "rare.csv").write_text("row,gap,zip,town,y\n" + "\n".join(rows) + "\n")
    options = {"path": str(tmp_path / "rare.csv"), "target": "y", "categories": ["zip"]}
    frame = pd.read_csv(tmp_path / "rare.csv", dtype=str, keep_default_na=False)
    return Source("csv", options), frame
