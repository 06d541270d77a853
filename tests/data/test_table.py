"""The table of data sets is whole: every entry is documented, and found by its name."""

from __future__ import annotations

import pytest

from dlcli.data import table
from dlcli.errors import UserError

BUILT_IN = [entry for entry in table.TABLE if entry.origin != "file"]

FEW_TO_TRAIN = ("italy_power_demand", "gunpoint", "arrow_head")
"""Their official test parts are more than twice as large as their training parts."""


def test_names_are_unlike_each_other():
    names = [entry.name for entry in table.TABLE]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("entry", table.TABLE, ids=lambda entry: entry.name)
def test_a_data_set_is_documented(entry):
    assert entry.signature.help.endswith((".", ")."))
    assert entry.licence
    assert entry.citation
    assert all(argument.help for argument in entry.signature.arguments)
    assert "Licence:" not in entry.prose
    assert (entry.origin == "keras") == bool(entry.files)


@pytest.mark.parametrize("entry", BUILT_IN, ids=lambda entry: entry.name)
def test_a_built_in_is_described_without_loading(entry):
    known = entry.describe()
    assert known.name == entry.name
    assert known.train_size > known.test_size / 2 > 0 or entry.name in FEW_TO_TRAIN
    assert (len(known.classes) == 2) == (known.task == "binary")
    assert bool(known.classes) == (known.task not in ("regression", "forecasting"))
    assert known.target_shape == ((70,) if known.name == "copy_memory" else ())


def test_descriptions_take_the_options_of_their_loaders():
    assert table.find("imdb").describe(vocabulary=5000, max_length=None).vocabulary_size == 5000
    assert table.find("languages").describe(vocabulary=99, max_length=9).vocabulary_size == 99
    assert table.find("sunspots").describe(window=24, horizon=3).target_shape == (3,)
    assert len(table.find("cifar100").describe(label_mode="coarse").classes) == 20


def test_an_unknown_name_is_met_with_the_nearest():
    with pytest.raises(UserError, match="no data set 'minst'; did you mean 'mnist'") as caught:
        table.find("minst")
    assert "dlcli data ls" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "alternatives"),
    [
        ("mnist", ("digits", "mnist_5k")),
        ("imdb", ("languages",)),
        ("reuters", ("languages",)),
        ("california_housing", ("breast_cancer", "iris", "wine")),
    ],
)
def test_offline_alternatives_are_of_the_same_kind(name, alternatives):
    assert table.offline_alternatives(table.find(name)) == alternatives
