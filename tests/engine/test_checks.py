"""The check of an optimizer finds the mistakes that people make, and none where there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dlcli import optimizers
from dlcli.catalogue import plugins
from dlcli.cli.commands.check_optimizer import read_optimizer
from dlcli.compare.plan.candidates import rate_range
from dlcli.compare.plan.rates import grid
from dlcli.engine.checks import CHECKS, Subject, check_optimizer
from tests.catalogue.test_plugins import read_here
from tests.plugged import PLUGIN, write_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


LAZY_STEP = """\
i = self._get_variable_index(variable)
        if i not in self.steps:
            self.steps[i] = self.add_variable_from_reference(variable, "step")
        step = self.steps[i]"""
"""State that is created when it is first needed."""

NO_DECAY = "    def _apply_weight_decay(self, variables):\n        pass\n\n"

PLAIN_STEPS = """\
    def _backend_apply_gradients(self, grads, variables):
        self._apply_weight_decay(variables)
        self._backend_update_step(grads, variables, self.learning_rate)

"""
"""Steps with gradients as they come."""


@pytest.fixture(autouse=True)
def _read_here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(plugins, "run_introspection", read_here)
    yield
    plugins.deactivate()


def failures(text: str) -> dict[str, str]:
    """Return the checks that an optimizer fails, with what is said."""
    call = read_optimizer(text)
    found = rate_range(call)
    rates = (found.low,) if found.is_point else grid(found, 0.5)
    outcomes = check_optimizer(Subject(call, rates))
    assert [o.check for o in outcomes] == [name for name, _ in CHECKS]
    assert all(o.detail for o in outcomes)
    return {o.check: o.detail for o in outcomes if o.result == "failed"}


def of_plugin(folder: Path, *changes: tuple[str, str]) -> dict[str, str]:
    """Return what the optimizer of docs/plugins.md fails with changes in its source."""
    text = PLUGIN
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return failures(f"{write_plugin(folder, text=text)}:Mine")


def test_the_optimizer_of_the_documentation_passes(tmp_path):
    assert of_plugin(tmp_path) == {}


def test_state_that_is_not_built_is_found(tmp_path):
    found = of_plugin(
        tmp_path,
        ('self.steps = self.add_optimizer_variables(variables, "step")', "self.steps = {}"),
        (
            "step = self.steps[self._get_variable_index(variable)]",
            LAZY_STEP,
        ),
    )
    assert found.keys() == {"builds its state", "survives saving"}
    assert "create them in build()" in found["builds its state"]


def test_state_that_is_a_python_number_is_found(tmp_path):
    found = of_plugin(
        tmp_path,
        ("self.momentum = momentum", "self.momentum = momentum\n        self.count = 0"),
        ("rate = ops.cast", "self.count += 1\n        rate = 1 / self.count * ops.cast"),
    )
    assert "stands still in a compiled step" in found["builds its state"]


def test_double_precision_is_found_with_its_line(tmp_path):
    found = of_plugin(tmp_path, ("variable.dtype)", '"float64")'))
    assert "my_optimizer.py:" in found["keeps the precision"]
    assert "in update_step" in found["keeps the precision"]


def test_state_of_another_precision_is_found(tmp_path):
    found = of_plugin(
        tmp_path,
        (
            'self.add_optimizer_variables(variables, "step")',
            '[self.add_variable(v.shape, dtype="float32") for v in variables]',
        ),
    )
    assert found["keeps the precision"] == "its state of float64 weights is float32"


def test_a_rate_that_is_ignored_is_found(tmp_path):
    found = of_plugin(
        tmp_path,
        ("self.momentum = momentum", "self.momentum = momentum\n        self.rate = learning_rate"),
        ("ops.cast(learning_rate, variable.dtype)", "self.rate"),
    )
    assert found.keys() == {"respects the rate"}
    assert "a rate that is set later is not used" in found["respects the rate"]


def test_a_rate_of_zero_that_moves_is_found(tmp_path):
    found = of_plugin(tmp_path, ("ops.cast(learning_rate, variable.dtype)", "0.01"))
    assert "a learning rate of 0 moves the weights" in found["respects the rate"]


def test_weight_decay_that_does_nothing_is_found(tmp_path):
    found = of_plugin(
        tmp_path,
        (
            "    def get_config(self):",
            NO_DECAY + "    def get_config(self):",
        ),
    )
    assert found.keys() == {"decays weights"}


def test_gradients_that_are_kept_from_clipping_and_accumulating_are_found(tmp_path):
    found = of_plugin(
        tmp_path,
        (
            "    def get_config(self):",
            PLAIN_STEPS + "    def get_config(self):",
        ),
        ("gradient = gradient / (ops.sqrt(ops.mean(ops.square(gradient))) + 1e-7)", "pass"),
    )
    assert found.keys() == {"clips gradients", "accumulates gradients"}


def test_settings_that_a_copy_forgets_are_found(tmp_path):
    call = read_optimizer(f"{write_plugin(tmp_path)}:Mine")
    assert call.name == "Mine"
    plugins.deactivate()
    text = PLUGIN.replace(
        '{**super().get_config(), "momentum": self.momentum}', "super().get_config()"
    )
    path = write_plugin(tmp_path, text=text)
    plugins.activate([str(path)])
    assert "get_config() leaves out momentum" in failures("Mine(momentum=0.5)")["survives saving"]


def test_a_step_that_goes_up_does_not_converge(tmp_path):
    found = of_plugin(tmp_path, ("* step - rate * gradient", "* step + rate * gradient"))
    assert found.keys() == {"converges"}
    assert "falls to" in found["converges"]


def test_an_optimizer_without_a_setting_is_not_asked_for_it(tmp_path):
    text = PLUGIN.replace("momentum: float = 0.9, **kwargs)", "momentum: float = 0.9)")
    text = text.replace("(learning_rate, **kwargs)", "(learning_rate)")
    text = text.replace(
        '{**super().get_config(), "momentum": self.momentum}',
        '{"learning_rate": float(self.learning_rate), "momentum": self.momentum}',
    )
    call = read_optimizer(f"{write_plugin(tmp_path, text=text)}:Mine")
    results = {o.check: o for o in check_optimizer(Subject(call, (0.01,)))}
    unasked = {name for name, outcome in results.items() if outcome.result == "unasked"}
    assert unasked == {"decays weights", "clips gradients", "accumulates gradients"}
    assert results["clips gradients"].detail == "it takes no global_clipnorm"


@pytest.mark.slow
@pytest.mark.parametrize("name", optimizers.__all__)
def test_every_optimizer_of_dlcli_passes(name):
    assert failures(name) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SGD", "SGD(momentum=0.9)", "Adam", "AdamW", "RMSprop", "Lion"])
def test_well_known_optimizers_of_keras_pass(name):
    assert failures(name) == {}
