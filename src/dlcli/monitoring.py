"""What callbacks watch and write, checked before a run has a folder."""

from __future__ import annotations

import importlib.util
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import keras

from dlcli.config.diagnostics import ConfigError, Diagnostic, listing
from dlcli.config.nodes import Mark, Text
from dlcli.model import construct
from dlcli.store.runs import CALLBACK_PATHS, FILES
from dlcli.suggestion import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlcli.config.experiment import Call, Config


def check_callbacks(config: Config, names: Sequence[str]) -> None:
    """Make sure that callbacks can work, watch what there is, and write into the run's folder.

    Args:
        config: Bound to its data.
        names: What an epoch is logged with, such as `loss` and `val_accuracy`.

    Raises:
        ConfigError: With every mistake found.
    """
    problems: list[Diagnostic] = []
    for call in config.fit.callbacks:
        problems += _package(call) or [*_paths(call), *_monitor(call, construct(call), names)]
    if problems:
        raise ConfigError(problems)


def _problem(rule: str, call: Call, argument: str, message: str, hint: str) -> Diagnostic:
    mark = call.mark or Mark(Text("config", ""), 1, 1)
    return Diagnostic(rule, mark, f"{call.path}.{argument}", message, hint)


def _package(call: Call) -> list[Diagnostic]:
    """Find a callback that needs what is not installed: it would fail in the first epoch."""
    if call.name != "TensorBoard" or importlib.util.find_spec("tensorboard") is not None:
        return []
    mark = call.mark or Mark(Text("config", ""), 1, 1)
    message, hint = "TensorBoard needs the package tensorboard", "pip install tensorboard"
    return [Diagnostic("missing-package", mark, call.path, message, hint)]


def _paths(call: Call) -> list[Diagnostic]:
    found = []
    for name, value in call.arguments.items():
        if name not in CALLBACK_PATHS or not isinstance(value, str):
            continue
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts:
            hint = "give a path relative to the run's folder"
            found.append(_problem("bad-path", call, name, f"{value} is outside the run", hint))
        elif str(path) in FILES:
            hint = "choose another name"
            message = f"{value} is the name of a file that every run has"
            found.append(_problem("bad-path", call, name, message, hint))
    return found


def _monitor(call: Call, callback: Any, names: Sequence[str]) -> list[Diagnostic]:
    """Find a watched metric that is never logged: Keras would only warn, and never act."""
    watched = getattr(callback, "monitor", None)
    saves_all = isinstance(callback, keras.callbacks.ModelCheckpoint) and not getattr(
        callback, "save_best_only", True
    )
    if watched is None or watched in names or saves_all:
        return []
    message = f"'{watched}' is not logged{did_you_mean(watched, names)}"
    hint = f"logged are: {listing(names)}"
    if watched.startswith("val_") and not any(name.startswith("val_") for name in names):
        hint = "nothing validates: set data.validation, or watch loss"
    return [_problem("unknown-monitor", call, "monitor", message, hint)]
