"""The catalogue file holds entries without loss, one line an argument."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from dlcli.catalogue.catalogue import MODULES, SHIPPED, entry_from_json, load_catalogue
from dlcli.catalogue.introspection.catalogue_file import catalogue_text
from dlcli.catalogue.signature import Argument, Entry, Type

words = st.text(min_size=1, max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words
limits = st.none() | st.integers(-9, 9) | st.floats(-9, 9)
types = st.recursive(
    st.builds(
        Type,
        st.sampled_from(["null", "integer", "number", "string", "entry"]),
        minimum=limits,
        maximum=limits,
        exclusive=st.booleans(),
        choices=st.lists(words, max_size=2).map(tuple),
        kind=st.sampled_from(["", *MODULES]),
    ),
    lambda inner: st.builds(
        Type, st.sampled_from(["array", "object"]), items=st.lists(inner, max_size=2).map(tuple)
    ),
    max_leaves=4,
)


@st.composite
def arguments(draw: st.DrawFn) -> tuple[Argument, ...]:
    found = []
    for name in draw(st.lists(words, unique=True, max_size=3)):
        accepted = tuple(draw(st.lists(types, min_size=1, max_size=2)))
        required = draw(st.booleans())
        default = None if required else draw(scalars | st.lists(scalars, max_size=2))
        found.append(Argument(name, accepted, default, required, draw(words | st.just(""))))
    return tuple(found)


entries = st.builds(
    Entry,
    kind=st.just("layers"),
    name=words,
    help=words,
    arguments=arguments(),
    aliases=st.lists(words, max_size=2).map(tuple),
    refused=words | st.just(""),
)


@given(entries)
def test_an_entry_survives_being_written_and_read(entry):
    content = json.loads(catalogue_text("1.0", [entry]))
    assert content["keras_version"] == "1.0"
    assert list(content["kinds"]) == list(MODULES)
    raw = content["kinds"]["layers"][entry.name]
    assert entry_from_json("layers", entry.name, raw) == entry


def test_the_shipped_file_is_as_it_would_be_written():
    catalogue = load_catalogue()
    found = [catalogue.find(kind, n) for kind in MODULES for n in reversed(catalogue.names(kind))]
    text = catalogue_text(catalogue.keras_version, [e for e in found if e is not None])
    assert text == SHIPPED.read_text(encoding="utf-8")


def test_an_argument_takes_one_line():
    entry = Entry(
        "layers", "Dense", "Dense.", (Argument("units", (Type("integer", 1),), None, True),)
    )
    line = '     "units": {"types": [{"name": "integer", "minimum": 1}]}'
    assert line in catalogue_text("1.0", [entry]).splitlines()
