"""The plugin of docs/plugins.md, and how tests name plugins in their own process."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = (Path(__file__).parents[1] / "docs" / "plugins.md").read_text("utf-8")


def fenced(language: str) -> str:
    """Return the first example of a language in docs/plugins.md."""
    found = re.search(rf"^```{language}\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


PLUGIN = fenced("python")
CONFIG = fenced("yaml")

LAYER = '''

class Scaled(keras.layers.Layer):
    """Multiplies by a number."""

    def __init__(self, factor: float = 2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}
'''
"""A layer to stand below the optimizer."""


def write_plugin(folder: Path, name: str = "my_optimizer", text: str = PLUGIN) -> Path:
    """Write a plugin's file and return its path."""
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return path


def write_installed(site: Path, module: str, text: str, *, name: str = "mine") -> None:
    """Write a distribution with a plugin, as an installer would lay it down in a folder.

    Args:
        site: To be on the path.
        module: The plugin's.
        text: Its source.
        name: Of its entry point.
    """
    info = site / "mine_dist-1.2.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine-dist\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[dlcli.plugins]\n{name} = {module}\n")
    (site / f"{module}.py").write_text(text, encoding="utf-8")
