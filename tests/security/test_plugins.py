"""A config, a run or a comparison that comes from somebody else runs no code."""

from __future__ import annotations

import json
import zipfile

import pytest

from dlcli.cli import run
from dlcli.errors import UserError
from dlcli.store.model_file import check_model_file
from tests.catalogue.test_plugins import site  # noqa: F401 (a fixture)
from tests.config.broken import GOOD
from tests.plugged import write_installed, write_plugin
from tests.security.places import CONFIG, write_run
from tests.security.test_models import layer, members, network

EVIL = "from pathlib import Path\nPath('marker').mkdir()\n"


@pytest.mark.parametrize(
    "stated",
    ["evil", "[evil]", "[./evil.py]", "[evil.py]", "['../evil']", "[os]", "[{evil: {}}]", "[mine]"],
)
@pytest.mark.parametrize(
    "command",
    [
        ["config", "validate", "cfg.yaml"],
        ["config", "show", "cfg.yaml"],
        ["train", "cfg.yaml"],
        ["compare-optimizers", "cfg.yaml", "--executor", "serial"],
    ],
    ids=lambda words: words[0] + words[1],
)
def test_a_config_alone_never_runs_code(tmp_path, site, capsys, stated, command):  # noqa: F811
    write_plugin(tmp_path, "evil", EVIL)
    write_installed(site, "mine_module_evil", EVIL)
    (tmp_path / "cfg.yaml").write_text(f"plugins: {stated}\n{GOOD}")
    assert run(command) == 2
    assert "plugins" in capsys.readouterr().err
    assert not (tmp_path / "marker").exists()


def test_set_does_not_load_a_plugin_either(tmp_path):
    write_plugin(tmp_path, "evil", EVIL)
    (tmp_path / "cfg.yaml").write_text(GOOD)
    assert run(["config", "validate", "cfg.yaml", "--set", "plugins=[evil]"]) == 2
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("command", [["eval"], ["report"], ["predict"]], ids=" ".join)
def test_the_copy_in_a_run_s_folder_is_not_run(tmp_path, capsys, command):
    found = write_run(tmp_path / "runs", config=f"plugins: [evil]\n{CONFIG}")
    (found.path / "plugins").mkdir()
    write_plugin(found.path / "plugins", "evil", EVIL)
    (tmp_path / "new.csv").write_text("1,2,3,4\n")
    more = ["new.csv"] if command == ["predict"] else []
    assert run([*command, str(found.path), *more]) == 2
    assert "error[missing-plugin]" in capsys.readouterr().err
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("registered", [None, "Evil", "pack>Evil"])
def test_a_model_that_names_a_plugin_that_was_not_named_is_refused(tmp_path, registered):
    write_plugin(tmp_path, "evil", EVIL)
    hostile = layer("dlcli_plugin_evil", "Evil", {}) | {"registered_name": registered}
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members(network(hostile)).items():
            archive.writestr(name, content)
    with pytest.raises(UserError, match=r"dlcli_plugin_evil\.Evil, which can run code"):
        check_model_file(path)
    assert not (tmp_path / "marker").exists()


def test_a_damaged_environment_of_a_run_says_nothing_of_plugins(tmp_path):
    found = write_run(tmp_path / "runs")
    path = found.path / "environment.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "plugins": ["evil"]}))
    assert run(["train", "--resume", str(found.path), "--epochs", "1"]) == 2
