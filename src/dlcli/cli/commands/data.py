"""`dlcli data`: what data sets there are, what each holds, and filling the cache."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dlcli import data as datasets
from dlcli.cli.options.plugins import PLUGIN
from dlcli.cli.screen.downloads import download_progress
from dlcli.cli.screen.output import echo, emit_json, note, print_table
from dlcli.data import table
from dlcli.data.description import Source
from dlcli.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

    from dlcli.catalogue.signature import Argument
    from dlcli.data import Column
    from dlcli.data.description import DataDescription, Dataset, TensorSpec
    from dlcli.data.entry import DataEntry
    from dlcli.data.pool import Pool

_COLUMNS = ("NAME", "TASK", "INPUT", "CLASSES", "TRAIN", "TEST", "WHERE", "LICENCE")


@click.group()
def data() -> None:
    """List, show and download data sets."""


@data.command("ls")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_data_sets(as_json: bool) -> None:
    """List the data sets that a config can name.

    WHERE says where a data set comes from: "offline" (installed with dlcli), "generated"
    (computed), "cached" (already downloaded), "download" (downloaded on first use) or "your file".
    """
    if as_json:
        emit_json([_record(entry) for entry in table.TABLE])
        return
    rows = [_COLUMNS, *(_row(entry) for entry in table.TABLE)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        echo("  ".join(cells).rstrip())


def _complete_name(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [
        CompletionItem(entry.name, help=entry.signature.help)
        for entry in table.TABLE
        if entry.name.startswith(incomplete)
    ]


@data.command("show")
@click.argument("name", shell_complete=_complete_name)
@PLUGIN
@click.option(
    "--png", type=click.Path(dir_okay=False), help="Write a figure of some examples to this file."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_data_set(name: str, png: str | None, as_json: bool) -> None:
    """Show a data set: content, options, license, citation, examples.

    NAME is a name of `dlcli data ls`, or a config (.yaml), whose data set is shown with its
    options: use a config to look at your own files. Nothing is downloaded.
    """
    source, split = _source(name)
    entry = table.find(source.name)
    shown = source.options or entry.origin != "file"
    pool = loaded = None
    if shown and datasets.is_available(entry):
        pool = datasets.load_pool(source, group=split.get("group"), time=split.get("time"))
        loaded = pool.dataset(pool.official)
    if png is not None:
        _draw(loaded, name, Path(png))
    if as_json:
        balance = {} if loaded is None else {"balance": _balance(loaded), "told": loaded.told}
        groups = {} if pool is None else {"groups": _group_record(pool)}
        emit_json({**_full_record(entry, loaded), **balance, **groups})
        return
    _describe(entry, source, loaded, _groups(pool))


def _source(name: str) -> tuple[Source, dict[str, str | None]]:
    """Return the data set of a name, or that of a config with what decides how it is split."""
    if Path(name).suffix.lower() not in (".yaml", ".yml"):
        return Source(name), {}
    from dlcli.config.conversion.loading import load_config

    data = load_config(name).data
    return data.source, {"group": data.group, "time": data.time}


def _group_record(pool: Pool) -> dict[str, Any] | None:
    found = pool.grouping
    return None if found is None else {"count": found.count, "by": found.by}


def _groups(pool: Pool | None) -> str:
    """Say which examples belong together; nothing where they are independent."""
    if pool is None or pool.grouping is None:
        return ""
    found = pool.grouping
    return f"{found.count}, by {found.by}; {pool.size / found.count:.3g} examples each on average"


def _draw(loaded: Dataset | None, name: str, path: Path) -> None:
    if loaded is None:
        remedy = f"Run `dlcli data fetch {name}`; for your own file, show a config that names it."
        raise UserError(f"no examples of '{name}' are available to draw", remedy=remedy)
    from dlcli.report.figures.samples import write_sample

    try:
        write_sample(loaded, path)
    except (OSError, ValueError) as error:
        remedy = "Name a .png, .svg or .pdf file in a folder that you can write to."
        raise UserError(f"cannot draw {path}: {error}", remedy=remedy) from error
    note(f"drawn: {path}")


def _balance(loaded: Dataset) -> dict[str, dict[str, int]]:
    from dlcli.report.text.samples import balance

    return balance(loaded)


def _describe(entry: DataEntry, source: Source, loaded: Dataset | None, groups: str) -> None:
    """Print all that is known of a data set."""
    own = bool(source.options) and loaded is not None
    echo(f"{entry.name}: {entry.signature.help if own else entry.prose}\n")
    facts = _facts(entry, loaded, groups)
    facts += [("note", line) for line in loaded.told] if loaded else []
    width = max(len(title) for title, _ in facts)
    for title, fact in facts:
        echo(f"{title.ljust(width)}  {fact}")
    if entry.signature.arguments and not source.options:
        echo("\nOptions:")
        for argument in entry.signature.arguments:
            echo(f"  {argument.name}: {_accepted(argument)}\n      {argument.help}")
    if loaded is None:
        if not datasets.is_available(entry):
            echo(f"\n`dlcli data fetch {entry.name}` downloads it, to show examples.")
        return
    from dlcli.report.text.samples import balance_lines, sample_lines

    if known := datasets.columns(loaded.encoder):
        echo()
        few = datasets.maybe_categories(loaded)
        rows = [
            [c.name, _kind(c), _values(c, few.get(c.name)), "yes" if c.has_gaps else ""]
            for c in known
        ]
        rows += [[name, "ignored", "", ""] for name in source.options.get("ignore") or ()]
        print_table(["column", "read as", "values", "marks gaps"], rows)
        if few:
            listed = ", ".join(few)
            asked = f"Numbers or categories? {listed}: few different whole numbers."
            echo(f"\n{asked} If they are codes, write categories: [{listed}].")
    words = datasets.words(source, loaded.encoder)
    for line in ("", *balance_lines(loaded), "", *sample_lines(loaded, words)):
        echo(line)


@data.command("fetch")
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=_complete_name)
def fetch_data_sets(names: Sequence[str]) -> None:
    """Download data sets, to use them later without a network.

    Prints the path of each file. Files that are already in the cache are checked, never replaced.
    """
    for name in names:
        table.find(name)  # every name is checked before the first download
    for name in names:
        with download_progress() as progress:
            paths = datasets.fetch(name, progress)
        for path in paths:
            echo(f"{name}\t{path}")


def _description(entry: DataEntry) -> DataDescription | None:
    """Return what is known with the default options; nothing is of a file of the user's."""
    return None if entry.origin == "file" else entry.describe()


def _where(entry: DataEntry) -> str:
    if entry.origin == "keras":
        return "cached" if datasets.is_available(entry) else "download"
    return "your file" if entry.origin == "file" else entry.origin


def _row(entry: DataEntry) -> tuple[str, ...]:
    known = _description(entry)
    if known is None:
        return (entry.name, "any", "any", "", "", "", _where(entry), entry.licence)
    return (
        entry.name,
        known.task,
        _input(known),
        str(len(known.classes) or ""),
        str(known.train_size),
        str(known.test_size),
        _where(entry),
        entry.licence,
    )


def _input(description: DataDescription) -> str:
    return ", ".join(_spec(spec) for spec in description.inputs.values())


def _spec(spec: TensorSpec) -> str:
    times = " x " if None in spec.shape else "x"
    axes = times.join("variable" if axis is None else str(axis) for axis in spec.shape)
    return f"{axes} {spec.dtype}"


def _facts(entry: DataEntry, loaded: Dataset | None, groups: str) -> list[tuple[str, str]]:
    facts = [("where", _where(entry)), ("licence", entry.licence), ("citation", entry.citation)]
    known = loaded.description if loaded else _description(entry)
    if known is None:
        return facts
    return [
        ("task", known.task),
        ("input", _input(known)),
        *([("classes", _classes(known))] if known.classes else []),
        ("examples", f"{known.train_size} to train, {known.test_size} to test"),
        *([("groups", groups)] if groups else []),
        *([("vocabulary", f"{known.vocabulary_size} token ids")] if known.vocabulary_size else []),
        *facts,
    ]


def _classes(description: DataDescription) -> str:
    positive = f" (positive: {description.classes[1]})" if description.task == "binary" else ""
    return f"{len(description.classes)}: {', '.join(description.classes)}{positive}"


def _accepted(argument: Argument) -> str:
    types = (
        " or ".join(kind.choices) or ("null" if kind.name == "null" else kind.name)
        for kind in argument.types
    )
    default = "required" if argument.required else f"default {json.dumps(argument.default)}"
    return f"{' or '.join(types)}, {default}"


SHOWN = 6
"""Categories of a column that are named."""


def _kind(column: Column) -> str:
    """Return what a column of the user's own is read as."""
    if column.categories is None:
        return "number"
    return "embedded" if column.is_embedded else "category"


def _values(column: Column, few: int | None) -> str:
    """Return how many categories, or few numbers, the training examples have."""
    if column.categories is None:
        return "" if few is None else f"{few} whole numbers"
    more = ", ..." if len(column.categories) > SHOWN else ""
    return f"{len(column.categories)}: {', '.join(column.categories[:SHOWN])}{more}"


def _record(entry: DataEntry, loaded: Dataset | None = None) -> dict[str, Any]:
    known = loaded.description if loaded else _description(entry)
    return {
        "name": entry.name,
        "summary": entry.signature.help,
        "task": known and known.task,
        "inputs": known
        and {
            name: {"shape": list(spec.shape), "dtype": spec.dtype}
            for name, spec in known.inputs.items()
        },
        "classes": known and list(known.classes),
        "train_size": known and known.train_size,
        "test_size": known and known.test_size,
        "vocabulary_size": known and known.vocabulary_size,
        "origin": entry.origin,
        "available": datasets.is_available(entry),
        "licence": entry.licence,
    }


def _full_record(entry: DataEntry, loaded: Dataset | None) -> dict[str, Any]:
    options = [
        {
            "name": argument.name,
            "types": [kind.name for kind in argument.types],
            "choices": [choice for kind in argument.types for choice in kind.choices],
            "default": argument.default,
            "required": argument.required,
            "help": argument.help,
        }
        for argument in entry.signature.arguments
    ]
    return {
        **_record(entry, loaded),
        "columns": [
            {"name": c.name, "kind": _kind(c), "categories": c.categories, "has_gaps": c.has_gaps}
            for c in (datasets.columns(loaded.encoder) if loaded else ())
        ],
        "documentation": entry.prose,
        "options": options,
        "citation": entry.citation,
        "files": [str(file.location) for file in entry.files],
    }
