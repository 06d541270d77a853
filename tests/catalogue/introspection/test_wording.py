"""Keras's phrases become types."""

from __future__ import annotations

import pytest

from dlcli.catalogue.introspection.conventions import (
    BOOLEAN,
    INTEGER,
    NULL,
    NUMBER,
    STRING,
    array,
    entry,
    limited_by_name,
    one_of,
    types_by_name,
)
from dlcli.catalogue.introspection.wording import (
    documentation,
    enumerated,
    proposed_types,
    shortened,
)
from dlcli.catalogue.signature import Type

POSITIVE = Type("integer", minimum=1)
FRACTION = Type("number", minimum=0, maximum=1)


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("Positive integer, dimensionality of the output space.", (POSITIVE,)),
        ("Float between 0 and 1. Fraction of the units to drop.", (FRACTION,)),
        ("Float in `[0, 1]`. When > 0, label values are smoothed.", (FRACTION,)),
        ("float hyperparameter >= 0 that accelerates descent.", (Type("number", minimum=0),)),
        ("A float value, must be less or equal to zero.", (Type("number", maximum=0),)),
        ("Boolean, whether the layer uses a bias vector.", (BOOLEAN,)),
        ("Whether to return the last state in addition to the output.", (BOOLEAN,)),
        ("Number of epochs with no improvement.", (Type("integer", minimum=0),)),
        ("int or tuple/list of 2 integer, the window.", (INTEGER, array(INTEGER, length=2))),
        (
            "A tuple of two floats or a single float. If a float is passed, it is the range.",
            (NUMBER, array(NUMBER, length=2)),
        ),
        (
            "Int, or tuple of 2 ints, or tuple of 2 tuples of 2 ints. - If int: the same.",
            (INTEGER, array(INTEGER, length=2), array(array(INTEGER, length=2), length=2)),
        ),
        ("A list of Python numbers with increasing entries.", (array(NUMBER),)),
        ("List of strings, keywords of layer names to exclude.", (array(STRING),)),
        ('string, either `"valid"` or `"same"`. More.', (one_of("valid", "same"),)),
        ("String. The text's encoding.", (STRING,)),
        ("Optional integer. The ID of a class to be ignored.", (INTEGER,)),
        ("Something that the docstring leaves open.", (Type("any"),)),
    ],
)
def test_a_phrase_names_its_types(text, types):
    assert proposed_types("Thing", "argument", text, None, required=True) == types


def test_null_is_accepted_where_it_is_the_default_or_mentioned():
    def types(text: str, default: object) -> tuple[Type, ...]:
        return proposed_types("Thing", "argument", text, default, required=False)

    assert types("Float. If set, gradients are clipped.", None) == (NUMBER, NULL)
    assert types("Float. `None` switches it off.", 0.5) == (NUMBER, NULL)
    assert types("Float. Defaults to `None`.", 0.5) == (NUMBER,)


@pytest.mark.parametrize(
    ("default", "types"),
    [
        (True, (BOOLEAN,)),
        (0.5, (NUMBER,)),
        (2, (NUMBER,)),
        ("text", (STRING,)),
        ([0, 255], (array(NUMBER, length=2),)),
    ],
)
def test_a_default_tells_the_type_where_the_text_does_not(default, types):
    assert proposed_types("Thing", "argument", "", default, required=False) == types


def test_choices_are_read_only_where_they_are_enumerated():
    assert enumerated('One of `{"auto", "min", "max"}`. In "min" mode, ...') == (
        "auto",
        "min",
        "max",
    )
    assert enumerated('Mode. Supported values: `"nearest"`, `"bilinear"`.') == (
        "nearest",
        "bilinear",
    )
    assert enumerated('The text encoding. Defaults to `"utf-8"`.') == ()


def test_a_name_means_the_same_throughout_keras():
    assert types_by_name("Dense", "kernel_initializer") == (entry("initializers"), NULL)
    assert types_by_name("Adam", "learning_rate") == (NUMBER, entry("schedules"))
    assert types_by_name("Dense", "units") is None


def test_a_limit_by_name_reaches_into_arrays():
    types = (INTEGER, array(INTEGER, length=2), NULL)
    limited = limited_by_name(types, "Conv2D", "kernel_size")
    assert limited == (POSITIVE, array(POSITIVE, length=2), NULL)


def test_a_rule_for_one_class_leaves_the_others_alone():
    assert limited_by_name((INTEGER,), "Conv2D", "groups") == (POSITIVE,)
    assert limited_by_name((INTEGER,), "GroupNormalization", "groups") == (INTEGER,)


def test_a_docstring_with_deeper_sections_is_read_like_any_other():
    def indented():
        """Shifts images.

            More.

            Args:
                factor: A float. How far,
                    at most.
                seed: Integer.

        Input shape:
            Images.
        """  # noqa: D214

    summary, helps = documentation(indented)
    assert summary == "Shifts images."
    assert helps == {"factor": "A float. How far, at most.", "seed": "Integer."}


def test_a_summary_does_not_end_at_an_abbreviation():
    def attention():
        """Dot-product attention layer, a.k.a. Luong-style attention. It attends."""

    assert (
        documentation(attention)[0] == "Dot-product attention layer, a.k.a. Luong-style attention."
    )


def test_help_loses_links_and_placeholders_and_is_cut_at_a_sentence():
    text = "See [the paper]( https://example.org/x). {{base_arguments}}"
    assert shortened(text) == "See the paper."
    long = shortened("A sentence of some length is written here. " * 20)
    assert len(long) <= 300
    assert long.endswith("here.")
    assert shortened("word " * 100).endswith(" ...")
