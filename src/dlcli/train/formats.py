"""The formats that a trained model is exported to, by the names that users type."""

from __future__ import annotations

from typing import Final

SUFFIXES: Final = {"savedmodel": ".savedmodel", "litert": ".tflite", "onnx": ".onnx"}
"""Format -> what the name of its file ends with; a SavedModel is a folder."""
