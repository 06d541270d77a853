"""Pieces of the grammar that know what Keras and dlcli offer: classes, metrics, candidates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from dlcli import metrics
from dlcli.catalogue import plugins
from dlcli.catalogue.signature import Type
from dlcli.config.grammar.pieces import ListOf, MapOf, Record, Typed, keys_of, read_entry
from dlcli.config.grammar.reading import INVALID, Reader
from dlcli.config.grammar.type_schemas import type_schema
from dlcli.config.yaml.nodes import Node, Plain, Scalar, Sequence, Word, YamlMapping
from dlcli.config.yaml.written_calls import BY_OTHER_NAMES
from dlcli.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlcli.config.grammar.pieces import Field, Spec
    from dlcli.config.grammar.writing import Writer

POSITIVE = Typed((Type("integer", minimum=1),))
SEED = Typed((Type("integer", minimum=0, maximum=2**31 - 1),))
BOOLEAN = Typed((Type("boolean"),))
TEXT = Typed((Type("string"),))
NUMBER = Typed((Type("number"),))
RATE = Typed((Type("number", minimum=0, maximum=1e30, exclusive=True),))
SHARE = Typed((Type("number", minimum=0, maximum=1, exclusive=True),))
FRACTION = Typed((Type("number", minimum=0, maximum=0.9),))
ANY = Typed((Type("any"),))
PATH: Final = r"^[A-Za-z_][A-Za-z0-9_]*([.\[][^=\s]*)?$"
"""A path in the config, roughly."""

NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"


@dataclass(frozen=True)
class Name:
    """A name that is also good as a folder's name."""

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return the name."""
        value = TEXT.read(node, path, reader)
        if value is not INVALID and not re.search(NAME_PATTERN, value):
            hint = "Use letters, digits, '.', '_' and '-'; start with a letter or digit."
            return reader.report(
                "bad-name", node.mark, path, f"'{value}' is not a valid name", hint
            )
        return value

    def write(self, value: Any, writer: Writer) -> Any:
        """Write the name."""
        return writer.value(value)

    def schema(self) -> dict[str, Any]:
        """Describe the name by its pattern."""
        return {"type": "string", "pattern": NAME_PATTERN}


MISSING_PLUGIN: Final = "missing-plugin"
"""The rule of a config that needs code which the command line did not name."""


@dataclass(frozen=True)
class PluginName:
    """A plugin that the config needs; saying so does not load it."""

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return the name; one that the command line does not load is reported."""
        value = TEXT.read(node, path, reader)
        if value is INVALID or plugins.find_active(value) is not None:
            return value
        message = f"this config needs the plugin '{value}', and a config alone loads no code"
        copy = Path(node.mark.text.name).parent / plugins.FOLDER / f"{value}.py"
        file = copy if copy.is_file() else f"{value}.py"
        hint = f"name it on the command line: --plugin {file}"
        return reader.report(MISSING_PLUGIN, node.mark, path, message, hint)

    def write(self, value: Any, writer: Writer) -> Any:
        """Write the name."""
        return writer.value(value)

    def schema(self) -> dict[str, Any]:
        """Describe the name by its pattern."""
        return {"type": "string", "pattern": f"^{plugins.NAME.pattern}$"}


@dataclass(frozen=True)
class Nested:
    """A Keras class of one kind, optionally with lower-case keys beside it."""

    kind: str

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return a `Call`."""
        return read_entry(node, self.kind, path, reader)

    def write(self, value: Any, writer: Writer) -> Any:
        """Write the class."""
        return writer.value(value)

    def schema(self) -> dict[str, Any]:
        """Refer to the kind's definition."""
        return type_schema(Type("entry", kind=self.kind))


@dataclass(frozen=True)
class MetricName:
    """One of dlcli's metrics (`f1`, `top_k:3`), or a class of keras.metrics with arguments."""

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return the name as written, or a `Call`."""
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return self._read_word(node, node.value, path, reader)
        return read_entry(node, "metrics", path, reader)

    def _read_word(self, node: Scalar, word: str, path: str, reader: Reader) -> Any:
        try:
            metrics.parse(word)
        except UserError as error:
            if reader.catalogue.find("metrics", word):
                return read_entry(node, "metrics", path, reader)
            return reader.report("unknown-metric", node.mark, path, error.message, error.remedy)
        return Word(word, node.mark, path)

    def write(self, value: Any, writer: Writer) -> Any:
        """Write the name, or the class."""
        return writer.value(value)

    def schema(self) -> dict[str, Any]:
        """Describe dlcli's names by a pattern, Keras's classes by their definition."""
        names = sorted({n for e in metrics.entries() for n in (e.name, *e.aliases)})
        pattern = f"^({'|'.join(names)})(:[A-Za-z0-9_]+)?$"
        return {"anyOf": [{"type": "string", "pattern": pattern}, type_schema(METRIC)]}


METRIC = Type("entry", kind="metrics")


@dataclass(frozen=True)
class RuleName:
    """The name of a rule of `dlcli explain`."""

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return the name."""
        from dlcli import rules  # few configs name one

        name = TEXT.read(node, path, reader)
        if name is INVALID or name in rules.names():
            return name
        message = f"'{name}' is not a rule{did_you_mean(name, rules.names())}"
        hint = "`dlcli explain` lists the rules"
        return reader.report("unknown-rule", node.mark, path, message, hint)

    def write(self, value: Any, writer: Writer) -> Any:
        """Write the name."""
        return writer.value(value)

    def schema(self) -> dict[str, Any]:
        """Refer to the rules' definition."""
        return {"$ref": "#/definitions/rule"}


IGNORED = ListOf(RuleName(), lone=True)
"""Rules that stay silent."""


OUTPUT: Final = r"^[A-Za-z][A-Za-z0-9_]*(\[[0-9]+\])?$"
"""An output as `model.outputs` names it: `main`, or `lstm[1]`."""


def by_output(value: Spec) -> MapOf:
    """Return the mapping of outputs to values of one kind."""
    return MapOf(value, OUTPUT, "an output's id")


@dataclass(frozen=True)
class PerOutput:
    """One value for all outputs, or a mapping of output ids to values."""

    value: Nested

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return a `Call`, or a dict of them by output id."""
        if isinstance(node, Scalar) and node.value is None:
            return None
        if isinstance(node, YamlMapping) and self._is_by_output(node, reader):
            return by_output(self.value).read(node, path, reader)
        return self.value.read(node, path, reader)

    def _is_by_output(self, node: YamlMapping, reader: Reader) -> bool:
        """Whether the keys are ids; one may be spelled like a class (`mse`, `Head`)."""
        if not any(self._is_class(key, reader) or key[:1].isupper() for key in node.pairs):
            return True
        return all(self._names_class(pair.node, reader) for pair in node.pairs.values())

    def _names_class(self, node: Node, reader: Reader) -> bool:
        names = [node.value] if isinstance(node, Scalar) else []
        names += node.pairs if isinstance(node, YamlMapping) else []
        return len(names) == 1 and self._is_class(names[0], reader)

    def _is_class(self, name: Plain, reader: Reader) -> bool:
        return isinstance(name, str) and reader.catalogue.find(self.value.kind, name) is not None

    def write(self, value: Any, writer: Writer) -> Any:
        """Write the one value, or the values by output."""
        return writer.value(value)

    def schema(self) -> dict[str, Any]:
        """Describe both forms, or null for an inferred loss."""
        forms = [{"type": "null"}, self.value.schema(), by_output(self.value).schema()]
        return {"anyOf": forms}


@dataclass(frozen=True)
class OneOf:
    """The first of several pieces that fits; the last one tells what is wrong."""

    pieces: tuple[Any, ...]

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return the first fitting piece's value."""
        for piece in self.pieces[:-1]:
            trial = Reader(reader.catalogue)
            value = piece.read(node, path, trial)
            if not trial.diagnostics:
                return value
        return self.pieces[-1].read(node, path, reader)

    def write(self, value: Any, writer: Writer) -> Any:
        """Write what any of the pieces has read."""
        return writer.value(value)

    def schema(self) -> dict[str, Any]:
        """Describe the alternatives."""
        return {"anyOf": [piece.schema() for piece in self.pieces]}


NULL = Typed((Type("null"),))


@dataclass(frozen=True)
class Options:
    """Some of a section's keys, none of which is needed; what is given is kept as a mapping.

    Attributes:
        fields: The keys.
    """

    fields: tuple[Field, ...]

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return the values that are given, by their keys."""
        values = Record(dict, self.fields).read(node, path, reader)
        given = node.pairs if isinstance(node, YamlMapping) else ()
        return values if values is INVALID else {name: values[name] for name in given}

    def write(self, value: Any, writer: Writer) -> dict[str, Any]:
        """Write what was given."""
        return {f.name: f.spec.write(value[f.name], writer) for f in self.fields if f.name in value}

    def schema(self) -> dict[str, Any]:
        """Describe the keys."""
        return Record(dict, self.fields).schema()


@dataclass(frozen=True)
class LayerId:
    """The id of a layer of the model; whether there is one shows when the config is bound."""

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return the id as a `Word`."""
        value = TEXT.read(node, path, reader)
        return value if value is INVALID else Word(value, node.mark, path)

    def write(self, value: Any, writer: Writer) -> Any:
        """Write the id."""
        return writer.value(value)

    def schema(self) -> dict[str, Any]:
        """Describe any text."""
        return TEXT.schema()


@dataclass(frozen=True)
class CandidateItem:
    """An optimizer of a comparison; other keys may stand beside it.

    Attributes:
        factory: The dataclass of a candidate: its `optimizer`, and the keys beside it.
    """

    factory: type[Any]

    @property
    def beside(self) -> Record:
        """The keys beside the optimizer."""
        return Record(dict, keys_of(self.factory, beside=("optimizer",)))

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return a candidate."""
        beside = self.beside
        names = tuple(f.name for f in beside.fields)
        call = read_entry(node, "optimizers", path, reader, names)
        given = node.pairs if isinstance(node, YamlMapping) else {}
        pairs = {k: p for k, p in given.items() if k in names}
        rest = beside.read(YamlMapping(pairs, node.mark), path, reader)
        if INVALID in (call, rest):
            return INVALID
        if isinstance(node, Scalar) and node.value in BY_OTHER_NAMES:
            rest["label"] = node.value
        return self.factory(call, **rest)

    def write(self, value: Any, writer: Writer) -> Any:
        """Write the optimizer, and the keys beside it."""
        return writer.call_beside(value.optimizer, self.beside.write(value, writer))

    def schema(self) -> dict[str, Any]:
        """Refer to the candidates' definition."""
        return {"$ref": "#/definitions/candidate"}


@dataclass(frozen=True)
class Candidates:
    """The optimizers of a comparison: a list, one alone, or a mapping of several to arguments.

    Attributes:
        item: One of them.
    """

    item: CandidateItem

    @property
    def _list(self) -> ListOf:
        return ListOf(self.item, minimum=1, lone=True)

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return a tuple of candidates."""
        if isinstance(node, YamlMapping):
            beside = [f.name for f in self.item.beside.fields]
            if len([name for name in node.pairs if name not in beside]) > 1:
                items = [YamlMapping({k: p}, p.key_mark) for k, p in node.pairs.items()]
                node = Sequence(tuple(items), node.mark)
        return self._list.read(node, path, reader)

    def write(self, value: Any, writer: Writer) -> Any:
        """Write the list."""
        return self._list.write(value, writer)

    def schema(self) -> dict[str, Any]:
        """Describe the three forms."""
        several = {"$ref": "#/definitions/candidates"}
        return {"anyOf": [*self._list.schema()["anyOf"], several]}


@dataclass(frozen=True)
class Deferred:
    """A section that is read after the others, with what they say.

    Attributes:
        describe: Returns its JSON Schema.
        render: Writes what was read; None for what leaves nothing to write.
    """

    describe: Callable[[], dict[str, Any]]
    render: Callable[[Any, Writer], Any] | None = None

    def read(self, node: Node, path: str, reader: Reader) -> Node:  # noqa: ARG002 (a Spec's form)
        """Keep the node."""
        return node

    def write(self, value: Any, writer: Writer) -> Any:
        """Write the section."""
        return self.render(value, writer) if self.render else None

    def schema(self) -> dict[str, Any]:
        """Describe the section."""
        return self.describe()


def words(literal: Any) -> Typed:
    """Return the piece of one of the words of a `Literal`."""
    return Typed((Type("string", choices=get_args(literal)),))
