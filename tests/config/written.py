"""Configs as people may write them: hypothesis draws them from the grammar itself.

A key that joins the grammar is drawn without a change here, unless its piece is a new one.
"""

from __future__ import annotations

from functools import cache, singledispatchmethod

from hypothesis import strategies as st

from dlcli import metrics, rules
from dlcli.catalogue import plugins
from dlcli.catalogue.catalogue import load_catalogue
from dlcli.catalogue.signature import Type
from dlcli.config.grammar.catalogue_pieces import (
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
    RuleName,
)
from dlcli.config.grammar.pieces import REQUIRED, ListOf, MapOf, Record, Typed
from dlcli.config.grammar.variables import VARIABLES
from dlcli.config.sections.data import OWN_FILES, DataSection
from dlcli.config.sections.experiment import VARIANT
from dlcli.config.sections.graph import DTYPE, SHAPE
from dlcli.config.sections.root import ROOT
from dlcli.config.sections.space import SearchPiece
from dlcli.data import entries as dataset_entries

WORDS = st.sampled_from(
    ["no", "on", "true", "null", "~", "1e-3", "012", "1:30", "", " a ", "é", "a: b", "# c", "- d"]
)
TEXTS = WORDS | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8)
IDS = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)
NUMBERS = st.integers(-9, 9) | st.floats(allow_nan=False)
LARGEST = 10**6

NAMED = plugins.Plugin("named", f"{plugins.PREFIX}named", "named.py", "0" * 64)
"""The plugin that configs may need; `activate_found([NAMED])` stands for the command line."""


class Written:
    """Strategies of what may be written.

    Args:
        whole: Every key is there, and the model has all that a model can have.
        dataset: The only data set; None for any.
    """

    def __init__(self, *, whole=False, dataset=None):
        self.whole = whole
        self.datasets = [e for e in dataset_entries() if dataset in (None, e.name)]

    @property
    def config(self):
        """A whole config, as plain data."""
        return st.tuples(self.of(ROOT), self.network()).map(lambda pair: pair[0] | pair[1])

    @property
    def data(self):
        """The `data` section alone."""
        (section,) = [f for f in ROOT.fields if f.name == "data"]
        return self.of(section.spec).map(lambda plain: {"data": plain})

    @singledispatchmethod
    def of(self, spec):
        """Return the strategy of a piece of the grammar."""
        raise TypeError(f"say in tests/config/written.py how {type(spec).__name__} is written")

    @of.register
    def _(self, spec: Record):
        later = {"candidates"}  # those of the pieces read later that need nothing else
        fields = [f for f in spec.fields if not isinstance(f.spec, Deferred) or f.name in later]
        always = {f.name: self.of(f.spec) for f in fields if self.whole or f.default is REQUIRED}
        return st.fixed_dictionaries(
            always, optional={f.name: self.of(f.spec) for f in fields if f.name not in always}
        )

    @of.register
    def _(self, spec: ListOf):
        items = st.lists(self.of(spec.item), min_size=max(spec.minimum, self.whole), max_size=2)
        return items | self.of(spec.item) if spec.lone and not self.whole else items

    @of.register
    def _(self, spec: MapOf):
        keys = st.from_regex(spec.keys.rstrip("$") + r"\Z", alphabet="aHm_017[]").filter(
            lambda key: len(key) < 9
        )
        return st.dictionaries(keys, self.of(spec.value), min_size=self.whole, max_size=2)

    @of.register
    def _(self, spec: Typed):
        return typed(spec.types, variables=spec.variables)

    @of.register
    def _(self, spec: OneOf):
        return st.one_of([self.of(piece) for piece in spec.pieces])

    @of.register
    def _(self, spec: Nested):
        return calls(spec.kind)

    @of.register
    def _(self, spec: PerOutput):
        several = st.dictionaries(IDS | st.sampled_from(["mse", "Head", "lstm[1]"]),
                                  self.of(spec.value), min_size=1, max_size=3)  # fmt: skip
        return st.none() | self.of(spec.value) | several

    @of.register
    def _(self, _: MetricName):
        names = sorted(
            {n for e in metrics.entries() if not e.arguments for n in (e.name, *e.aliases)}
        )
        return st.sampled_from([*names, "top_k:3"]) | calls("metrics")

    @of.register
    def _(self, _: RuleName):
        return st.sampled_from(rules.names())

    @of.register
    def _(self, _: PluginName):
        return st.just(NAMED.name)

    @of.register
    def _(self, _: Name):
        return st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,9}", fullmatch=True)

    @of.register
    def _(self, _: Deferred):
        return st.lists(self.variant(), min_size=1, max_size=2).map(told_apart)

    def variant(self):
        """Return the strategy of a candidate that changes the config."""
        sections = {f.name: self.of(f.spec) for f in VARIANT.fields if f.name in OWN_SECTIONS}
        model = wired(whole=True) if self.whole else chains()
        sections["model"] = model.map(lambda plain: plain["model"])
        if self.whole:
            return st.fixed_dictionaries(sections)
        return st.fixed_dictionaries({}, optional=sections)

    @of.register
    def _(self, _: SearchPiece):
        space = st.sampled_from(
            [[8, 16], {"choices": [8]}, {"low": 8, "high": 32},
             {"low": 8, "high": 32, "scale": "log"}]
        )  # fmt: skip
        if self.whole:
            space = st.just({"choices": [8], "low": 8, "high": 16, "scale": "log"})
        shuffle = st.just([True, False])
        return st.fixed_dictionaries({"weight_decay": space}, optional={"fit.shuffle": shuffle})

    @of.register
    def _(self, spec: Options):
        return self.of(Record(dict, spec.fields))

    @of.register
    def _(self, _: LayerId):
        return IDS

    @of.register
    def _(self, spec: CandidateItem):
        beside = self.of(spec.beside)
        return st.tuples(calls("optimizers"), beside).map(lambda pair: with_beside(*pair))

    @of.register
    def _(self, spec: Candidates):
        several = st.just({"SGD": {"momentum": 0.9}, "Adam": None})
        item = self.of(spec.item)
        return st.lists(item, min_size=1, max_size=2) | item | several

    @of.register
    def _(self, spec: DataSection):
        return st.one_of([self.data_set(e, self.of(spec.common)) for e in self.datasets])

    def data_set(self, entry, common):
        """Return the three ways of naming a data set."""
        options = arguments_of(entry, variables=False, whole=self.whole)
        ways = [
            st.tuples(options, common).map(
                lambda p: {"dataset": entry.name, **p[0], **without_required(entry, p[1])}
            ),
            st.tuples(options, common).map(lambda p: {"dataset": {entry.name: p[0]}, **p[1]}),
        ]
        if entry.name in OWN_FILES:
            ways.append(st.tuples(options, common).map(lambda p: {entry.name: p[0], **p[1]}))
        return st.one_of(ways)

    def network(self):
        """Return strategies of `model`, with `blocks` where it has any."""
        return wired(whole=True) if self.whole else chains() | wired()


def without_required(entry, common):
    """Return shared keys, but those that stand for an option which the data set requires."""
    required = {argument.name for argument in entry.arguments if argument.required}
    return {name: value for name, value in common.items() if name not in required}


OWN_SECTIONS = ("data", "compile", "fit", "learning_rates", "search")


def told_apart(variants):
    """Give each candidate a label and a number of epochs of its own."""
    return [
        {**variant, "label": f"c{number}", "set": {"fit.epochs": 3 + number}}
        for number, variant in enumerate(variants)
    ]


def with_beside(call, beside):
    if not beside:
        return call
    return ({call: {}} if isinstance(call, str) else call) | beside


def ignored():
    """Return strategies of `ignore` beside a layer: a list of rules, or a lone one."""
    name = st.sampled_from(rules.names())
    return st.lists(name, max_size=2) | name


def described_input(*, always=False):
    shape, dtype = typed(SHAPE.types, variables=True), typed(DTYPE.types)
    if always:
        return st.fixed_dictionaries({"shape": shape, "dtype": dtype})
    return st.fixed_dictionaries({}, optional={"shape": shape, "dtype": dtype})


@st.composite
def chains(draw):
    """Draw a chain; its lone input may have a name, a shape and a dtype."""
    name = draw(st.sampled_from(["input", "pixels"]))
    named = [None, name, [name], {name: draw(described_input())}]
    inputs = draw(st.sampled_from(named))
    layers = [
        with_beside(draw(calls("layers")), draw(
            st.fixed_dictionaries({}, optional={"repeat": st.integers(1, 3), "ignore": ignored()})
        ))
        for _ in range(draw(st.integers(1, 3)))
    ]  # fmt: skip
    return {"model": {"layers": layers} | ({} if inputs is None else {"inputs": inputs})}


@st.composite
def wired(draw, *, whole=False):
    """Draw two inputs, a block with parameters, shared weights, and one output or two."""
    layer, size = calls("layers"), st.integers(1, 99)
    inner = [{"Dense": {"units": draw(st.sampled_from(["$units", "$units * 2", "2 * $units + 1"]))},
              "ignore": draw(ignored())}]  # fmt: skip
    block = [
        {"use": "inner", "with": {"units": "$units"}, "repeat": 2, "id": "body"},
        {"Add": {}, "from": ["body", "$in"]},
    ]
    params = draw(st.sampled_from([{"units": 3}, ["units"]]))
    layers = [
        with_beside(draw(layer), {"id": "a", "from": "left"}),
        {"use": "piece", "with": {"units": draw(size)}, "id": "b", "from": "right"}
        | {"ignore": draw(ignored())},
        {"use": "a", "from": "b[0]", "id": "again"},
        with_beside(draw(layer), {"id": "Head", "from": ["a", "again"], "repeat": 2}),
    ]
    ends = [
        {"use": "piece", "with": {"units": draw(size)}, "repeat": draw(st.integers(1, 3))},
        with_beside(draw(layer), {"id": "main"}),
        with_beside(draw(layer), {"id": "side", "from": "Head"}),
    ]
    ending = draw(st.just(True) if whole else st.booleans())
    outputs = ["main", "side[1]"] if ending else draw(st.sampled_from(["Head", ["Head[1]"]]))
    inputs = {"left": draw(described_input(always=True)), "right": draw(described_input())}
    return {
        "blocks": {
            "piece": {"params": params, "layers": block},
            "inner": {"params": ["units"], "layers": inner},
        },
        "model": {
            "inputs": inputs, "layers": [*layers, *(ends if ending else [])], "outputs": outputs
        },
    }  # fmt: skip


def typed(types, *, variables=False, depth=2):
    """Return the strategy of a value of one of several types."""
    plain = [t for t in types if t.name != "entry" or depth > 0] or list(types)
    ways = [one(t, variables=variables, depth=depth) for t in plain]
    if variables and any(t.name == "integer" for t in types):
        ways.append(formulas())
    return st.one_of(ways)


def formulas():
    """Return strategies of variables alone, and of sums and products of them and numbers."""
    names = st.sampled_from([f"${v}" for v, (kind, _) in VARIABLES.items() if kind == "integer"])
    terms = names | st.sampled_from(["2", "0.5", "1e-3"])
    more = st.lists(st.tuples(st.sampled_from([" + ", "-", "*"]), terms), max_size=2)
    sums = st.tuples(names, more).map(lambda parts: parts[0] + "".join(a + b for a, b in parts[1]))
    return sums | sums.map(lambda text: f"({text}) * 2")


def one(accepted: Type, *, variables, depth):
    """Return the strategy of a value of one type."""
    if accepted.name == "entry":
        return calls(accepted.kind, depth - 1)
    if accepted.name in ("array", "object"):
        return compound(accepted, variables=variables, depth=depth)
    text = texts(variables=variables)
    if accepted.choices:
        text = st.sampled_from(accepted.choices)
    return {
        "any": NUMBERS | text,
        "null": st.none(),
        "boolean": st.booleans(),
        "integer": st.integers(*limits(accepted, -9)),
        "number": numbers(accepted),
        "string": text,
        "path": st.sampled_from(["mine.csv", "a folder/of.mine", "~/é"]),
    }[accepted.name]


def limits(accepted, lowest):
    low = lowest if accepted.minimum is None else int(accepted.minimum)
    high = LARGEST if accepted.maximum is None else int(min(accepted.maximum, LARGEST))
    return low, max(low, high)


def numbers(accepted):
    low, high = accepted.minimum, accepted.maximum
    return st.floats(
        low, high, allow_nan=False, allow_infinity=False, exclude_min=accepted.exclusive
    )


def texts(*, variables):
    return TEXTS.filter(lambda text: not text.startswith("$")) if variables else TEXTS


def compound(accepted, *, variables, depth):
    items = typed(accepted.items or (Type("any"),), variables=variables, depth=depth)
    if accepted.name == "object":
        return st.dictionaries(IDS, items, max_size=2)
    low = int(accepted.minimum or 0)
    high = low + 2 if accepted.maximum is None else int(accepted.maximum)
    return st.lists(items, min_size=low, max_size=high)


@cache
def usable(kind):
    catalogue = load_catalogue()
    found = [catalogue.find(kind, name) for name in catalogue.names(kind)]
    return [entry for entry in found if not entry.refused]


@cache
def calls(kind, depth=2):
    """Return the strategy of a class: a bare name, or one with arguments."""
    entries = usable(kind)
    if kind == "activations":
        return st.sampled_from([e.name for e in entries if not required(e)])
    bare = [n for e in entries if not required(e) for n in (e.name, *e.aliases)]
    full = st.sampled_from(entries).flatmap(
        lambda e: arguments_of(e, depth=depth).map(lambda given: {e.name: given})
    )
    return st.sampled_from(bare) | full if bare else full


def required(entry):
    return [a.name for a in entry.arguments if a.required]


def arguments_of(entry, *, variables=True, whole=False, depth=2):
    """Return the strategy of an entry's arguments: those required, and a few others."""
    ways = {a.name: typed(a.types, variables=variables, depth=depth) for a in entry.arguments}
    if entry.kind == "layers" and "name" in ways:
        ways["name"] = IDS
    needed = [name for name in ways if whole or name in required(entry)]
    others = [name for name in ways if name not in needed]
    few = st.lists(st.sampled_from(others), unique=True, max_size=3) if others else st.just([])
    return few.flatmap(
        lambda chosen: st.fixed_dictionaries({name: ways[name] for name in (*needed, *chosen)})
    )
