"""`dlcli doctor`: is everything here that dlcli needs, and how to get what is not."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING, Any

import click

from dlcli.cli.screen.output import emit_json, note, print_table
from dlcli.errors import DlcliError, WorkError
from dlcli.runtime.environment import versions
from dlcli.runtime.installation import install_command
from dlcli.runtime.quiet import load_tensorflow

if TYPE_CHECKING:
    from pathlib import Path

EXTRAS = {"ray": "ray", "tensorboard": "tracking", "mlflow": "tracking"}
"""Packages that some features need, and the extra of dlcli that brings each."""

CACHES = {"dlcli cache": "DLCLI_CACHE_DIR", "keras cache": "KERAS_HOME"}
"""What the report calls the caches, and the variable that moves each."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Check versions, devices, threads and cache folders."""
    report = _report()
    if as_json:
        emit_json(report)
    else:
        print_table(["what", "found"], [[key, _shown(value)] for key, value in report.items()])
        for remedy in _remedies(report):
            note(remedy)
    if report["problem"]:
        raise WorkError(report["problem"], remedy=install_command(upgrade=("tensorflow", "keras")))


def _report() -> dict[str, Any]:
    from dlcli.data.formats import keras_cache
    from dlcli.runtime.cachedir import cache_folder

    hardware, problem = _hardware()
    catalogue, stale = _catalogue()
    folders = dict(zip(CACHES, (cache_folder(), keras_cache.folder()), strict=True))
    ready, missing = _keras_data()
    return {
        "python": platform.python_version(),
        **versions(),
        "catalogue": catalogue,
        **hardware,
        "processors": os.cpu_count(),
        **{name: str(path) for name, path in folders.items()},
        "not writable": [name for name, path in folders.items() if not _is_writable(path)],
        "keras data": ready,
        "to download": missing,
        "missing extras": [name for name in EXTRAS if not _installed(name)],
        "problem": problem or stale,
    }


def _hardware() -> tuple[dict[str, Any], str]:
    """Return TensorFlow's devices and threads, or what keeps it from starting."""
    try:
        load_tensorflow()
        import tensorflow as tf
    except Exception as error:  # noqa: BLE001 (whatever it is, it is the finding)
        return {"devices": [], "threads": None}, f"TensorFlow cannot be imported: {error}"
    threading = tf.config.threading
    devices = [device.name for device in tf.config.list_physical_devices()]
    threads = {
        "intra_op": threading.get_intra_op_parallelism_threads() or "automatic",
        "inter_op": threading.get_inter_op_parallelism_threads() or "automatic",
    }
    return {"devices": devices, "threads": threads}, ""


def _catalogue() -> tuple[str, str]:
    """Return which Keras the catalogue describes, or why there is none."""
    from dlcli.catalogue.catalogue import load_catalogue

    try:
        return f"Keras {load_catalogue().keras_version}", ""
    except DlcliError as error:
        return "", error.message


def _keras_data() -> tuple[list[str], list[str]]:
    """Return which of Keras's data sets lie in its cache, and which do not."""
    from dlcli.data import is_available
    from dlcli.data.table import TABLE

    entries = [entry for entry in TABLE if entry.origin == "keras"]
    ready = [entry.name for entry in entries if is_available(entry)]
    return ready, [entry.name for entry in entries if entry.name not in ready]


def _is_writable(folder: Path) -> bool:
    """Whether a folder can be written to, or could be made."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return existing.is_dir() and os.access(existing, os.W_OK)


def _installed(package: str) -> bool:
    from importlib import metadata

    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def _remedies(report: dict[str, Any]) -> list[str]:
    """Return how to get what is missing, a line each."""
    lines = [
        f"the {name} cannot be written to: set {CACHES[name]} to another folder"
        for name in report["not writable"]
    ]
    if report["to download"]:
        lines.append(
            f"to download a data set in advance: dlcli data fetch {report['to download'][0]}"
        )
    for extra in dict.fromkeys(EXTRAS[name] for name in report["missing extras"]):
        names = " and ".join(name for name in report["missing extras"] if EXTRAS[name] == extra)
        lines.append(f"for {names}, {install_command(extra)}")
    return lines


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return str(value) if value not in ("", None) else "none"
