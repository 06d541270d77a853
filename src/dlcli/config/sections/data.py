"""The `data` section: which data set, with its options, and how batches are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dlcli.config.grammar.calls import Variable
from dlcli.config.grammar.pieces import Record, argument_spec, keys_of, read_arguments
from dlcli.config.grammar.reading import INVALID, Reader, join, report_unknown_keys, wrong_type
from dlcli.config.yaml.diagnostics import listing
from dlcli.config.yaml.nodes import Node, Scalar, YamlMapping, nowhere
from dlcli.data import entries as dataset_entries
from dlcli.data import own_files
from dlcli.data.description import Source
from dlcli.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.catalogue.signature import Entry
    from dlcli.config.grammar.writing import Writer

OWN_FILES: Final = own_files()
"""Data sets that are the user's own files; they may be named without `dataset:`."""


OTHER_NAMES: Final = {
    "sep": "delimiter", "separators": "delimiter", "drop": "ignore", "exclude": "ignore",
    "names": "columns", "na_values": "missing", "sample_weight": "weights", "weight": "weights",
    "val": "validation", "dev": "validation", "valid": "validation", "quotechar": "quoting",
    "label": "target", "labels": "target", "y": "target", "inputs": "features",
    "text_column": "text", "filename": "file", "image_size": "size", "target_size": "size",
    "color_mode": "color", "skiprows": "header", "day_first": "dayfirst", "vocab": "vocabulary",
    "maxlen": "max_length", "pos_label": "positive", "embedding": "embed",
    "embeddings": "embed", "tags": "separator", "links": "follow_links",
}  # fmt: skip
"""What other programs call an option -> its name here."""


WINDOWS: Final = ("window", "horizon", "lookback", "lags", "lag", "steps_ahead", "n_steps")
FORECAST: Final = (
    "windows over the rows of a series are cut by forecast: {path: ..., time: ..., target: ..., "
    "window: ..., horizon: ...}"
)


@dataclass(frozen=True)
class DataSection:
    """The `data` section.

    The data set is named in one of three ways: `dataset: imdb` with its options beside it (of which
    those that it requires win over keys that all data sets share),
    `dataset: {imdb: {vocabulary: 10000}}`, or, for own files, `npz: {path: ...}`. It is written in
    the second one.

    Attributes:
        factory: The dataclass of the section: its `source`, and the keys that all data sets share.
    """

    factory: type[Any]

    @property
    def common(self) -> Record:
        """The keys that all data sets share."""
        return Record(dict, keys_of(self.factory, beside=("source",)))

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return a `DataConfig`."""
        if isinstance(node, Scalar) and isinstance(node.value, str):
            hint = f"write data: {{dataset: {node.value}}}"
            return wrong_type(node, path, "a mapping", reader, hint)
        if not isinstance(node, YamlMapping):
            return wrong_type(node, path, "a mapping", reader)
        own = _own_files_named(node)
        if len(own) + ("dataset" in node.pairs) != 1:
            message = f"name one data set: 'dataset', or a file by {listing(OWN_FILES)}"
            hint = "dataset: digits; `dlcli data ls` lists them"
            return reader.report("missing-key", node.mark, path, message, hint)
        common = self.common
        required = () if own else _required(node)
        shared = ("dataset", *(f.name for f in common.fields if f.name not in required))
        flat = YamlMapping(
            {k: p for k, p in node.pairs.items() if k not in (*shared, *own)}, node.mark
        )
        if own:
            report_unknown_keys(flat, dict.fromkeys((*shared, *own)), path, reader)
            source = self._read_source(own[0], node.pairs[own[0]].node, join(path, own[0]), reader)
        else:
            source = self._read_dataset(
                node.pairs["dataset"].node, flat, dict.fromkeys(shared), path, reader
            )
        pairs = {k: p for k, p in node.pairs.items() if k in shared and k != "dataset"}
        rest = common.read(YamlMapping(pairs, node.mark), path, reader)
        return INVALID if INVALID in (source, rest) else self.factory(source, **rest)

    def write(self, value: Any, writer: Writer) -> dict[str, Any]:
        """Write the data set with its options, and the keys that all data sets share."""
        options = writer.value(dict(value.source.options))
        return {"dataset": {value.source.name: options}, **self.common.write(value, writer)}

    def _read_dataset(
        self, node: Node, flat: YamlMapping, shared: Mapping[str, None], path: str, reader: Reader
    ) -> Any:
        """Read `dataset: NAME` with options beside it, or `dataset: {NAME: options}`."""
        here = join(path, "dataset")
        if isinstance(node, YamlMapping) and len(node.pairs) == 1:
            name, pair = next(iter(node.pairs.items()))
            if flat.pairs:
                report_unknown_keys(flat, shared, path, reader)
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
            message = f"'{name}' is not a data set of dlcli{did_you_mean(name, known)}"
            hint = "List them with `dlcli data ls`."
            return reader.report("unknown-dataset", mark or options.mark, path, message, hint)
        if isinstance(options, Scalar) and options.value is None:
            options = YamlMapping({}, options.mark)
        if not isinstance(options, YamlMapping):
            return wrong_type(options, path, f"the options of {name} by name", reader)
        values = read_arguments(options, entry, path, reader, self._hints(entry))
        if values is INVALID or _report_variables(values, reader):
            return INVALID
        return Source(name, _located(values, entry, options))

    def _hints(self, entry: Entry) -> dict[str, str]:
        """Return what to say of options that stand beside the data set, or have other names."""
        own = entry.name in OWN_FILES
        form = f"{{{entry.name}: {{...}}, " if own else "{dataset: ..., "
        beside = {
            f.name: f"it stands beside the data set: data: {form}{f.name}: ...}}"
            for f in self.common.fields
        }
        other = {name: f"it is called {new} here" for name, new in OTHER_NAMES.items()}
        known = {name: hint for name, hint in other.items() if OTHER_NAMES[name] in entry.by_name}
        windows = {name: FORECAST for name in WINDOWS if name not in entry.by_name}
        return beside | known | windows

    def schema(self) -> dict[str, Any]:
        """Describe one alternative a data set, so that each has only its own options."""
        common = {f.name: f.spec.schema() for f in self.common.fields}
        entries = dataset_entries()
        return {"anyOf": [s for entry in entries for s in _source_schemas(entry, common)]}


def _own_files_named(node: YamlMapping) -> list[str]:
    """Return the kinds of own files among the keys, but for options (`text` has one `text`)."""
    named = node.get("dataset")
    entry = find_dataset(str(named.value)) if isinstance(named, Scalar) else None
    options = entry.by_name if entry else {}
    return [name for name in OWN_FILES if name in node.pairs and name not in options]


def _required(node: YamlMapping) -> tuple[str, ...]:
    """Return the options that a data set with its options beside it cannot do without."""
    named = node.get("dataset")
    entry = find_dataset(str(named.value)) if isinstance(named, Scalar) else None
    return tuple(a.name for a in entry.arguments if a.required) if entry else ()


def find_dataset(name: str) -> Entry | None:
    """Return the data set of a name, or None."""
    return next((e for e in dataset_entries() if name in (e.name, *e.aliases)), None)


def _located(values: dict[str, Any], entry: Entry, node: YamlMapping) -> dict[str, Any]:
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
        message = f"{value.text} comes from the data, whose options cannot depend on it"
        mark = value.mark or nowhere()
        reader.report("undefined-variable", mark, value.path, message, "write a number")
        return True
    inner = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(inner, list | tuple):
        return False
    return True in [_report_variables(item, reader) for item in inner]


def _source_schemas(entry: Entry, common: dict[str, Any]) -> list[dict[str, Any]]:
    options = {a.name: argument_spec(a).schema() for a in entry.arguments}
    required = [a.name for a in entry.arguments if a.required]
    nested: dict[str, Any] = {
        "type": ["object", "null"],
        "properties": options,
        "required": required,
        "additionalProperties": False,
    }
    chosen = {
        "type": "object",
        "properties": {entry.name: nested},
        "required": [entry.name],
        "additionalProperties": False,
    }
    beside = {name: schema for name, schema in common.items() if name not in required}
    flat = {"dataset": {"const": entry.name}, **options, **beside}
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
