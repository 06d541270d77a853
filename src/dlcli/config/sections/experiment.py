"""The config: every key with its type, its default, how it is read and written, and its help.

A YAML file becomes a `Config`, frozen, with every default filled in. A key is one field here, made
by `key`; reading, writing, the JSON Schema and the test of the documentation follow it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from dlcli.catalogue.signature import Type
from dlcli.config.grammar.calls import Call, Variable
from dlcli.config.grammar.catalogue_pieces import (
    ANY,
    BOOLEAN,
    FRACTION,
    IGNORED,
    NULL,
    NUMBER,
    PATH,
    POSITIVE,
    RATE,
    SEED,
    SHARE,
    TEXT,
    CandidateItem,
    Candidates,
    Deferred,
    LayerId,
    MetricName,
    Name,
    Nested,
    OneOf,
    Options,
    PerOutput,
    PluginName,
    by_output,
    words,
)
from dlcli.config.grammar.pieces import Field, ListOf, MapOf, Record, Typed, key, keys_of, record_of
from dlcli.config.sections import network
from dlcli.config.sections.data import DataSection
from dlcli.config.sections.graph import InputConfig, LayerConfig, ModelConfig, Reference
from dlcli.config.sections.space import SearchPiece, Space

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.config.grammar.writing import Writer
    from dlcli.data.description import Source

__all__ = [
    "Call",
    "CandidateEntry",
    "CompareConfig",
    "CompileConfig",
    "Config",
    "DataConfig",
    "FitConfig",
    "InputConfig",
    "LayerConfig",
    "ModelConfig",
    "PresetName",
    "Reference",
    "SplitChoice",
    "Tuning",
    "Variable",
    "VariantEntry",
]


SplitChoice = Literal["resample", "official"]
Tuning = Literal["each", "once"]
PresetName = Literal["quick", "standard", "full"]


@dataclass(frozen=True)
class DataConfig:
    """Which data, how much of it validates, and how batches are made of it."""

    source: Source
    validation: float = key(
        FRACTION, 0.1, "share of the training data used for validation; 0 for none"
    )
    fraction: float = key(SHARE, 1.0, "share of the training part that is used", quiet=True)
    batch_size: int = key(POSITIVE, 32, "examples per training step")
    bucketing: bool = key(
        BOOLEAN,
        False,
        "batch sequences of similar length, padded to the longest of the batch",
        quiet=True,
    )
    group: str | None = key(
        TEXT, None, "column or field that says which examples belong together", quiet=True
    )
    time: str | None = key(
        TEXT, None, "what tells when each example is: the latest validate and test", quiet=True
    )


@dataclass(frozen=True)
class CompileConfig:
    """Keras's compile: optimizer, loss (None: inferred from task and last activation), metrics.

    `loss` and `loss_weights` are mappings by output id where there are several outputs and they
    differ. `metrics` holds dlcli's own names as text (`f1`, `top_k:3`) and Keras classes as calls;
    None stands for the task's usual one.
    """

    optimizer: Call = key(Nested("optimizers"), Call("optimizers", "Adam"), "Adam by default")
    loss: Call | Mapping[str, Call] | None = key(
        PerOutput(Nested("losses")), None, "inferred where unambiguous"
    )
    loss_weights: Mapping[str, float] | None = key(
        OneOf((NULL, by_output(NUMBER))), None, "a weight for each output"
    )
    metrics: tuple[str | Call, ...] | None = key(
        OneOf((NULL, ListOf(MetricName(), lone=True))),
        None,
        "default: accuracy for classes, mae for regression",
    )


@dataclass(frozen=True)
class FitConfig:
    """Keras's fit. `class_weight` maps a class, or its number, to its weight, or is `balanced`."""

    epochs: int = key(POSITIVE, 10, "passes over the training data")
    callbacks: tuple[Call, ...] = key(ListOf(Nested("callbacks"), lone=True), (), "Keras callbacks")
    shuffle: bool = key(BOOLEAN, True, "shuffle the examples every epoch")
    class_weight: Mapping[str, float] | Literal["balanced"] | None = key(
        OneOf(
            (
                NULL,
                Typed((Type("string", choices=("balanced",)),)),
                MapOf(Typed((Type("number", minimum=0),)), r"^\S.*$", "a class"),
            )
        ),
        None,
        "weights by class, or 'balanced'",
    )
    jit: bool | Literal["auto"] = key(
        OneOf((BOOLEAN, Typed((Type("string", choices=("auto",)), Type("boolean"))))),
        "auto",
        "compile with XLA; 'auto' where it is faster",
    )
    mixed_precision: bool = key(BOOLEAN, False, "compute in float16 (bfloat16 on a CPU)")


@dataclass(frozen=True)
class CandidateEntry:
    """One optimizer of a comparison, with its own rates if it has them."""

    optimizer: Call
    label: str | None = key(TEXT, None, "name in tables", quiet=True)
    learning_rates: tuple[float, ...] | None = key(
        ListOf(RATE, minimum=1), None, "learning rates to try, as they are", quiet=True
    )
    search: Mapping[str, Space] | None = key(
        SearchPiece(), None, "settings to search for it alone", quiet=True
    )


DATA = DataSection(DataConfig)
MODEL = Deferred(network.model_schema, network.write_model)
COMPILE = record_of(CompileConfig)
FIT = record_of(FitConfig)

_FREE = ("fraction", "batch_size", "bucketing")
FREE_DATA = tuple(f for f in DATA.common.fields if f.name in _FREE)
"""The keys of `data` in which candidates may differ: the others say which data it is."""

SEARCHED_DATA = tuple(f for f in FREE_DATA if f.name != "fraction")
"""Those that may be searched: of shares of the data, the largest would mostly win."""

UNSCORED = Record(CompileConfig, tuple(f for f in COMPILE.fields if f.name != "metrics"))
"""What a candidate may say of `compile`: all candidates are scored alike."""


@dataclass(frozen=True)
class VariantEntry:
    """One candidate by what it changes of the config; None is the config's own.

    `data` holds those of `FREE_DATA` that it changes.
    """

    label: str = key(TEXT, meaning="name in tables")
    model: ModelConfig | None = key(MODEL, None, "instead of the config's", quiet=True)
    data: Mapping[str, Any] | None = key(
        Options(FREE_DATA),
        None,
        "fraction, batch_size and bucketing instead of the config's",
        quiet=True,
    )
    compile: CompileConfig | None = key(
        UNSCORED, None, "instead of the config's, whose metrics stay", quiet=True
    )
    fit: FitConfig | None = key(FIT, None, "instead of the config's", quiet=True)
    learning_rates: tuple[float, ...] | None = key(
        ListOf(RATE, minimum=1), None, "learning rates to try, as they are", quiet=True
    )
    search: Mapping[str, Space] | None = key(
        SearchPiece(), None, "settings to search for it alone", quiet=True
    )


SET = Field("set", MapOf(ANY, PATH, "a path such as model.layers[0].Dense.units"), None,
            "values by their paths in the config")  # fmt: skip
"""A key of a candidate in a document, but not in the config, which has what comes of it."""

VARIANT = Record(dict, (*keys_of(VariantEntry), SET))


def _variants_schema() -> dict[str, Any]:
    return ListOf(VARIANT, minimum=1).schema()


def _write_variants(variants: tuple[VariantEntry, ...], writer: Writer) -> list[Any]:
    return [record_of(VariantEntry).write(variant, writer) for variant in variants]


@dataclass(frozen=True)
class CompareConfig:
    """The comparison; None leaves a choice to the protocol's preset."""

    candidates: tuple[VariantEntry, ...] | None = key(
        Deferred(_variants_schema, _write_variants),
        None,
        "what is compared: changes of the config, each with a label",
        quiet=True,
    )
    ablate: tuple[str, ...] | None = key(
        ListOf(LayerId(), minimum=1, lone=True),
        None,
        "ids of layers: the whole model is compared with the model without each",
        quiet=True,
    )

    optimizers: tuple[CandidateEntry, ...] | None = key(
        Candidates(CandidateItem(CandidateEntry)), None, "what is compared", quiet=True
    )
    learning_rates: tuple[float, ...] | None = key(
        ListOf(RATE, minimum=1), None, "learning rates of every candidate", quiet=True
    )
    search: Mapping[str, Space] | None = key(
        SearchPiece(), None, "settings to search beside the learning rate, by path", quiet=True
    )
    tries: int | None = key(
        POSITIVE, None, "settings that each candidate tries, where more is searched", quiet=True
    )
    initializers: tuple[Call, ...] | None = key(
        ListOf(Nested("initializers"), minimum=1, lone=True),
        None,
        "combined with each optimizer and rate",
        quiet=True,
    )
    fractions: tuple[float, ...] | None = key(
        ListOf(SHARE, minimum=1),
        None,
        "shares of the training part that each candidate is trained with at its tuned settings",
        quiet=True,
    )
    seeds: int | Literal["auto"] | None = key(
        Typed((Type("integer", minimum=0), Type("string", choices=("auto",)))),
        None,
        "replications; auto: up to 40, as needed; 0 tries every rate and ranks nothing",
        quiet=True,
    )
    search_seeds: int | None = key(
        POSITIVE, None, "replications that search the whole grid of rates", quiet=True
    )
    split: SplitChoice = key(
        words(SplitChoice),
        "resample",
        "draw the test part anew in each replication, or keep the official one",
    )
    tune: Tuning = key(
        words(Tuning),
        "each",
        "choose the learning rate in each replication, or once for all",
    )
    margin: float | None = key(
        Typed((Type("number", minimum=0),)),
        None,
        "difference from the best that does not matter",
        quiet=True,
    )
    budget: int | str | None = key(
        Typed((Type("integer", minimum=1), Type("string"))),
        None,
        "total budget: a number of trials or a duration such as 10m",
        quiet=True,
    )
    target: Mapping[str, float] | None = key(
        MapOf(NUMBER), None, "{metric: value} that counts as reached", quiet=True
    )
    score: str | None = key(TEXT, None, "metric that ranks", quiet=True)
    preset: PresetName = key(
        words(PresetName),
        "standard",
        "how many optimizers, rates and seeds",
    )
    prune: bool = key(BOOLEAN, False, "stop the worse half of the searched rates early")


@dataclass(frozen=True, kw_only=True)
class Config:
    """One experiment."""

    version: int = key(Typed((Type("integer", minimum=1, maximum=1),)), 1, "of this grammar")
    name: str = key(Name(), "", "name of the run's folder; default: the file's name")
    seed: int = key(SEED, 0, "seed of initial weights, batch order, dropout and validation split")
    plugins: tuple[str, ...] = key(
        ListOf(PluginName(), lone=True),
        (),
        "plugins that must be named on the command line: --plugin",
        quiet=True,
    )
    data: DataConfig = key(DATA, meaning="data: {dataset: digits}; `dlcli data ls` lists them")
    model: ModelConfig = key(
        MODEL,
        meaning="model: {layers: [...]}; `dlcli init` writes an example",
    )
    compile: CompileConfig = key(COMPILE, CompileConfig(), "optimizer and loss")
    fit: FitConfig = key(FIT, FitConfig(), "how long and how to train")
    ignore: tuple[str, ...] = key(
        IGNORED, (), "rules that stay silent; `dlcli explain` lists them", quiet=True
    )
    compare: CompareConfig | None = key(
        record_of(CompareConfig), None, "what is compared, and how", quiet=True
    )

    @property
    def heard(self) -> Config:
        """The same config without what it ignores, which decides nothing."""
        layers = tuple(replace(layer, ignore=()) for layer in self.model.layers)
        return replace(self, ignore=(), model=replace(self.model, layers=layers))

    def varied(self, variant: VariantEntry) -> Config:
        """Return the config that a candidate is: this one with what the candidate changes."""
        own = {name: getattr(variant, name) for name in ("model", "compile", "fit")}
        data = replace(self.data, **(variant.data or {}))
        changed = {name: section for name, section in own.items() if section is not None}
        return replace(self, data=data, compare=None, **changed)

    def changes(self, other: Config) -> dict[str, Any]:
        """Return what `VariantEntry` holds of another config of the same data."""
        free = {f.name: getattr(other.data, f.name) for f in FREE_DATA
                if getattr(other.data, f.name) != getattr(self.data, f.name)}  # fmt: skip
        own = {
            name: None if getattr(other, name) == getattr(self, name) else getattr(other, name)
            for name in ("model", "compile", "fit")
        }
        return {**own, "data": free or None}
