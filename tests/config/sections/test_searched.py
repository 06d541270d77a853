"""What a comparison searches is there, has values that suit it, and is the right way up."""

from __future__ import annotations

import pytest

from dlcli.config.conversion.loading import parse_config
from dlcli.config.conversion.rendering import to_yaml
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from tests.config.sections.searching import CONFIG, parsed


def test_a_layer_is_found_again_in_the_resolved_config():
    config = parsed('{"model.layers[3].Dropout.rate": [0.2, 0.4]}')
    (path,) = config.compare.search
    assert path == "model.layers[5].Dropout.rate"  # the block and the repetition are two each
    assert config.model.layers[5].call.arguments == {"rate": 0.3}
    again = parse_config(Text("cfg.yaml", to_yaml(config)))
    assert again == config


@pytest.mark.parametrize(
    ("search", "rule", "message"),
    [
        ("{a: {low: 2, high: 1}}", "bad-range", "upside down: low is 2, high is 1"),
        ("{a: {low: 0, high: 1, scale: log}}", "bad-range", "begins above 0, not at 0"),
        ("{a: {low: 1}}", "bad-range", "a range needs low and high"),
        ("{a: {choices: [1], low: 0, high: 1}}", "bad-range", "exclude each other"),
        ("{a: [1, 2, 1]}", "bad-range", "1 is listed twice"),
        ("{a: []}", "too-few", "the list is empty"),
        ("{a: 3}", "wrong-type", "a list of values or a range"),
        ("{a: {low: 1, high: 2, scale: ln}}", "unknown-choice", "scale"),
        ("{data.batch_siz: [8]}", "unknown-path", "only what candidates may change is"),
        ("{data.validation: [0.1]}", "unknown-path", "only what candidates may change is"),
        ("{fit.shufle: [true, false]}", "unknown-key", "did you mean 'shuffle'?"),
        ("{fit.epochs: [3, 4]}", "unknown-path", "the best validation epoch is scored anyway"),
        ('{"model.layers[3].Dropuot.rate": [0.1]}', "unknown-path", "did you mean 'Dropout'?"),
        ('{"model.layers[3].Dropout.rates": [0.1]}', "unknown-argument", "did you mean 'rate'?"),
        ('{"model.layers[3].Dropout.rate": [high]}', "wrong-type", ""),
        ("{data.batch_size: {low: 0, high: 8}}", "out-of-range", "0 is not"),
        ('{"model.layers[2].Dense.units": [8]}', "unknown-path", "several layers"),
        ('{"model.layers[9].Dense.units": [8]}', "bad-override", "past the end"),
    ],
    ids=str,
)
def test_a_mistake_is_reported_at_the_searchs_line(search, rule, message):
    with pytest.raises(ConfigError) as caught:
        parsed(search)
    found = caught.value.diagnostics[0]
    assert (found.rule, found.mark.line) == (rule, 14)
    assert message in f"{found.path} {found.message} {found.hint}"


def test_a_batch_size_is_not_searched_beside_a_schedule_of_its_steps():
    with pytest.raises(ConfigError) as caught:
        parsed(
            "{data.batch_size: [8]}", CONFIG.replace("decay_steps: 9", "decay_steps: $total_steps")
        )
    assert "cannot be searched beside $total_steps" in caught.value.diagnostics[0].message


def test_a_candidate_may_search_for_itself_alone():
    search = '{"model.layers[3].Dropout.rate": [0.1, 0.2]}'
    text = f"{CONFIG}compare:\n  candidates:\n    - {{label: a, search: {search}}}\n"
    config = parse_config(Text("cfg.yaml", text))
    (entry,) = config.compare.candidates
    assert list(entry.search) == ["model.layers[5].Dropout.rate"]
