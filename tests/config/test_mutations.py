"""Whatever is done to a config, it is either understood or refused with a place and a reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcli.config.binding.binding import bind
from dlcli.config.conversion.loading import parse_config
from dlcli.config.conversion.rendering import dump_yaml, to_yaml
from dlcli.config.sections.experiment import Config
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.data import describe
from dlcli.errors import UserError
from tests.config.yaml.plain import read
from tests.config.yaml.test_text import DATA
from tests.helpers import examples

CONFIGS = sorted(Path(__file__).parents[2].joinpath("configs").glob("*.yaml"))
TEXTS = [path.read_text("utf-8") for path in CONFIGS]
WORDS = st.sampled_from(
    ["", "-1", "0", "1e99", ".nan", ".inf", "null", "true", "[]", "{}", "[[[]]]", "$classes", "$in",
     "*a", "&a", "!!int x", "'", '"', "Dense", "Adam", "{Adam: {}}", "{a: {b: c}}", "f1", "\t", "#",
     ": ", "- ", "\x00", "\u2028", "é", "🙂", "%", "@", "|", ">", "..", "../x", "<<: 1"]
)  # fmt: skip


def understand(text: str) -> None:
    """Read, bind and write a config; every refusal must show itself in full."""
    try:
        config = parse_config(Text("cfg.yaml", text))
        bind(config, describe(config.data.source))
    except ConfigError as error:
        assert error.diagnostics
        assert error.render()
        assert json.dumps([d.to_dict() for d in error.diagnostics])
        return
    except UserError as error:
        assert error.message
        return
    assert isinstance(config, Config)
    assert parse_config(Text("again.yaml", to_yaml(config))) == config


@settings(max_examples=examples(250), deadline=None)
@given(st.sampled_from(TEXTS), st.data())
def test_changed_characters_never_end_in_a_traceback(text, data):
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 12))
    understand(text[:start] + data.draw(WORDS) + text[start + length :])


@settings(max_examples=examples(150), deadline=None)
@given(st.sampled_from(TEXTS), st.data())
def test_moved_lines_never_end_in_a_traceback(text, data):
    lines = text.split("\n")
    i, j = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    lines[i : i + data.draw(st.integers(0, 3))] = [lines[j]]
    understand("\n".join(lines))


def paths(value, path=()):
    """Yield the path of every value below a value."""
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        yield (*path, key)
        yield from paths(inner, (*path, key))


@settings(max_examples=examples(250), deadline=None)
@given(st.sampled_from(TEXTS), DATA, st.data())
def test_replaced_values_never_end_in_a_traceback(text, value, data):
    root = read(text)
    *above, last = data.draw(st.sampled_from(list(paths(root))))
    parent = root
    for key in above:
        parent = parent[key]
    parent[last] = value
    understand(dump_yaml(root))


@pytest.mark.parametrize("path", CONFIGS, ids=[p.stem for p in CONFIGS])
def test_every_example_is_understood_and_survives_being_written(path):
    understand(path.read_text("utf-8"))
    assert isinstance(parse_config(Text("cfg.yaml", path.read_text("utf-8"))), Config)


@settings(max_examples=examples(50), deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_refused_in_words(text):
    with pytest.raises(ConfigError):
        parse_config(Text("cfg.yaml", text))
