"""A script of plain Keras trains as dlcli does, and what it cannot say is refused by name."""

from __future__ import annotations

import runpy
from pathlib import Path

import keras
import numpy as np
import pytest

from dlcli.errors import UserError
from dlcli.train import session as sessions
from tests.helpers import Silent, dlcli

pytestmark = pytest.mark.slow

CONFIGS = Path(__file__).parents[2] / "configs"

SHIPPED = (
    "arrow_head_cnn", "breast_cancer_mlp", "covid3month_gru", "digits_cnn", "digits_mlp",
    "gunpoint_fcn", "iris_mlp", "italy_power_demand_cnn", "sunspots_lstm",
    "wine_mlp",
)  # fmt: skip

SHARED = """\
name: shared
seed: 5
data: {dataset: digits, batch_size: 64, validation: 0.2}
model:
  inputs: [left, right]
  layers:
    - {Flatten: {}, id: flat, from: left}
    - {Flatten: {}, id: flat_right, from: right}
    - {Dense: {units: 8, kernel_initializer: {HeNormal: {}}}, id: hidden, from: flat}
    - {use: hidden, id: again, from: flat_right}
    - {Dropout: {rate: 0.3}, id: dropped, from: again}
    - {Concatenate: {}, id: both, from: [hidden, dropped]}
    - {Dense: {units: 10, activation: softmax}, id: class, from: both}
    - {Dense: {units: 10}, id: lambda, from: both}
  outputs: [class, lambda]
compile:
  optimizer: {SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 0.1, decay_steps: 60}}}}
  loss:
    class: CategoricalCrossentropy
    lambda: {CategoricalCrossentropy: {from_logits: true}}
  loss_weights: {class: 1.0, lambda: 0.5}
  metrics: [accuracy, f1, "top_k:3"]
fit: {epochs: 2, class_weight: balanced, shuffle: false}
"""

ONE_HOT = """\
name: one-hot
data: {dataset: wine, validation: 0.2, batch_size: 16}
model:
  layers:
    - Normalization
    - {Dense: {units: 6, activation: relu, kernel_regularizer: {L2: {l2: 0.01}}}}
    - {Normalization: {axis: [1]}}
    - {Dense: {units: $classes, activation: softmax}}
compile:
  loss: {CategoricalCrossentropy: {label_smoothing: 0.1}}
  metrics: [accuracy, "top_k:2"]
fit:
  epochs: 6
  callbacks:
    - {EarlyStopping: {monitor: val_loss, patience: 1, restore_best_weights: true}}
"""


def same_weights(config, folder, monkeypatch):
    """Train a config and run its script; return the greatest difference of a weight."""
    session = sessions.start(str(config), (), root=folder / "runs", out=None)
    with session as run:
        session.train(Silent())
    script = folder / "made.py"
    sessions.export_script(str(config), (), script=script, data=folder / "made.npz")
    assert "dlcli." not in script.read_text().replace("`dlcli", "")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    theirs = runpy.run_path(str(script))["model"].get_weights()
    ours = keras.saving.load_model(run.path / "model.keras", compile=False).get_weights()
    saved = keras.saving.load_model(folder / "made.keras", compile=False).get_weights()
    for a, b in zip(theirs, saved, strict=True):
        np.testing.assert_array_equal(a, b)
    return max(float(np.abs(a - b).max()) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("name", SHIPPED)
def test_the_script_of_a_config_ends_with_the_weights_of_train(name, tmp_path, monkeypatch):
    text = (CONFIGS / f"{name}.yaml").read_text()
    (tmp_path / f"{name}.yaml").write_text(text)
    overridden = tmp_path / "short.yaml"
    head, _, tail = text.partition("epochs: ")
    overridden.write_text(head + "epochs: 2" + tail.lstrip("0123456789"))
    assert same_weights(overridden, tmp_path, monkeypatch) <= 1e-5


@pytest.mark.parametrize("text", [SHARED, ONE_HOT], ids=["shared", "one-hot"])
def test_several_outputs_weights_schedules_and_callbacks_are_in_it(text, tmp_path, monkeypatch):
    (tmp_path / "c.yaml").write_text(text)
    assert same_weights(tmp_path / "c.yaml", tmp_path, monkeypatch) <= 1e-5


REFUSED = {
    "masks the padding": """\
data: {dataset: japanese_vowels}
model: {layers: [{LSTM: {units: 2}}, {Dense: {units: $classes, activation: softmax}}]}
""",
    "plain Keras has no Prodigy": """\
data: {dataset: iris}
model: {layers: [{Dense: {units: $classes, activation: softmax}}]}
compile: {optimizer: Prodigy}
""",
    "some losses want labels": """\
data: {dataset: iris}
model:
  layers:
    - {Dense: {units: 3, activation: softmax}, id: a, from: input}
    - {Dense: {units: 3, activation: softmax}, id: b, from: input}
  outputs: [a, b]
compile:
  loss: {a: SparseCategoricalCrossentropy, b: {CategoricalCrossentropy: {label_smoothing: 0.1}}}
""",
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_plain_keras_cannot_say_is_refused_by_name(reason, tmp_path):
    (tmp_path / "c.yaml").write_text(REFUSED[reason])
    with pytest.raises(UserError, match=reason):
        sessions.export_script(
            str(tmp_path / "c.yaml"), (), script=tmp_path / "c.py", data=tmp_path / "c.npz"
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.yaml"]


def test_a_constant_feature_is_shifted_and_not_scaled_in_the_script_too(tmp_path, monkeypatch):
    x = np.random.default_rng(0).normal(size=(60, 3)).astype("float32")
    x[:, 1] = 4
    np.savez(tmp_path / "own.npz", x_train=x, y_train=np.arange(60) % 2)
    (tmp_path / "c.yaml").write_text(
        "data: {npz: {path: own.npz}}\nmodel: {layers: [Normalization, {Dense: {units: 1, "
        "activation: sigmoid}}]}\nfit: {epochs: 2}\n"
    )
    assert same_weights(tmp_path / "c.yaml", tmp_path, monkeypatch) <= 1e-5
    assert "are shifted, but not divided by 1e-7" in (tmp_path / "made.py").read_text()


def test_a_rare_category_is_not_scaled_in_the_script_either(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    rows = [f"{rng.normal():.3f},{'xyz'[i % 3] if i != 33 else 'rare'},{i % 2}" for i in range(200)]
    (tmp_path / "own.csv").write_text("\n".join(["a,city,y", *rows]) + "\n")
    (tmp_path / "c.yaml").write_text(
        "data: {csv: {path: own.csv, target: y}}\nmodel: {layers: [Normalization, {Dense: "
        "{units: 1, activation: sigmoid}}]}\nfit: {epochs: 2}\n"
    )
    assert same_weights(tmp_path / "c.yaml", tmp_path, monkeypatch) <= 1e-5
    model = keras.saving.load_model(tmp_path / "made.keras", compile=False)
    with np.load(tmp_path / "made.npz") as data:
        x = data["x_train"]
    assert x[:, 1:].sum(axis=0).min() == 1, "no training row is of the rare category"
    made = keras.Model(model.input, model.layers[1].output).predict(x, verbose=0)
    np.testing.assert_array_equal(made[:, 1:], x[:, 1:])


def test_the_command_writes_a_script_that_runs_and_overwrites_nothing(tmp_path):
    (tmp_path / "own.yaml").write_text(
        "data: {dataset: iris}\n"
        "model: {layers: [{Dense: {units: $classes, activation: softmax}}]}\n"
    )
    done = dlcli("config", "export", "own.yaml", "--python", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "next: python own.py" in done.stderr
    assert (tmp_path / "own.npz").exists()
    before = (tmp_path / "own.py").read_text()
    again = dlcli("config", "export", "own.yaml", "--python", cwd=tmp_path)
    assert again.returncode == 2
    assert "own.py exists already" in again.stderr
    assert (tmp_path / "own.py").read_text() == before
    nowhere = ("--output", "none/own.py")
    lost = dlcli("config", "export", "own.yaml", "--python", *nowhere, cwd=tmp_path)
    assert lost.returncode == 2
    assert "the folder none does not exist" in lost.stderr
    bare = dlcli("config", "export", "own.yaml", cwd=tmp_path)
    assert bare.returncode == 2
    assert "dlcli config export own.yaml --python" in bare.stderr
