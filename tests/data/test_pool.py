"""A pool splits all examples of a data set, again and again, without reading or copying them."""

from __future__ import annotations

import tracemalloc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli import data
from dlcli.data import splitting, table
from dlcli.data.description import INPUT, DataDescription, Dataset, Source, Split, Task, TensorSpec
from dlcli.data.entry import DataEntry
from dlcli.data.grouping import Groups
from dlcli.data.pool import WINDOW, Parts, Pool
from dlcli.errors import DataError, UserError

seeds = st.integers(0, 2**40)
shares = st.floats(0.05, 0.5)
labels = st.lists(st.integers(0, 4), min_size=40, max_size=90).map(np.array)


def pool_of(
    y: np.ndarray,
    sizes: tuple[int, int, int],
    *,
    task: Task = "multiclass",
    groups: np.ndarray | None = None,
) -> Pool:
    """Return a pool whose inputs are positions.

    Args:
        y: Targets of all examples.
        sizes: Of train, validation and test; 0 for a part that is not there.
        task: What the targets are for.
        groups: Of the examples.
    """
    description = DataDescription("toy", task, {INPUT: TensorSpec((1,), "float32")})
    x = np.arange(len(y), dtype="float32")[:, None]
    splits, start = [], 0
    for size in sizes:
        part = slice(start, start + size)
        splits.append(Split({INPUT: x[part]}, y[part]) if size else None)
        start += size
    train, validation, test = splits
    assert train is not None
    names = None if groups is None else Groups("patient", groups, range(groups.max() + 1))
    return Pool(Dataset(description, train, validation, test, groups=names))


def sizes_of(parts: Parts) -> list[int]:
    return [0 if p is None else len(p) for p in (parts.train, parts.validation, parts.test)]


def positions(parts: Parts) -> list[int]:
    found = (parts.train, parts.validation, parts.test)
    return [int(i) for part in found if part is not None for i in part]


def same(one: Parts, other: Parts) -> bool:
    return positions(one) == positions(other) and sizes_of(one) == sizes_of(other)


@given(labels, st.integers(1, 30), shares, seeds)
def test_parts_are_disjoint_complete_and_sorted(y, test_size, share, seed):
    pool = pool_of(y, (len(y) - test_size, 0, test_size))
    parts = pool.parts(seed, share, resample=True)
    assert sorted(positions(parts)) == list(range(len(y)))
    for part in (parts.train, parts.validation, parts.test):
        assert [*part] == sorted(part)
        assert part.dtype.kind == "i"


@given(labels, st.integers(1, 30), shares, seeds, seeds)
def test_sizes_are_the_same_for_every_seed_and_those_of_the_data_set(y, test_size, share, one, two):
    pool = pool_of(y, (len(y) - test_size, 0, test_size))
    first = sizes_of(pool.parts(one, share, resample=True))
    assert first == sizes_of(pool.parts(two, share, resample=True))
    if np.bincount(y)[np.unique(y)].min() > 8:
        assert first[2] == test_size
        assert first == sizes_of(pool.parts(one, share, resample=False))


@given(labels, st.integers(4, 30), shares, seeds)
def test_every_class_has_its_share_to_within_one_example(y, test_size, share, seed):
    pool = pool_of(y, (len(y) - test_size, 0, test_size))
    parts = pool.parts(seed, share, resample=True)
    for label, count in zip(*np.unique(y, return_counts=True), strict=True):
        in_test = (y[parts.test] == label).sum()
        assert abs(in_test - count * test_size / len(y)) <= 1
        in_validation = (y[parts.validation] == label).sum()
        assert abs(in_validation - (count - in_test) * share) <= 1


@given(labels, shares, seeds)
def test_the_same_seed_gives_the_same_split_and_another_one_another(y, share, seed):
    pool = pool_of(y, (len(y) - 8, 0, 8))
    first = pool.parts(seed, share, resample=True)
    assert same(first, pool_of(y, (len(y) - 8, 0, 8)).parts(seed, share, resample=True))
    others = [pool.parts(seed + i, share, resample=True) for i in range(1, 6)]
    assert not all(same(first, other) for other in others)


def test_a_replications_split_never_changes():
    """Results of a comparison that is taken up again must be of the same examples."""
    parts = pool_of(np.arange(12) % 2, (9, 0, 3)).parts(5, 0.25, resample=True)
    assert [part.tolist() for part in (parts.train, parts.validation, parts.test)] == [
        [0, 1, 2, 5, 6, 7, 9],
        [3, 8],
        [4, 10, 11],
    ]


def test_test_and_validation_are_drawn_independently():
    """With one stream for both, the ranks of test and validation examples would be coupled."""
    y = np.zeros(40, np.int32)
    pool = pool_of(y, (30, 0, 10), task="regression")
    without_test = pool_of(y[:30], (30, 0, 0), task="regression")
    for seed in range(20):
        parts = pool.parts(seed, 0.2, resample=True)
        ranks = np.searchsorted(parts.train, parts.validation)
        official = pool.parts(seed, 0.2, resample=False).validation
        assert ranks.tolist() != np.flatnonzero(np.isin(np.arange(30), official)).tolist()
        assert parts.test.tolist() != official.tolist()
        # The validation stream does not depend on how many examples the test part took.
        drawn = np.delete(np.arange(40), parts.test)[
            without_test.parts(seed, 0.2, resample=True).validation
        ]
        assert drawn.tolist() == parts.validation.tolist()


@given(st.integers(1, 20), seeds)
def test_a_validation_part_of_its_own_keeps_its_share(size, seed):
    y = np.arange(100) % 2
    pool = pool_of(y, (80 - size, size, 20))
    assert sizes_of(pool.parts(seed, 0.5, resample=True)) == [80 - size, size, 20]
    assert pool.parts(seed, 0.5, resample=False) is pool.official


@pytest.mark.parametrize("resample", [True, False])
def test_without_a_test_part_there_is_none(resample):
    parts = pool_of(np.arange(20) % 2, (20, 0, 0)).parts(0, 0.2, resample=resample)
    assert parts.test is None
    assert sizes_of(parts) == [16, 4, 0]
    assert pool_of(np.arange(20), (20, 0, 0)).parts(0, 0, resample=True).validation is None


@given(st.integers(40, 120), st.integers(1, 4), shares, seeds, seeds)
def test_forecasting_moves_its_origin_and_keeps_time_in_order(n, horizon, share, one, two):
    y = (np.arange(n)[:, None] + np.arange(horizon)).astype("float32")
    pool = pool_of(y if horizon > 1 else y[:, 0], (n - n // 5, 0, n // 5), task="forecasting")
    parts = pool.parts(one, share, resample=True)
    assert sizes_of(parts) == sizes_of(pool.parts(two, share, resample=True))
    found = positions(parts)
    assert found == sorted(set(found))
    assert found[-1] - found[0] + 1 == round(WINDOW * n)
    # No target of one part is a target of a later one, and no more is left out than has to be.
    for before, after in ((parts.train, parts.validation), (parts.validation, parts.test)):
        assert after[0] - before[-1] == horizon
        assert not set(y[before].ravel()) & set(y[after].ravel())
    assert len(parts.test) == round(len(pool.official.test) / n * round(WINDOW * n))


def test_the_origin_moves_over_all_that_a_window_leaves():
    pool = data.load_pool(Source("sunspots"))
    starts = {int(pool.parts(seed, 0.2, resample=True).train[0]) for seed in range(600)}
    assert starts == set(range(pool.size - round(WINDOW * pool.size) + 1))


def test_a_series_that_is_too_short_to_split_anew_is_told():
    pool = pool_of(np.zeros((4, 3)), (3, 0, 1), task="forecasting")
    with pytest.raises(DataError, match="'toy' is too short to split anew: 4 steps"):
        pool.parts(0, 0.2, resample=True)


@given(st.lists(st.integers(0, 11), min_size=40, max_size=90).map(np.array), shares, seeds)
def test_no_group_is_on_two_sides(groups, share, seed):
    y = np.arange(len(groups)) % 2
    pool = pool_of(y, (len(y) - 8, 0, 8), groups=groups)
    try:
        parts = pool.parts(seed, share, resample=True)
    except DataError as error:
        assert "cannot be split by its" in error.message
        return
    assert sorted(positions(parts)) == list(range(len(y)))
    found = [set(groups[p]) for p in (parts.train, parts.validation, parts.test)]
    assert sum(len(part) for part in found) == len(set(groups))


def test_a_group_on_both_sides_of_the_official_split_is_an_error_only_there():
    groups = np.arange(40) % 8
    pool = pool_of(np.arange(40) // 20, (30, 0, 10), groups=groups)
    with pytest.raises(DataError, match=r"8 of 8 groups .* such as '0'"):
        pool.parts(0, 0.2, resample=False)
    pool.parts(0, 0.2, resample=True)


def test_groups_that_are_classes_cannot_be_split():
    y = np.arange(40) % 4
    pool = pool_of(y, (32, 0, 8), groups=y)
    with pytest.raises(DataError, match=r"its 4 groups \(by patient\)") as caught:
        pool.parts(0, 0.2, resample=True)
    assert "two groups at least" in caught.value.remedy


def test_the_official_validation_part_respects_groups():
    groups = np.repeat(np.arange(10), 4)
    pool = pool_of(np.arange(40) % 2, (32, 0, 8), groups=groups)
    parts = pool.parts(3, 0.25, resample=False)
    assert not set(groups[parts.train]) & set(groups[parts.validation])
    assert sizes_of(parts) == [24, 8, 8]


@pytest.mark.parametrize("share", [-0.1, 1, float("nan")])
def test_an_impossible_share_is_the_users_error(share):
    with pytest.raises(UserError, match="validation is"):
        pool_of(np.arange(8) % 2, (6, 0, 2)).parts(0, share, resample=True)


@given(labels, seeds)
def test_a_dataset_holds_the_examples_of_its_parts(y, seed):
    pool = pool_of(y, (len(y) - 12, 4, 8))
    parts = pool.parts(seed, 0.2, resample=True)
    for joined in (False, True):
        if joined:
            assert pool.examples.x[INPUT][:, 0].tolist() == list(range(len(y)))
        found = pool.dataset(parts)
        for name in ("train", "validation", "test"):
            part = getattr(found, name)
            index = getattr(parts, name)
            assert part.x[INPUT][:, 0].tolist() == index.tolist()
            assert part.y.tolist() == y[index].tolist()


OFFLINE = ("digits", "iris", "breast_cancer", "basic_motions", "covid3month", "sunspots")


@pytest.mark.parametrize("name", OFFLINE)
def test_load_gives_what_it_always_gave(name):
    """As `load` was before there were pools: validation taken from the official train."""
    whole = table.find(name).load()
    kept, taken = splitting.chosen(whole.description.task, whole.train.y, 0.15, 3)
    found = data.load(Source(name), validation=0.15, seed=3)
    assert found.description == whole.description
    for part, expected in (
        (found.train, whole.train.take(kept)),
        (found.validation, whole.train.take(taken)),
        (found.test, whole.test),
    ):
        assert np.array_equal(part.x[INPUT], expected.x[INPUT])
        assert np.array_equal(part.y, expected.y)
        assert (part.x[INPUT].dtype, part.y.dtype) == (expected.x[INPUT].dtype, expected.y.dtype)


@pytest.mark.parametrize("name", OFFLINE)
def test_the_official_split_of_a_pool_is_what_load_gives(name):
    pool = data.load_pool(Source(name))
    found = pool.dataset(pool.parts(9, 0.2, resample=False))
    expected = data.load(Source(name), validation=0.2, seed=9)
    assert np.array_equal(found.train.x[INPUT], expected.train.x[INPUT])
    assert np.array_equal(found.validation.y, expected.validation.y)


@pytest.mark.parametrize("name", OFFLINE)
def test_a_new_split_mixes_the_official_parts(name):
    pool = data.load_pool(Source(name))
    parts = pool.parts(1, 0.2, resample=True)
    official = set(pool.official.test.tolist())
    if pool.description.task != "forecasting":
        assert 0 < len(official & set(parts.test.tolist())) < len(official)
        assert len(parts.test) == len(official)


class Large:
    """A data set whose arrays are watched."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[weakref.ref[np.ndarray]] = []
        entry = DataEntry(self.large, lambda: self.description, "generated")
        monkeypatch.setattr(table, "TABLE", (entry,))

    description = DataDescription("large", "regression", {INPUT: TensorSpec((1000,), "float32")})

    def large(self) -> Dataset:
        """Large."""
        train, test = np.ones((4000, 1000), "float32"), np.ones((1000, 1000), "float32")
        self.seen += [weakref.ref(train), weakref.ref(test)]
        y = np.zeros(5000, "float32")
        return Dataset(
            self.description, Split({INPUT: train}, y[:4000]), None, Split({INPUT: test}, y[4000:])
        )


def test_load_keeps_no_second_copy(monkeypatch):
    watched = Large(monkeypatch)
    tracemalloc.start()
    try:
        loaded = data.load(Source("large"), validation=0.25)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    train, test = watched.seen
    assert train() is None  # only the two parts it was split into are left
    assert loaded.test.x[INPUT] is test()
    assert held < 1.1 * 20e6
    assert peak < 2.1 * 20e6


def test_without_validation_nothing_is_copied(monkeypatch):
    watched = Large(monkeypatch)
    loaded = data.load(Source("large"), validation=0)
    assert [loaded.train.x[INPUT], loaded.test.x[INPUT]] == [r() for r in watched.seen]


def test_joined_examples_take_the_place_of_the_parts(monkeypatch):
    watched = Large(monkeypatch)
    pool = data.load_pool(Source("large"))
    pool.parts(0, 0.1, resample=True)
    assert all(r() is not None for r in watched.seen)  # splitting needs no joined inputs
    first = pool.examples
    assert pool.examples is first
    assert all(r() is None for r in watched.seen)
    assert np.shares_memory(pool.dataset(pool.official).test.x[INPUT], first.x[INPUT])


def test_built_ins_say_which_examples_belong_together():
    pool = data.load_pool(Source("languages"))
    assert (pool.grouping.by, pool.grouping.count) == ("emoji", 1923)
    parts = pool.parts(4, 0.1, resample=True)
    found = [set(pool.groups[p]) for p in (parts.train, parts.validation, parts.test)]
    assert sum(len(part) for part in found) == 1923
    assert len(parts.test) == len(pool.official.test)
    assert data.load_pool(Source("plaid")).groups is None


def test_where_only_the_test_part_is_moved_it_must_be_kept():
    pool = data.load_pool(Source("moved_digits", {"moved": "test"}))
    with pytest.raises(UserError, match="only its test digits are moved") as caught:
        pool.parts(0, 0.1, resample=True)
    assert "compare.split: official" in caught.value.remedy
    pool.parts(0, 0.1, resample=False)
    data.load_pool(Source("moved_digits")).parts(0, 0.1, resample=True)


@pytest.mark.parametrize(
    ("name", "said"), [("digits", "are independent"), ("languages", "are grouped by emoji already")]
)
def test_a_group_for_a_built_in_is_the_users_error(name, said):
    for function in (data.load, data.load_pool, data.describe):
        with pytest.raises(UserError, match=f"'{name}' takes no group: its examples {said}") as it:
            function(Source(name), group="patient")
        assert it.value.exit_code == 2
        assert "Remove data.group" in it.value.remedy


TABLE = "\n".join(
    [
        "age,town,y",
        *(f"{i % 17 + i / 10},{'ABCD'[i * i % 4]},{'no' if i % 3 else 'yes'}" for i in range(60)),
    ]
)


@pytest.mark.parametrize("source", [Source("languages"), Source("csv", {"target": "y"})], ids=str)
@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_prepared_whole_is_what_is_prepared_part_by_part(source, seed, tmp_path):
    if source.name == "csv":
        (tmp_path / "own.csv").write_text(TABLE)
        source = Source("csv", {**source.options, "path": str(tmp_path / "own.csv")})
    pool = data.load_pool(source)
    parts = pool.parts(seed, 0.2, resample=True)
    description, examples = pool.prepared(parts)
    dataset = pool.dataset(parts)
    assert description == dataset.description
    for name in ("train", "validation", "test"):
        part, found = getattr(dataset, name), examples.take(getattr(parts, name))
        np.testing.assert_array_equal(found.y, part.y)
        steps = part.x["input"].shape[1]  # a part may be padded to its own longest only
        np.testing.assert_array_equal(found.x["input"][:, :steps], part.x["input"])
        assert not found.x["input"][:, steps:].any()
