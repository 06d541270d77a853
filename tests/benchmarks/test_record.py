"""The record's page says what the tables say, and its command names every optimizer."""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dlcli.config.conversion.loading import load_config

RECORD = Path(__file__).parents[2] / "benchmarks" / "record"


def loaded(name: str) -> Any:
    """Import a script of the record under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"record_{name}", RECORD / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


page, run = loaded("page"), loaded("run")


def scores(**by_problem: dict[str, list[float]]) -> pd.DataFrame:
    """Return the scores of candidates on problems, a row a replication."""
    return pd.DataFrame(
        [
            {"problem": problem, "candidate": name, "replication": i, "score": value}
            for problem, candidates in by_problem.items()
            for name, values in candidates.items()
            for i, value in enumerate(values, start=1)
        ]
    )


def comparison(folder: Path) -> Path:
    """Write the tables of a comparison of two candidates on two problems."""
    folder.mkdir()
    scores(
        first={"Adam": [0.9, 0.8], "SGD": [0.5, 0.6]},
        second={"Adam": [0.7, 0.7], "SGD": [0.9, 0.95]},
    ).to_csv(folder / "scores.csv")
    rows = [
        ("first", "Adam", "best", 1.5, 0.01), ("first", "SGD", "worse", 0.5, 0.2),
        ("second", "Adam", "open", 2.5, 0.03), ("second", "SGD", "best", 0.7, 0.4),
    ]  # fmt: skip
    names = ["problem", "candidate", "verdict", "width_decades", "default_regret"]
    summary = pd.DataFrame(rows, columns=names).assign(diverged=1, stuck=0)
    summary.to_csv(folder / "summary.csv")
    trials = pd.DataFrame(
        {"problem": ["first", "first"], "candidate": ["SGD", "Adam"], "learning_rate": 0.1,
         "replication": 1, "chosen": True, "seed": 0, "status": "ok", "epochs": 2, "steps": 100,
         "seconds": [1.0, 1.5], "best_epoch": 2, "message": "", "val_accuracy": 0.123456789,
         "test_accuracy": 0.5, "val_accuracy_last": 0.1}
    )  # fmt: skip
    trials.to_csv(folder / "trials.csv")
    told = {"packages": {"dlcli": "1", "keras": "2", "tensorflow": "3"}}
    (folder / "environment.json").write_text(json.dumps(told))
    return folder


@pytest.fixture
def written(tmp_path: Path) -> str:
    path = tmp_path / "record.md"
    folder, packed = comparison(tmp_path / "c"), tmp_path / "t.csv.gz"
    page.write_page(folder, wanted=30, cost=True, page=path, packed=packed)
    return path.read_text("utf-8")


def test_the_page_says_that_it_is_no_whole_record_and_about_small_networks(written):
    assert "It compares 2\noptimizers on 2 small problems (first, second)" in written
    assert (
        "**This is not the whole record.** It has 2 of 30 optimizers, 2 of\n8 problems" in written
    )
    assert "and 2 of 10 replications" in written
    assert "about small networks" in written
    assert "These are 2 trials" in written


def test_the_page_shows_ranks_verdicts_sensitivity_and_cost(written):
    assert "| Adam | 1.5 [1.5, 1.5] | 0.850 | 0.700 |" in written
    assert "| first | Adam | - | - | SGD |" in written
    assert "| second | SGD | - | Adam | - |" in written
    assert "| Adam | 2.0 | 0.020 | 2 / 0 |" in written
    assert written.index("| Adam | 2.0 |") < written.index("| SGD | 0.6 |")
    assert "| Adam | 1.50 |" in written


def test_the_cost_is_told_only_where_it_was_asked_for(tmp_path):
    path = tmp_path / "record.md"
    folder, packed = comparison(tmp_path / "c"), tmp_path / "t.gz"
    page.write_page(folder, wanted=2, cost=False, page=path, packed=packed)
    assert "Cost of a step" not in path.read_text("utf-8")


def test_all_trials_are_packed_without_their_times_and_the_same_each_time(tmp_path):
    folder = comparison(tmp_path / "c")
    for name in ("one.gz", "two.gz"):
        page.pack(pd.read_csv(folder / "trials.csv"), tmp_path / name)
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()
    with gzip.open(tmp_path / "one.gz", "rt") as stream:
        table = pd.read_csv(stream)
    assert list(table["val_accuracy"]) == [0.123457, 0.123457]
    assert not {"seconds", "val_accuracy_last", "key"} & set(table)


def test_a_rank_s_interval_covers_what_the_replications_leave_open():
    rng = np.random.default_rng(1)
    table = scores(only={"A": list(rng.normal(0, 1, 20)), "B": list(rng.normal(0.1, 1, 20))})
    text = page.rank_table(table)
    assert "[1.0, 2.0]" in text


def test_every_optimizer_that_can_be_compared_is_in_the_record():
    named = run.optimizers()
    assert {"SGD(momentum=0.9)", "AdamW", "ScheduleFreeAdamW", "Prodigy", "SOAP"} <= set(named)
    assert not {"LossScaleOptimizer", "Optimizer", "MultiOptimizer", "Sophia"} & set(named)
    assert len(named) == len(set(named)) > 28


def test_the_command_adds_a_plugin_s_optimizer_to_all_others(tmp_path):
    given = argparse.Namespace(
        only=None, optimizers=None, add=["Mine"], plugin=["my.py"], seeds=10, jobs=None,
        root=tmp_path,
    )  # fmt: skip
    words = run.command(given)
    assert words[words.index("--optimizers") + 1].endswith(",Mine")
    assert words[words.index("--plugin") + 1] == "my.py"
    assert sum(word.endswith(".yaml") for word in words) == 8


@pytest.mark.parametrize("path", run.problems(None), ids=lambda path: path.stem)
def test_every_problem_of_the_record_is_a_valid_config_of_data_that_are_offline(path):
    config = load_config(str(path))
    assert config.data.validation > 0
    assert config.data.source.name in {
        "digits", "mnist_5k", "japanese_vowels", "languages", "breast_cancer"
    }  # fmt: skip
