"""Values are put at their paths in a resolved config."""

from __future__ import annotations

from dlcli.config.binding.binding import bind
from dlcli.config.conversion.applied import with_values
from dlcli.data import describe
from tests.config.sections.searching import parsed


def test_values_are_put_where_they_belong():
    config = parsed('{"model.layers[3].Dropout.rate": [0.2], data.batch_size: [8, 16]}')
    bound = bind(config, describe(config.data.source))
    made = with_values(bound, [("model.layers[5].Dropout.rate", 0.2), ("data.batch_size", 8)])
    assert made.model.layers[5].call.arguments == {"rate": 0.2}
    assert made.data.batch_size == 8
    assert made.compile == bound.compile
    assert made.model.layers[:5] == bound.model.layers[:5]
