"""Write or check the catalogue of what the installed Keras offers."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dlcli.catalogue.catalogue import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@click.command()
@click.option("--write", is_flag=True, help="Rewrite the catalogue that ships with dlcli.")
@click.option("--check", is_flag=True, help="Exit with 1 if the shipped catalogue is stale.")
@click.option("--cache", type=click.Path(path_type=Path), help="Write a catalogue to this file.")
@click.option("--plugin", help="Read what this plugin defines, and not Keras.")
def main(write: bool, check: bool, cache: Path | None, plugin: str | None) -> None:
    """Read what the installed Keras offers: layers, optimizers, losses, with their arguments."""
    if not (write or check or cache):
        raise click.UsageError("give --write, --check or --cache PATH")
    if cache and plugin:
        cache.write_text(read_plugin_text(plugin), encoding="utf-8")
        return
    text = read_catalogue_text()
    if cache:
        cache.write_text(text, encoding="utf-8")
    if check:
        stale = differences(json.loads(SHIPPED.read_text(encoding="utf-8")), json.loads(text))
        if stale:
            click.echo("\n".join(stale))
            raise SystemExit(1)
    if write:
        SHIPPED.write_text(text, encoding="utf-8")


def read_catalogue_text() -> str:
    """Return the text of the catalogue file for the installed Keras, on the TensorFlow backend."""
    with quiet_keras():
        import keras

        from dlcli.catalogue.introspection.catalogue_file import catalogue_text
        from dlcli.catalogue.introspection.reading import read_entries

        return catalogue_text(keras.__version__, read_entries())


def read_plugin_text(name: str) -> str:
    """Return the text of a catalogue file of what a plugin defines; its code runs.

    A failure ends the process with a line that says where in the plugin it came up.
    """
    from dlcli.catalogue import plugins

    with quiet_keras(), contextlib.redirect_stdout(sys.stderr):
        import keras

        from dlcli.catalogue.introspection.catalogue_file import catalogue_text
        from dlcli.catalogue.introspection.own_code import plugin_entries

        try:
            entries = plugin_entries(plugins.find(name))
        except plugins.PluginError as error:
            sys.exit(error.message)
        return catalogue_text(keras.__version__, entries)


@contextlib.contextmanager
def quiet_keras() -> Iterator[None]:
    """Import Keras with its factory settings, on the CPU, and without TensorFlow's log.

    A user's keras.json could change defaults such as the data format; TensorFlow writes to the
    file descriptor of stderr, beyond the reach of `sys.stderr`.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    kept = dict(os.environ)
    with tempfile.TemporaryDirectory() as home, Path(os.devnull).open("w") as sink:
        os.environ |= {
            "KERAS_BACKEND": "tensorflow",
            "KERAS_HOME": home,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "CUDA_VISIBLE_DEVICES": "",
        }
        stderr = os.dup(2)
        os.dup2(sink.fileno(), 2)
        try:
            import keras  # noqa: F401
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(kept)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return a line for each entry that two catalogues do not share, and for the versions.

    Args:
        old: The parsed file that ships.
        new: What it should be.
    """
    lines = []
    if old["keras_version"] != new["keras_version"]:
        lines.append(f"keras_version: {old['keras_version']} -> {new['keras_version']}")
    for kind in new["kinds"]:
        before, after = old["kinds"].get(kind, {}), new["kinds"][kind]
        lines += [f"{kind}: {name} is missing" for name in after.keys() - before.keys()]
        lines += [f"{kind}: {name} is gone" for name in before.keys() - after.keys()]
        lines += [
            f"{kind}: {name} has changed ({', '.join(_changed(before[name], after[name]))})"
            for name in before.keys() & after.keys()
            if json.dumps(before[name]) != json.dumps(after[name])  # which keep the order
        ]
    return sorted(lines)


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the names of the arguments, and else of the fields, that two entries differ in."""
    old, new = ({**e, **e.get("arguments", {})} for e in (before, after))
    changed = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    return sorted(changed - {"arguments"}) or ["the order of the arguments"]


if __name__ == "__main__":
    main()
