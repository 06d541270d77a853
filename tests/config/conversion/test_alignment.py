"""Layers of two configs are aligned as lines are in a diff."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.conversion.alignment import ABSENT, MOST, Pair, align, config_differences
from dlcli.config.conversion.loading import parse_config
from dlcli.config.conversion.rendering import differences, to_plain
from dlcli.config.yaml.nodes import Text

BEGINNING = "data: {dataset: iris}\nfit: {epochs: 1}\nmodel:\n  layers:\n"
CHAIN = ["Normalization", "{Dense: {units: 8}}", "{Dropout: {rate: 0.2}}", "{Dense: {units: 3}}"]
GRAPH = [
    "{Dense: {units: 4}, id: first}", "{Dense: {units: 6}}", "{Dense: {units: 4}, id: second}",
    "{Add: {}, from: [first, second]}", "{Dense: {units: 3}}",
]  # fmt: skip


def plain(*layers):
    text = BEGINNING + "".join(f"    - {layer}\n" for layer in layers)
    return to_plain(parse_config(Text("made.yaml", text)))


def test_a_layer_put_in_front_is_one_that_was_added():
    longer = plain("{Dense: {units: 5}}", *CHAIN)
    added = {"model.layers[0]": (ABSENT, {"Dense": {"units": 5}})}
    assert config_differences(plain(*CHAIN), longer) == added
    removed = {path: values[::-1] for path, values in added.items()}
    assert config_differences(longer, plain(*CHAIN)) == removed


def test_in_a_graph_the_others_do_not_differ_though_their_count_and_references_do():
    left, right = plain(*GRAPH), plain("{Dense: {units: 9}}", *GRAPH)
    assert [layer["id"] for layer in left["model"]["layers"]][-1] == "dense_1"
    assert [layer["id"] for layer in right["model"]["layers"]][-1] == "dense_2"
    assert config_differences(left, right) == {
        "model.layers[0]": (ABSENT, {"Dense": {"units": 9}, "from": "input"}),
        "model.layers[0->1].from": ("input", "dense"),
    }


def test_a_layer_that_moved_and_changed_says_from_where_to_where():
    changed = [*CHAIN]
    changed[2] = "{Dropout: {rate: 0.5}}"
    assert config_differences(plain(*CHAIN), plain("{Dense: {units: 5}}", *changed)) == {
        "model.layers[0]": (ABSENT, {"Dense": {"units": 5}}),
        "model.layers[2->3].Dropout.rate": (0.2, 0.5),
    }


def test_a_layer_in_anothers_place_stands_beside_it():
    changed = [*CHAIN]
    changed[2] = "{GaussianDropout: {rate: 0.2}}"
    assert config_differences(plain(*CHAIN), plain(*changed)) == {
        "model.layers[2]": ({"Dropout": {"rate": 0.2}}, {"GaussianDropout": {"rate": 0.2}})
    }


def test_an_id_that_the_user_changes_differs():
    left, right = (plain(f"{{Dense: {{units: 8}}, id: {name}}}", *CHAIN) for name in ("a", "b"))
    assert config_differences(left, right) == {"model.layers[0].id": ("a", "b")}


def test_null_is_not_the_same_as_nothing():
    left = {"compile": {"loss": None}, "model": {"layers": ["Flatten"]}}
    right = {"compile": {"x": 1}, "model": {"layers": ["Flatten"]}}
    assert config_differences(left, right) == {
        "compile.loss": (None, ABSENT),
        "compile.x": (ABSENT, 1),
    }


@pytest.mark.parametrize("model", [None, [], {"layers": None}, {"layers": {}}, {"layers": [[]]}])
def test_what_holds_no_layers_is_compared_all_the_same(model):
    assert config_differences({"model": model, "a": 1}, {"model": model, "a": 2}) == {"a": (1, 2)}
    assert config_differences({"model": model}, plain(*CHAIN))
    assert config_differences(plain(*CHAIN), {"model": model})


def test_very_many_layers_are_compared_by_their_places():
    many = {"model": {"layers": [{"Dense": {"units": i}} for i in range(MOST + 1)]}}
    changed = {"model": {"layers": [{"Dense": {"units": -1}}, *many["model"]["layers"][1:]]}}
    assert config_differences(many, changed) == differences(many, changed)


LAYERS = st.lists(st.sampled_from(["ReLU", *CHAIN, "{Dense: {units: 5}}"]), min_size=1, max_size=6)


@given(LAYERS, LAYERS)
def test_every_layer_is_in_one_pair_and_nothing_differs_only_of_equal_models(left, right):
    ours, theirs = (plain(*layers)["model"]["layers"] for layers in (left, right))
    pairs = align(ours, theirs)
    assert [pair.left for pair in pairs if pair.left is not None] == list(range(len(ours)))
    assert [pair.right for pair in pairs if pair.right is not None] == list(range(len(theirs)))
    assert Pair(None, None) not in pairs
    assert (config_differences(plain(*left), plain(*right)) == {}) == (left == right)
