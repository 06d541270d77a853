"""A candidate is the config with what it changes, checked like a config of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlcli.config.binding.binding import bind
from dlcli.config.conversion.loading import parse_config
from dlcli.config.conversion.rendering import to_yaml
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.data import describe

CONFIG = """\
data: {dataset: digits, validation: 0.2}
model:
  layers:
    - Flatten
    - {Dense: {units: 32, activation: relu}}
    - {Dropout: {rate: 0.1}, id: drop}
    - {Dense: {units: $classes, activation: softmax}}
compile: {optimizer: {Adam: {weight_decay: 0.1}}, metrics: [accuracy, f1]}
fit: {epochs: 5, class_weight: balanced}
"""
COMPARE = "compare:\n  candidates:\n"


def parsed(text):
    return parse_config(Text("cfg.yaml", text))


def with_candidates(*items):
    return CONFIG + COMPARE + "".join(f"    - {item}\n" for item in items)


def variant(item):
    """Return the config that a candidate is."""
    config = parsed(with_candidates(item))
    return config.varied(config.compare.candidates[0])


@pytest.mark.parametrize(
    ("item", "old", "new"),
    [
        ("{label: a}", "", ""),
        ('{label: a, set: {"model.layers[2].Dropout.rate": 0.5}}', "rate: 0.1", "rate: 0.5"),
        ("{label: a, set: {model.layers.2.Dropout.rate: 0.5}}", "rate: 0.1", "rate: 0.5"),
        ('{label: a, set: {"model.layers[0]": GlobalMaxPooling2D}}', "Flatten",
         "GlobalMaxPooling2D"),
        ("{label: a, set: {data.batch_size: 8}}", "0.2}", "0.2, batch_size: 8}"),
        ("{label: a, data: {batch_size: 8}}", "0.2}", "0.2, batch_size: 8}"),
        ("{label: a, set: {data.fraction: 0.3}}", "0.2}", "0.2, fraction: 0.3}"),
        ("{label: a, fit: {epochs: 9}}", "{epochs: 5, class_weight: balanced}", "{epochs: 9}"),
        ("{label: a, compile: {optimizer: Lion}}", "{Adam: {weight_decay: 0.1}}", "Lion"),
        ("{label: a, set: {compile.optimizer.Adam.epsilon: 0.1}}", "decay: 0.1",
         "decay: 0.1, epsilon: 0.1"),
        ("{label: a, fit: {epochs: 9}, set: {fit.shuffle: false}}",
         "{epochs: 5, class_weight: balanced}", "{epochs: 9, shuffle: false}"),
        ("{label: a, model: {layers: [Flatten, {Dense: {units: 10}}]}}",
         CONFIG[CONFIG.index("  layers:") : CONFIG.index("compile:")],
         "  layers: [Flatten, {Dense: {units: 10}}]\n"),
    ],
    ids=str,
)  # fmt: skip
def test_a_candidate_is_the_config_with_what_it_changes(item, old, new):
    assert old in CONFIG
    assert variant(item) == parsed(CONFIG.replace(old, new) if old else CONFIG)


def test_a_resolved_config_has_sections_instead_of_paths_and_reads_back():
    config = parsed(with_candidates("{label: a, set: {fit.epochs: 9}}", "{label: b}"))
    text = to_yaml(config)
    assert "\n    set:" not in text
    assert parsed(text) == config


def test_a_candidate_is_bound_by_itself():
    config = parsed(
        with_candidates(
            "{label: logits, model: {layers: [Flatten, {Dense: {units: $classes}}]}}",
            "{label: b, data: {batch_size: 8}}",
        )
    )
    bound = bind(config, describe(config.data.source))
    logits, other = (bound.varied(each) for each in bound.compare.candidates)
    assert logits.compile.loss.arguments == {"from_logits": True}
    assert logits.model.layers[-1].call.arguments["units"] == 10
    assert bound.compile.loss.arguments == {}
    assert other.compile == bound.compile
    assert other.data == replace(bound.data, batch_size=8)


@pytest.mark.parametrize(
    ("item", "rule", "message"),
    [
        ("{label: a, set: {fit.epoch: 3}}", "unknown-key", "did you mean 'epochs'?"),
        ("{label: a, set: {dat.batch_size: 3}}", "unknown-key", "did you mean 'data'?"),
        ('{label: a, set: {"model.layers[2].Dropuot.rate": 0.5}}', "unknown-path",
         "model.layers[2] is Dropout, not 'Dropuot'; did you mean 'Dropout'?"),
        ('{label: a, set: {"model.layers[9].Dropout.rate": 0.5}}', "bad-override",
         "[9] is past the end; the list has 4 items"),
        ('{label: a, set: {"model.layers[2].Dropout.rates": 0.5}}', "unknown-argument",
         "did you mean 'rate'?"),
        ('{label: a, set: {"model.layers[2].Dropout.rate": high}}', "wrong-type", ""),
        ("{label: a, set: {compile.optimizer.SGD.momentum: 0.9}}", "unknown-path",
         "compile.optimizer is Adam, not 'SGD'"),
        ("{label: a, set: {compile.optimizer.Adam.momentum: 0.9}}", "unknown-argument",
         "'momentum' is not an argument of Adam"),
        ("{label: a, set: {data.validation: 0.3}}", "other-problem", "change data.validation"),
        ("{label: a, set: {data.dataset: iris}}", "other-problem", "cannot change data.dataset"),
        ("{label: a, set: {seed: 4}}", "other-problem", "cannot change seed"),
        ("{label: a, set: {compile.metrics: mse}}", "other-problem", "compile.metrics"),
        ("{label: a, compile: {metrics: [f1]}}", "other-problem", "all are scored alike"),
        ("{label: a, data: {dataset: iris}}", "unknown-key",
         "known here: fraction, batch_size, bucketing"),
        ("{label: a, modle: {layers: [Flatten]}}", "unknown-key", "did you mean 'model'?"),
        ("{set: {fit.epochs: 3}}", "missing-key", "the key 'label' is missing"),
        ("{label: a, model: {layers: [Flaten]}}", "unknown-name", "did you mean 'Flatten'?"),
    ],
    ids=str,
)  # fmt: skip
def test_a_mistake_is_reported_at_the_candidates_line(item, rule, message):
    with pytest.raises(ConfigError) as caught:
        parsed(with_candidates("{label: first}", item))
    (found,) = caught.value.diagnostics
    assert (found.rule, found.mark.line) == (rule, 13)
    assert message in f"{found.message} {found.hint}"
    assert found.path.startswith("compare.candidates")


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (["{label: a}", "{label: a, fit: {epochs: 9}}"], "two candidates are called 'a'"),
        (["{label: a}", "{label: b, set: {fit.epochs: 5}}"], "'b' and 'a' are the same candidate"),
    ],
    ids=str,
)
def test_candidates_that_are_the_same_are_refused(items, message):
    with pytest.raises(ConfigError) as caught:
        parsed(with_candidates(*items))
    (found,) = caught.value.diagnostics
    assert (found.rule, found.message) == ("same-candidate", message)


def test_an_unquoted_path_in_braces_is_explained():
    with pytest.raises(ConfigError) as caught:
        parsed(with_candidates("{label: a, set: {model.layers[2].Dropout.rate: 0.5}}"))
    assert '"model.layers[0].Dense.units"' in caught.value.diagnostics[0].hint


def test_a_candidate_that_does_not_suit_the_data_is_named():
    text = with_candidates(
        "{label: odd, model: {layers: [Flatten, {Dense: {units: $vocabulary_size}}]}}"
    )
    config = parsed(text)
    with pytest.raises(ConfigError) as caught:
        bind(config, describe(config.data.source))
    assert caught.value.diagnostics[0].path.startswith("the candidate 'odd': ")


def test_steps_of_a_candidate_are_those_of_its_own_share_of_the_data():
    schedule = "{CosineDecay: {initial_learning_rate: 0.1, decay_steps: $total_steps}}"
    text = with_candidates("{label: whole}", "{label: part, set: {data.fraction: 0.25}}").replace(
        "{weight_decay: 0.1}", f"{{learning_rate: {schedule}}}"
    )
    config = parsed(text)
    bound = bind(config, describe(config.data.source), train_size=1000, sizes={0.25: 250})
    steps = [
        bound.varied(each).compile.optimizer.arguments["learning_rate"].arguments["decay_steps"]
        for each in bound.compare.candidates
    ]
    assert steps == [5 * 32, 5 * 8]
