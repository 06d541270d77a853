"""What is searched is a list, choices or a range."""

from __future__ import annotations

import pytest

from dlcli.config.conversion.loading import parse_config
from dlcli.config.conversion.rendering import to_yaml
from dlcli.config.sections.space import Space
from dlcli.config.yaml.nodes import Text
from tests.config.sections.searching import parsed


@pytest.mark.parametrize(
    ("written", "space"),
    [
        ("[1e-3, 0.1]", Space(choices=(1e-3, 0.1))),
        ("{choices: [0.1]}", Space(choices=(0.1,))),
        ("{low: 1e-5, high: 0.1, scale: log}", Space(low=1e-5, high=0.1, scale="log")),
        ("{low: 0, high: 0.1}", Space(low=0, high=0.1)),
    ],
)
def test_a_space_is_a_list_choices_or_a_range(written, space):
    config = parsed(f"{{weight_decay: {written}}}")
    assert config.compare.search == {"weight_decay": space}
    assert parse_config(Text("cfg.yaml", to_yaml(config))) == config
