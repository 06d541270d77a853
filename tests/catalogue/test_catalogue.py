"""The catalogue knows every Keras class by name and alias, and what its arguments accept."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest

from dlcli import __version__
from dlcli.catalogue import catalogue as module
from dlcli.catalogue.catalogue import MODULES, SHIPPED, Catalogue, load_catalogue, type_in_words
from dlcli.catalogue.signature import Type
from dlcli.errors import WorkError

if TYPE_CHECKING:
    from pathlib import Path

OPTIMIZERS = (
    "SGD RMSprop Adam AdamW Adamax Nadam Adagrad Adadelta Adafactor Ftrl Lion Lamb Muon "
    "ScheduleFreeAdamW LossScaleOptimizer"
)
LAYERS = (
    "Dense Conv1D Conv2D Conv3D Conv2DTranspose DepthwiseConv2D SeparableConv2D Embedding "
    "SimpleRNN LSTM GRU ConvLSTM2D Bidirectional TimeDistributed RNN LSTMCell StackedRNNCells "
    "MaxPooling1D MaxPooling2D AveragePooling3D GlobalMaxPooling1D GlobalAveragePooling2D "
    "AdaptiveMaxPooling2D BatchNormalization LayerNormalization GroupNormalization Dropout "
    "SpatialDropout1D GaussianNoise Flatten Reshape Permute RepeatVector Masking ReLU LeakyReLU "
    "PReLU ELU Softmax Activation Add Concatenate Dot Attention MultiHeadAttention RandomFlip "
    "RandomRotation Rescaling Normalization ZeroPadding2D Cropping2D UpSampling2D"
)
ENTRIES = [
    entry
    for kind in load_catalogue().kinds()
    for name in load_catalogue().names(kind)
    if (entry := load_catalogue().find(kind, name)) is not None
]


def accepts(value: Any, types: tuple[Type, ...]) -> bool:
    return any(_fits(value, accepted) for accepted in types)


FORMS: dict[str, Any] = {
    "any": object,
    "null": type(None),
    "boolean": bool,
    "integer": int,
    "number": int | float,
    "string": str,
    "path": str,
    "array": list,
    "object": dict,
    "entry": str | dict,
}


def _fits(value: Any, accepted: Type) -> bool:
    if not isinstance(value, FORMS[accepted.name]):
        return False
    if accepted.name == "entry":
        name = next(iter(value)) if isinstance(value, dict) else value
        return load_catalogue().find(accepted.kind, name) is not None
    if isinstance(value, bool):
        return accepted.name in ("boolean", "any")
    if isinstance(value, list):
        items = all(not accepted.items or accepts(v, accepted.items) for v in value)
        return items and _within(len(value), accepted)
    if isinstance(value, str):
        return not accepted.choices or value in accepted.choices
    return not isinstance(value, int | float) or _within(value, accepted)


def _within(value: float, accepted: Type) -> bool:
    low, high = accepted.minimum, accepted.maximum
    above = low is None or value > low or (value == low and not accepted.exclusive)
    return above and (high is None or value <= high)


def argument(kind: str, name: str, argument_name: str) -> tuple[Type, ...]:
    entry = load_catalogue().find(kind, name)
    assert entry is not None
    return entry.by_name[argument_name].types


@pytest.mark.parametrize(("kind", "names"), [("optimizers", OPTIMIZERS), ("layers", LAYERS)])
def test_what_people_use_is_there(kind, names):
    entries = {name: load_catalogue().find(kind, name) for name in names.split()}
    assert [name for name, entry in entries.items() if entry is None or entry.refused] == []


@pytest.mark.parametrize(
    ("kind", "alias", "name"),
    [
        ("optimizers", "adam", "Adam"),
        ("optimizers", "lamb", "Lamb"),  # keras.optimizers.get does not know it
        ("initializers", "he_normal", "HeNormal"),
        ("initializers", "glorot_uniform", "GlorotUniform"),
        ("initializers", "zeros", "Zeros"),
        ("losses", "mse", "MeanSquaredError"),
        ("losses", "sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"),
        ("metrics", "MAE", "MeanAbsoluteError"),
        ("regularizers", "l2", "L2"),
        ("regularizers", "l1_l2", "L1L2"),
        ("constraints", "max_norm", "MaxNorm"),
        ("schedules", "cosine_decay", "CosineDecay"),
        ("activations", "swish", "silu"),
        ("layers", "GlobalMaxPool2D", "GlobalMaxPooling2D"),
        ("layers", "Convolution1D", "Conv1D"),
    ],
)
def test_an_alias_finds_the_entry(kind, alias, name):
    found = load_catalogue().find(kind, alias)
    assert found is not None
    assert found.name == name
    assert found is load_catalogue().find(kind, name)


def test_names_and_aliases_are_unique_within_a_kind():
    for kind in load_catalogue().kinds():
        own = [entry for entry in ENTRIES if entry.kind == kind]
        words = [word for entry in own for word in (entry.name, *entry.aliases)]
        assert len(words) == len(set(words))


def test_names_are_exact_and_what_was_meant_is_suggested():
    catalogue = load_catalogue()
    assert catalogue.find("layers", "conv2d") is None
    assert catalogue.suggest("layers", "conv2d") == "Conv2D"
    assert catalogue.suggest("layers", "Dens") == "Dense"
    assert catalogue.suggest("activations", "rleu") == "relu"
    assert catalogue.suggest("optimizers", "ADAMM") == "Adam"
    assert catalogue.suggest("initializers", "he_norml") == "he_normal"
    assert not catalogue.suggest("layers", "xyzzy")


@pytest.mark.parametrize("name", ["Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer"])
def test_what_runs_foreign_code_is_refused_with_a_reason(name):
    entry = load_catalogue().find("layers", name)
    assert entry is not None
    assert "runs code" in entry.refused


def test_base_classes_and_what_dlcli_does_itself_are_refused():
    for kind, name in [
        ("layers", "Layer"), ("layers", "InputLayer"), ("optimizers", "Optimizer"),
        ("losses", "Loss"), ("metrics", "MeanMetricWrapper"), ("callbacks", "LambdaCallback"),
        ("callbacks", "BackupAndRestore"), ("callbacks", "ProgbarLogger"),
    ]:  # fmt: skip
        entry = load_catalogue().find(kind, name)
        assert entry is not None
        assert entry.refused


def test_every_usable_entry_says_what_it_and_its_arguments_are():
    for entry in ENTRIES:
        assert entry.help, entry.name
        for found in () if entry.refused else entry.arguments:
            assert found.help or found.name == "name", (entry.name, found.name)


def test_every_default_is_of_its_argument_s_own_types():
    for entry in ENTRIES:
        for found in entry.arguments:
            if not found.required:
                assert accepts(found.default, found.types), (entry.name, found)


@pytest.mark.parametrize(
    ("kind", "name", "argument_name", "value"),
    [
        ("layers", "Dense", "units", "ten"),
        ("layers", "Dense", "units", -3),
        ("layers", "Dense", "units", 0),
        ("layers", "Dense", "units", 2.5),
        ("layers", "Dense", "units", True),
        ("layers", "Dense", "units", None),
        ("layers", "Dense", "use_bias", 1),
        ("layers", "Dense", "activation", "rleu"),
        ("layers", "Dense", "kernel_initializer", "he_norml"),
        ("layers", "Dense", "dtype", "flot32"),
        ("layers", "Conv2D", "filters", 0),
        ("layers", "ConvLSTM2D", "filters", 0),
        ("layers", "Conv2D", "kernel_size", [3, 3, 3]),
        ("layers", "Conv2D", "kernel_size", [3, 0]),
        ("layers", "Conv2D", "padding", "smae"),
        ("layers", "Conv2D", "padding", "causal"),
        ("layers", "Conv2D", "data_format", "channels"),
        ("layers", "Dropout", "rate", 1.5),
        ("layers", "LSTM", "dropout", -0.1),
        ("layers", "LSTM", "return_sequences", 3),
        ("layers", "MaxPooling2D", "pool_size", 0),
        ("layers", "Bidirectional", "merge_mode", "add"),
        ("layers", "Bidirectional", "layer", "LSMT"),
        ("layers", "Reshape", "target_shape", 4),
        ("optimizers", "Adam", "learning_rate", "fast"),
        ("optimizers", "Adam", "learning_rate", -0.1),
        ("optimizers", "Adam", "beta_1", 1.5),
        ("optimizers", "SGD", "momentum", 2),
        ("optimizers", "SGD", "nesterov", "yes"),
        ("schedules", "CosineDecay", "decay_steps", 0),
        ("losses", "Huber", "reduction", "average"),
        ("losses", "CategoricalCrossentropy", "label_smoothing", 2),
        ("metrics", "AUC", "curve", "ROCK"),
        ("initializers", "VarianceScaling", "mode", "fan"),
        ("regularizers", "L2", "l2", "small"),
        ("callbacks", "EarlyStopping", "mode", "minimum"),
        ("callbacks", "EarlyStopping", "patience", -1),
    ],
)
def test_what_keras_cannot_mean_is_not_accepted(kind, name, argument_name, value):
    assert not accepts(value, argument(kind, name, argument_name))


@pytest.mark.parametrize(
    ("kind", "name", "argument_name", "value"),
    [
        ("layers", "Dense", "activation", "relu"),
        ("layers", "Dense", "activation", {"LeakyReLU": {"negative_slope": 0.1}}),
        ("layers", "Dense", "activation", None),
        ("layers", "Dense", "kernel_regularizer", {"L2": {"l2": 1e-4}}),
        ("layers", "Dense", "dtype", "mixed_float16"),
        ("layers", "Conv1D", "padding", "causal"),
        ("layers", "Conv2D", "padding", "SAME"),
        ("layers", "Conv2D", "kernel_size", [3, 5]),
        ("layers", "Conv2DTranspose", "strides", 2),
        ("layers", "Conv2DTranspose", "output_padding", [1, 1]),
        ("layers", "ZeroPadding2D", "padding", [[1, 2], [3, 4]]),
        ("layers", "GroupNormalization", "groups", -1),
        ("layers", "GroupQueryAttention", "num_query_heads", 1),
        ("layers", "Reshape", "target_shape", [-1, 4]),
        ("layers", "RandomRotation", "factor", [-0.2, 0.3]),
        ("layers", "RandomContrast", "factor", 0),
        ("layers", "Rescaling", "scale", [0.5, 1, 2]),
        ("layers", "RNN", "cell", [{"LSTMCell": {"units": 8}}, {"GRUCell": {"units": 8}}]),
        ("layers", "Dropout", "noise_shape", [None, 1, 8]),
        ("layers", "STFTSpectrogram", "window", "blackman"),
        ("layers", "TextVectorization", "standardize", None),
        ("optimizers", "SGD", "learning_rate", 1),
        ("optimizers", "SGD", "learning_rate", {"CosineDecay": {}}),
        ("optimizers", "Muon", "rms_rate", None),
        ("optimizers", "LossScaleOptimizer", "inner_optimizer", "adam"),
        ("losses", "Huber", "reduction", None),
        ("losses", "CategoricalFocalCrossentropy", "alpha", [0.25, 0.75]),
        ("metrics", "Precision", "thresholds", [0.3, 0.7]),
        ("metrics", "AUC", "curve", "PR"),
        ("constraints", "UnitNorm", "axis", None),
        ("callbacks", "ModelCheckpoint", "save_freq", 100),
        ("callbacks", "EarlyStopping", "min_delta", 0.001),
    ],
)
def test_what_keras_accepts_and_means_is_accepted(kind, name, argument_name, value):
    assert accepts(value, argument(kind, name, argument_name))


def test_layers_take_the_arguments_of_every_layer_only_where_they_pass_them_on():
    dense = load_catalogue().find("layers", "Dense")
    dropout = load_catalogue().find("layers", "SpatialDropout1D")
    assert dense is not None
    assert dropout is not None
    assert {"name", "trainable", "dtype"} <= dense.by_name.keys()
    assert "trainable" not in dropout.by_name


def test_an_argument_that_needs_python_says_so():
    entry = load_catalogue().find("layers", "Dense")
    assert entry is not None
    config = entry.by_name["quantization_config"]
    assert config.types == (Type("null"),)
    assert "Python object" in config.help


@pytest.mark.parametrize(
    ("types", "words"),
    [
        ([Type("integer", 1)], "an integer ≥ 1"),
        ([Type("number", 0, 1)], "a number from 0 to 1"),
        ([Type("number", 0, exclusive=True)], "a number > 0"),
        ([Type("number", 0, 1, exclusive=True)], "a number > 0 and ≤ 1"),
        ([Type("number", maximum=0)], "a number ≤ 0"),
        ([Type("string", choices=("valid", "same", "VALID"))], "'valid' or 'same'"),
        ([Type("string", choices=("a", "b")), Type("null")], "'a', 'b' or null"),
        ([Type("entry", kind="initializers"), Type("null")], "an initializer or null"),
        (
            [Type("integer", 1), Type("array", 2, 2, items=(Type("integer", 1),))],
            "an integer ≥ 1 or a list of 2 integers ≥ 1",
        ),
        ([Type("array", 1, items=(Type("string"),))], "a list of at least 1 texts"),
        ([Type("array", items=(Type("entry", kind="layers"),))], "a list of layers"),
        ([Type("array")], "a list"),
        ([Type("array", 1, 3)], "a list of 1 to 3 values"),
        ([Type("object", items=(Type("number"),))], "a mapping of numbers"),
        ([Type("boolean"), Type("path")], "true or false or a path"),
    ],
)
def test_types_are_described_in_words(types, words):
    assert type_in_words(types) == words


def test_a_long_list_of_choices_is_cut():
    choices = tuple("abcdefghij")
    words = type_in_words([Type("string", choices=choices)])
    assert words == "'a', 'b', 'c', 'd', 'e', 'f', 'g' or 3 others"


def test_the_version_is_that_of_the_installed_keras():
    assert module.installed_keras_version() == metadata.version("keras")


def test_loading_imports_neither_keras_nor_numpy():
    program = (
        "import sys; from dlcli.catalogue.catalogue import load_catalogue;"
        "load_catalogue().find('layers', 'Dense');"
        "print([m for m in ('keras', 'tensorflow', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


CACHED = f"catalogue-99.1-{__version__}.json"


class Introspection:
    """Stands for the process that reads Keras."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, path: Path) -> None:
        self.calls += 1
        content = json.loads(SHIPPED.read_text(encoding="utf-8"))
        path.write_text(json.dumps(content | {"keras_version": "99.1"}), encoding="utf-8")


@pytest.fixture
def other_keras(monkeypatch, tmp_path) -> Introspection:
    introspection = Introspection()
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "installed_keras_version", lambda: "99.1")
    monkeypatch.setattr(module, "run_introspection", introspection)
    return introspection


def load_anew() -> Catalogue:
    return load_catalogue.__wrapped__()


def test_another_keras_is_read_once_and_then_from_the_cache(other_keras, tmp_path, capsys):
    assert load_anew().keras_version == "99.1"
    assert capsys.readouterr().err.count("\n") == 1
    assert load_anew().kinds() == tuple(MODULES)
    assert capsys.readouterr().err == ""
    assert other_keras.calls == 1
    assert [p.name for p in (tmp_path / "cache").iterdir()] == [CACHED]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"format": 1}', '{"format": 0, "kinds": {}}'])
def test_a_damaged_cache_is_built_again(other_keras, tmp_path, damage):
    path = tmp_path / "cache" / CACHED
    path.parent.mkdir()
    path.write_text(damage)
    assert load_anew().find("layers", "Dense") is not None
    assert other_keras.calls == 1
    assert json.loads(path.read_text())["keras_version"] == "99.1"


def test_a_cache_that_cannot_be_written_does_no_harm(other_keras, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert load_anew().keras_version == "99.1"


def test_a_keras_that_cannot_be_read_is_an_error_with_a_remedy(other_keras, monkeypatch):
    monkeypatch.setattr(module, "run_introspection", lambda path: path.write_text("{"))
    with pytest.raises(WorkError, match=r"Keras 99\.1") as caught:
        load_anew()
    assert "pip install keras==" in caught.value.remedy


def test_an_introspection_that_fails_tells_its_last_line(monkeypatch, tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'ModuleNotFoundError: tensorflow' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(WorkError, match="ModuleNotFoundError: tensorflow"):
        module.run_introspection(tmp_path / "catalogue.json")


def test_without_keras_there_is_a_remedy(monkeypatch):
    monkeypatch.setattr(sys, "path", [])

    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(WorkError, match="not installed"):
        module.installed_keras_version()
