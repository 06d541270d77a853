"""A replication's data: a split of its own, which all candidates share."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.compare.plan.records import Trial
from dlcli.compare.reading import plan_comparison, read_problems
from dlcli.compare.worker import Workshop
from dlcli.config.conversion.loading import load_config
from dlcli.data import load
from tests.compare.trained import CONFIG, done, numbers

pytestmark = pytest.mark.slow


def test_a_trial_of_a_plain_grid_sees_the_split_of_train_and_no_test_part(opened):
    workshop, path = opened()
    path.write_text(path.read_text().replace("seeds: 2", "seeds: 0, search_seeds: 2"))
    grid = Workshop(plan_comparison(*read_problems([str(path)], ())))
    result = done(grid, Trial(0, 0.03, 3))
    assert not any(name.startswith("test") for name in {*result.best, *result.last})
    assert not result.blocks
    config = load_config(str(path))
    own = load(config.data.source, validation=0.2, seed=3).validation
    assert np.array_equal(own.y, part(grid, "validation"))
    done(grid, Trial(0, 0.03, 4))
    assert np.array_equal(own.y, part(grid, "validation"))
    assert numbers(done(workshop, Trial(0, 0.03, 3)))[0] != numbers(result)[0]


def part(workshop, name):
    """Return the targets of a part of the data in use."""
    draw = workshop._networks[-1].draw
    return draw.examples.y[getattr(draw.parts, name)]


def test_each_replication_has_a_split_of_its_own_and_all_candidates_share_it(opened):
    workshop, _ = opened()
    splits = {}
    for candidate in (0, 1):
        for seed in (3, 4):
            done(workshop, Trial(candidate, 0.01, seed))
            splits[candidate, seed] = workshop._networks[-1].draw.parts
    for name in ("train", "validation", "test"):
        first, other = (getattr(splits[0, seed], name) for seed in (3, 4))
        np.testing.assert_array_equal(first, getattr(splits[1, 3], name))
        assert len(first) == len(other)
        assert not np.array_equal(first, other)


def test_shares_of_the_data_keep_the_split_and_lie_within_each_other(opened, tmp_path):
    shares = ", ".join(f"{{label: f{f}, set: {{data.fraction: {f}}}}}" for f in (1, 0.6, 0.2))
    whole, path = opened()
    path = tmp_path / "shares.yaml"
    path.write_text(
        CONFIG.format(fit="", compare="", dataset="iris").replace(
            "optimizers: [SGD, Adam]", f"candidates: [{shares}]"
        )
    )
    workshop = Workshop(plan_comparison(*read_problems([str(path)], ())))
    seed = workshop.plan.seeds[0]
    parts, results = [], []
    for index in range(3):
        results.append(done(workshop, Trial(index, 0.01, seed)))
        parts.append(workshop._used.draw.parts)
    trained = [set(part.train.tolist()) for part in parts]
    assert trained[2] < trained[1] < trained[0]
    assert [len(part) for part in trained] == [96, 58, 19]
    for part in parts:
        assert part.validation.tolist() == parts[0].validation.tolist()
        assert part.test.tolist() == parts[0].test.tolist()
    assert [result.steps for result in results] == [5 * 6, 5 * 4, 5 * 2]
    adam = 1  # the optimizer of a config that names none
    assert numbers(results[0]) == numbers(done(whole, Trial(adam, 0.01, seed)))
