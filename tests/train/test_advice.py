"""What pages call wrong leads to advice at the end, the most important first."""

from __future__ import annotations

import pytest

from dlcli.config.yaml.nodes import Text
from dlcli.train.session import start_from
from tests.helpers import Silent
from tests.rules.judged import OF_HISTORIES, whole


def trained(yaml, folder):
    session = start_from(Text("page.yaml", whole(yaml)), (), root=folder, out=None)
    with session as run:
        result = session.train(Silent())
    return run, [advice.rule for advice in result.advice]


@pytest.mark.slow
@pytest.mark.usefixtures("converted")
@pytest.mark.parametrize("rule", OF_HISTORIES, ids=lambda rule: rule.name)
def test_what_a_page_calls_wrong_trains_to_its_advice_and_what_it_calls_right_to_none(
    rule, tmp_path
):
    run, advice = trained(rule.wrong, tmp_path)
    assert rule.name in advice
    assert len(advice) <= 3
    written = run.read_json("advice.json")["advice"]
    assert [one["rule"] for one in written] == advice
    assert trained(rule.right, tmp_path)[1] == []


@pytest.mark.slow
@pytest.mark.usefixtures("converted")
def test_the_most_important_advice_comes_first_and_an_ignored_rule_says_nothing(tmp_path):
    (wrong,) = [rule.wrong for rule in OF_HISTORIES if rule.name == "dead-units"]
    assert trained(wrong, tmp_path)[1] == ["dead-units", "chance-level"]
    assert trained(f"{wrong}\nignore: dead-units", tmp_path)[1] == ["chance-level"]
