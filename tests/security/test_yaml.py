"""No config runs code, however it comes, and none is large enough to stop the program."""

from __future__ import annotations

import time

import pytest
import yaml

from dlcli.config.conversion.loading import parse_config
from dlcli.config.yaml.diagnostics import SHOWN, ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.config.yaml.text import parse_yaml, read_plain
from tests.fuzz.driving import drive
from tests.security.places import CONFIG, write_run

TAGS = (
    "!!python/object/apply:os.mkdir ['{marker}']",
    "!!python/object/apply:os.mkdir\n  args: ['{marker}']",
    "!!python/object/new:os.mkdir ['{marker}']",
    "!<tag:yaml.org,2002:python/object/apply:os.mkdir> ['{marker}']",
    '!!python/object/apply:builtins.eval [\'__import__("os").mkdir("{marker}")\']',
)
NAMES = (
    "!!python/name:os.system ''",
    "!!python/module:os ''",
    "!run x",
    "!!binary aGk=",
    "!!set {a}",
)


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "marker"


@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_that_an_unsafe_loader_obeys_is_refused(tag, marker):
    text = f"name: {tag.format(marker=marker)}\n"
    with pytest.raises(ConfigError) as caught:
        parse_yaml(Text("cfg.yaml", text))
    assert caught.value.diagnostics[0].rule == "yaml-tag"
    assert "never runs code" in caught.value.render()
    assert not marker.exists()
    yaml.load(text, Loader=yaml.UnsafeLoader)  # noqa: S506 - the payload is real
    assert marker.is_dir()


@pytest.mark.parametrize("tag", NAMES)
def test_any_other_tag_is_refused(tag):
    with pytest.raises(ConfigError, match="is not allowed"):
        parse_yaml(Text("cfg.yaml", f"name: {tag}\n"))


@pytest.mark.parametrize("way", ["file", "stdin", "set", "run", "resume", "report", "diff"])
def test_no_way_a_config_comes_in_obeys_a_tag(way, marker, tmp_path):
    hostile = CONFIG.replace("name: net", f"name: {TAGS[0].format(marker=marker)}")
    (tmp_path / "good.yaml").write_text(CONFIG)
    (tmp_path / "bad.yaml").write_text(hostile)
    write_run(tmp_path / "runs", config=hostile, source=hostile)
    write_run(tmp_path / "runs", "other")
    root = ["--root", str(tmp_path / "runs")]
    override = f"name={TAGS[0].format(marker=marker)}"
    arguments, stdin = {
        "file": (["config", "validate", str(tmp_path / "bad.yaml")], b""),
        "stdin": (["config", "show", "-"], hostile.encode()),
        "set": (["config", "show", str(tmp_path / "good.yaml"), "--set", override], b""),
        "run": (["eval", "first", *root], b""),
        "resume": (["train", "--resume", "first", *root, "--epochs", "9"], b""),
        "report": (["report", "first", *root], b""),
        "diff": (["runs", "diff", "first", "other", *root], b""),
    }[way]
    end = drive(arguments, stdin)
    assert (end.code, end.problem) == (2, "")
    assert "is not allowed" in end.told
    assert not marker.exists()


@pytest.mark.parametrize(
    "layer", ["Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"]
)
def test_layers_that_run_code_are_refused(layer):
    text = CONFIG.replace("[{Dense", f"[{{{layer}: {{}}}}, {{Dense")
    with pytest.raises(ConfigError, match="cannot be used"):
        parse_config(Text("cfg.yaml", text))


@pytest.mark.parametrize(
    "value",
    [
        "{class_name: Lambda, config: {function: x}}",
        "{module: os, class_name: system, config: {}}",
        "{class_name: __lambda__, config: {value: x}}",
        "{Lambda: {function: x}}",
        "os.system",
        "builtins.eval",
    ],
)
@pytest.mark.parametrize("argument", ["kernel_initializer", "activation", "kernel_regularizer"])
def test_an_argument_cannot_smuggle_in_a_class_of_its_own(argument, value):
    text = CONFIG.replace("units: $classes, activation: softmax", f"units: 3, {argument}: {value}")
    with pytest.raises(ConfigError):
        parse_config(Text("cfg.yaml", text))


@pytest.mark.parametrize("escape", ["\\0", "\\ud800", "a\\udfffb"])
def test_characters_that_no_file_name_can_hold_are_refused(escape):
    with pytest.raises(ConfigError) as caught:
        read_plain(f'data: {{csv: {{path: "{escape}"}}}}')
    assert caught.value.diagnostics[0].rule == "bad-character"


LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
MERGES = "a0: &a0 {x0: 1}\n" + "".join(
    f"a{i}: &a{i} {{<<: *a{i - 1}, x{i}: 1}}\n" for i in range(1, 2000)
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (LAUGHS, "alias-expansion"),
        (MERGES, "alias-expansion"),
        ("a: &a [*a]", "bad-alias"),
        ("[" * 100_000, "too-deep"),
        ("{a: " * 100_000, "too-deep"),
        ("- " * 100_000, "too-deep"),
        ("[" + "1, " * 1_000_000 + "]", "too-many-values"),
    ],
    ids=["laughs", "merges", "itself", "lists", "mappings", "dashes", "values"],
)
def test_a_config_that_would_fill_the_memory_is_refused_at_once(text, rule):
    start = time.process_time()
    with pytest.raises(ConfigError) as caught:
        parse_yaml(Text("cfg.yaml", text))
    assert rule in {diagnostic.rule for diagnostic in caught.value.diagnostics}
    assert time.process_time() - start < 30


def test_a_config_of_nothing_but_mistakes_is_told_shortly():
    text = "{" + ", ".join(f"key{i}: {i}" for i in range(20_000)) + "}"
    with pytest.raises(ConfigError) as caught:
        parse_config(Text("cfg.yaml", text))
    assert len(caught.value.diagnostics) > 20_000
    assert len(caught.value.render()) < 1000 * SHOWN
    assert "more are not shown" in caught.value.render()


def test_a_mistake_in_a_long_line_is_shown_with_its_surroundings():
    text = f"nmae: x  # {'y' * 500}\n"
    long = f"{{seed: 1,{' ' * 3000}nmae: x,{' ' * 3000}version: 1}}"
    for written, column in ((text, 1), (long, 3010)):
        with pytest.raises(ConfigError) as caught:
            parse_config(Text("cfg.yaml", written))
        found = next(d for d in caught.value.diagnostics if d.rule == "unknown-key")
        assert found.mark.column == column
        source, carets = found.render().splitlines()[2:4]
        assert len(source) < 200
        assert source[carets.index("^") :][:4] == "nmae"


def test_a_name_as_long_as_the_file_is_cut_off():
    with pytest.raises(ConfigError) as caught:
        parse_config(Text("cfg.yaml", f"{'k' * 1000}: 1\n{'x' * 900_000}y: 1\n"))
    assert len(caught.value.render()) < 10_000
