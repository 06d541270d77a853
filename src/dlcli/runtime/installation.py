"""How dlcli is installed: its name as a distribution, and the command that every remedy shows.

The name `dlcli` on the Python package index belongs to another project, so dlcli is never installed
by that name. Until dlcli is published as `dlcli-keras`, it is installed from its checkout.
"""

from __future__ import annotations

DISTRIBUTION = "dlcli-keras"
"""The name in pyproject.toml; the import and the command are `dlcli`."""


def install_command(extra: str = "", *, upgrade: tuple[str, ...] = ()) -> str:
    """Return the command that installs dlcli, and where to run it.

    Args:
        extra: An extra of pyproject.toml, such as `ray`.
        upgrade: Other packages to upgrade with dlcli.
    """
    project = f"'.[{extra}]'" if extra else "."
    words = ["pip install", *(["--upgrade"] if upgrade else []), "-e", project, *upgrade]
    return f"from the dlcli checkout: {' '.join(words)}"
