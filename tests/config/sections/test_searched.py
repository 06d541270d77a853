"""What a comparison searches is there, has values that suit it, and is the right way up."""

from __future__ import annotations

import pytest

from dlcli.config.binding.binding import bind
from dlcli.config.conversion.applied import with_values
from dlcli.config.conversion.loading import parse_config
from dlcli.config.conversion.rendering import to_yaml
from dlcli.config.sections.space import Space
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.data import describe

CONFIG = """\
data: {dataset: digits, validation: 0.2}
blocks:
  pair: {layers: [{Dense: {units: 8}}, {Dropout: {rate: 0.1}}]}
model:
  layers:
    - Flatten
    - {use: pair}
    - {Dense: {units: 8}, repeat: 2}
    - {Dropout: {rate: 0.3}}
    - {Dense: {units: $classes, activation: softmax}}
compile: {optimizer: {SGD: {learning_rate: {CosineDecay: {
  initial_learning_rate: 0.1, decay_steps: 9}}}}}
"""


def parsed(search, text=CONFIG):
    return parse_config(Text("cfg.yaml", f"{text}compare:\n  search: {search}\n"))


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


def test_a_layer_is_found_again_in_the_resolved_config():
    config = parsed('{"model.layers[3].Dropout.rate": [0.2, 0.4]}')
    (path,) = config.compare.search
    assert path == "model.layers[5].Dropout.rate"  # the block and the repetition are two each
    assert config.model.layers[5].call.arguments == {"rate": 0.3}
    again = parse_config(Text("cfg.yaml", to_yaml(config)))
    assert again == config


def test_values_are_put_where_they_belong():
    config = parsed('{"model.layers[3].Dropout.rate": [0.2], data.batch_size: [8, 16]}')
    bound = bind(config, describe(config.data.source))
    made = with_values(bound, [("model.layers[5].Dropout.rate", 0.2), ("data.batch_size", 8)])
    assert made.model.layers[5].call.arguments == {"rate": 0.2}
    assert made.data.batch_size == 8
    assert made.compile == bound.compile
    assert made.model.layers[:5] == bound.model.layers[:5]


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
