"""Which networks are compiled with XLA as long as nothing has been measured."""

from __future__ import annotations

import pytest

from dlcli.compare.plan.xla import by_rule, is_open, network_key
from dlcli.config.conversion.loading import parse_config
from dlcli.config.yaml.nodes import Text

LSTM = "LSTM: {units: 4}"


def config(*layers, fit="", data="{dataset: iris}"):
    lines = "\n".join(f"    - {{{line}}}" for line in [*layers, "Dense: {units: 3}"])
    text = f"data: {data}\nmodel:\n  layers:\n{lines}\nfit: {{{fit}}}\n"
    return parse_config(Text("cfg.yaml", text))


@pytest.mark.parametrize(
    ("layers", "ruled", "undecided"),
    [
        ((LSTM,), True, True),
        (("Bidirectional: {layer: {GRU: {units: 4}}}",), True, True),
        (("LSTM: {units: 4, dropout: 0.2}",), False, False),
        (("LSTM: {units: 4, dropout: 0.0}",), True, True),
        (("Bidirectional: {layer: {LSTM: {units: 4, recurrent_dropout: 0.2}}}",), False, False),
        ((LSTM, "Dropout: {rate: 0.5}"), False, False),
        ((LSTM, "GaussianNoise: {stddev: 0.5}"), False, False),
        (("RandomFlip: {}", LSTM), False, False),
        (("Conv1D: {filters: 2, kernel_size: 2}", LSTM), False, True),
        (("Dense: {units: 4, kernel_initializer: RandomNormal}",), False, True),
        (("LSTM: {units: 4, kernel_initializer: RandomNormal}",), True, True),
        (("Flatten: {}",), False, True),
    ],
)
def test_recurrent_networks_without_chance_are_compiled(layers, ruled, undecided):
    made = config(*layers)
    assert by_rule(made) == ruled
    assert is_open(made) == undecided


@pytest.mark.parametrize("jit", [True, False])
def test_what_the_config_says_counts(jit):
    made = config("Flatten: {}", fit=f"jit: {str(jit).lower()}")
    assert by_rule(made) is jit
    assert not is_open(made)


def test_what_decides_the_speed_decides_the_key():
    def key(made, versions="1", processor="p"):
        return network_key(made, {"keras": versions}, processor)

    same = key(config(LSTM))
    assert key(config(LSTM, fit="epochs: 7")) == same
    others = [
        key(config(LSTM.replace("4", "5"))),
        key(config(LSTM, data="{dataset: iris, batch_size: 8}")),
        key(config(LSTM, fit="mixed_precision: true")),
        key(config(LSTM), versions="2"),
        key(config(LSTM), processor="q"),
    ]
    assert len({same, *others}) == len(others) + 1
