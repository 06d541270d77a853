"""`dlcli config`: check a config, show what it means, write its JSON Schema or a Keras script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dlcli.cli.options.overrides import SET
from dlcli.cli.options.plugins import PLUGIN
from dlcli.cli.options.strictness import STRICT, warning_teller
from dlcli.cli.screen.output import block, echo, emit_json, note, print_table
from dlcli.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlcli.config.binding.findings import Judge
    from dlcli.config.sections.experiment import Config
    from dlcli.config.yaml.diagnostics import Diagnostic
    from dlcli.data.description import DataDescription
    from dlcli.engine.summary import ModelSummary


@click.group()
def config() -> None:
    """Check or show a config, print its JSON Schema, or write it as a Keras script."""


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
@STRICT
def validate(files: tuple[str, ...], overrides: tuple[str, ...], form: str, strict: bool) -> None:
    """Check configs and report every mistake at its line and column.

    Nothing is loaded or downloaded. Warnings are about what trains, and is probably not meant.
    `-` reads standard input.
    """
    failures: dict[str, UserError] = {}
    warnings: list[Diagnostic] = []
    for name in files:
        try:
            found = _warnings(name, overrides, strict=strict)
        except UserError as error:
            failures[name] = error
        else:
            warnings += found
            counted = f", {len(found)} warning{'s' if len(found) != 1 else ''}" if found else ""
            note(f"{name}: ok{counted}")
    if form == "json":
        records = [problem for name, error in failures.items() for problem in _records(name, error)]
        records += [warning.to_dict() for warning in warnings]
        echo(json.dumps(records, indent=2, ensure_ascii=False))
    else:
        for failure in failures.values():
            echo(block(failure) + "\n", err=True)
        warning_teller(strict=False)(warnings)
    if failures:
        click.get_current_context().exit(UserError.exit_code)


def _warnings(name: str, overrides: tuple[str, ...], *, strict: bool) -> Sequence[Diagnostic]:
    """Check a config, and return what its rules warn of.

    Raises:
        UserError: If it is wrong, or anything is warned of and that is strict.
    """
    found = checked(name, overrides).looks("config")
    if strict:
        warning_teller(strict=True)(found)
    return found


def _records(name: str, error: UserError) -> list[dict[str, object]]:
    """Return the JSON form of what is wrong with one file."""
    from dlcli.config.yaml.diagnostics import ConfigError

    if isinstance(error, ConfigError):
        return [diagnostic.to_dict() for diagnostic in error.diagnostics]
    whole: dict[str, object] = {"file": name, "line": None, "column": None, "path": ""}
    whole["severity"] = "error"
    return [whole | {"rule": "unusable", "message": error.message, "hint": error.remedy}]


def checked(name: str, overrides: tuple[str, ...]) -> Judge:
    """Read a config, and bind it to its data as far as that is known without loading it.

    Raises:
        UserError: If it cannot be read, or is wrong.
    """
    from dlcli.config.binding.findings import judge_of
    from dlcli.config.conversion.loading import parse_document, read_document, read_text

    document = parse_document(read_text(name), overrides)
    config = read_document(document)
    return judge_of(document, config, known_data(config), with_candidates=True)


def known_data(config: Config) -> DataDescription:
    """Return what is known of a config's data without training on them."""
    from dlcli.data import describe

    data = config.data
    return describe(
        data.source,
        group=data.group,
        time=data.time,
        validation=data.validation,
        fraction=data.fraction,
        seed=config.seed,
    )


@config.command()
@click.argument("file", metavar="FILE")
@SET
@click.option("--diff", is_flag=True, help="Show only what differs from the defaults.")
@click.option("--summary", is_flag=True, help="Show the model: layers, shapes, parameters, FLOPs.")
@PLUGIN
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@STRICT
def show(
    file: str, overrides: tuple[str, ...], diff: bool, summary: bool, as_json: bool, strict: bool
) -> None:
    """Show a config with blocks, defaults and loss filled in.

    `--summary` builds the model and shows it, without loading or downloading data, and warns of
    likely mistakes.
    """
    judge = checked(file, overrides)
    if summary:
        warning_teller(strict=strict)(judge.looks("config"))
        _show_summary(judge, as_json=as_json)
    elif diff:
        _show_difference(judge.config, as_json=as_json)
    else:
        _show_resolved(judge.bound, as_json=as_json)


def _show_resolved(bound: Config, *, as_json: bool) -> None:
    from dlcli.catalogue.catalogue import load_catalogue
    from dlcli.config.conversion.rendering import dump_yaml, to_plain

    plain = to_plain(bound, load_catalogue())
    if as_json:
        emit_json({"config": plain})
    else:
        echo(dump_yaml(plain), nl=False)


def _show_difference(written: Config, *, as_json: bool) -> None:
    from dlcli.config.conversion.rendering import default_differences

    found = default_differences(written)
    if as_json:
        emit_json({"diff": {path: {"value": a, "default": b} for path, (a, b) in found.items()}})
    else:
        rows = [[path, _shown(value), _shown(default)] for path, (value, default) in found.items()]
        print_table(["key", "value", "default"], rows)


def _shown(value: Any) -> str:
    return "-" if value is None else str(value)


def _show_summary(judge: Judge, *, as_json: bool) -> None:
    from dlcli.runtime.quiet import load_tensorflow

    load_tensorflow()
    import keras

    from dlcli.engine.model import build_model
    from dlcli.engine.summary import summarize

    keras.utils.set_random_seed(judge.config.seed)
    found = summarize(build_model(judge.bound, judge.subject.data))
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
    from dlcli.config.conversion.schema import json_schema

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


@config.command()
@click.argument("file", metavar="FILE")
@SET
@click.option("--python", "as_python", is_flag=True, help="Write a plain Keras script.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    help="Script to write; its data are written beside it, as .npz.  [default: FILE with .py]",
)
@PLUGIN
def export(file: str, overrides: tuple[str, ...], as_python: bool, output: str | None) -> None:
    """Write a config as a plain Keras script, with no dlcli in it.

    The script begins with the same weights as `dlcli train`, sees the same batches, and ends with
    the same weights. The data, as dlcli has split and prepared them, are written beside it.
    """
    if not as_python:
        remedy = f"Write: dlcli config export {file} --python."
        raise UserError("no format is named", remedy=remedy)
    if file == "-" and output is None:
        raise UserError("the script has no name", remedy="Name it: --output train.py.")
    script = Path(output or Path(file).with_suffix(".py").name)
    data = script.with_suffix(".npz")
    for path in (script, data):
        if path.exists():
            raise UserError(f"{path} exists already", remedy="Name another: --output train.py.")
    if not script.parent.is_dir():
        remedy = "Create it first, or check --output."
        raise UserError(f"the folder {script.parent} does not exist", remedy=remedy)
    from dlcli.cli.screen.downloads import download_progress
    from dlcli.train.session import export_script

    with download_progress() as progress:
        export_script(file, overrides, script=script, data=data, progress=progress)
    note(f"wrote {script} and {data}; next: python {script}")
