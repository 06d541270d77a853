"""A config is read from a file or standard input, and a file that cannot be read says why."""

from __future__ import annotations

import io
import sys

import pytest

from dlcli.config.conversion.loading import MAX_BYTES, load_config, parse_config, read_text
from dlcli.config.conversion.rendering import default_differences, to_yaml
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.errors import UserError
from tests.config.broken import GOOD


def test_the_name_defaults_to_the_files(tmp_path):
    path = tmp_path / "my net.v2.yaml"
    path.write_text(GOOD)
    assert load_config(str(path)).name == "my-net.v2"


def test_a_dash_reads_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    assert load_config("-").name == "experiment"


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    path = tmp_path / "cfg.yaml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert load_config(str(path)).data.source.name == "digits"


def test_a_missing_file_names_itself(tmp_path):
    with pytest.raises(UserError, match=r"there is no config .*nothing\.yaml"):
        read_text(str(tmp_path / "nothing.yaml"))


def test_a_folder_names_the_configs_in_it(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD)
    with pytest.raises(UserError, match="is a folder") as caught:
        read_text(str(tmp_path))
    assert "a.yaml" in caught.value.remedy


def test_a_byte_that_is_not_utf_8_is_pointed_at(tmp_path):
    path = tmp_path / "cfg.yaml"
    path.write_bytes(b"name: ok\n# gr\xfc\xdfe\n")
    with pytest.raises(ConfigError) as caught:
        read_text(str(path))
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.rule, diagnostic.mark.line, diagnostic.mark.column) == ("not-utf-8", 2, 5)


def test_a_huge_file_is_no_config(tmp_path):
    path = tmp_path / "cfg.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(UserError, match="larger than"):
        read_text(str(path))


def test_a_null_byte_in_a_path_is_refused():
    with pytest.raises(UserError, match="cannot be read"):
        read_text("a\0b")


def test_an_own_file_is_looked_for_beside_the_config(tmp_path, monkeypatch):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "mine.npz").write_bytes(b"")
    path = folder / "cfg.yaml"
    path.write_text(GOOD.replace("{dataset: digits}", "{npz: {path: mine.npz}}"))
    monkeypatch.chdir(tmp_path)
    assert load_config(str(path)).data.source.options["path"] == str(folder / "mine.npz")


def test_what_tells_groups_stands_beside_the_data_and_is_written_back():
    text = GOOD.replace("{dataset: digits}", "{npz: {path: a.npz}, group: '(p\\d+)_'}")
    config = parse_config(Text("cfg.yaml", text))
    assert config.data.group == r"(p\d+)_"
    assert parse_config(Text("again.yaml", to_yaml(config))).data == config.data
    assert default_differences(config)["data.group"] == (r"(p\d+)_", None)
    without = parse_config(Text("cfg.yaml", GOOD))
    assert without.data.group is None
    assert "data.group" not in default_differences(without)
    with pytest.raises(ConfigError) as caught:
        parse_config(Text("cfg.yaml", GOOD.replace("digits}", "digits, group: 3}")))
    assert [d.path for d in caught.value.diagnostics] == ["data.group"]
