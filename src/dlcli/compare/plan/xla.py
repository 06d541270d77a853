"""Whether the trials of a network are compiled with XLA, where its config leaves that open."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from dlcli.config.conversion.rendering import to_plain
from dlcli.config.sections.experiment import Call

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dlcli.config.sections.experiment import Config

RECURRENT = frozenset({"SimpleRNN", "LSTM", "GRU", "RNN"})


def by_rule(config: Config) -> bool:
    """Return what pays on average, on two cores.

    XLA takes a third off the time of recurrent networks, whose loops it fuses, little off that of
    dense ones, and makes convolutions a quarter faster or several times slower.
    """
    if config.fit.jit != "auto":
        return config.fit.jit
    classes = _classes(config)
    return is_open(config) and bool(classes & RECURRENT) and not any("Conv" in c for c in classes)


def is_open(config: Config) -> bool:
    """Whether either way gives the same results, so that the faster one may be taken.

    XLA draws other random numbers, so that dropout would differ from that of `dlcli train`.
    """
    return config.fit.jit == "auto" and not any(
        word in name for name in _classes(config) for word in ("ropout", "Noise", "Random")
    )


def _classes(config: Config) -> set[str]:
    """Return the names of all layers, and of arguments that make them random."""
    return {name for layer in config.model.layers for name in _names(layer.call)}


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, Call):
        if value.kind != "layers":  # a RandomNormal initializer is drawn beforehand
            return
        yield value.name
        for name, inner in value.arguments.items():
            yield from (name,) if "dropout" in name and inner else _names(inner)


def network_key(config: Config, versions: Mapping[str, str], processor: str) -> str:
    """Return a hash of all that decides which way is faster: the network, its data, the machine."""
    plain = to_plain(config)
    parts = [plain["model"], plain["data"], plain["compile"]["loss"]]
    parts += [plain["fit"]["mixed_precision"], dict(versions), processor]
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]
