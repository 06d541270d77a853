"""A frozen config back to YAML: canonical class names, blocks expanded, defaults filled in."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import yaml

from dlcli.config.experiment import (
    Call,
    CompileConfig,
    Config,
    DataConfig,
    FitConfig,
    Reference,
    Variable,
)
from dlcli.config.nodes import Word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.config.catalogue import Catalogue
    from dlcli.config.experiment import CompareConfig, LayerConfig, ModelConfig
    from dlcli.signature import Argument


def to_plain(config: Config, catalogue: Catalogue | None = None) -> dict[str, Any]:
    """Return the config as plain data that reads back as the same config.

    Args:
        config: The config.
        catalogue: If given, Keras's own defaults are written out too.
    """
    writer = _Writer(catalogue)
    plain: dict[str, Any] = {
        "version": config.version,
        "name": config.name,
        "seed": config.seed,
        "data": {
            "dataset": {config.data.source.name: writer.value(dict(config.data.source.options))},
            "validation": config.data.validation,
            "batch_size": config.data.batch_size,
            "group": config.data.group,
        },
        "model": writer.model(config.model),
        "compile": writer.fields(config.compile),
        "fit": writer.fields(config.fit),
    }
    if config.compare is not None:
        plain["compare"] = writer.compare(config.compare)
    return plain


def to_yaml(config: Config, catalogue: Catalogue | None = None) -> str:
    """Return the config as YAML text."""
    return dump_yaml(to_plain(config, catalogue))


def dump_yaml(plain: Any) -> str:
    """Write plain data as YAML that YAML 1.1 and 1.2 readers understand alike."""
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Dumper(yaml.SafeDumper):
    """Writes floats so that both YAML versions read numbers, and never writes aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (PyYAML's form)
        return True


def _represent_float(dumper: yaml.SafeDumper, value: float) -> yaml.ScalarNode:
    text = repr(value).replace("inf", ".inf").replace("nan", ".nan")
    if "e" in text and "." not in text.partition("e")[0]:
        text = text.replace("e", ".0e")
    return dumper.represent_scalar("tag:yaml.org,2002:float", text)


_Dumper.add_representer(float, _represent_float)


class _Writer:
    def __init__(self, catalogue: Catalogue | None) -> None:
        self.catalogue = catalogue

    def value(self, value: Any) -> Any:
        """Write any value of a config."""
        if isinstance(value, Call):
            return self.call(value)
        if isinstance(value, Variable):
            return f"${value.name}"
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {str(key): self.value(item) for key, item in value.items()}
        return str(value) if isinstance(value, Word) else value

    def call(self, call: Call) -> Any:
        """Write a class: its bare name if it has no arguments."""
        if call.kind == "activations":
            return call.name
        arguments = self._defaults(call) | {k: self.value(v) for k, v in call.arguments.items()}
        return {call.name: arguments} if arguments else call.name

    def _defaults(self, call: Call) -> dict[str, Any]:
        """Return Keras's own defaults of a class, if they are wanted.

        None stands for "not given" in Keras; writing it out would only be noise.
        """
        entry = self.catalogue.find(call.kind, call.name) if self.catalogue else None
        given = [a for a in entry.arguments if not a.required] if entry else []
        return {a.name: self._default(a) for a in given if a.default is not None}

    def _default(self, argument: Argument) -> Any:
        """Write a default; one that names a class (`glorot_uniform`) by the class's own name."""
        for accepted in argument.types if isinstance(argument.default, str) else ():
            entry = (
                self.catalogue.find(accepted.kind, argument.default)
                if self.catalogue and accepted.name == "entry"
                else None
            )
            if entry is not None:
                return self.call(Call(accepted.kind, entry.name))
        return argument.default

    def model(self, model: ModelConfig) -> dict[str, Any]:
        """Write the graph; a chain needs no `from`."""
        plain: dict[str, Any] = {}
        if [i.id for i in model.inputs] != ["input"] or model.inputs[0].shape is not None:
            plain["inputs"] = {
                i.id: {
                    k: self.value(v)
                    for k, v in (("shape", i.shape), ("dtype", i.dtype))
                    if v is not None
                }
                for i in model.inputs
            }
        plain["layers"] = [self._layer(layer, model.is_chain) for layer in model.layers]
        if not model.is_chain:
            plain["outputs"] = [str(ref) for ref in model.outputs]
        return plain

    def _layer(self, layer: LayerConfig, is_chain: bool) -> dict[str, Any]:
        if layer.call is None:
            plain: dict[str, Any] = {"use": layer.shared}
        else:
            written = self.call(layer.call)
            plain = {written: {}} if isinstance(written, str) else written
        plain["id"] = layer.id
        if not is_chain:
            plain["from"] = _references(layer.inputs)
        return plain

    def fields(self, section: Any) -> dict[str, Any]:
        """Write a section whose keys are its fields."""
        return {name: self.value(value) for name, value in vars(section).items()}

    def compare(self, compare: CompareConfig) -> dict[str, Any]:
        """Write what the comparison names; None stands for the preset's choice."""
        plain = {k: v for k, v in self.fields(compare).items() if v is not None}
        if compare.optimizers is not None:
            plain["optimizers"] = [
                self._candidate(vars(candidate)) for candidate in compare.optimizers
            ]
        return plain

    def _candidate(self, candidate: Mapping[str, Any]) -> Any:
        written = self.call(candidate["optimizer"])
        beside = {
            key: self.value(candidate[key])
            for key in ("label", "learning_rates")
            if candidate[key] is not None
        }
        return (
            {**({written: {}} if isinstance(written, str) else written), **beside}
            if beside
            else written
        )


def _references(references: tuple[Reference, ...]) -> str | list[str]:
    written = [str(ref) for ref in references]
    return written[0] if len(written) == 1 else written


def differences(config: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the dotted paths at which two plain configs differ, with both values."""
    left, right = flatten(config), flatten(other)
    paths = [*left, *(path for path in right if path not in left)]
    return {
        path: (left.get(path), right.get(path))
        for path in paths
        if left.get(path) != right.get(path) or (path in left) != (path in right)
    }


def flatten(plain: Any, path: str = "") -> dict[str, Any]:
    """Return every scalar of plain data by its dotted path."""
    if isinstance(plain, dict) and plain:
        parts = [(f"{path}.{key}" if path else str(key), value) for key, value in plain.items()]
    elif isinstance(plain, list) and plain:
        parts = [(f"{path}[{i}]", value) for i, value in enumerate(plain)]
    else:
        return {path: plain}
    return {p: v for part, value in parts for p, v in flatten(value, part).items()}


def default_differences(config: Config) -> dict[str, tuple[Any, Any]]:
    """Return what a config says beyond the defaults: path -> (value, default).

    The data set and the model have no default, so all of them are shown.
    """
    fields = {"data": DataConfig, "compile": CompileConfig, "fit": FitConfig}
    plain = to_plain(config)
    if config.model.is_chain:  # the ids of a chain are made up, and nothing refers to them
        for layer in plain["model"]["layers"]:
            layer.pop("id")
    defaults: dict[str, Any] = {"version": 1, "seed": 0}
    for section, factory in fields.items():
        defaults[section] = {
            f.name: _Writer(None).value(_field_default(f))
            for f in dataclasses.fields(factory)
            if f.name != "source"
        }
    return differences(plain, defaults)


def _field_default(described: dataclasses.Field[Any]) -> Any:
    factory = described.default_factory
    return described.default if factory is dataclasses.MISSING else factory()
