"""The grammar of a config, whole, in one place: every key with its type, default and help."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dlcli import metrics
from dlcli.config import blocks, network
from dlcli.config.catalogue import load_catalogue
from dlcli.config.diagnostics import listing
from dlcli.config.experiment import (
    Call,
    Candidate,
    CompareConfig,
    CompileConfig,
    Config,
    DataConfig,
    FitConfig,
    Variable,
)
from dlcli.config.grammar import (
    Field,
    ListOf,
    MapOf,
    Record,
    Typed,
    read_arguments,
    read_entry,
    type_schema,
)
from dlcli.config.nodes import Mark, Node, Scalar, Table, Text, Word
from dlcli.config.reading import INVALID, Reader, join, report_unknown_keys, wrong_type
from dlcli.data import entries as dataset_entries
from dlcli.data import own_files
from dlcli.data.description import Source
from dlcli.errors import UserError
from dlcli.signature import Entry, Type
from dlcli.suggestion import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN_FILES: Final = own_files()
"""Data sets that are the user's own files; they may be named without `dataset:`."""

POSITIVE = Typed((Type("integer", minimum=1),))
COUNT = Typed((Type("integer", minimum=0),))
SEED = Typed((Type("integer", minimum=0, maximum=2**31 - 1),))
BOOLEAN = Typed((Type("boolean"),))
TEXT = Typed((Type("string"),))
NUMBER = Typed((Type("number"),))
RATE = Typed((Type("number", minimum=0, maximum=1e30, exclusive=True),))
FRACTION = Typed((Type("number", minimum=0, maximum=0.9),))
NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"


@dataclass(frozen=True)
class Name:
    """A name that is also good as a folder's name."""

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return the name."""
        value = TEXT.read(node, path, reader)
        if value is not INVALID and not re.search(NAME_PATTERN, value):
            hint = "letters, digits, '.', '_' and '-', beginning with a letter or digit"
            return reader.report("bad-name", node.mark, path, f"'{value}' is no name", hint)
        return value

    def schema(self) -> dict[str, Any]:
        """Describe the name by its pattern."""
        return {"type": "string", "pattern": NAME_PATTERN}


@dataclass(frozen=True)
class Nested:
    """A Keras class of one kind, optionally with lower-case keys beside it."""

    kind: str

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return a `Call`."""
        return read_entry(node, self.kind, path, reader)

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

    def schema(self) -> dict[str, Any]:
        """Describe dlcli's names by a pattern, Keras's classes by their definition."""
        names = sorted({n for e in metrics.entries() for n in (e.name, *e.aliases)})
        pattern = f"^({'|'.join(names)})(:[A-Za-z0-9_]+)?$"
        return {"anyOf": [{"type": "string", "pattern": pattern}, type_schema(METRIC)]}


METRIC = Type("entry", kind="metrics")


@dataclass(frozen=True)
class DataSection:
    """The `data` section.

    The data set is named in one of three ways: `dataset: imdb` with its options beside it,
    `dataset: {imdb: {vocabulary: 10000}}`, or, for own files, `npz: {path: ...}`.
    """

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return a `DataConfig`."""
        if isinstance(node, Scalar) and isinstance(node.value, str):
            hint = f"write data: {{dataset: {node.value}}}"
            return wrong_type(node, path, "a mapping", reader, hint)
        if not isinstance(node, Table):
            return wrong_type(node, path, "a mapping", reader)
        own = [name for name in OWN_FILES if name in node.pairs]
        if len(own) + ("dataset" in node.pairs) != 1:
            message = f"name one data set: 'dataset', or a file by {listing(OWN_FILES)}"
            hint = "dataset: digits; `dlcli data ls` lists them"
            return reader.report("missing-key", node.mark, path, message, hint)
        flat = Table(
            {k: p for k, p in node.pairs.items() if k not in (*COMMON_KEYS, *OWN_FILES)}, node.mark
        )
        if own:
            report_unknown_keys(flat, dict.fromkeys((*COMMON_KEYS, *own)), path, reader)
            source = self._read_source(own[0], node.pairs[own[0]].node, join(path, own[0]), reader)
        else:
            source = self._read_dataset(node.pairs["dataset"].node, flat, path, reader)
        common = {k: p for k, p in node.pairs.items() if k in COMMON_KEYS and k != "dataset"}
        rest = COMMON.read(Table(common, node.mark), path, reader)
        return INVALID if INVALID in (source, rest) else DataConfig(source, **rest)

    def _read_dataset(self, node: Node, flat: Table, path: str, reader: Reader) -> Any:
        """Read `dataset: NAME` with options beside it, or `dataset: {NAME: options}`."""
        here = join(path, "dataset")
        if isinstance(node, Table) and len(node.pairs) == 1:
            name, pair = next(iter(node.pairs.items()))
            if flat.pairs:
                report_unknown_keys(flat, dict.fromkeys(COMMON_KEYS), path, reader)
            return self._read_source(name, pair.node, join(here, name), reader, pair.key_mark)
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            return wrong_type(node, here, "the name of a data set", reader)
        return self._read_source(node.value, flat, path, reader, node.mark)

    def _read_source(
        self, name: str, options: Node, path: str, reader: Reader, mark: Any = None
    ) -> Any:
        entry = find_dataset(name)
        if entry is None:
            known = [e.name for e in dataset_entries()]
            message = f"'{name}' is no data set dlcli knows{did_you_mean(name, known)}"
            hint = "`dlcli data ls` lists them"
            return reader.report("unknown-dataset", mark or options.mark, path, message, hint)
        if isinstance(options, Scalar) and options.value is None:
            options = Table({}, options.mark)
        if not isinstance(options, Table):
            return wrong_type(options, path, f"the options of {name} by name", reader)
        values = read_arguments(options, entry, path, reader)
        if values is INVALID or _report_variables(values, reader):
            return INVALID
        return Source(name, _located(values, entry, options))

    def schema(self) -> dict[str, Any]:
        """Describe one alternative a data set, so that each has only its own options."""
        return {"anyOf": [s for entry in dataset_entries() for s in _source_schemas(entry)]}


def find_dataset(name: str) -> Entry | None:
    """Return the data set of a name, or None."""
    return next((e for e in dataset_entries() if name in (e.name, *e.aliases)), None)


def _located(values: dict[str, Any], entry: Entry, node: Table) -> dict[str, Any]:
    """Make paths absolute: beside the config first, else below the working folder."""
    from pathlib import Path

    paths = [a.name for a in entry.arguments if any(t.name == "path" for t in a.types)]
    for name in paths:
        if isinstance(values.get(name), str):
            given = Path(values[name]).expanduser()
            beside = Path(node.pairs[name].node.mark.text.name).parent / given
            values[name] = str((beside if beside.exists() else given).absolute())
    return values


def _report_variables(value: Any, reader: Reader) -> bool:
    """Report every variable in a data set's options, which are read before the data are."""
    if isinstance(value, Variable):
        message = f"${value.name} comes from the data, whose options cannot depend on it"
        mark = value.mark or Mark(Text("config", ""), 1, 1)
        reader.report("undefined-variable", mark, value.path, message, "write a number")
        return True
    inner = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(inner, list | tuple):
        return False
    return True in [_report_variables(item, reader) for item in inner]


def _source_schemas(entry: Entry) -> list[dict[str, Any]]:
    options = {a.name: Typed(a.types, variables=True).schema() for a in entry.arguments}
    required = [a.name for a in entry.arguments if a.required]
    nested: dict[str, Any] = {
        "type": ["object", "null"],
        "properties": options,
        "required": required,
        "additionalProperties": False,
    }
    common = {f.name: f.spec.schema() for f in COMMON.fields}
    chosen = {
        "type": "object",
        "properties": {entry.name: nested},
        "required": [entry.name],
        "additionalProperties": False,
    }
    flat = {"dataset": {"const": entry.name}, **options, **common}
    schemas = [
        _closed(flat, ["dataset", *required]),
        _closed({"dataset": chosen, **common}, ["dataset"]),
    ]
    if entry.name in OWN_FILES:
        schemas.append(_closed({entry.name: nested, **common}, [entry.name]))
    return schemas


def _closed(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


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

    def schema(self) -> dict[str, Any]:
        """Describe the alternatives."""
        return {"anyOf": [piece.schema() for piece in self.pieces]}


NULL = Typed((Type("null"),))

COMMON = Record(
    dict,
    (
        Field("validation", FRACTION, 0.1, "share of the training data that validates; 0 for none"),
        Field("batch_size", POSITIVE, 32, "examples in a training step"),
        Field("bucketing", BOOLEAN, False, "batches of sequences of similar length, cut to it"),
        Field("group", OneOf((NULL, TEXT)), None, "what tells examples that belong together"),
    ),
)
COMMON_KEYS: Final = ("dataset", *(f.name for f in COMMON.fields))


@dataclass(frozen=True)
class PerOutput:
    """One value for all outputs, or a mapping of output ids to values."""

    value: Nested

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return a `Call`, or a dict of them by output id."""
        if isinstance(node, Scalar) and node.value is None:
            return None
        if isinstance(node, Table) and not any(
            reader.catalogue.find(self.value.kind, key) or key[:1].isupper() for key in node.pairs
        ):
            return MapOf(self.value, blocks.IDENTIFIER, "an output's id").read(node, path, reader)
        return self.value.read(node, path, reader)

    def schema(self) -> dict[str, Any]:
        """Describe both forms, or null for an inferred loss."""
        return {
            "anyOf": [
                {"type": "null"},
                self.value.schema(),
                MapOf(self.value, blocks.IDENTIFIER).schema(),
            ]
        }


COMPILE = Record(
    CompileConfig,
    (
        Field("optimizer", Nested("optimizers"), Call("optimizers", "Adam"), "Adam by default"),
        Field("loss", PerOutput(Nested("losses")), None, "inferred where unambiguous"),
        Field("loss_weights", OneOf((NULL, MapOf(NUMBER))), None, "a weight for each output"),
        Field(
            "metrics",
            OneOf((NULL, ListOf(MetricName(), lone=True))),
            None,
            "accuracy for classes, mae for regression, if left out",
        ),
    ),
)

FIT = Record(
    FitConfig,
    (
        Field("epochs", POSITIVE, 10, "passes over the training data"),
        Field("callbacks", ListOf(Nested("callbacks"), lone=True), (), "Keras callbacks"),
        Field("shuffle", BOOLEAN, True, "a new order of the examples every epoch"),
        Field(
            "class_weight",
            OneOf(
                (
                    NULL,
                    Typed((Type("string", choices=("balanced",)),)),
                    MapOf(Typed((Type("number", minimum=0),)), r"^[0-9]+$", "a label (0, 1, ...)"),
                )
            ),
            None,
            "weights by label, or 'balanced'",
        ),
        Field(
            "jit",
            OneOf((BOOLEAN, Typed((Type("string", choices=("auto",)), Type("boolean"))))),
            "auto",
            "compile with XLA; 'auto' does where it pays",
        ),
        Field("mixed_precision", BOOLEAN, False, "compute in float16 (bfloat16 on a CPU)"),
    ),
)


@dataclass(frozen=True)
class CandidateItem:
    """An optimizer of a comparison; `label` and `learning_rates` may stand beside it."""

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return a `Candidate`."""
        keys = tuple(f.name for f in CANDIDATE.fields)
        call = read_entry(node, "optimizers", path, reader, keys)
        beside = (
            {k: p for k, p in node.pairs.items() if k in keys} if isinstance(node, Table) else {}
        )
        rest = CANDIDATE.read(Table(beside, node.mark), path, reader)
        return INVALID if INVALID in (call, rest) else Candidate(call, **rest)

    def schema(self) -> dict[str, Any]:
        """Refer to the candidates' definition."""
        return {"$ref": "#/definitions/candidate"}


CANDIDATE = Record(
    dict,
    (
        Field("label", TEXT, None, "what tables call it"),
        Field("learning_rates", ListOf(RATE, minimum=1), None, "used as they are"),
    ),
)

COMPARE = Record(
    CompareConfig,
    (
        Field("optimizers", ListOf(CandidateItem(), minimum=1), None, "what is compared"),
        Field("learning_rates", ListOf(RATE, minimum=1), None, "one list for all"),
        Field(
            "initializers",
            ListOf(Nested("initializers"), minimum=1, lone=True),
            None,
            "crossed with optimizers and rates",
        ),
        Field("seeds", COUNT, None, "replications; 0 tries a plain grid and ranks nothing"),
        Field("search_seeds", POSITIVE, None, "replications that try the whole grid of rates"),
        Field(
            "split",
            Typed((Type("string", choices=("resample", "official")),)),
            "resample",
            "draw the test part anew in each replication, or keep the data set's own",
        ),
        Field(
            "tune",
            Typed((Type("string", choices=("each", "once")),)),
            "each",
            "choose the rate in each replication, or once for all",
        ),
        Field(
            "margin",
            Typed((Type("number", minimum=0),)),
            None,
            "what a candidate may lack to the best and still be as good",
        ),
        Field(
            "budget",
            Typed((Type("integer", minimum=1), Type("string"))),
            None,
            "a number of trials, or a time such as 10m",
        ),
        Field("target", MapOf(NUMBER), None, "{metric: value} that counts as reached"),
        Field("score", TEXT, None, "the metric that ranks"),
        Field(
            "preset",
            Typed((Type("string", choices=("quick", "standard", "full")),)),
            "standard",
            "how many optimizers, rates and seeds",
        ),
        Field("prune", BOOLEAN, False, "successive halving in the search"),
    ),
)


@dataclass(frozen=True)
class Deferred:
    """A section that is read after the others, with what they say."""

    describe: Any

    def read(self, node: Node, path: str, reader: Reader) -> Node:  # noqa: ARG002 (a Spec's form)
        """Keep the node."""
        return node

    def schema(self) -> dict[str, Any]:
        """Describe the section."""
        schema: dict[str, Any] = self.describe()
        return schema


ROOT = Record(
    dict,
    (
        Field("version", Typed((Type("integer", minimum=1, maximum=1),)), 1, "of this grammar"),
        Field("name", Name(), None, "names the run's folder; the file's name if left out"),
        Field("seed", SEED, 0, "decides initial weights, batch order, dropout, validation"),
        Field("data", DataSection(), help="data: {dataset: digits}; `dlcli data ls` lists them"),
        Field("blocks", Deferred(blocks.blocks_schema), None, "pieces of a model by name"),
        Field("model", Deferred(network.model_schema), None, "the network"),
        Field("compile", COMPILE, CompileConfig(), "optimizer and loss"),
        Field("fit", FIT, FitConfig(), "how long and how to train"),
        Field("compare", COMPARE, None, "what `dlcli compare-optimizers` compares"),
    ),
)


def read_config(root: Node, default_name: str, reader: Reader | None = None) -> Config | None:
    """Read a whole document; None if `reader.diagnostics` holds mistakes.

    Args:
        root: The document's root node.
        default_name: The config's name where it gives none.
        reader: Takes the mistakes.
    """
    reader = reader or Reader(load_catalogue())
    if not isinstance(root, Table):
        hint = "a config is a mapping: data: ..., model: ..., compile: ..., fit: ..."
        wrong_type(root, "", "a mapping at the top", reader, hint)
        return None
    sections: Mapping[str, Any] | Any = ROOT.read(root, "", reader)
    model = network.read_model(root.get("model"), root.get("blocks"), root, reader)
    if sections is INVALID or model is INVALID or reader.diagnostics:
        return None
    rest = {k: v for k, v in sections.items() if k not in ("blocks", "model", "name")}
    return Config(name=sections["name"] or default_name, model=model, **rest)
