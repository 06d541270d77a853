"""The test score without each block of examples."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.compare.plan.blocks import BLOCKS, block_of
from dlcli.compare.plan.records import Trial
from tests.compare.trained import done

pytestmark = pytest.mark.slow


def test_the_score_without_each_block_is_that_of_the_other_examples(opened):
    workshop, _ = opened()
    trial = Trial(1, 0.03, 5)
    result = done(workshop, trial)
    again = workshop.training(trial)
    again.begin()
    again.advance(result.best_epoch)
    network = again._network
    test = network.draw.parts.test
    outputs = network.evaluate(test).outputs[0]
    right = outputs.argmax(axis=1) == network.draw.examples.y[test]
    blocks = block_of(test)
    wanted = [right[blocks != number].mean() for number in range(BLOCKS)]
    np.testing.assert_allclose(result.blocks, wanted)
