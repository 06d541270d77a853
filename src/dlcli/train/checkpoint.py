"""Everything a training needs to go on where it stopped: weights, optimizer, callbacks, history."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from dlcli.data.formats.plain_npz import open_plain
from dlcli.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
_PLAIN = (bool, int, float, type(None), np.floating, np.integer)
"""What a callback's state is made of, beside lists of arrays; its texts name folders, which may lie
elsewhere now."""


@dataclass(frozen=True)
class Checkpoint:
    """The state after a whole number of epochs.

    Attributes:
        epoch: Epochs done.
        arrays: Model and optimizer variables, in Keras's order.
        callbacks: For each callback its plain attributes, and its lists of arrays.
        history: A row an epoch.
    """

    epoch: int
    arrays: list[np.ndarray]
    callbacks: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write the checkpoint to one .npz file without pickles."""
        content: dict[str, Any] = {f"variable_{i}": array for i, array in enumerate(self.arrays)}
        plain = []
        for i, state in enumerate(self.callbacks):
            plain.append({k: v for k, v in state.items() if not isinstance(v, list)})
            for name, arrays in state.items():
                if isinstance(arrays, list):
                    content |= {f"callback_{i}.{name}.{j}": a for j, a in enumerate(arrays)}
        meta = {"format": FORMAT, "epoch": self.epoch, "callbacks": plain, "history": self.history}
        with path.open("wb") as stream:
            np.savez(stream, meta=np.array(json.dumps(meta)), **content)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        UserError: If it is damaged.
    """
    try:
        with open_plain(path) as content:
            meta = json.loads(str(content["meta"]))
            names = sorted(
                (n for n in content.names if n.startswith("variable_")),
                key=lambda n: int(n.partition("_")[2]),
            )
            arrays = [content[name] for name in names]
            callbacks = [dict(state) for state in meta["callbacks"]]
            for name in content.names:
                if name.startswith("callback_"):
                    owner, attribute, _ = name.removeprefix("callback_").split(".")
                    callbacks[int(owner)].setdefault(attribute, []).append(content[name])
            history = [dict(row) for row in meta["history"]]
            return Checkpoint(int(meta["epoch"]), arrays, callbacks, history)
    except (OSError, ValueError, LookupError, TypeError, RecursionError, MemoryError) as error:
        remedy = (
            "Restore the file from a copy, or train the run again: "
            f"dlcli train {path.with_name('source.yaml')}"
        )
        raise UserError(f"{path} is damaged: {error}", remedy=remedy) from None


def take_checkpoint(
    model: keras.Model,
    callbacks: list[keras.callbacks.Callback],
    epoch: int,
    history: list[dict[str, Any]],
) -> Checkpoint:
    """Copy the state of a training between two epochs."""
    arrays = [np.array(keras.ops.convert_to_numpy(v)) for v in _variables(model)]
    return Checkpoint(epoch, arrays, [_state(c) for c in callbacks], list(history))


def restore_model(model: keras.Model, checkpoint: Checkpoint) -> None:
    """Put the variables back into a model that was built and compiled the same way.

    Raises:
        UserError: If the model is a different one.
    """
    variables = _variables(model)
    shapes = [tuple(v.shape) for v in variables]
    if shapes != [a.shape for a in checkpoint.arrays]:
        remedy = "Resume the run with the config it was started with."
        raise UserError("the checkpoint was written by another model", remedy=remedy)
    for variable, array in zip(variables, checkpoint.arrays, strict=True):
        variable.assign(array)


def restore_callbacks(callbacks: list[keras.callbacks.Callback], checkpoint: Checkpoint) -> None:
    """Put the callbacks' state back; call it after their `on_train_begin`, which resets them.

    A checkpoint may come from somebody else: it changes nothing but what `take_checkpoint` keeps.
    """
    for callback, state in zip(callbacks, checkpoint.callbacks, strict=True):
        given = _given(callback)
        for name, value in state.items():
            if name not in given and not hasattr(type(callback), name) and _is_state(value):
                setattr(callback, name, value)


def _variables(model: keras.Model) -> list[Any]:
    return [*model.variables, *model.optimizer.variables]


def _state(callback: keras.callbacks.Callback) -> dict[str, Any]:
    """Return the attributes that change while training and can be written without pickling.

    What the constructor was given is left out: Keras changes some of it in place (EarlyStopping
    negates `min_delta` when it first compares), and would change it a second time.
    """
    if isinstance(callback, keras.callbacks.CSVLogger):
        return {}  # its state is its file
    given = _given(callback)
    state: dict[str, Any] = {}
    for name, value in vars(callback).items():
        if name in given or not _is_state(value):
            continue
        if isinstance(value, list):
            state[name] = [np.array(v) for v in value]
        else:
            state[name] = value.item() if isinstance(value, np.generic) else value
    return state


def _given(callback: keras.callbacks.Callback) -> frozenset[str]:
    """Return the names of what a callback's constructor takes."""
    return frozenset(inspect.signature(type(callback).__init__).parameters)


def _is_state(value: Any) -> bool:
    return isinstance(value, _PLAIN) or _is_arrays(value)


def _is_arrays(value: Any) -> bool:
    """Whether a value is a list of arrays, such as Keras's `get_weights` (scalars among them)."""
    arrays = isinstance(value, list) and value
    return bool(arrays) and all(isinstance(v, np.ndarray | np.generic) for v in value)
