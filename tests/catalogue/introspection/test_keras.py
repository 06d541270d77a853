"""What is read off Keras holds against Keras itself."""

from __future__ import annotations

import inspect

import pytest

from dlcli.catalogue.catalogue import MODULES
from dlcli.catalogue.signature import Type

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def keras():
    from dlcli.catalogue.introspection.__main__ import quiet_keras

    with quiet_keras():
        import keras

        yield keras


def item(kind, name):
    from dlcli.catalogue.introspection.inventory import inventory

    return next(found for found in inventory(kind) if found.name == name)


def types_of(kind, name) -> dict[str, tuple[Type, ...]]:
    from dlcli.catalogue.introspection.arguments import read_arguments
    from dlcli.catalogue.introspection.wording import documentation

    found = item(kind, name)
    arguments = read_arguments(found, documentation(found.object)[1])
    return {argument.name: argument.types for argument in arguments}


def test_every_public_subclass_is_in_the_inventory(keras):
    from dlcli.catalogue.introspection.inventory import inventory

    for kind, base in [("layers", "Layer"), ("optimizers", "Optimizer"), ("losses", "Loss")]:
        module = getattr(keras, kind)
        public = {m for m in vars(module).values() if inspect.isclass(m)}
        expected = {m for m in public if issubclass(m, getattr(module, base))}
        assert expected <= {found.object for found in inventory(kind)}


def test_an_object_with_two_names_is_listed_once(keras):
    assert item("layers", "GlobalMaxPooling2D").aliases == ("GlobalMaxPool2D",)
    assert item("initializers", "HeNormal").aliases == ("he_normal",)


def test_every_identifier_of_keras_is_an_alias(keras):
    from dlcli.catalogue.introspection.inventory import inventory

    for kind in ("losses", "initializers", "regularizers", "constraints"):
        known = {word for found in inventory(kind) for word in (found.name, *found.aliases)}
        for identifier in ("mse", "BCE", "he_uniform", "zeros", "l1_l2", "non_neg"):
            try:
                getattr(keras, kind).get(identifier)
            except ValueError:
                continue
            assert identifier in known


def test_every_usable_class_works_with_what_the_probe_gives_it(keras):
    from dlcli.catalogue.introspection.arguments import parameters
    from dlcli.catalogue.introspection.inventory import inventory
    from dlcli.catalogue.introspection.probing import Probe

    idle = [
        found.name
        for kind in MODULES
        for found in inventory(kind)
        if not found.refused
        and not Probe(found, [p.name for p in parameters(found) if p.default is p.empty]).works
    ]
    assert idle == []


def test_limits_are_those_that_keras_keeps(keras):
    dense = types_of("layers", "Dense")
    assert dense["units"] == (Type("integer", minimum=1),)
    assert types_of("layers", "Dropout")["rate"] == (Type("number", minimum=0, maximum=1),)
    assert types_of("layers", "GaussianNoise")["stddev"] == (
        Type("number", minimum=0, maximum=1),  # not documented
    )
    assert types_of("metrics", "AUC")["num_thresholds"] == (Type("integer", minimum=2),)


def test_lengths_are_those_that_keras_keeps_even_where_its_documentation_errs(keras):
    kernel = types_of("layers", "Conv2DTranspose")["kernel_size"]  # "tuple/list of 1 integer"
    whole = Type("integer", minimum=1)
    assert kernel == (whole, Type("array", 2, 2, items=(whole,)))


def test_choices_are_those_that_keras_takes(keras):
    convolution = types_of("layers", "Conv1D")["padding"][0].choices
    assert set(convolution) == {"valid", "same", "causal", "VALID", "SAME", "CAUSAL"}
    pooling = types_of("layers", "MaxPooling1D")["padding"][0].choices
    assert set(pooling) == {"valid", "same"}  # documented as case-insensitive, and is not


def test_null_is_kept_only_where_keras_takes_it(keras):
    null = Type("null")
    assert null in types_of("layers", "Dense")["bias_initializer"]
    assert null not in types_of("layers", "LSTM")["bias_initializer"]
    assert null in types_of("optimizers", "Muon")["weight_decay"]
    assert null not in types_of("optimizers", "AdamW")["weight_decay"]
