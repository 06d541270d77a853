"""`dlcli config`: check a config, show what it means, write its JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dlcli.cli.output import block, echo, emit_json, note, print_table
from dlcli.cli.plugins import PLUGIN
from dlcli.errors import UserError

if TYPE_CHECKING:
    from dlcli.config.experiment import Config
    from dlcli.data.description import DataDescription
    from dlcli.engine.summary import ModelSummary

SET = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change a value, e.g. fit.epochs=20. Repeatable.",
)


@click.group()
def config() -> None:
    """Check a config, show it with all defaults, or print its JSON Schema."""


@config.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@SET
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="Format of the mistakes.  [default: text]",
)
@PLUGIN
def validate(files: tuple[str, ...], overrides: tuple[str, ...], form: str) -> None:
    """Check configs and report every mistake at its line and column.

    Nothing is loaded or downloaded. `-` reads standard input.
    """
    failures: dict[str, UserError] = {}
    for name in files:
        try:
            check(name, overrides)
        except UserError as error:
            failures[name] = error
        else:
            note(f"{name}: ok")
    if form == "json":
        found = [problem for name, error in failures.items() for problem in _records(name, error)]
        echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        for failure in failures.values():
            echo(block(failure) + "\n", err=True)
    if failures:
        click.get_current_context().exit(UserError.exit_code)


def _records(name: str, error: UserError) -> list[dict[str, object]]:
    """Return the JSON form of what is wrong with one file."""
    from dlcli.config.diagnostics import ConfigError

    if isinstance(error, ConfigError):
        return [diagnostic.to_dict() for diagnostic in error.diagnostics]
    whole: dict[str, object] = {"file": name, "line": None, "column": None, "path": ""}
    return [whole | {"rule": "unusable", "message": error.message, "hint": error.remedy}]


def check(name: str, overrides: tuple[str, ...]) -> Config:
    """Read a config, and bind it to its data as far as that is known without loading it."""
    from dlcli.config.binding import bind
    from dlcli.config.loading import load_config

    read = load_config(name, overrides)
    return bind(read, known_data(read))


def known_data(config: Config) -> DataDescription:
    """Return what is known of a config's data without training on them."""
    from dlcli.data import describe

    data = config.data
    return describe(data.source, group=data.group, validation=data.validation, seed=config.seed)


@config.command()
@click.argument("file", metavar="FILE")
@SET
@click.option("--diff", is_flag=True, help="Show only what differs from the defaults.")
@click.option("--summary", is_flag=True, help="Show the model: layers, shapes, parameters, FLOPs.")
@PLUGIN
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(file: str, overrides: tuple[str, ...], diff: bool, summary: bool, as_json: bool) -> None:
    """Show a config with blocks, defaults and loss filled in.

    `--summary` builds the model and shows it, without loading or downloading data.
    """
    bound = check(file, overrides)
    if summary:
        _show_summary(bound, as_json=as_json)
    elif diff:
        from dlcli.config.loading import load_config

        _show_difference(load_config(file, overrides), as_json=as_json)
    else:
        _show_resolved(bound, as_json=as_json)


def _show_resolved(bound: Config, *, as_json: bool) -> None:
    from dlcli.catalogue.catalogue import load_catalogue
    from dlcli.config.rendering import dump_yaml, to_plain

    plain = to_plain(bound, load_catalogue())
    if as_json:
        emit_json({"config": plain})
    else:
        echo(dump_yaml(plain), nl=False)


def _show_difference(written: Config, *, as_json: bool) -> None:
    from dlcli.config.rendering import default_differences

    found = default_differences(written)
    if as_json:
        emit_json({"diff": {path: {"value": a, "default": b} for path, (a, b) in found.items()}})
    else:
        rows = [[path, _shown(value), _shown(default)] for path, (value, default) in found.items()]
        print_table(["key", "value", "default"], rows)


def _shown(value: Any) -> str:
    return "-" if value is None else str(value)


def _show_summary(bound: Config, *, as_json: bool) -> None:
    from dlcli.runtime.quiet import load_tensorflow

    load_tensorflow()
    import keras

    from dlcli.engine.model import build_model
    from dlcli.engine.summary import summarize

    keras.utils.set_random_seed(bound.seed)
    found = summarize(build_model(bound, known_data(bound)))
    if as_json:
        emit_json({"summary": found.to_dict()})
    else:
        _print_summary(found)


def _print_summary(found: ModelSummary) -> None:
    rows = [
        [
            layer.name,
            layer.layer,
            " x ".join("any" if n is None else str(n) for n in layer.output_shape),
            f"{layer.parameters:,}",
            f"{layer.flops:,}",
        ]
        for layer in found.layers
    ]
    total = f"{found.parameters:,}"
    rows.append(["total", "", "", total, f"{found.flops:,}"])
    print_table(
        ["layer", "class", "output", "parameters", "FLOPs"], rows, numeric=("parameters", "FLOPs")
    )
    note(f"{found.trainable:,} of {total} parameters are trainable; FLOPs are those of one example")


@config.command()
@click.option(
    "--output", type=click.Path(dir_okay=False), help="File to write.  [default: standard output]"
)
@PLUGIN
def schema(output: str | None) -> None:
    """Print the JSON Schema (draft-07) of configs, for editors."""
    from dlcli.config.schema import json_schema

    text = json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"
    if output is None:
        echo(text, nl=False)
        return
    if Path(output).exists():
        raise UserError(
            f"{output} exists already", remedy="Choose another name, or delete the file."
        )
    Path(output).write_text(text, encoding="utf-8")
    note(f"wrote {output}")
