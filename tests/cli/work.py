"""Where configs are, and what commands must not print."""

from __future__ import annotations

from pathlib import Path

NOISE = ("Traceback", "oneDNN", "absl::", "cuda", "tensorflow/")
CONFIGS = Path(__file__).parents[2] / "configs"
