"""When a trial reached the target, in the metric's own units."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dlcli.compare.plan.records import Result
from dlcli.compare.results.frames import epochs_to_target


def trained(*values, name="val_accuracy"):
    return Result("ok", tuple({"epoch": i, name: v} for i, v in enumerate(values, start=1)))


def scored_by(metric, sign):
    return SimpleNamespace(score=SimpleNamespace(metric=metric, sign=sign))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.1, 0.6, 0.5, 0.9], 2),
        ([0.6, 0.1], 1),
        ([0.1, None, 0.7], 3),
        ([0.1, 0.59], None),
        ([None], None),
        ([], None),
    ],
)
def test_the_first_epoch_at_the_target_counts(values, expected):
    assert epochs_to_target(scored_by("accuracy", 1), trained(*values), 0.6) == expected


def test_an_error_reaches_its_target_from_above():
    plan, result = scored_by("mae", -1), trained(3.0, 2.0, 1.9, 2.1, name="val_mae")
    assert epochs_to_target(plan, result, 2.0) == 2
    assert epochs_to_target(plan, result, 1.0) is None
    assert epochs_to_target(plan, result, None) is None
