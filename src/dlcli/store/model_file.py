"""A run's `model.keras`, looked into before Keras opens it.

A model that dlcli saved is a zip of three members, whose config names nothing but Keras's own
layers and what belongs to them. Anything else is refused here, whatever Keras would make of it: a
folder or an HDF5 file under that name, a class that runs code or reads files, a zip that unpacks
to more than it can hold.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from dlcli.catalogue import plugins
from dlcli.catalogue.catalogue import load_catalogue
from dlcli.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEMBERS = frozenset({"metadata.json", "config.json", "model.weights.h5"})

MAX_CONFIG_BYTES = 2**26
"""Bound on the config; that of a network of a thousand layers has 1 MB."""

MAX_EXPANSION = 100
"""Weights hardly get smaller when they are packed; Keras does not pack them at all."""

ALWAYS_FITS = 2**26
"""Members of up to so many bytes may be packed as tightly as they like."""

_OF_PLUGINS = ("layers", "initializers", "regularizers", "constraints")
"""What a model may hold of the plugins that the command line has named."""

_OF_KERAS = (*_OF_PLUGINS, "losses", "metrics", "optimizers", "schedules")
"""What a model may hold of Keras: its layers, and what it was compiled with."""

_POLICIES = frozenset({"DTypePolicy", "DTypePolicyMap", "FloatDTypePolicy"})
_MODELS = frozenset({"Functional", "Sequential"})
_NAMED = {
    "keras": _POLICIES | _MODELS,
    "keras.dtype_policies": _POLICIES,
    "keras.models": _MODELS,
    "keras.src.models.functional": _MODELS,
    "keras.src.models.sequential": _MODELS,
}
"""What a module may be asked for, beside what the catalogue says of its kind."""

_OPERATION = re.compile(r"keras\.src\.ops\.\w+")
"""Modules of operations, of which masks are made (see dlcli.engine.masking); they only compute."""

_PLAIN = frozenset({
    "__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__",
})  # fmt: skip
"""Keras's names of plain values; not among them is `__lambda__`, which is code."""

_FILES = ("vocabulary", "idf_weights", "filepath")
"""Arguments that name a file to be read if they are text."""


def check_model_file(path: Path) -> None:
    """Make sure that a model holds only what dlcli saves.

    Raises:
        UserError: If it is no such file, or could run code, read other files or fill the memory.
    """
    try:
        with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            _check_members(archive)
            config = json.loads(archive.read("config.json"))
        _check_objects(config)
    # zipfile raises a RuntimeError for what is encrypted; json a RecursionError for deep nesting.
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        remedy = "Train the run again; dlcli loads only models that contain no code."
        raise UserError(f"{path} cannot be loaded: {error}", remedy=remedy) from None


def _check_members(archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    for name in names:
        if name not in MEMBERS or names.count(name) > 1:
            raise ValueError(f"it contains {name!r}, which dlcli never writes")
    if missing := sorted(MEMBERS - set(names)):
        raise ValueError(f"it has no {missing[0]}")
    for member in archive.infolist():
        most = max(ALWAYS_FITS, MAX_EXPANSION * member.compress_size)
        if member.filename != "model.weights.h5":
            most = MAX_CONFIG_BYTES
        if member.file_size > most:
            message = f"its {member.filename} unpacks from {member.compress_size:,} to"
            raise ValueError(f"{message} {member.file_size:,} bytes")


def _check_objects(config: Any) -> None:
    """Make sure that a config names only Keras's own layers and what belongs to them.

    Raises:
        ValueError: If it does not.
    """
    for found in _mappings(config):
        if "class_name" in found and not _is_known(found):
            named = f"{found.get('module')}.{found['class_name']}"
            raise ValueError(f"it names {named}, which can run code and is never loaded")
        for key in _FILES:
            if isinstance(found.get(key), str):
                message = f"it would read the file {found[key]!r}"
                raise ValueError(message)  # noqa: TRY004 - the file's fault


def _is_known(found: dict[str, Any]) -> bool:
    """Whether an object is one that a config of dlcli may name, or that belongs to such."""
    name, module = found["class_name"], found.get("module")
    if not isinstance(name, str) or name in _PLAIN:
        return isinstance(name, str)
    if not isinstance(module, str):
        return False
    registered = found.get("registered_name")
    if plugin := plugins.owner(module):
        return _is_plugins(plugin, name, str(registered or name))
    return registered in (None, name) and _is_keras(found, name, module)


def _is_plugins(plugin: plugins.Plugin, name: str, registered: str) -> bool:
    """Whether a plugin that the command line has named has a class that a model may hold."""
    own = any(name in plugin.kinds.get(kind, ()) for kind in _OF_PLUGINS)
    return own and registered.rpartition(">")[2] == name


def _is_keras(found: dict[str, Any], name: str, module: str) -> bool:
    """Whether an object is one of Keras's that a config may name, or that belongs to such."""
    if name == "function":
        return _may_be_named("activations", str(found.get("config")))
    kind = module.removeprefix("keras.").removeprefix("optimizers.")
    if kind in _OF_KERAS:
        return name == "InputLayer" or _may_be_named(kind, name)
    return _OPERATION.fullmatch(module) is not None or name in _NAMED.get(module, ())


def _may_be_named(kind: str, name: str) -> bool:
    """Whether a config may name an entry of the catalogue."""
    entry = load_catalogue().find(kind, name)
    return entry is not None and not entry.refused


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every mapping in a value."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            yield found
            waiting += found.values()
        elif isinstance(found, list):
            waiting += found
