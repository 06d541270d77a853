"""A description survives JSON, and a damaged one is refused."""

from __future__ import annotations

import json

import pytest

from dlcli.data.description import DataDescription, TensorSpec

WHOLE = DataDescription(
    "own", "binary", {"input": TensorSpec((None, 3), "float32")}, ("no", "yes"), train_size=9
)


def test_a_description_survives_json():
    assert DataDescription.from_dict(json.loads(json.dumps(WHOLE.to_dict()))) == WHOLE


@pytest.mark.parametrize(
    "changed",
    [
        {"inputs": {}},
        {"inputs": []},
        {"inputs": {"input": {"shape": ["3"], "dtype": "float32"}}},
        {"inputs": {"input": {"shape": 3, "dtype": "float32"}}},
        {"classes": ["no", ["yes"]]},
        {"classes": None},
        {"task": "guessing"},
        {"task": []},
        {"train_size": "9"},
        {"target_shape": [0.5]},
        {"name": None},
        {"more": 1},
    ],
)
def test_a_damaged_one_is_refused(changed):
    with pytest.raises((AttributeError, KeyError, TypeError, ValueError)):
        DataDescription.from_dict(WHOLE.to_dict() | changed)
