"""Variables of a config, such as `$classes`: their values come from the data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from dlcli.catalogue.catalogue import type_in_words
from dlcli.config.calls import Variable
from dlcli.config.diagnostics import listing
from dlcli.config.nodes import Node, Scalar
from dlcli.config.reading import article
from dlcli.errors import did_you_mean

if TYPE_CHECKING:
    from dlcli.catalogue.signature import Type
    from dlcli.config.reading import Reader

VARIABLES: Final[dict[str, tuple[str, str]]] = {
    "classes": ("integer", "number of classes of the data"),
    "input_shape": ("array", "shape of one example, without the batch axis"),
    "vocabulary_size": ("integer", "number of token ids of a text data set"),
    "steps_per_epoch": ("integer", "training batches per epoch"),
    "train_size": ("integer", "training examples, without the validation part"),
}
"""What the data defines: name -> (type, meaning)."""

VARIABLE_PATTERN: Final = r"^\$[A-Za-z_][A-Za-z0-9_]*$"


def is_variable(node: Node) -> bool:
    """Whether the node is text that names a variable."""
    return (
        isinstance(node, Scalar)
        and isinstance(node.value, str)
        and re.search(VARIABLE_PATTERN, node.value) is not None
    )


def read_variable(node: Node, types: tuple[Type, ...], path: str, reader: Reader) -> Any:
    """Return the `Variable` a `$name` names, if the data defines it and its type fits."""
    assert isinstance(node, Scalar)  # noqa: S101  (see is_variable)
    name = str(node.value)[1:]
    if name not in VARIABLES:
        message = f"'${name}' is not a variable{did_you_mean(name, list(VARIABLES))}"
        hint = "the data defines " + listing(f"${v}" for v in VARIABLES)
        return reader.report("unknown-variable", node.mark, path, message, hint)
    fitting = {"integer": {"any", "integer", "number"}, "array": {"any", "array"}}
    kind = VARIABLES[name][0]
    if not any(t.name in fitting[kind] for t in types):
        message = f"expected {type_in_words(types)}, but ${name} is {article(kind)}"
        return reader.report("wrong-type", node.mark, path, message)
    return Variable(name, path, node.mark)
