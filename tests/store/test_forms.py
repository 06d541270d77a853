"""What a run has saved of its data is read, or told to be damaged."""

from __future__ import annotations

import pytest

from dlcli.errors import UserError
from dlcli.store.forms import saved_scales
from tests.security.places import write_run


@pytest.mark.parametrize(
    "content", ["{}", '{"input": {"size": 1.0, "means": [], "deviations": []}}']
)
def test_the_scales_of_training_examples_are_read(tmp_path, content):
    run = write_run(tmp_path)
    assert saved_scales(run) == {}
    (run.path / "scales.json").write_text(content)
    assert all(scale.size == 1.0 for scale in saved_scales(run).values())


@pytest.mark.parametrize("content", ['{"input": 3}', '{"input": {"size": "x"}}', "[]", '{"a": {}}'])
def test_damaged_scales_are_told(tmp_path, content):
    run = write_run(tmp_path)
    (run.path / "scales.json").write_text(content)
    with pytest.raises(UserError, match=r"scales\.json is damaged"):
        saved_scales(run)
