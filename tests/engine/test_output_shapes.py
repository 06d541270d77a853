"""A model's outputs must be able to hold what is to be predicted."""

from __future__ import annotations

import pytest

from dlcli.config.yaml.diagnostics import ConfigError
from tests.engine.made import build

pytestmark = pytest.mark.slow


def test_a_forecast_has_an_output_for_every_step():
    yaml = """
        data: {dataset: {sunspots: {window: 20, horizon: 3}}}
        model: {layers: [Flatten, {Dense: {units: 3}}]}
    """
    assert build(yaml).output_shape == (None, 3)
    with pytest.raises(ConfigError, match="output is 1, but this forecasting task needs 3"):
        build(yaml.replace("units: 3", "units: 1"))


@pytest.mark.parametrize(
    ("layers", "message", "hint"),
    [
        ("[Flatten, {Dense: {units: 9, activation: softmax}}]", "output is 9, but", "classes"),
        ("[Flatten, {Dense: {units: 11, activation: softmax}}]", "output is 11, but", "classes"),
        ("[{Dense: {units: 10, activation: softmax}}]", "output is 8 x 8 x 10, but", "Flatten"),
    ],
)
def test_an_output_that_cannot_hold_the_prediction_is_refused(layers, message, hint):
    with pytest.raises(ConfigError, match=message) as caught:
        build(f"data: {{dataset: digits}}\nmodel: {{layers: {layers}}}\n")
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.rule, diagnostic.mark.line) == ("output-shape", 2)
    assert hint in diagnostic.hint
