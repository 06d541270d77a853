"""Variables of a config, such as `$classes`: their values come from the data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from dlcli.catalogue.catalogue import type_in_words
from dlcli.config.grammar.calls import Variable
from dlcli.config.grammar.formulas import VARIABLE_PATTERN, is_formula, names
from dlcli.config.grammar.reading import INVALID, Invalid, article
from dlcli.config.yaml.diagnostics import listing
from dlcli.config.yaml.nodes import Node, Scalar
from dlcli.errors import did_you_mean

if TYPE_CHECKING:
    from dlcli.catalogue.signature import Type
    from dlcli.config.grammar.reading import Reader

VARIABLES: Final[dict[str, tuple[str, str]]] = {
    "classes": ("integer", "number of classes of the data"),
    "input_shape": ("array", "shape of one example, without the batch axis"),
    "vocabulary_size": ("integer", "number of token ids of a text data set"),
    "steps_per_epoch": ("integer", "training batches per epoch"),
    "total_steps": ("integer", "training batches in all epochs"),
    "train_size": ("integer", "training examples, without the validation part"),
}
"""What the data defines: name -> (type, meaning)."""

FITTING: Final = {
    "integer": {"any", "integer", "number"},
    "number": {"any", "integer", "number"},
    "array": {"any", "array"},
}
"""For each kind of value, the types that it fits; a fraction is rounded where it must be."""


def is_variable(node: Node) -> bool:
    """Whether the node is text that names a variable, or is a formula of some."""
    return isinstance(node, Scalar) and isinstance(node.value, str) and is_formula(node.value)


def read_variable(node: Node, types: tuple[Type, ...], path: str, reader: Reader) -> Any:
    """Return the `Variable` a text stands for, if the data defines it and its type fits."""
    assert isinstance(node, Scalar)  # noqa: S101  (see is_variable)
    text = str(node.value)
    try:
        found = names(text)
    except ValueError as error:
        return reader.report("bad-formula", node.mark, path, f"'{text}' is no formula: {error}")
    if _reports_unknown(found, node, path, reader):
        return INVALID
    kind = _kind(text, found)
    if not kind:
        message = f"'{text}' computes with a shape, which is no number"
        return reader.report("wrong-type", node.mark, path, message)
    accepted = {t.name for t in types}
    if not accepted & FITTING[kind]:
        message = f"expected {type_in_words(types)}, but {text} is {article(kind)}"
        return reader.report("wrong-type", node.mark, path, message)
    whole = "integer" in accepted and not accepted & {"any", "number"}
    return Variable(text, whole and not re.search(VARIABLE_PATTERN, text), path, node.mark)


def _reports_unknown(
    found: tuple[str, ...], node: Scalar, path: str, reader: Reader
) -> Invalid | None:
    for name in found:
        if name not in VARIABLES:
            message = f"'${name}' is not a variable{did_you_mean(name, list(VARIABLES))}"
            hint = "the data defines " + listing(f"${v}" for v in VARIABLES)
            return reader.report("unknown-variable", node.mark, path, message, hint)
    return None


def _kind(text: str, found: tuple[str, ...]) -> str:
    """Return the type of a formula's value; empty if it computes with a shape."""
    kinds = {VARIABLES[name][0] for name in found}
    if "array" not in kinds:
        return "number" if "." in text else "integer"
    return "array" if re.search(VARIABLE_PATTERN, text) else ""
