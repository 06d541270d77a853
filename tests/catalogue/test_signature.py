"""What a function's annotations and docstring say of its arguments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest

from dlcli.catalogue.signature import (
    Bounds,
    Type,
    entry_from_function,
    parse_docstring,
    snake_case,
    types_from_annotation,
)

Share = Annotated[float, Bounds(0, 1)]


@pytest.mark.parametrize(
    ("annotation", "types"),
    [
        (int, (Type("integer"),)),
        (str | None, (Type("string"), Type("null"))),
        (Share, (Type("number", 0, 1),)),
        (Literal["a", "b"], (Type("string", choices=("a", "b")),)),
        (list[int], (Type("array", items=(Type("integer"),)),)),
        (Path | bool, (Type("path"), Type("boolean"))),
    ],
    ids=str,
)
def test_an_annotation_is_the_types_of_an_argument(annotation, types):
    assert types_from_annotation(annotation) == types


def test_an_annotation_that_a_config_cannot_write_is_refused():
    with pytest.raises(TypeError, match="no config type for the annotation"):
        types_from_annotation(complex)


def test_only_what_is_given_by_name_is_an_argument_of_a_function():
    def cut(text: str, *, length: int, share: Share = 0.5) -> str:
        """Cut a text off.

        Args:
            text: The program's own.
            length: How long
                it may be.
            share: Of what.

        Returns:
            share: Nothing of the kind.
        """
        return text

    entry = entry_from_function("metrics", cut, aliases=("c",))
    assert (entry.kind, entry.name, entry.help) == ("metrics", "cut", "Cut a text off.")
    assert list(entry.by_name) == ["length", "share"]
    length, share = entry.arguments
    assert (length.required, length.default, length.help) == (True, None, "How long it may be.")
    assert (share.required, share.default, share.help) == (False, 0.5, "Of what.")
    assert share.types == (Type("number", 0, 1),)


def test_a_docstring_without_arguments_is_its_summary():
    assert parse_docstring("One\nline.\n\nMore.") == ("One line.", {})


@pytest.mark.parametrize(
    ("name", "snake"),
    [("Conv2D", "conv2d"), ("LSTM", "lstm"), ("GlobalMaxPooling1D", "global_max_pooling1d")],
)
def test_layers_are_named_as_keras_names_them(name, snake):
    assert snake_case(name) == snake
