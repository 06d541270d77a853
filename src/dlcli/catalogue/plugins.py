"""Code of the user's own: what it defines may be named in configs, if the command line names it.

A plugin is a Python file (`--plugin my_optimizer.py`), or an installed distribution with an entry
point in the group `dlcli.plugins`. Its public subclasses of Keras's base classes join the catalogue
with what their signatures say. A config can say that it needs one, but never loads it: code runs
only if the command line or `DLCLI_PLUGINS` names it.

A file travels as its source, so that it works wherever a trial runs; the hash of that source is
part of the trials' keys.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import json
import linecache
import os
import re
import sys
import types
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.catalogue.catalogue import (
    FORMAT,
    IntrospectionError,
    load_catalogue,
    run_introspection,
)
from dlcli.errors import UserError, did_you_mean
from dlcli.runtime.files import is_special
from dlcli.runtime.messages import keras_message
from dlcli.runtime.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.metadata import EntryPoint

FOLDER = "plugins"
"""Where a run or a comparison keeps copies of the files that it needs."""

GROUP = "dlcli.plugins"
VARIABLE = "DLCLI_PLUGINS"

PREFIX = "dlcli_plugin_"
"""Before a file's name in `sys.modules`, so that no plugin takes the place of another module."""

LARGEST = 4_000_000
"""Bytes of a plugin's file at most."""

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")

MEND = "mend the plugin; --debug shows the whole traceback"


class PluginError(UserError):
    """A plugin cannot be loaded."""


class PluginFailure(Exception):  # noqa: N818 (its name is shown to the user)
    """A plugin's code has failed; the message says where in it."""


@dataclass(frozen=True)
class Plugin:
    """A plugin, with all that a process needs to load it.

    Attributes:
        name: What a config calls it: the file's name without `.py`, or the entry point's.
        module: The module that it becomes.
        place: Its file as it was named, or its distribution and version.
        digest: SHA-256 of its code.
        source: The file's content; None if it is an installed distribution.
        kinds: Its entries as a catalogue's file has them, by kind and name.
    """

    name: str
    module: str
    place: str
    digest: str
    source: bytes | None = None
    kinds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, compare=False)


_active: dict[str, Plugin] = {}
"""The plugins of this process, by name."""


def active() -> tuple[Plugin, ...]:
    """Return the plugins that this process was told to use."""
    return tuple(_active.values())


def find_active(name: str) -> Plugin | None:
    """Return the plugin of this name, None if this process was not told to use one."""
    return _active.get(name)


def owner(module: str) -> Plugin | None:
    """Return the plugin that a module of the catalogue belongs to, None if it is no plugin's."""
    return next((plugin for plugin in _active.values() if plugin.module == module), None)


def named_by_environment() -> tuple[str, ...]:
    """Return what `DLCLI_PLUGINS` names."""
    return tuple(part for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part)


def activate(names: Iterable[str]) -> None:
    """Let configs of this process name what plugins define.

    Args:
        names: Files, or the names of entry points.

    Raises:
        PluginError: If there is no such plugin, it cannot be loaded, or it uses a name that is
            taken.
    """
    activate_found(_described(find(name)) for name in names)


def activate_found(plugins: Iterable[Plugin]) -> None:
    """Do the same with plugins that another process has found and described."""
    for plugin in plugins:
        before = _active.get(plugin.name)
        if before is not None and before.digest == plugin.digest:
            continue
        if before is not None:
            message = f"two plugins are called '{plugin.name}': {before.place} and {plugin.place}"
            raise PluginError(message, remedy="rename one of the files")
        _check_names(plugin)
        load_catalogue().add(plugin.kinds)
        _active[plugin.name] = plugin


def deactivate() -> None:
    """Forget all plugins of this process, for the tests."""
    for plugin in _active.values():
        sys.modules.pop(plugin.module, None)
    _active.clear()
    load_catalogue.cache_clear()


def _check_names(plugin: Plugin) -> None:
    catalogue = load_catalogue()
    for kind, entries in plugin.kinds.items():
        for name in entries:
            taken = catalogue.find(kind, name)
            if taken is not None:
                whose = owner(taken.module)
                has = whose.place if whose else "dlcli" if taken.module else "Keras"
                message = f"{plugin.place} defines {name}, which is one of the {kind} of {has}"
                raise PluginError(message, remedy="give the class another name")


def find(text: str) -> Plugin:
    """Return the plugin that a word of the command line names, without running it.

    Args:
        text: A file, or the name of an entry point.

    Raises:
        PluginError: If there is none.
    """
    if text.endswith(".py") or os.sep in text:
        return _of_file(Path(text))
    return _of_distribution(text)


def _of_file(path: Path) -> Plugin:
    if is_special(path):
        raise PluginError(f"{path} is a pipe or a device", remedy="name a Python file")
    if not NAME.fullmatch(path.stem):
        remedy = "rename it to letters, digits and '_'"
        raise PluginError(f"the plugin {path} has a name that a config cannot say", remedy=remedy)
    try:
        with path.open("rb") as stream:
            source = stream.read(LARGEST + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise PluginError(
            f"the plugin {path} cannot be read: {reason}", remedy="check the path after --plugin"
        ) from None
    if len(source) > LARGEST:
        message = f"the plugin {path} is larger than {LARGEST // 1_000_000} MB"
        raise PluginError(message, remedy="is it a Python file?")
    digest = hashlib.sha256(source).hexdigest()
    return Plugin(path.stem, PREFIX + path.stem, str(path), digest, source)


def _of_distribution(name: str) -> Plugin:
    from importlib import metadata

    points = {point.name: point for point in metadata.entry_points(group=GROUP)}
    if name not in points:
        known = f"installed are: {', '.join(sorted(points))}" if points else "none is installed"
        remedy = f"name a file (--plugin my_optimizer.py), or a plugin that is installed; {known}"
        raise PluginError(f"there is no plugin '{name}'{did_you_mean(name, points)}", remedy=remedy)
    point = points[name]
    version = f"{point.dist.name} {point.dist.version}" if point.dist else name
    return Plugin(name, point.module, version, _digest_of(point))


def _digest_of(point: EntryPoint) -> str:
    """Hash the code of an installed plugin: its module, or all of its package.

    Raises:
        PluginError: If it is not there.
    """
    top, _, rest = point.module.partition(".")
    spec = importlib.util.find_spec(top)  # of the top alone nothing is run
    if spec is None or spec.origin is None:
        remedy = "install it anew"
        raise PluginError(f"the plugin {point.name} has no module {point.module}", remedy=remedy)
    origin = Path(spec.origin)
    files = sorted(origin.parent.rglob("*.py")) if spec.submodule_search_locations else [origin]
    content = hashlib.sha256(rest.encode())
    for file in files:
        content.update(str(file.relative_to(origin.parent)).encode() + b"\0" + file.read_bytes())
    return content.hexdigest()


def _described(plugin: Plugin) -> Plugin:
    """Return a plugin with its entries, read off it in a process of its own, or remembered.

    Raises:
        PluginError: If it fails when it is imported, or defines nothing.
    """
    from dlcli.runtime.cachedir import cache_folder

    keras_version = load_catalogue().keras_version
    name = f"{plugin.name}-{plugin.digest[:20]}-{keras_version}-{__version__}-{FORMAT}.json"
    path = cache_folder() / "plugins" / name
    kinds = _remembered(path) or _introspected(plugin, path)
    if not any(kinds.values()):
        remedy = "define a public class derived from keras.optimizers.Optimizer, or another of "
        remedy += "Keras's base classes"
        raise PluginError(f"{plugin.place} defines nothing that a config can name", remedy=remedy)
    return replace(plugin, kinds=kinds)


def _remembered(path: Path) -> dict[str, dict[str, Any]]:
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
        found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["kinds"]
        return found
    return {}


def _introspected(plugin: Plugin, path: Path) -> dict[str, dict[str, Any]]:
    """Read what a plugin defines, and remember it if that can be written."""
    import tempfile

    from dlcli.runtime.files import replacing

    print(f"reading what {plugin.place} defines ...", file=sys.stderr)  # noqa: T201 (a note)
    with tempfile.TemporaryDirectory(prefix="dlcli-") as folder:
        fresh = Path(folder) / "entries.json"
        named = plugin.place if plugin.source is not None else plugin.name
        try:
            run_introspection(fresh, "--plugin", named)
        except IntrospectionError as error:
            raise PluginError(error.reason, remedy=MEND) from None
        kinds = _remembered(fresh)
        with contextlib.suppress(OSError), replacing(path) as stream:
            stream.write(fresh.read_bytes())
    return kinds


def load(plugin: Plugin) -> types.ModuleType:
    """Import a plugin: its code runs, once a process.

    Raises:
        PluginError: If it fails, with its own file and line.
    """
    if plugin.source is None:
        _check_same(plugin)
    elif plugin.module in sys.modules:
        return sys.modules[plugin.module]
    try:
        if plugin.source is None:
            return importlib.import_module(plugin.module)
        return _run(plugin, plugin.source)
    except Exception as error:
        sys.modules.pop(plugin.module, None)
        raise PluginError(told(error, (plugin,)) or _plainly(error), remedy=MEND) from error


def _check_same(plugin: Plugin) -> None:
    """Make sure that an installed plugin is here what it is where the command was given.

    Raises:
        PluginError: If it is not.
    """
    if _of_distribution(plugin.name).digest != plugin.digest:
        message = f"the plugin {plugin.name} is not the same on all nodes"
        raise PluginError(message, remedy="install the same version on all of them")


def _run(plugin: Plugin, source: bytes) -> types.ModuleType:
    """Run a file's source as a module; tracebacks show its lines though the file may be away."""
    module = types.ModuleType(plugin.module)
    module.__file__ = plugin.place
    sys.modules[plugin.module] = module
    code = compile(source, plugin.place, "exec", dont_inherit=True)
    lines = source.decode("utf-8", "replace").splitlines(keepends=True)
    linecache.cache[plugin.place] = (len(source), None, lines, plugin.place)
    exec(code, vars(module))  # noqa: S102 (the command line has named it)
    return module


def load_all() -> dict[str, Any]:
    """Import the plugins of this process, and return their classes by name, for a saved model."""
    return {
        name: member(plugin.module, name)
        for plugin in active()
        for entries in plugin.kinds.values()
        for name in entries
    }


def member(module: str, name: str) -> Any:
    """Return what a module of the catalogue holds under a name, of a plugin's or any other.

    Raises:
        PluginError: If it is a plugin's, and that cannot be loaded.
    """
    plugin = owner(module)
    held = load(plugin) if plugin else importlib.import_module(module)
    return getattr(held, name)


def told(error: BaseException, plugins: Iterable[Plugin] | None = None) -> str:
    """Say where in a plugin an error has come up, and what it says; empty if in none.

    Args:
        error: It or what caused it came up in a plugin.
        plugins: Those asked about; the active ones by default.
    """
    asked = active() if plugins is None else tuple(plugins)
    if isinstance(error, SyntaxError) and any(error.filename == p.place for p in asked):
        return f"{error.filename}:{error.lineno}: {type(error).__name__}: {error.msg}"
    for each in _chain(error):
        if place := _place(each, asked):
            return f"{place}: {_plainly(each)}"
    return ""


def _plainly(error: BaseException) -> str:
    text, name = keras_message(error), type(error).__name__
    return name if text == name else f"{name}: {text[:500]}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _place(error: BaseException, plugins: tuple[Plugin, ...]) -> str:
    """Return the innermost line of a plugin that an error came through; empty if there is none."""
    found, trace = "", error.__traceback__
    while trace is not None:
        name = str(trace.tb_frame.f_globals.get("__name__", ""))
        if any(name == p.module or name.startswith(f"{p.module}.") for p in plugins):
            code = trace.tb_frame.f_code
            where = "" if code.co_name == "<module>" else f", in {code.co_name}"
            found = f"{code.co_filename}:{trace.tb_lineno}{where}"
        trace = trace.tb_next
    return found
