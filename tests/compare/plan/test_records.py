"""A kept result is read back, or is none."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from dlcli.compare.plan.records import Result, Trial, read_result

ROWS = (
    {"epoch": 1, "train_loss": 2.0, "val_loss": 1.5, "seconds": 0.1},
    {"epoch": 2, "train_loss": 1.0, "val_loss": 1.2, "seconds": 0.1},
)
WHOLE = Result(
    "ok", ROWS, steps=20, seconds=0.2, best_epoch=2, best={"val_loss": 1.2, "test_loss": None},
    last={"val_loss": 1.2}, blocks=(0.5, 0.25), parameters=7,
)  # fmt: skip


def kept(**changed):
    """Return a result's fields as its file has them, some of them changed."""
    fields = {name: value for name, value in asdict(WHOLE).items() if name != "history"}
    return {**fields, "blocks": list(WHOLE.blocks), **changed}


def test_a_result_comes_back_as_it_was_kept():
    assert read_result(kept(), ROWS) == WHOLE
    assert read_result({"status": "failed", "message": "why"}, []) == Result(
        "failed", message="why"
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"status": "fine"}, "'fine' is no status"),
        ({"steps": "20"}, "a number is none"),
        ({"best": {"val_loss": "low"}}, "a number is none"),
        ({"blocks": [0.5, "x"]}, "a number is none"),
        ({"seconds": None}, "a number is none"),
    ],
)
def test_what_cannot_be_a_result_is_none(changed, message):
    with pytest.raises(ValueError, match=message):
        read_result(kept(**changed), ROWS)


def test_a_history_needs_its_columns():
    with pytest.raises(ValueError, match="the history lacks columns"):
        read_result(kept(), [{"epoch": 1, "train_loss": 2.0}])


def test_unknown_and_missing_fields_are_told():
    with pytest.raises(TypeError):
        read_result(kept(other=3), ROWS)
    with pytest.raises(TypeError):
        read_result({"steps": 3}, ROWS)


def test_the_training_loss_is_that_of_the_last_epoch():
    assert WHOLE.train_loss == 1.0
    assert Result("failed").train_loss is None


def test_a_trial_on_a_part_of_the_data_is_a_share():
    assert Trial(0, 0.1, 1, fraction=0.5).is_share
    assert not Trial(0, 0.1, 1).is_share
