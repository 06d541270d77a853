"""YAML reads as a person means it, and remembers where everything stands."""

from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.conversion.rendering import dump_yaml
from dlcli.config.yaml.nodes import Text, YamlMapping
from dlcli.config.yaml.text import parse_yaml, plain_value
from tests.config.broken import diagnose
from tests.config.yaml.plain import read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 1e5),
        ("-2.5e+2", -250.0),
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("true", True),
        ("False", False),
        ("012", 12),
        ("0o14", 12),
        ("0x1F", 31),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("~", None),
        ("null", None),
        (".5", 0.5),
        ("1.", 1.0),
        ("2024-01-01", "2024-01-01"),
        ("=", "="),
        ("-.inf", -math.inf),
    ],
)
def test_unquoted_words_follow_yaml_1_2(text, value):
    assert plain_value(text) == value
    assert type(plain_value(text)) is type(value)


def test_nan_is_a_number():
    assert math.isnan(plain_value(".nan"))


@pytest.mark.parametrize("quote", ["'", '"'])
def test_quoted_words_are_text(quote):
    assert read(f"a: {quote}1e-3{quote}") == {"a": "1e-3"}


def test_thousands_of_digits_do_not_become_a_number():
    assert plain_value("9" * 5000) == "9" * 5000


def test_keys_keep_their_text():
    assert read("{0: a, no: b, 1e3: c}") == {"0": "a", "no": "b", "1e3": "c"}


def test_anchors_and_merge_keys_work_and_own_keys_win():
    assert read("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: *a") == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 1, "y": 3},
        "c": {"x": 1, "y": 2},
    }


def test_positions_are_one_based_and_span_the_value():
    root = parse_yaml(Text("t.yaml", "a:\n  - b: hello\n"))
    assert isinstance(root, YamlMapping)
    item = root.pairs["a"].node.items[0]
    assert (item.pairs["b"].key_mark.line, item.pairs["b"].key_mark.column) == (2, 5)
    mark = item.pairs["b"].node.mark
    assert (mark.line, mark.column, mark.length) == (2, 8, 5)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)
    | st.sampled_from(["1e-3", "012", "0o14", "1_000", "no", "1:30", "~", "2024-01-01", ".inf"])
)
KEYS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4)
)


@given(DATA)
def test_what_is_written_reads_back_the_same(data):
    assert read(dump_yaml({"root": data}))["root"] == data


@given(DATA)
def test_written_yaml_means_the_same_to_a_yaml_1_1_reader(data):
    assert yaml.safe_load(dump_yaml({"root": data}))["root"] == data


def test_aliases_that_explode_are_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    assert diagnose("\n".join(lines)).diagnostics[0].rule == "alias-expansion"


def test_deep_nesting_is_refused():
    assert diagnose("[" * 500 + "]" * 500).diagnostics[0].rule == "too-deep"
