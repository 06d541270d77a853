"""Batches by length hold every example once, cut to what its batch needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dlcli.config.binding.binding import bind
from dlcli.config.conversion.loading import parse_config
from dlcli.config.sections.experiment import Call
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.data.description import INPUT, DataDescription, Dataset, Split, TensorSpec
from dlcli.engine.bucketing import bucketed_order, cut_lengths, sequence_lengths
from dlcli.engine.feeding import batches, validation_batches
from dlcli.engine.fitting import FittedProgram, make_program
from dlcli.engine.program import Network
from tests.engine.draws import draw_of

COUNT, LONGEST = 230, 40
LAYERS = (
    "{Embedding: {input_dim: $vocabulary_size, output_dim: 4, mask_zero: true}}, "
    "{GRU: {units: 4}}, {Dense: {units: 1, activation: sigmoid}}"
)


def dataset():
    rng = np.random.default_rng(1)
    x = np.zeros((COUNT, LONGEST), np.int32)
    for i, length in enumerate(rng.integers(1, LONGEST + 1, COUNT)):
        x[i, :length] = rng.integers(1, 20, length)
        x[i, 0] = 20 + i  # tells the examples apart
    y = rng.integers(0, 2, COUNT).astype(np.int32)
    description = DataDescription(
        "own", "binary", {INPUT: TensorSpec((None,), "int32")}, ("a", "b"), vocabulary_size=300
    )
    train, rest = Split({INPUT: x[:200]}, y[:200]), Split({INPUT: x[200:]}, y[200:])
    return Dataset(description, train, rest, rest)


def config(data, **options):
    shown = ", ".join(f"{key}: {value}" for key, value in options.items())
    text = f"data: {{dataset: imdb, batch_size: 16, {shown}}}\nmodel: {{layers: [{LAYERS}]}}\n"
    return bind(parse_config(Text("c.yaml", text)), data.description, train_size=200)


def test_an_example_is_as_long_as_its_longest_input():
    x = {"a": np.array([[1, 0, 0], [1, 1, 0]]), "b": np.array([[1, 1, 1], [0, 0, 0]])}
    assert sequence_lengths(Split(x, np.zeros(2))).tolist() == [3, 2]


def test_batches_are_cut_to_few_lengths_that_hold_the_longest():
    lengths = np.random.default_rng(0).integers(1, 500, 1000)
    cuts = cut_lengths(lengths)
    assert len(cuts) == 8
    assert cuts[-1] == lengths.max()
    assert (np.diff(cuts) > 0).all()
    assert cut_lengths(np.full(10, 7)).tolist() == [7]


@pytest.mark.parametrize("size", [1, 15, 16, 1000, 5003])
def test_every_example_comes_once_an_epoch_and_the_order_is_seeds_and_epochs(size):
    lengths = np.random.default_rng(0).integers(1, 500, size)
    orders = [bucketed_order(lengths, 16, seed, epoch) for seed, epoch in ((1, 0), (1, 1), (2, 0))]
    for order in orders:
        assert sorted(order) == list(range(size))
    assert np.array_equal(orders[0], bucketed_order(lengths, 16, 1, 0))
    if size > 16:
        assert not np.array_equal(orders[0], orders[1])
        assert not np.array_equal(orders[0], orders[2])


def test_a_batch_holds_similar_lengths_in_no_order_of_theirs():
    lengths = np.random.default_rng(0).integers(1, 500, 3200)
    order = lengths[bucketed_order(lengths, 32, 0, 0)].reshape(-1, 32)
    assert np.ptp(order, axis=1).mean() < 20
    assert abs(np.corrcoef(order.mean(axis=1), np.arange(100))[0, 1]) < 0.3
    unshuffled = lengths[bucketed_order(lengths, 32, 0, 0, shuffle=False)]
    assert (np.diff(unshuffled) >= 0).all()


@pytest.mark.slow
def test_batches_keep_targets_and_what_is_no_padding():
    data = dataset()
    settings = config(data, bucketing="true")
    network = Network(settings, draw_of(data))
    weights = np.array([1.0, 3.0])
    stream = iter(batches(network.model, data.train, settings, class_weights=weights))
    found, widths = [], set()
    for _ in range(13):
        x, y, w = (part.numpy() for part in next(stream))
        widths.add(x.shape[1])
        for row, label, weight in zip(x, y, w, strict=True):
            number = row[0] - 20
            whole = data.train.x[INPUT][number]
            assert np.array_equal(whole[: len(row)], row)
            assert not whole[len(row) :].any()
            assert label == data.train.y[number]
            assert weight == weights[label]
            found.append(number)
    assert sorted(found) == list(range(200))
    assert 1 < len(widths) <= 8
    again = iter(batches(network.model, data.train, settings, first_epoch=1))
    assert np.array_equal(next(stream)[0], next(again)[0])
    scored = [
        x.numpy()[:, 0] - 20
        for x, _ in validation_batches(network.model, data.validation, settings)
    ]
    assert sorted(np.concatenate(scored)) == list(range(200, 230))


@pytest.mark.slow
def test_a_comparison_trains_by_length_as_fit_does_whatever_the_padding():
    data = dataset()
    settings = config(data, bucketing="true")
    wider = {part: np.pad(getattr(data, part).x[INPUT], ((0, 0), (0, 9))) for part in ("train",)}
    padded = replace(data, train=Split({INPUT: wider["train"]}, data.train.y))
    results = []
    for some in (data, padded):
        program = make_program(
            Network(settings, draw_of(some)), Call("optimizers", "Adam", {"learning_rate": 1.0})
        )
        assert isinstance(program, FittedProgram)
        assert program.network.obstacle == "batches have different lengths"
        program.start(program.network.state(), 0.01)
        results.append([program.train_epoch(3, epoch) for epoch in range(3)])
    assert results[0] == pytest.approx(results[1], abs=1e-5)
    assert results[0][2] < results[0][0]


def test_data_of_one_length_are_refused():
    data = dataset()
    fixed = replace(data.description, inputs={INPUT: TensorSpec((40,), "int32")})
    with pytest.raises(ConfigError, match="no sequences of different lengths"):
        config(replace(data, description=fixed), bucketing="true")
