"""`dlcli doctor`: is everything here that dlcli needs, and how to get what is not."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import click

from dlcli.cli.output import emit_json, note, print_table
from dlcli.errors import WorkError
from dlcli.quiet import load_tensorflow
from dlcli.store import versions

EXTRAS = {"ray": "ray", "tensorboard": "tracking", "mlflow": "tracking"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Check versions, devices, threads and cache folders."""
    report = _report()
    if as_json:
        emit_json(report)
    else:
        print_table(["what", "found"], [[key, _shown(value)] for key, value in report.items()])
        for name in report["missing extras"]:
            note(f"for {name}: pip install 'dlcli[{EXTRAS[name]}]'")
    if report["problem"]:
        raise WorkError(report["problem"], remedy="pip install --upgrade dlcli tensorflow keras")


def _report() -> dict[str, Any]:
    from dlcli.config.catalogue import load_catalogue
    from dlcli.data import cache

    devices, problem = _devices()
    keras_home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    datasets = keras_home / "datasets"
    return {
        "python": platform.python_version(),
        **versions(),
        "catalogue": f"Keras {load_catalogue().keras_version}",
        "devices": devices,
        "processors": os.cpu_count(),
        "dlcli cache": str(cache.folder()),
        "keras cache": str(datasets),
        "keras data": sorted(p.name for p in datasets.iterdir()) if datasets.is_dir() else [],
        "missing extras": [name for name in EXTRAS if not _installed(name)],
        "problem": problem,
    }


def _devices() -> tuple[list[str], str]:
    """Return TensorFlow's devices, or what keeps it from starting."""
    try:
        load_tensorflow()
        import tensorflow as tf
    except Exception as error:  # noqa: BLE001 (whatever it is, it is the finding)
        return [], f"TensorFlow cannot be imported: {error}"
    return [device.name for device in tf.config.list_physical_devices()], ""


def _installed(package: str) -> bool:
    from importlib import metadata

    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return str(value) if value != "" else "none"
