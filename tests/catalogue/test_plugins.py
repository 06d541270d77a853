"""The user's own code: found by its name, read off its signatures, loaded where it is needed."""

from __future__ import annotations

import pickle
import sys
import traceback
from typing import TYPE_CHECKING

import pytest

from dlcli.catalogue import plugins
from dlcli.catalogue.catalogue import IntrospectionError, load_catalogue, type_in_words
from dlcli.catalogue.introspection.catalogue_file import catalogue_text
from dlcli.catalogue.introspection.own_code import plugin_entries
from tests.plugged import LAYER, PLUGIN, write_installed, write_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dlcli.catalogue.signature import Entry

MANY = '''\
from __future__ import annotations

from typing import Literal

import keras
from keras.layers import Dense


class Twice(keras.layers.Layer):
    """Doubles. And more."""

    def __init__(self, times: int, mode: Literal["a", "b"] = "a", rest=None, *, far: bool = False):
        """Make it.

        Args:
            times: How often.
        """
        super().__init__()


class _Hidden(keras.layers.Layer):
    pass


class Wrong(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return y_pred


class Hot(keras.initializers.Initializer):
    """Fills in ones."""


class Soft(keras.regularizers.Regularizer):
    """Punishes nothing."""


class Wave(keras.optimizers.schedules.LearningRateSchedule):
    """Goes up and down."""

    def __init__(self, base_learning_rate=0.1):
        self.base = base_learning_rate


class Told(keras.callbacks.Callback):
    """Tells."""


class Seen(keras.metrics.Metric):
    """Counts."""


class NoneOfKeras:
    pass
'''


@pytest.fixture(autouse=True)
def _read_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Read plugins in this process, which has imported Keras; slow tests start one for it."""
    if "slow" not in request.keywords:
        monkeypatch.setattr(plugins, "run_introspection", read_here)
    yield
    plugins.deactivate()


def read_here(path: Path, _option: str, name: str) -> None:
    plugin = plugins.find(name)
    try:
        text = catalogue_text("", plugin_entries(plugin))
    except plugins.PluginError as error:
        raise IntrospectionError("it could not be read", error.message) from None
    finally:
        sys.modules.pop(plugin.module, None)
    path.write_text(text, encoding="utf-8")


def entry(kind: str, name: str) -> Entry:
    found = load_catalogue().find(kind, name)
    assert found is not None
    return found


def words(found: Entry, argument: str) -> str:
    return type_in_words(found.by_name[argument].types)


def test_a_class_joins_the_catalogue_with_what_its_signature_says(tmp_path):
    plugins.activate([str(write_plugin(tmp_path))])
    mine = entry("optimizers", "Mine")
    assert mine.help == "Momentum that normalizes each gradient."
    assert mine.rates == (1e-4, 1.0, "")
    assert list(mine.by_name)[:3] == ["learning_rate", "momentum", "weight_decay"]
    assert words(mine, "momentum") == "a number from 0 to 1"
    assert words(mine, "learning_rate") == "a number ≥ 0 or a learning-rate schedule"
    assert (
        mine.by_name["momentum"].help
        == "Float between 0 and 1. Share of the last step that is kept."
    )
    assert mine.by_name["clipnorm"].help
    names = load_catalogue().names("optimizers")
    assert list(names) == sorted(names)


def test_every_kind_of_public_class_can_be_named_and_nothing_else(tmp_path):
    plugins.activate([str(write_plugin(tmp_path, text=MANY))])
    (plugin,) = plugins.active()
    assert {kind: list(found) for kind, found in plugin.kinds.items() if found} == {
        "layers": ["Twice"],
        "losses": ["Wrong"],
        "initializers": ["Hot"],
        "regularizers": ["Soft"],
        "schedules": ["Wave"],
        "callbacks": ["Told"],
        "metrics": ["Seen"],
    }


def test_annotations_are_types_and_a_class_without_words_gets_none_of_its_base(tmp_path):
    plugins.activate([str(write_plugin(tmp_path, text=MANY))])
    twice = entry("layers", "Twice")
    assert twice.help == "Doubles."
    assert list(twice.by_name) == ["times", "mode", "rest", "far"]
    assert twice.by_name["times"].required
    assert twice.by_name["times"].help == "How often."
    assert words(twice, "times") == "an integer"
    assert words(twice, "mode") == "'a' or 'b'"
    assert words(twice, "far") == "true or false"
    assert words(twice, "rest") == "any value"
    assert entry("losses", "Wrong").help == "Of the plugin my_optimizer."


def test_what_is_named_in_all_is_what_counts(tmp_path):
    text = PLUGIN + LAYER + "\n__all__ = ['Scaled']\n"
    plugins.activate([str(write_plugin(tmp_path, text=text))])
    assert load_catalogue().find("layers", "Scaled") is not None
    assert load_catalogue().find("optimizers", "Mine") is None


@pytest.mark.slow
def test_a_plugin_is_read_in_a_process_of_its_own(tmp_path):
    text = "import sys\n" + PLUGIN + "\nprint('noise')\nsys.modules['dlcli'].touched = True\n"
    plugins.activate([str(write_plugin(tmp_path, text=text))])
    assert entry("optimizers", "Mine").help
    assert not hasattr(sys.modules["dlcli"], "touched")
    with pytest.raises(plugins.PluginError, match=r"broken\.py:2: ZeroDivisionError"):
        plugins.activate([str(write_plugin(tmp_path, "broken", "import keras\nx = 1 / 0\n"))])


def test_a_file_is_read_once_and_anew_when_it_has_changed(tmp_path, capsys, monkeypatch):
    path = write_plugin(tmp_path)
    plugins.activate([str(path)])
    assert "reading what" in capsys.readouterr().err
    plugins.deactivate()
    with monkeypatch.context() as patched:
        patched.setattr(plugins, "run_introspection", None)
        plugins.activate([str(path)])
    assert capsys.readouterr().err == ""
    plugins.deactivate()
    path.write_text(PLUGIN.replace("class Mine", "class Other"))
    plugins.activate([str(path)])
    assert load_catalogue().find("optimizers", "Mine") is None
    assert entry("optimizers", "Other").module == "dlcli_plugin_my_optimizer"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import keras\nx = 1 / 0\n", r"broken\.py:2: ZeroDivisionError: division by zero"),
        ("import keras\nclass A(\n", r"broken\.py:2: SyntaxError: '\(' was never closed"),
        ("import no_such_module\n", r"broken\.py:1: ModuleNotFoundError: No module named"),
        ("x = 1\n", r"broken\.py defines nothing"),
        (PLUGIN.replace("Mine", "Adam"), "defines Adam, which is one of the optimizers of Keras"),
        (PLUGIN.replace("Mine", "SOAP"), "defines SOAP, which is one of the optimizers of dlcli"),
    ],
    ids=["fails", "no Python", "lacks a module", "nothing", "a name of Keras", "a name of dlcli"],
)
def test_a_plugin_that_cannot_be_used_says_where_and_what(tmp_path, text, message):
    path = write_plugin(tmp_path, "broken", text)
    with pytest.raises(plugins.PluginError, match=message) as caught:
        plugins.activate([str(path)])
    assert caught.value.exit_code == 2
    assert caught.value.remedy
    assert plugins.active() == ()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.py", "missing.py cannot be read: No such file"),
        ("folder.py", "folder.py cannot be read: Is a directory"),
        ("a b.py", "has a name that a config cannot say"),
        ("large.py", "larger than 4 MB"),
        ("nobody", "there is no plugin 'nobody'"),
    ],
)
def test_what_is_no_plugin_is_said(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "a b.py").write_text("")
    (tmp_path / "large.py").write_text("#" * (plugins.LARGEST + 1))
    with pytest.raises(plugins.PluginError, match=message):
        plugins.activate([name])


def test_two_files_of_one_name_are_told_apart_by_their_content(tmp_path):
    first = write_plugin(tmp_path)
    for folder, text in (("same", PLUGIN), ("other", PLUGIN + "\n")):
        (tmp_path / folder).mkdir()
        write_plugin(tmp_path / folder, text=text)
    plugins.activate([str(first), str(tmp_path / "same" / "my_optimizer.py")])
    assert len(plugins.active()) == 1
    with pytest.raises(plugins.PluginError, match="two plugins are called 'my_optimizer'"):
        plugins.activate([str(tmp_path / "other" / "my_optimizer.py")])


def test_two_plugins_cannot_define_one_name(tmp_path):
    paths = [str(write_plugin(tmp_path, name)) for name in ("first", "second")]
    with pytest.raises(plugins.PluginError, match=r"Mine, which is one of the opt.*first"):
        plugins.activate(paths)


def test_a_plugin_travels_without_its_file_and_shows_its_lines(tmp_path):
    text = PLUGIN.replace("self.steps = ", "self.steps = undefined or ")
    path = write_plugin(tmp_path, text=text)
    plugins.activate([str(path)])
    packed = pickle.dumps(plugins.active())
    plugins.deactivate()
    path.unlink()
    plugins.activate_found(pickle.loads(packed))  # noqa: S301 (our own)
    module = entry("optimizers", "Mine").module
    optimizer = plugins.member(module, "Mine")()
    with pytest.raises(NameError) as caught:
        optimizer.build([])
    line = text[: text.index("undefined or")].count("\n") + 1
    assert plugins.told(caught.value) == (
        f"{path}:{line}, in build: NameError: name 'undefined' is not defined"
    )
    shown = "".join(traceback.format_exception(caught.value))
    assert "self.steps = undefined or" in shown


def test_an_error_that_a_plugin_has_only_led_to_is_told_too(tmp_path):
    plugins.activate([str(write_plugin(tmp_path, text=PLUGIN + "\n\ndef fail():\n    [][0]\n"))])
    fail = plugins.member("dlcli_plugin_my_optimizer", "fail")

    def wrapped() -> None:
        try:
            fail()
        except IndexError as error:
            raise RuntimeError("wrapped") from error

    with pytest.raises(RuntimeError) as caught:
        wrapped()
    assert "in fail: IndexError: list index out of range" in plugins.told(caught.value)
    assert plugins.told(ValueError("of somebody else's")) == ""


@pytest.fixture
def site(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=":")
    return folder


def test_an_installed_distribution_is_named_by_its_entry_point(site):
    write_installed(site, "mine_module_one", PLUGIN)
    plugins.activate(["mine"])
    (plugin,) = plugins.active()
    assert plugin.place == "mine-dist 1.2"
    assert plugin.source is None
    assert entry("optimizers", "Mine").module == "mine_module_one"
    assert plugins.member("mine_module_one", "Mine").__name__ == "Mine"


def test_the_code_of_an_installed_distribution_must_be_the_same_everywhere(site):
    write_installed(site, "mine_module_two", PLUGIN)
    plugins.activate(["mine"])
    before = plugins.active()
    plugins.deactivate()
    write_installed(site, "mine_module_two", PLUGIN + "# changed\n")
    assert plugins.find("mine").digest != before[0].digest
    plugins.activate_found(before)
    with pytest.raises(plugins.PluginError, match="not the same on all nodes"):
        plugins.member("mine_module_two", "Mine")


def test_a_plugin_that_is_not_installed_is_guessed_at(site):
    write_installed(site, "mine_module_three", PLUGIN)
    with pytest.raises(plugins.PluginError, match="did you mean 'mine'") as caught:
        plugins.activate(["mind"])
    assert "installed are: mine" in caught.value.remedy
