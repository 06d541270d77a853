"""`--plugin`: the user's own code in every command that reads a config."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from dlcli.catalogue import plugins
from dlcli.cli import run
from tests.catalogue.test_plugins import read_here
from tests.helpers import HERE, dlcli, started_anew
from tests.plugged import CONFIG, LAYER, PLUGIN, write_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WITH_LAYER = CONFIG.replace("- Normalization\n", "- Normalization\n    - {Scaled: {factor: 1.5}}\n")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder with the plugin and its config, for commands in this process."""
    monkeypatch.setattr(plugins, "run_introspection", read_here)
    write_plugin(tmp_path)
    (tmp_path / "cfg.yaml").write_text(CONFIG)
    yield tmp_path
    plugins.deactivate()


@pytest.mark.usefixtures("here")
def test_a_config_that_needs_a_plugin_says_which_and_ends_with_2_without_it(capsys):
    assert run(["config", "validate", "cfg.yaml"]) == 2
    told = capsys.readouterr().err
    assert "cfg.yaml:2:11: error[missing-plugin]" in told
    assert "needs the plugin 'my_optimizer'" in told
    assert "--plugin my_optimizer.py" in told
    assert "unknown-name" not in told
    assert run(["config", "validate", "cfg.yaml", "--plugin", "my_optimizer.py"]) == 0


@pytest.mark.usefixtures("here")
def test_the_environment_can_name_plugins(monkeypatch, capsys):
    monkeypatch.setenv("DLCLI_PLUGINS", os.pathsep.join(["my_optimizer.py", "my_optimizer.py"]))
    assert run(["config", "validate", "cfg.yaml"]) == 0
    assert run(["ls", "optimizers", "Mine"]) == 0
    assert "Momentum that normalizes each gradient." in capsys.readouterr().out


def test_a_mistake_in_an_argument_has_its_line_and_column(here, capsys):
    (here / "bad.yaml").write_text(CONFIG.replace("{momentum: 0.8}", "{momentun: 0.8}"))
    assert run(["config", "validate", "bad.yaml", "--plugin", "my_optimizer.py"]) == 2
    told = capsys.readouterr().err
    assert "bad.yaml:9:30: error[unknown-argument]" in told
    assert "'momentun' is not an argument of Mine; did you mean 'momentum'?" in told


@pytest.mark.usefixtures("here")
def test_the_schema_and_the_list_know_what_a_plugin_defines(capsys):
    assert run(["config", "schema", "--plugin", "my_optimizer.py"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert set(schema["definitions"]["optimizers.Mine"]["properties"]) >= {"momentum", "clipnorm"}
    assert run(["ls", "optimizers", "--json", "--plugin", "my_optimizer.py"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["Mine"]["module"] == "dlcli_plugin_my_optimizer"
    assert rows["SOAP"]["module"] == "dlcli.optimizers"
    assert rows["Adam"]["module"] is None


@pytest.mark.usefixtures("here")
def test_a_resolved_config_says_which_plugins_it_needs(capsys):
    text = CONFIG.replace("plugins: [my_optimizer]\n", "")
    assert "plugins" not in text
    with open("unsaid.yaml", "w", encoding="utf-8") as stream:  # noqa: PTH123 (in this folder)
        stream.write(text)
    assert run(["config", "show", "unsaid.yaml", "--plugin", "my_optimizer.py"]) == 0
    assert "plugins:\n- my_optimizer\n" in capsys.readouterr().out


@pytest.mark.slow
def test_a_run_keeps_its_plugin_and_needs_it_wherever_it_is_read(tmp_path):
    write_plugin(tmp_path, text=PLUGIN + LAYER)
    (tmp_path / "cfg.yaml").write_text(WITH_LAYER)
    (tmp_path / "new.csv").write_text("a,b,c,d\n5,3,1,0.2\n")
    named = ("--plugin", "my_optimizer.py")
    done = dlcli("train", "cfg.yaml", "--out", "run", *named, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    copy = tmp_path / "run" / "plugins" / "my_optimizer.py"
    assert copy.read_text() == PLUGIN + LAYER
    told = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert len(told["plugins"]["my_optimizer"]) == 64
    commands = (
        ("eval", "run"),
        ("eval", "run", "--split", "validation"),
        ("predict", "run", "new.csv"),
        ("report", "run"),
        ("train", "--resume", "run", "--epochs", "5"),
    )
    for command in commands:
        without = dlcli(*command, cwd=tmp_path)
        assert without.returncode == 2, command
        assert "--plugin run/plugins/my_optimizer.py" in without.stderr
        done = dlcli(*command, "--plugin", "run/plugins/my_optimizer.py", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    write_plugin(tmp_path, text=PLUGIN + LAYER + "\n")
    changed = dlcli("train", "--resume", "run", "--epochs", "6", *named, cwd=tmp_path)
    assert changed.returncode == 2
    assert "has changed since run was started" in changed.stderr
    assert dlcli("runs", "rm", "run", "--yes", cwd=tmp_path).returncode == 0
    assert not (tmp_path / "run").exists()


def trials(folder: Path) -> set[str]:
    return {path.name for path in (folder / "comparisons" / "own" / "trials").iterdir()}


@pytest.mark.slow
def test_a_changed_plugin_trains_only_its_own_trials_anew(tmp_path):
    write_plugin(tmp_path)
    (tmp_path / "cfg.yaml").write_text(CONFIG)
    command = ("compare-optimizers", "cfg.yaml", "--plugin", "my_optimizer.py", "--no-figures",
               "--seeds", "1", "--learning-rates", "0.01,0.1", *HERE)  # fmt: skip
    first = dlcli(*command, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    before = trials(tmp_path)
    assert len(before) == 6
    assert (tmp_path / "comparisons" / "own" / "plugins" / "my_optimizer.py").is_file()
    again = dlcli(*command, cwd=tmp_path)
    assert trials(tmp_path) == before, again.stderr
    write_plugin(tmp_path, text=PLUGIN + "# changed\n")
    changed = dlcli(*command, cwd=tmp_path)
    assert changed.returncode == 0, changed.stderr
    assert trials(tmp_path) > before
    assert len(trials(tmp_path)) == 6 + 4  # Adam's two are those of before
    trained = dlcli("train", "--from", "comparisons/own", "--candidate", "Mine", "--out", "best",
                    "--plugin", "my_optimizer.py", cwd=tmp_path)  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    without = dlcli("train", "--from", "comparisons/own", "--out", "other", cwd=tmp_path)
    assert without.returncode == 2
    assert "--plugin comparisons/own/plugins/my_optimizer.py" in without.stderr


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["processes", "ray"])
def test_workers_load_the_plugin_wherever_they_are(tmp_path, executor):
    if executor == "ray":
        pytest.importorskip("ray")
    write_plugin(tmp_path, text=PLUGIN + LAYER)
    (tmp_path / "cfg.yaml").write_text(WITH_LAYER)
    command = ("compare-optimizers", "cfg.yaml", "--plugin", "my_optimizer.py", "--no-figures",
               "--seeds", "1", "--learning-rates", "0.01", "--jobs", "2")  # fmt: skip
    done = started_anew(*command, "--executor", executor, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(trials(tmp_path)) == 3


@pytest.mark.slow
def test_an_error_in_a_plugin_is_told_with_its_own_line_and_without_a_traceback(tmp_path):
    text = PLUGIN.replace("self.assign_add(variable, step)", "self.assign_add(variable, stepp)")
    write_plugin(tmp_path, text=text)
    line = text[: text.index("stepp")].count("\n") + 1
    (tmp_path / "cfg.yaml").write_text(CONFIG)
    place = f"my_optimizer.py:{line}, in update_step: NameError: name 'stepp' is not defined"
    for command, code in (
        (("train", "cfg.yaml", "--out", "run"), 1),
        (("compare-optimizers", "cfg.yaml", "--no-figures", *HERE), 2),
        (("check-optimizer", "my_optimizer.py:Mine"), 1),
    ):
        done = dlcli(*command, "--plugin", "my_optimizer.py", cwd=tmp_path)
        assert done.returncode == code, done.stderr
        assert place in done.stderr + done.stdout
        assert "Traceback" not in done.stderr
        assert "bug in dlcli" not in done.stderr


@pytest.mark.slow
def test_a_constructor_that_fails_is_told_with_the_line_of_the_config_and_its_own(tmp_path):
    text = PLUGIN.replace(
        "        self.momentum = momentum\n", "        raise KeyError(momentum)\n"
    )
    write_plugin(tmp_path, text=text)
    (tmp_path / "cfg.yaml").write_text(CONFIG)
    done = dlcli("train", "cfg.yaml", "--plugin", "my_optimizer.py", cwd=tmp_path)
    assert done.returncode == 2
    assert "cfg.yaml:9:23: error[plugin]: compile.optimizer.Mine: my_optimizer.py:" in done.stderr
    assert "in __init__: KeyError: 0.8" in done.stderr
