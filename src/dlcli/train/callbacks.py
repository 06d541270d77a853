"""What callbacks watch and write, checked before a run has a folder."""

from __future__ import annotations

import importlib.util
import itertools
import re
import string
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import keras

from dlcli.config.yaml.diagnostics import ConfigError, Diagnostic, listing
from dlcli.config.yaml.nodes import nowhere
from dlcli.engine.model import construct
from dlcli.errors import did_you_mean
from dlcli.store.runs import CALLBACK_PATHS, FILES, RunFolder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlcli.config.sections.experiment import Call, Config


WIDEST = 50
"""Characters of a number in a file's name: the name may have 255, and Python would write any."""


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
        problems += _package(call) or [
            *_paths(call, names),
            *_monitor(call, construct(call), names),
        ]
    if problems:
        raise ConfigError(problems)


def check_places(calls: Sequence[Call], run: RunFolder) -> None:
    """Make sure that nothing in a run's folder leads what its callbacks write out of it.

    The folder may come from somebody else, and a link may lie in it where a callback will write a
    file whose name is known only then, such as `{epoch}.keras`.

    Raises:
        UserError: If there is such a link, or a pipe.
    """
    for call in calls:
        for value in _named_paths(call).values():
            place = run.path
            for part in itertools.takewhile(lambda p: "{" not in p, PurePosixPath(value).parts):
                place = run.own(str((place / part).relative_to(run.path)))
            for path in place.rglob("*"):
                run.own(str(path.relative_to(run.path)))


def _named_paths(call: Call) -> dict[str, str]:
    """Return a callback's arguments that name files, which lie in the run's folder."""
    return {
        name: value
        for name, value in call.arguments.items()
        if name in CALLBACK_PATHS and isinstance(value, str)
    }


def _problem(rule: str, call: Call, argument: str, message: str, hint: str) -> Diagnostic:
    mark = call.mark or nowhere()
    return Diagnostic(rule, mark, f"{call.path}.{argument}", message, hint)


def _package(call: Call) -> list[Diagnostic]:
    """Find a callback that needs what is not installed: it would fail in the first epoch."""
    if call.name != "TensorBoard" or importlib.util.find_spec("tensorboard") is not None:
        return []
    mark = call.mark or nowhere()
    message, hint = "TensorBoard needs the package tensorboard", "pip install tensorboard"
    return [Diagnostic("missing-package", mark, call.path, message, hint)]


def _paths(call: Call, names: Sequence[str]) -> list[Diagnostic]:
    found = []
    for name, value in _named_paths(call).items():
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts:
            hint = "Give a path relative to the run's folder."
            found.append(_problem("bad-path", call, name, f"{value} is outside the run", hint))
        elif str(path) in FILES:
            hint = "choose another name"
            message = f"{value} is a file that dlcli itself writes"
            found.append(_problem("bad-path", call, name, message, hint))
        elif call.name == "ModelCheckpoint" and (message := _unfit(value, _filled_in(call, names))):
            hint = "Write {epoch:02d}, or a logged value such as {loss:.3f}."
            found.append(_problem("bad-path", call, name, message, hint))
    return found


def _filled_in(call: Call, names: Sequence[str]) -> dict[str, float]:
    """Return what Keras fills into the name of a model that it saves, with a value each.

    In the middle of an epoch nothing has been validated.
    """
    if call.arguments.get("save_freq", "epoch") == "epoch":
        return {"epoch": 1, **dict.fromkeys(names, 0.5)}
    trained = [name for name in names if not name.startswith("val_")]
    return {"epoch": 1, "batch": 1, **dict.fromkeys(trained, 0.5)}


def _unfit(pattern: str, known: Mapping[str, float]) -> str:
    """Return what cannot be filled in of a file's name, or would fill the memory; else nothing."""
    try:
        for _, field, form, _ in string.Formatter().parse(pattern):
            if field is None:
                continue
            if field not in known:
                return f"{{{field}}} is not known at that time{did_you_mean(field, known)}"
            if "{" in (form or "") or _is_wide(form or ""):
                return f"{{{field}}} may be wider than {WIDEST} characters"
        pattern.format(**known)
    except ValueError as error:
        return f"{pattern} cannot be filled in: {error}"
    return ""


def _is_wide(form: str) -> bool:
    """Whether a format's width or precision is beyond what a file's name can hold."""
    return any(len(n.lstrip("0")) > 2 or int(n) > WIDEST for n in re.findall(r"\d+", form))


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
        hint = "There is no validation part: set data.validation, or monitor loss."
    return [_problem("unknown-monitor", call, "monitor", message, hint)]
