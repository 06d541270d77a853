"""dlcli: Keras experiments from one YAML file, with comparisons worth believing."""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from dlcli.runtime.version import __version__

if TYPE_CHECKING:
    from dlcli.api import Comparison, DlcliError, Figure, Run, load

__all__ = [
    "Comparison", "DlcliError", "Figure", "Run", "__version__", "compare", "load", "train",
]  # fmt: skip

_ROOMS = ("compare", "train")
"""Packages of dlcli that are called as the functions of the same name in `dlcli.api`."""


class _Callable(ModuleType):
    """A package that can be called: `dlcli.train(...)` is `dlcli.api.train(...)`."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        from dlcli import api

        return getattr(api, self.__name__.rpartition(".")[2])(*arguments, **named)


class _Package(ModuleType):
    """This package: importing one of its rooms makes that callable."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _ROOMS and isinstance(value, ModuleType):
            value.__class__ = _Callable
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    """Import what is asked for: the commands start without it."""
    if name in _ROOMS:
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    if name in __all__:
        from dlcli import api

        return getattr(api, name)
    raise AttributeError(f"module 'dlcli' has no attribute '{name}'")
