"""What differs between two plain configs, with their layers aligned as a diff aligns lines.

A layer that is inserted moves all later ones: compared by position, each would differ. Layers are
aligned by what they are (class and arguments), then by their class. Ids that dlcli made up, and
references to them, do not differ where only their count does.
"""

from __future__ import annotations

import json
import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dlcli.catalogue.signature import snake_case
from dlcli.config.conversion.rendering import differences, flatten

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ABSENT: Final = object()
"""The value of a path that a config does not have."""

MOST = 2000
"""Of more layers, the time to align them is not worth it: they are compared by position."""

SIBLINGS = ("id", "from", "use", "ignore")
"""Keys that stand beside a layer's class."""


class Pair(NamedTuple):
    """A layer of each config; None where one of them lacks it.

    Attributes:
        left: The index in the first config.
        right: The index in the second one.
    """

    left: int | None
    right: int | None


def config_differences(
    config: Mapping[str, Any], other: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """Return the paths at which two plain configs differ, with both values or `ABSENT`.

    A layer that only one has is a path without arguments, `model.layers[0]`, with the whole layer.
    One that moved and changed is `model.layers[0->1]`.

    Args:
        config: As read from `config.yaml`; damaged ones may hold anything.
        other: Likewise.
    """
    left, right = _layers(config), _layers(other)
    if not left or not right or max(len(left), len(right)) > MOST:
        return _flat_differences(config, other)
    pairs = align(left, right)
    names = _renamed(left, right, pairs)
    found = _flat_differences(_with_names(_without_layers(config), names), _without_layers(other))
    for pair in pairs:
        for path, (ours, theirs) in _of_pair(left, right, pair, names).items():
            before = found.get(path, (ABSENT, ABSENT))  # of a layer that another one replaces
            found[path] = tuple(b if a is ABSENT else a
                                for a, b in zip((ours, theirs), before, strict=True))  # fmt: skip
    return found


def align(left: Sequence[Any], right: Sequence[Any]) -> list[Pair]:
    """Return which layers belong together, in their order.

    Args:
        left: Layers of one config.
        right: Layers of another.
    """
    pairs: list[Pair] = []
    for block in _blocks([_content(one) for one in left], [_content(one) for one in right]):
        if block.is_equal:
            pairs += map(Pair, block.left, block.right)
        else:
            pairs += _by_class(left, right, block)
    return pairs


class _Block(NamedTuple):
    """A stretch of both sequences that is equal, or belongs together by its place only."""

    is_equal: bool
    left: range
    right: range


def _blocks(left: Sequence[str], right: Sequence[str]) -> Iterator[_Block]:
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        yield _Block(kind == "equal", range(a, b), range(c, d))


def _by_class(left: Sequence[Any], right: Sequence[Any], within: _Block) -> Iterator[Pair]:
    """Pair the layers of one class in a stretch that differs; the others have no partner."""
    first = [_class_of(left[i]) for i in within.left]
    second = [_class_of(right[i]) for i in within.right]
    for block in _blocks(first, second):
        ours = [within.left[i] for i in block.left]
        theirs = [within.right[i] for i in block.right]
        if block.is_equal:
            yield from map(Pair, ours, theirs)
        else:
            yield from (Pair(index, None) for index in ours)
            yield from (Pair(None, index) for index in theirs)


def _of_pair(
    left: Sequence[Any], right: Sequence[Any], pair: Pair, names: Mapping[str, str]
) -> dict[str, tuple[Any, Any]]:
    """Return how two layers differ, by the paths in their configs."""
    if pair.right is None:
        return {f"model.layers[{pair.left}]": (_shown(left[pair.left or 0]), ABSENT)}
    if pair.left is None:
        return {f"model.layers[{pair.right}]": (ABSENT, _shown(right[pair.right]))}
    place = f"{pair.left}" if pair.left == pair.right else f"{pair.left}->{pair.right}"
    ours, theirs = left[pair.left], right[pair.right]
    if isinstance(ours, dict) and isinstance(theirs, dict):
        ours = {key: _referring(value, names) if key in ("from", "use") else value
                for key, value in ours.items()}  # fmt: skip
        if _is_made_up(ours, theirs):
            ours = {**ours, "id": theirs.get("id")}
    return _flat_differences({f"model.layers[{place}]": ours}, {f"model.layers[{place}]": theirs})


def _flat_differences(
    config: Mapping[str, Any], other: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """Return the paths that differ; one that a config lacks is not null in it."""
    left, right = flatten(config), flatten(other)
    return {
        path: (left.get(path, ABSENT), right.get(path, ABSENT))
        for path in differences(config, other)
    }


def _layers(config: Mapping[str, Any]) -> list[Any]:
    model = config.get("model")
    layers = model.get("layers") if isinstance(model, dict) else None
    return layers if isinstance(layers, list) else []


def _without_layers(config: Mapping[str, Any]) -> dict[str, Any]:
    model = {key: value for key, value in config["model"].items() if key != "layers"}
    return {key: model if key == "model" else value for key, value in config.items()}


def _with_names(config: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return a config whose outputs are named as in the other one."""
    model = config["model"]
    if "outputs" not in model:
        return config
    return config | {"model": model | {"outputs": _referring(model["outputs"], names)}}


def _renamed(left: Sequence[Any], right: Sequence[Any], pairs: Sequence[Pair]) -> dict[str, str]:
    """Return what the layers of one config are called in the other."""
    names: dict[str, str] = {}
    for pair in pairs:
        if pair.left is not None and pair.right is not None:
            ours, theirs = left[pair.left], right[pair.right]
            if isinstance(ours, dict) and isinstance(theirs, dict):
                names[str(ours.get("id"))] = str(theirs.get("id"))
    return names


def _referring(value: Any, names: Mapping[str, str]) -> Any:
    """Return references with the layers' other names: `lstm[1]` -> `lstm_1[1]`."""
    if isinstance(value, list):
        return [_referring(item, names) for item in value]
    name, bracket, index = str(value).partition("[")
    return f"{names[name]}{bracket}{index}" if name in names else value


def _is_made_up(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Whether the ids of two layers are those of their class and differ in their count only."""
    first, second = (re.sub(r"_\d+(?=_|$)", "", str(one.get("id"))) for one in (ours, theirs))
    return first == second and first.endswith(snake_case(_class_of(ours)))


def _content(layer: Any) -> str:
    """Return what a layer is, without its name and what it is applied to."""
    if isinstance(layer, dict):
        layer = {key: value for key, value in layer.items() if key not in ("id", "from")}
    return json.dumps(layer, sort_keys=True, default=str)


def _class_of(layer: Any) -> str:
    if not isinstance(layer, dict):
        return str(layer)
    return next((str(key) for key in layer if key not in SIBLINGS), "use")


def _shown(layer: Any) -> Any:
    """Return a layer without an id that its class gives it."""
    if isinstance(layer, dict) and _is_made_up(layer, layer):
        return {key: value for key, value in layer.items() if key != "id"}
    return layer
