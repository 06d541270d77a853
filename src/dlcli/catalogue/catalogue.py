"""What Keras and dlcli.optimizers offer to a config, read from a file, never from Keras itself.

`catalogue.json` beside this module describes the tested Keras version. For another version the
introspection runs once, in a process of its own, and its result is kept in the user's cache folder.
"""

from __future__ import annotations

import contextlib
import functools
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.catalogue.signature import Argument, Entry, Type
from dlcli.errors import WorkError, closest
from dlcli.runtime.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MODULES: Mapping[str, str] = {
    "layers": "keras.layers",
    "optimizers": "keras.optimizers",
    "schedules": "keras.optimizers.schedules",
    "losses": "keras.losses",
    "metrics": "keras.metrics",
    "initializers": "keras.initializers",
    "regularizers": "keras.regularizers",
    "constraints": "keras.constraints",
    "callbacks": "keras.callbacks",
    "activations": "keras.activations",
}
"""Each kind of entry, and the Keras module its names are found in."""

SHIPPED = Path(__file__).with_name("catalogue.json")

FORMAT = 2
"""Changes with the introspection, so that files of an older one are not read."""


class Catalogue:
    """Names a config may use, by kind.

    Args:
        content: The parsed file: `keras_version`, and under `kinds` a mapping from each kind to
            its entries by name. Entries are decoded when first asked for.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.keras_version: str = content["keras_version"]
        self._kinds: dict[str, Mapping[str, Any]] = dict(content["kinds"])
        self._entries: dict[tuple[str, str], Entry] = {}
        self._aliases: dict[str, dict[str, str]] = {}

    def add(self, kinds: Mapping[str, Mapping[str, Any]]) -> None:
        """Take in entries of a plugin.

        Args:
            kinds: As a file has them, by kind and name; the caller has checked that they are new.
        """
        for kind, entries in kinds.items():
            self._kinds[kind] = dict(sorted({**self._kinds[kind], **entries}.items()))
            self._aliases.pop(kind, None)

    def kinds(self) -> tuple[str, ...]:
        """Return the kinds, in the order of `MODULES`."""
        return tuple(self._kinds)

    def names(self, kind: str) -> tuple[str, ...]:
        """Return the names of a kind's entries, sorted, without aliases."""
        return tuple(self._kinds[kind])

    def find(self, kind: str, name: str) -> Entry | None:
        """Return the entry with exactly this name or alias, or None."""
        name = self._aliases_of(kind).get(name, name)
        if name not in self._kinds[kind]:
            return None
        key = (kind, name)
        if key not in self._entries:
            self._entries[key] = entry_from_json(kind, name, self._kinds[kind][name])
        return self._entries[key]

    def argument_names(self, kind: str, name: str) -> list[str]:
        """Return the names of an entry's arguments in order; none if there is no such entry."""
        entry = self.find(kind, name)
        return [] if entry is None else [argument.name for argument in entry.arguments]

    def suggest(self, kind: str, name: str) -> str:
        """Return the name or alias that was probably meant, or an empty string."""
        return closest(name, [*self.names(kind), *self._aliases_of(kind)])

    def _aliases_of(self, kind: str) -> Mapping[str, str]:
        if kind not in self._aliases:
            self._aliases[kind] = {
                alias: name
                for name, raw in self._kinds[kind].items()
                for alias in raw.get("aliases", ())
            }
        return self._aliases[kind]


def entry_from_json(kind: str, name: str, raw: Mapping[str, Any]) -> Entry:
    """Decode one entry of the file."""
    return Entry(
        kind=kind,
        name=name,
        help=raw.get("help", ""),
        arguments=tuple(
            Argument(
                name=argument,
                types=tuple(_type_from_json(t) for t in value["types"]),
                default=value.get("default"),
                required="default" not in value,
                help=value.get("help", ""),
            )
            for argument, value in raw.get("arguments", {}).items()
        ),
        aliases=tuple(raw.get("aliases", ())),
        refused=raw.get("refused", ""),
        module=raw.get("module", ""),
        rates=_rates_from_json(raw.get("rates")),
    )


def _rates_from_json(raw: list[Any] | None) -> tuple[float, float, str] | None:
    return (float(raw[0]), float(raw[1]), str(raw[2])) if raw else None


def _type_from_json(raw: Mapping[str, Any]) -> Type:
    return Type(
        name=raw["name"],
        minimum=raw.get("minimum"),
        maximum=raw.get("maximum"),
        exclusive=raw.get("exclusive", False),
        choices=tuple(raw.get("choices", ())),
        items=tuple(_type_from_json(item) for item in raw.get("items", ())),
        kind=raw.get("kind", ""),
    )


@functools.cache
def load_catalogue() -> Catalogue:
    """Return the catalogue of the installed Keras.

    Raises:
        WorkError: If Keras is missing, or is a version whose introspection fails.
    """
    version = installed_keras_version()
    shipped = _read(SHIPPED)
    if shipped is not None and shipped.keras_version == version:
        return shipped
    from dlcli.runtime.cachedir import cache_folder

    # dlcli's own optimizers are in it too.
    path = cache_folder() / f"catalogue-{version}-{__version__}.json"
    return _read(path) or _introspected(version, path)


def installed_keras_version() -> str:
    """Return the version of the installed Keras without importing it.

    Raises:
        WorkError: If Keras is not installed.
    """
    # Importing importlib.metadata takes longer than reading the whole catalogue, so the folder
    # that it would look into is found here; other forms of installation are left to it.
    for folder in sys.path:
        for found in Path(folder).glob("keras-*.dist-info"):
            return found.name.removeprefix("keras-").removesuffix(".dist-info")
    from importlib import metadata

    try:
        return metadata.version("keras")
    except metadata.PackageNotFoundError:
        raise WorkError("Keras is not installed", remedy="pip install keras tensorflow") from None


def _read(path: Path) -> Catalogue | None:
    """Return the catalogue in a file, or None if it is missing or cannot be used."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        usable = content["format"] == FORMAT and content["kinds"].keys() == MODULES.keys()
        return Catalogue(content) if usable else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _introspected(version: str, path: Path) -> Catalogue:
    """Read Keras itself, and keep the result in a file if that can be written."""
    import tempfile

    told = f"reading the classes of Keras {version} (once, takes about a minute) ..."
    print(told, file=sys.stderr)  # noqa: T201 (a note, not a result)
    with tempfile.TemporaryDirectory(prefix="dlcli-") as folder:
        fresh = Path(folder) / path.name
        run_introspection(fresh)
        catalogue = _read(fresh)
        if catalogue is None:
            raise _unreadable(version, "the catalogue is damaged")
        with contextlib.suppress(OSError):  # a read-only cache costs time, nothing else
            _keep(fresh, path)
    return catalogue


class IntrospectionError(WorkError):
    """What is installed cannot be read.

    Attributes:
        reason: Why not, without what was read.
    """

    def __init__(self, message: str, reason: str, *, remedy: str = "") -> None:
        super().__init__(f"{message}: {reason}", remedy=remedy)
        self.reason = reason


def _unreadable(version: str, reason: str) -> IntrospectionError:
    shipped = _read(SHIPPED)
    tested = f"pip install keras=={shipped.keras_version}" if shipped else ""
    message = f"the classes of Keras {version} could not be read"
    remedy = f"Install the tested version: {tested}" if tested else ""
    return IntrospectionError(message, reason, remedy=remedy)


def run_introspection(path: Path, *options: str) -> None:
    """Write the catalogue of the installed Keras to a file, in a process of its own.

    Args:
        path: The file.
        options: Further ones of `python -m dlcli.catalogue.introspection`.

    Raises:
        IntrospectionError: If that process fails.
    """
    import subprocess

    command = [sys.executable, "-m", "dlcli.catalogue.introspection", "--cache", str(path)]
    command += options
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (own)
    if result.returncode != 0:
        lines = result.stderr.strip().splitlines()
        raise _unreadable(installed_keras_version(), lines[-1] if lines else "no message")


def _keep(fresh: Path, path: Path) -> None:
    from dlcli.runtime.files import replacing

    with replacing(path) as stream:
        stream.write(fresh.read_bytes())


_SINGULAR = {
    "any": "any value",
    "null": "null",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
    "string": "a text",
    "path": "a path",
    "array": "a list",
    "object": "a mapping",
    "layers": "a layer",
    "optimizers": "an optimizer",
    "schedules": "a learning-rate schedule",
    "losses": "a loss",
    "metrics": "a metric",
    "initializers": "an initializer",
    "regularizers": "a regularizer",
    "constraints": "a constraint",
    "callbacks": "a callback",
    "activations": "an activation",
    "datasets": "a data set",
}
_PLURAL = {
    "any": "values",
    "null": "nulls",
    "boolean": "true or false",
    "string": "texts",
    "losses": "losses",
}


_MOST_CHOICES = 8


def type_in_words(types: Iterable[Type]) -> str:
    """Describe what is accepted, to follow "expected": `an integer ≥ 1 or a list of 2 integers`."""
    words: list[str] = []
    for accepted in types:
        if accepted.choices:
            words += _shown_choices(accepted.choices)
        else:
            words.append(_in_words(accepted, plural=False))
    return _either(words)


def _shown_choices(choices: Sequence[str]) -> list[str]:
    """Quote the choices, each in one spelling, and only some of a long list."""
    shown: dict[str, str] = {}
    for choice in choices:
        shown.setdefault(choice.lower(), f"'{choice}'")
    words = list(shown.values())
    if len(words) <= _MOST_CHOICES:
        return words
    return [*words[: _MOST_CHOICES - 1], f"{len(words) - _MOST_CHOICES + 1} others"]


def _either(words: Iterable[str]) -> str:
    *rest, last = dict.fromkeys(words)
    return f"{', '.join(rest)} or {last}" if rest else last


def _in_words(type_: Type, *, plural: bool) -> str:
    if type_.choices:
        return _either(_shown_choices(type_.choices))
    name = type_.kind if type_.name == "entry" else type_.name
    singular = _SINGULAR[name]
    noun = _PLURAL.get(name, f"{singular.split(' ', 1)[-1]}s") if plural else singular
    if type_.name == "array":
        return f"{noun}{_length_in_words(type_)}"
    if type_.name == "object" and type_.items:
        return f"{noun} of {_either(_in_words(item, plural=True) for item in type_.items)}"
    return f"{noun}{_range_in_words(type_)}"


def _length_in_words(type_: Type) -> str:
    low, high = type_.minimum, type_.maximum
    items = _either(_in_words(item, plural=True) for item in type_.items or (Type("any"),))
    if low is None and high is None:
        return f" of {items}" if type_.items else ""
    if low == high:
        return f" of {low:g} {items}"
    if high is None:
        return f" of at least {low:g} {items}"
    return f" of {low or 0:g} to {high:g} {items}"


def _range_in_words(type_: Type) -> str:
    low, high = type_.minimum, type_.maximum
    if low is None and high is None:
        return ""
    if low is not None and high is not None and not type_.exclusive:
        return f" from {low:g} to {high:g}"
    bounds = []
    if low is not None:
        bounds.append(f"{'>' if type_.exclusive else '≥'} {low:g}")
    if high is not None:
        bounds.append(f"≤ {high:g}")
    return f" {' and '.join(bounds)}"
