"""From a path to a checked config."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dlcli.catalogue.catalogue import load_catalogue
from dlcli.config.grammar.reading import Reader
from dlcli.config.sections.root import read_config
from dlcli.config.yaml.diagnostics import ConfigError, Diagnostic
from dlcli.config.yaml.document import Document
from dlcli.config.yaml.nodes import Mark, Text
from dlcli.config.yaml.overrides import apply_overrides
from dlcli.config.yaml.text import parse_yaml
from dlcli.errors import UserError
from dlcli.runtime.files import is_special

if TYPE_CHECKING:
    from dlcli.config.sections.experiment import Config

MAX_BYTES = 4_000_000
"""Bound on a config's size; real ones have a few kilobytes."""

STANDARD_INPUT = "-"


def read_text(path: str) -> Text:
    """Read a config's text from a file, or from standard input for `-`.

    Raises:
        UserError: If there is no such file, it cannot be read, or it is too large.
        ConfigError: If it is not UTF-8.
    """
    if path == STANDARD_INPUT:
        return _decoded("<stdin>", sys.stdin.buffer.read(MAX_BYTES + 1))
    file = Path(path)
    if is_special(file) and not _is_open(file):
        remedy = "Name a file, or read another program's output with: program | dlcli ... -"
        raise UserError(f"{path} is a pipe or a device, not a file", remedy=remedy)
    if file.is_dir():
        found = sorted(p.name for p in file.glob("*.y*ml"))
        remedy = f"Name a file in it: {', '.join(found[:6])}" if found else "Name a YAML file."
        raise UserError(f"{path} is a folder, not a config", remedy=remedy)
    try:
        with file.open("rb") as stream:
            return _decoded(path, stream.read(MAX_BYTES + 1))
    except FileNotFoundError:
        remedy = "Check the path; `dlcli init` writes a starter config."
        raise UserError(f"there is no config {path}", remedy=remedy) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path} cannot be read: {reason}", remedy="check the file") from None


def _is_open(file: Path) -> bool:
    """Whether a path names what the shell has opened already, as in `dlcli train <(program)`."""
    return str(file) == "/dev/stdin" or str(file.parent) in ("/dev/fd", "/proc/self/fd")


def _decoded(name: str, content: bytes) -> Text:
    if len(content) > MAX_BYTES:
        raise UserError(
            f"{name} is larger than {MAX_BYTES // 1_000_000} MB",
            remedy="Check that the file is a config.",
        )
    try:
        return Text(name, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        text = Text(name, content.decode("utf-8", "replace"))
        message = f"the byte 0x{content[error.start]:02x} is not UTF-8"
        hint = "Save the file as UTF-8."
        mark = Mark(text, line, column)
        raise ConfigError([Diagnostic("not-utf-8", mark, "", message, hint)]) from None


def parse_config(text: Text, overrides: tuple[str, ...] = ()) -> Config:
    """Read and check a config's text.

    Args:
        text: The YAML.
        overrides: `path=value` changes, applied in order.

    Raises:
        ConfigError: With every mistake found.
    """
    return read_document(parse_document(text, overrides))


def parse_document(text: Text, overrides: tuple[str, ...] = ()) -> Document:
    """Read a config's text as a tree of nodes, which knows where everything is written.

    Raises:
        ConfigError: If it is no YAML, or a change leads nowhere.
    """
    return Document(text, apply_overrides(parse_yaml(text), overrides))


def read_document(document: Document) -> Config:
    """Check a document and return its config.

    Raises:
        ConfigError: With every mistake found.
    """
    reader = Reader(load_catalogue())
    config = read_config(document.root, default_name(document.text), reader)
    if config is None:
        raise ConfigError(reader.diagnostics)
    return config


def load_config(path: str, overrides: tuple[str, ...] = ()) -> Config:
    """Read and check a config file, or standard input for `-`."""
    return parse_config(read_text(path), overrides)


def default_name(text: Text) -> str:
    """Return the name of a config that gives none: its file's, made fit for a folder."""
    stem = Path(text.name).stem if not text.name.startswith("<") else ""
    cleaned = "".join(c if c.isalnum() or c in "._-" else "-" for c in stem).strip("._-")
    return cleaned[:100] or "experiment"
