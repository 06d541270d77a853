"""Optimizers as candidates name them."""

from __future__ import annotations

from dlcli.config.sections.experiment import Call


def optimizer(name="SGD", **arguments):
    return Call("optimizers", name, arguments)
