"""A frozen config back to YAML: canonical class names, blocks expanded, defaults filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml

from dlcli.config.grammar.pieces import REQUIRED, keys_of
from dlcli.config.grammar.writing import Writer
from dlcli.config.sections.experiment import Config, DataConfig
from dlcli.config.sections.root import CONFIG
from dlcli.config.yaml.text import plain_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dlcli.catalogue.catalogue import Catalogue
    from dlcli.config.grammar.pieces import Field

NO_DEFAULT: Final = (REQUIRED, None, "")
"""Stand where a config gives none: a required key, no comparison, the file's name."""


def to_plain(config: Config, catalogue: Catalogue | None = None) -> dict[str, Any]:
    """Return the config as plain data that reads back as the same config.

    Args:
        config: The config.
        catalogue: If given, every default is written out, Keras's own too.
    """
    return CONFIG.write(config, Writer(catalogue, whole=catalogue is not None))


def to_yaml(config: Config, catalogue: Catalogue | None = None) -> str:
    """Return the config as YAML text."""
    return dump_yaml(to_plain(config, catalogue))


def dump_yaml(plain: Any) -> str:
    """Write plain data as YAML that YAML 1.1 and 1.2 readers understand alike."""
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Dumper(yaml.SafeDumper):
    """Writes numbers and texts so that both YAML versions read them, and never writes aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (PyYAML's form)
        return True


def _represent_float(dumper: yaml.SafeDumper, value: float) -> yaml.ScalarNode:
    text = repr(value).replace("inf", ".inf").replace("nan", ".nan")
    if "e" in text and "." not in text.partition("e")[0]:
        text = text.replace("e", ".0e")
    return dumper.represent_scalar("tag:yaml.org,2002:float", text)


def _represent_text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    """Quote what this package's reader would take for a number: `1e-3`, `0o14`."""
    style = None if plain_value(value) == value else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(float, _represent_float)
_Dumper.add_representer(str, _represent_text)


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
    writer = Writer(whole=True)
    plain = CONFIG.write(config, writer)
    if config.model.is_chain:  # the ids of a chain are made up, and nothing refers to them
        for layer in plain["model"]["layers"]:
            layer.pop("id")
    defaults = _defaults(keys_of(Config), writer)
    defaults["data"] = _defaults(keys_of(DataConfig, beside=("source",)), writer)
    return differences(plain, defaults)


def _defaults(keys: Iterable[Field], writer: Writer) -> dict[str, Any]:
    """Write the defaults of those keys that have one."""
    return {k.name: k.spec.write(k.default, writer) for k in keys if k.default not in NO_DEFAULT}
