"""`dlcli init`: a commented starter config, and the schema an editor checks it with."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import click

from dlcli.cli.screen.output import note
from dlcli.errors import UserError

SCHEMA_FILE = "dlcli.schema.json"


def template_names() -> list[str]:
    """Return the names of the packaged example configs."""
    folder = resources.files("dlcli.config") / "templates"
    return sorted(
        f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")
    )


@click.command()
@click.argument("path", required=False, type=click.Path())
@click.option("--template", default="digits_cnn", show_default=True, help="Template to copy.")
@click.option(
    "--from",
    "model",
    metavar="MODEL",
    type=click.Path(),
    help="Write the network of a Keras model: a .keras file, or the JSON of model.to_json().",
)
@click.option("--list", "listing", is_flag=True, help="List the templates.")
def init(path: str | None, template: str, model: str | None, listing: bool) -> None:
    """Write a commented starter config to PATH.

    Without PATH, the file is called TEMPLATE.yaml, or MODEL.yaml with --from. A JSON Schema is
    written beside it, so that editors complete and check what you type.
    """
    if listing:
        click.echo("\n".join(template_names()))
        return
    name = template if model is None else Path(model).stem
    text = _template(template) if model is None else _of_model(Path(model))
    target = Path(path or f"{name}.yaml")
    if target.is_dir():
        target = target / f"{name}.yaml"
    if target.exists():
        raise UserError(f"{target} exists already", remedy="Name another file: dlcli init PATH")
    if not target.parent.is_dir():
        raise UserError(
            f"the folder {target.parent} does not exist", remedy="Create it first, or check PATH."
        )
    _write_schema(target.parent / SCHEMA_FILE)
    line = f"# yaml-language-server: $schema={SCHEMA_FILE}\n"
    with target.open("x", encoding="utf-8") as stream:
        stream.write(line + text)
    following = "name your data in it, then" if model else "next:"
    note(f"wrote {target}; {following} dlcli train {target}")


def _of_model(path: Path) -> str:
    """Return the config of a Keras model.

    Raises:
        UserError: If the file holds none, or a config cannot say it.
    """
    from dlcli.config.conversion.from_keras import config_of, read_description
    from dlcli.config.conversion.loading import parse_config
    from dlcli.config.conversion.rendering import dump_yaml
    from dlcli.config.yaml.nodes import Text

    text = dump_yaml(config_of(read_description(path)))
    parse_config(Text(f"the config of {path}", text))
    head = (
        f"# The network of {path.name}. The data are a placeholder: `dlcli data ls` lists others."
    )
    return f"{head}\n{text}"


def _template(name: str) -> str:
    names = template_names()
    if name not in names:
        from dlcli.errors import did_you_mean

        message = f"there is no template '{name}'{did_you_mean(name, names)}"
        raise UserError(message, remedy=f"templates: {', '.join(names)}")
    source = resources.files("dlcli.config") / "templates" / f"{name}.yaml"
    return source.read_text(encoding="utf-8")


def _write_schema(target: Path) -> None:
    from dlcli.config.conversion.schema import json_schema

    if not target.exists():
        target.write_text(json.dumps(json_schema(), ensure_ascii=False) + "\n", encoding="utf-8")
