"""Examples, and what networks make of them."""

from __future__ import annotations

import numpy as np

from dlcli.inspection import Unrolled
from dlcli.report.drawing.inputs import Example

RNG = np.random.default_rng(3)
IMAGE = Example("image", RNG.random((8, 8, 1)), "7, test:0")
SERIES = Example("sequence", RNG.normal(size=(12, 2)), "up")
TEXT = Example("tokens", np.array([3, 2, 4, 2, 0, 0]), "good", ("-", "?", "the", "a", "$film$"))


def texts(figure):
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()]
        found += [text.get_text() for text in axes.texts]
    return [text for text in found if text]


def parted(figure):
    """Return a figure's panels, and the bars that say what their colours stand for."""
    bars = [axes for axes in figure.axes if getattr(axes, "_colorbar", None) is not None]
    return [axes for axes in figure.axes if axes not in bars], bars


def unrolled(steps=12, features=2, gradient=True):
    values = {
        "hidden state": RNG.normal(size=(steps, 5)), "forget gate": RNG.random((steps, 5)),
    }  # fmt: skip
    norms = np.geomspace(1e-9, 1, steps) if gradient else None
    inputs = RNG.normal(size=(steps, features))
    return Unrolled("lstm", "LSTM", np.arange(steps), inputs, values, norms)
