"""`dlcli ls`: what a config may name, with arguments, defaults and help."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import click

from dlcli.catalogue.catalogue import MODULES, load_catalogue, type_in_words
from dlcli.catalogue.signature import plain_type
from dlcli.cli.options.plugins import PLUGIN
from dlcli.cli.screen.output import emit_json, note
from dlcli.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from click.shell_completion import CompletionItem

    from dlcli.catalogue.signature import Argument, Entry

KINDS = (*MODULES, "datasets")
"""What can be listed: Keras's kinds, to which dlcli adds metrics, and the data sets."""


def _complete_kind(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(kind) for kind in KINDS if kind.startswith(incomplete)]


def _complete_name(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    kind = context.params.get("kind")
    found = entries(kind) if kind in KINDS else []
    return [CompletionItem(e.name, help=e.help) for e in found if e.name.startswith(incomplete)]


@click.command()
@click.argument("kind", required=False, shell_complete=_complete_kind)
@click.argument("name", required=False, shell_complete=_complete_name)
@PLUGIN
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def ls(kind: str | None, name: str | None, as_json: bool) -> None:
    """List what a config can name, or show the arguments of NAME.

    KIND is layers, optimizers, schedules, losses, metrics, initializers, regularizers,
    constraints, callbacks, activations or datasets. Without KIND, the kinds are listed. NAME
    alone is looked for in all of them.
    """
    if kind is None:
        _print_kinds(as_json=as_json)
        return
    if kind not in KINDS and name is None and (of := _kind_of(kind)):
        kind, name = of, kind
        note(f"{name} is one of the {kind}")
    _check_kind(kind)
    if name is None:
        _print_entries(entries(kind), as_json=as_json)
    else:
        _print_entry(find(kind, name), as_json=as_json)


def entries(kind: str) -> list[Entry]:
    """Return the entries of a kind: dlcli's own metrics come before Keras's."""
    if kind == "datasets":
        from dlcli import data

        return list(data.entries())
    catalogue = load_catalogue()
    found = [e for name in catalogue.names(kind) if (e := catalogue.find(kind, name)) is not None]
    if kind == "metrics":
        from dlcli import metrics

        return [*metrics.entries(), *found]
    return found


def find(kind: str, name: str) -> Entry:
    """Return the entry of a kind with this name or alias.

    Raises:
        UserError: If there is none; it names the one that was probably meant.
    """
    known = entries(kind)
    for entry in known:
        if name == entry.name:
            return entry
    for entry in known:
        if name in entry.aliases:
            return entry
    meant = did_you_mean(name, [word for e in known for word in (e.name, *e.aliases)])
    raise UserError(
        f"'{name}' is not one of the {kind}{meant}",
        remedy=f"List them with `dlcli ls {kind}`.",
    )


def _kind_of(name: str) -> str:
    """Return the first kind that has a name, empty if none has it."""
    for kind in KINDS:
        if any(name in (entry.name, *entry.aliases) for entry in entries(kind)):
            return kind
    return ""


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        message = f"there are no '{kind}'{did_you_mean(kind, KINDS)}"
        raise UserError(message, remedy=f"choose from {', '.join(KINDS)}")


def _print_kinds(*, as_json: bool) -> None:
    counts = {kind: len(entries(kind)) for kind in KINDS}
    if as_json:
        emit_json([{"kind": kind, "count": count} for kind, count in counts.items()])
        return
    for kind, count in counts.items():
        click.echo(f"{kind:<{_widest(KINDS)}}  {count:>3}")


def _print_entries(found: Sequence[Entry], *, as_json: bool) -> None:
    if as_json:
        emit_json([_summary(entry) for entry in found])
        return
    width = _widest(entry.name for entry in found)
    for entry in found:
        text = f"(refused) {entry.name} {entry.refused}" if entry.refused else entry.help
        click.echo(_wrapped(f"{entry.name:<{width}}  ", text))


def _print_entry(entry: Entry, *, as_json: bool) -> None:
    if as_json:
        arguments = [_argument_record(argument) for argument in entry.arguments]
        emit_json({**_summary(entry), "arguments": arguments})
        return
    click.echo(_wrapped(f"{entry.name}  ", entry.help))
    if entry.aliases:
        click.echo(f"Also called {', '.join(entry.aliases)}.")
    if entry.module:
        click.echo(f"Defined in {_place(entry.module)}.")
    if entry.rates:
        click.echo(_wrapped("", f"Learning rates searched: {_rates(*entry.rates)}."))
    if entry.refused:
        click.echo(_wrapped("", f"A config cannot use it: {entry.name} {entry.refused}."))
    elif not entry.arguments:
        click.echo("\nIt takes no arguments.")
    else:
        _print_arguments(entry.arguments)


def _place(module: str) -> str:
    """Return where an entry that is not Keras's comes from."""
    from dlcli.catalogue import plugins

    plugin = plugins.owner(module)
    return plugin.place if plugin else module


def _rates(low: float, high: float, source: str) -> str:
    """Say which learning rates an optimizer states for itself."""
    told = f"none, it stays {low:g}" if low == high else f"{low:g} to {high:g}"
    return f"{told} ({source})" if source else told


def _print_arguments(arguments: Sequence[Argument]) -> None:
    defaults = {argument.name: _default(argument) for argument in arguments}
    names, values = _widest(defaults), _widest(defaults.values())
    click.echo(f"\n{'ARGUMENT':<{names}}  {'DEFAULT':<{values}}  ACCEPTS")
    for argument in arguments:
        start = f"{argument.name:<{names}}  {defaults[argument.name]:<{values}}  "
        click.echo(_wrapped(start, type_in_words(argument.types)))
        if argument.help:
            click.echo(_wrapped("    ", argument.help))


def _default(argument: Argument) -> str:
    if argument.required:
        return "required"
    return json.dumps(argument.default, ensure_ascii=False)


def _widest(words: Iterable[str]) -> int:
    return max((len(word) for word in words), default=0)


def _wrapped(start: str, text: str) -> str:
    """Put text behind a start; on a terminal, further lines begin below the text."""
    if not _is_terminal():
        return f"{start}{text}".rstrip()
    width = max(shutil.get_terminal_size().columns, len(start) + 20)
    indent = " " * len(start)
    return textwrap.fill(text, width, initial_indent=start, subsequent_indent=indent) or start


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _summary(entry: Entry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "name": entry.name,
        "help": entry.help,
        "aliases": list(entry.aliases),
        "refused": entry.refused or None,
        "module": entry.module or None,
    }


def _argument_record(argument: Argument) -> dict[str, Any]:
    record: dict[str, Any] = {"name": argument.name, "required": argument.required}
    if not argument.required:
        record["default"] = argument.default
    return {
        **record,
        "accepts": type_in_words(argument.types),
        "types": [plain_type(t) for t in argument.types],
        "help": argument.help,
    }
