"""Which classes and functions of Keras a config may name, their aliases, and which are refused."""

from __future__ import annotations

import contextlib
import importlib
import inspect
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlcli.catalogue.catalogue import MODULES
from dlcli.catalogue.signature import snake_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOREIGN = "runs code that a config cannot hold, and a saved model with it cannot be loaded safely"
ABSTRACT = "is a base class for Python code to derive from; name one of its subclasses"
DATA_INPUT = "is made from the data; describe inputs under data and model.inputs"
NEEDS_FUNCTION = "needs a Python function"

MIXES_LABELS = (
    "mixes the labels of two images as well, which a layer does not see: the model would train "
    "on wrong ones; use layers that change an image alone, such as RandomFlip"
)

REFUSED: dict[tuple[str, str], str] = {
    (
        "layers",
        "Lambda",
    ): f"{FOREIGN}; use a layer that does the same, such as Rescaling or Reshape",
    ("layers", "TFSMLayer"): f"{FOREIGN} (a TensorFlow SavedModel)",
    ("layers", "TorchModuleWrapper"): f"{FOREIGN} (a PyTorch module)",
    ("layers", "JaxLayer"): f"{FOREIGN} (a JAX function)",
    ("layers", "FlaxLayer"): f"{FOREIGN} (a Flax module)",
    ("layers", "MixUp"): MIXES_LABELS,
    ("layers", "CutMix"): MIXES_LABELS,
    ("layers", "Layer"): ABSTRACT,
    ("layers", "Wrapper"): ABSTRACT,
    ("layers", "Input"): DATA_INPUT,
    ("layers", "InputLayer"): DATA_INPUT,
    ("optimizers", "Optimizer"): ABSTRACT,
    (
        "optimizers",
        "MultiOptimizer",
    ): f"{NEEDS_FUNCTION} that assigns an optimizer to each variable",
    ("schedules", "LearningRateSchedule"): ABSTRACT,
    ("losses", "Loss"): ABSTRACT,
    ("metrics", "Metric"): ABSTRACT,
    ("metrics", "MeanMetricWrapper"): f"{NEEDS_FUNCTION}; name the metric itself",
    ("metrics", "Mean"): "averages numbers, not predictions; Keras reports the mean loss by itself",
    ("metrics", "Sum"): "adds numbers, not predictions",
    ("initializers", "Initializer"): ABSTRACT,
    ("regularizers", "Regularizer"): ABSTRACT,
    ("constraints", "Constraint"): ABSTRACT,
    ("callbacks", "Callback"): ABSTRACT,
    ("callbacks", "CallbackList"): "holds callbacks; list them under fit.callbacks",
    ("callbacks", "History"): "is always on; the history is saved with the run",
    ("callbacks", "ProgbarLogger"): "is always on; dlcli draws the progress bar",
    ("callbacks", "LambdaCallback"): NEEDS_FUNCTION,
    ("callbacks", "LearningRateScheduler"): (
        f"{NEEDS_FUNCTION}; give the optimizer's learning_rate a schedule such as CosineDecay"
    ),
    ("callbacks", "RemoteMonitor"): "sends the training's progress to a web server",
    ("callbacks", "BackupAndRestore"): "is not needed; dlcli keeps each run resumable by itself",
    ("callbacks", "OrbaxCheckpoint"): (
        "needs the package orbax-checkpoint, which dlcli does not install; use ModelCheckpoint"
    ),
}
"""Why a config may not name an entry: what follows its name in a sentence."""

BASES = {
    "layers": "Layer",
    "optimizers": "Optimizer",
    "schedules": "LearningRateSchedule",
    "losses": "Loss",
    "metrics": "Metric",
    "initializers": "Initializer",
    "regularizers": "Regularizer",
    "constraints": "Constraint",
    "callbacks": "Callback",
}
_NOT_ACTIVATIONS = {"get", "serialize", "deserialize"}


@dataclass(frozen=True)
class Item:
    """One class or activation function of Keras.

    Attributes:
        kind: The catalogue's kind.
        name: The name Keras gives it in its public module.
        object: The class or function.
        aliases: Other names for it: synonyms in the same module, and lower-case identifiers.
        module: Where it is, if it is not Keras's.
    """

    kind: str
    name: str
    object: Callable[..., Any]
    aliases: tuple[str, ...]
    module: str = ""

    @property
    def refused(self) -> str:
        """Why a config may not name it; empty if it may."""
        return REFUSED.get((self.kind, self.name), "")


OWN = "dlcli.optimizers"


def own_optimizers() -> list[Item]:
    """List the optimizers of dlcli; one that Keras has come to have is Keras's."""
    module = importlib.import_module(OWN)
    keras_names = {item.name for item in inventory("optimizers")}
    return [
        Item("optimizers", name, getattr(module, name), (name.lower(),), OWN)
        for name in module.__all__
        if name not in keras_names
    ]


def inventory(kind: str) -> list[Item]:
    """List what Keras offers of one kind, sorted by name."""
    synonyms: dict[Callable[..., Any], list[str]] = defaultdict(list)
    for name, member in _members(kind):
        synonyms[member].append(name)
    chosen = {_public_name(member, names): member for member, names in synonyms.items()}
    identifiers = _identifiers(kind, chosen)
    return [
        Item(
            kind,
            name,
            member,
            tuple(sorted({*synonyms[member], *identifiers.get(name, ())} - {name})),
        )
        for name, member in sorted(chosen.items())
    ]


def _members(kind: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    module = importlib.import_module(MODULES[kind])
    for name, member in sorted(vars(module).items()):
        if name.startswith("_"):
            continue
        if kind == "activations":
            if inspect.isfunction(member) and name not in _NOT_ACTIVATIONS:
                yield name, member
        elif inspect.isclass(member) and issubclass(member, getattr(module, BASES[kind])):
            yield name, member
    if kind == "layers":
        yield "Input", module.Input


def _public_name(member: Callable[..., Any], names: list[str]) -> str:
    own = member.__name__
    return own if own in names else min(names, key=lambda n: (n.islower(), len(n), n))


def _identifiers(kind: str, chosen: dict[str, Callable[..., Any]]) -> dict[str, set[str]]:
    """Return the lower-case names of each entry: Keras's own, and the class name's snake case."""
    found: dict[str, set[str]] = defaultdict(set)
    if kind in ("layers", "callbacks", "activations"):  # Keras has no identifiers for these
        return found
    for name in chosen:
        found[name].add(name.lower() if kind == "optimizers" else snake_case(name))
    owner = {alias: name for name, aliases in found.items() for alias in aliases}
    for identifier, member in _keras_identifiers(kind):
        name = next((n for n, m in chosen.items() if m is member), "")
        name = name or owner.get(member.__name__, "")  # mse -> mean_squared_error() -> its class
        if name:
            found[name].add(identifier)
    return found


def _keras_identifiers(kind: str) -> list[tuple[str, Callable[..., Any]]]:
    """Return the strings that Keras itself turns into members of a kind, and the members.

    The table is internal to Keras; without it only the names made from class names remain.
    """
    with contextlib.suppress(ImportError, AttributeError):
        module = importlib.import_module(MODULES[kind].replace("keras.", "keras.src.", 1))
        return sorted(module.ALL_OBJECTS_DICT.items())
    return []
