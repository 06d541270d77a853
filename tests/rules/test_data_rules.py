"""Rules on the examples: what nearly is a mistake, real data sets, and how many are looked at."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli import rules
from dlcli.compare.loading import seen_of
from dlcli.config.conversion.loading import load_config
from dlcli.data import load_pool
from dlcli.data.description import DataDescription, Dataset, Split, TensorSpec
from dlcli.rules.examples import MOST, look
from tests.rules import files
from tests.rules.judged import judged, looked, rules_of
from tests.test_configs import OFFLINE

RNG = np.random.default_rng(3)
SOFTMAX = "{Dense: {units: $classes, activation: softmax}}"
TABLE = "data: {npz: {path: made.npz}}\n"
HIDDEN = "{Dense: {units: 8, activation: relu}}"


def layers(*items):
    return f"{TABLE}model: {{layers: [{', '.join(items)}]}}\n"


CLASSIFIER = layers(HIDDEN, SOFTMAX)
REGRESSION = layers(HIDDEN, "{Dense: {units: 1}}")


def said(x, y, yaml=CLASSIFIER, test=None, validation=None, spec=None):
    """Return what rules say of arrays, of which all are the training part by default."""
    x, y = np.asarray(x, spec.dtype if spec else np.float32), np.asarray(y)
    whole = y.dtype.kind in "iu"
    classes = tuple(f"c{i}" for i in range(y.max() + 1)) if whole else ()
    tasks = {0: "regression", 2: "binary"}
    shape = tuple(None if i == 0 and x.ndim == 3 else n for i, n in enumerate(x.shape[1:]))
    description = DataDescription(
        "made", tasks.get(len(classes), "multiclass"),
        {"input": spec or TensorSpec(shape, "float32")}, classes, train_size=len(y), test_size=0,
    )  # fmt: skip
    parts = [None if part is None else Split({"input": np.asarray(part[0], np.float32)}, part[1])
             for part in (validation, test)]  # fmt: skip
    dataset = Dataset(description, Split({"input": x}, y), *parts)
    judge = judged(yaml, description=description, train_size=len(y))
    return judge.looks("data", look(dataset))


def plain(count=200, columns=4, classes=3):
    return RNG.normal(0, 1, (count, columns)), RNG.integers(0, classes, count)


def values(count=200):
    x = RNG.normal(0, 1, (count, 4))
    return x, (x[:, 0] + RNG.normal(0, 1, count)).astype("float32")


def with_column(x, column):
    return np.column_stack([x, column])


def test_plain_examples_are_not_warned_of():
    assert rules_of(said(*plain())) == []
    assert rules_of(said(*values(), REGRESSION)) == []


@pytest.mark.parametrize("size", [100, 1e-5])
def test_large_and_tiny_inputs_are_told(size):
    x, y = plain()
    assert rules_of(said(size * x, y)) == ["input-scale"]


@pytest.mark.parametrize(
    "first",
    ["Normalization", "BatchNormalization", "LayerNormalization", "{Rescaling: {scale: 0.01}}",
     "{Dense: {units: 8}}, BatchNormalization, ReLU", "{Activation: {activation: tanh}}"],
)  # fmt: skip
def test_a_layer_that_brings_inputs_to_a_scale_silences_theirs(first):
    x, y = plain()
    assert "input-scale" not in rules_of(said(100 * x, y, layers(first, HIDDEN, SOFTMAX)))


def test_a_rescaling_that_is_meant_is_not_told():
    x, y = plain()
    assert rules_of(said(100 * x, y, layers("{Rescaling: {scale: 0.004}}", HIDDEN, SOFTMAX))) == []


def test_a_column_that_changes_once_is_not_constant():
    x, y = plain()
    once = np.zeros(200)
    assert rules_of(said(with_column(x, once), y)) == ["constant-column"]
    once[7] = 1
    assert rules_of(said(with_column(x, once), y)) == []


def test_columns_that_are_alike_and_not_the_same_are_not_told():
    x, y = plain()
    same = with_column(x, 2.54 * x[:, 1] + 1)
    assert rules_of(said(same, y)) == ["duplicate-column"]
    alike = with_column(x, x[:, 1] + 0.01 * RNG.normal(0, 1, 200))
    assert rules_of(said(alike, y)) == []


def padded(share):
    x, y = RNG.integers(1, 9, (60, 10)), RNG.integers(0, 3, 60)
    x[:, 10 - int(10 * share) :] = 0
    x[0] = 1  # the longest
    return x, y


LAST = "{LSTM: {units: 4}}"


@pytest.mark.parametrize(
    ("share", "unmasked", "items", "found"),
    [
        (0.5, ", mask_zero: false", (LAST,), True),
        (0.1, ", mask_zero: false", (LAST,), False),
        (0.5, "", (LAST,), False),
        (0.5, ", mask_zero: true", (LAST,), False),
        (0.5, ", mask_zero: false", ("{Bidirectional: {layer: {LSTM: {units: 4}}}}",), False),
        (0.5, ", mask_zero: false",
         ("{LSTM: {units: 4, return_sequences: true}}", "GlobalMaxPooling1D"), False),
    ],
)  # fmt: skip
def test_padding_is_told_where_a_recurrent_layer_ends_in_it(share, unmasked, items, found):
    embedding = f"{{Embedding: {{input_dim: 9, output_dim: 2{unmasked}}}}}"
    spec = TensorSpec((None,), "int32")
    names = rules_of(said(*padded(share), layers(embedding, *items, SOFTMAX), spec=spec))
    assert names == (["padding-unmasked"] if found else [])


def test_real_steps_of_zeros_are_told_where_no_length_is_known():
    x, y = RNG.normal(0, 1, (60, 10, 2)), RNG.integers(0, 3, 60)
    x[:, 3:6] = 0
    yaml = layers("Masking", LAST, SOFTMAX)
    assert rules_of(said(x, y, yaml, spec=TensorSpec((10, 2), "float32"))) == ["real-steps-masked"]
    assert rules_of(said(x, y, yaml, spec=TensorSpec((None, 2), "float32"))) == []


def test_ten_examples_of_a_class_are_enough():
    x, y = plain(300)
    for count, found in ((9, ["rare-classes"]), (10, [])):
        labels = np.where(np.arange(300) < count, 2, y % 2)
        assert rules_of(said(x, labels)) == found


def test_validation_examples_count_among_those_of_a_class():
    x, y = plain(300)
    labels = np.where(np.arange(300) < 8, 2, y % 2)
    more = x[:4], np.full(4, 2)
    assert rules_of(said(x, labels, validation=more)) == []


@pytest.mark.parametrize(
    ("share", "more", "found"),
    [
        (0.85, "", ["accuracy-hides-classes"]),
        (0.75, "", []),
        (0.85, "compile: {metrics: [accuracy, f1]}", []),
        (0.85, "compile: {metrics: [balanced_accuracy]}", []),
    ],
)
def test_an_accuracy_is_told_where_one_class_is_most_of_the_data(share, more, found):
    x, _ = plain(400)
    y = (np.arange(400) >= share * 400).astype(int)
    end = layers(HIDDEN, "{Dense: {units: 1, activation: sigmoid}}")
    assert rules_of(said(x, y, end + more)) == found


def test_one_other_target_is_not_a_constant():
    x, _ = values()
    assert rules_of(said(x, np.full(200, 3.5, "float32"), REGRESSION)) == ["constant-target"]
    other = np.full(200, 3.5, "float32")
    other[3] = 4.5
    assert rules_of(said(x, other, REGRESSION)) == []


def test_whole_numbers_that_repeat_or_have_gaps_are_no_index():
    x, _ = plain(60)
    index = RNG.permutation(60).astype("float32")
    assert rules_of(said(x, index, REGRESSION)) == ["index-as-target"]
    twice = index.copy()
    twice[0] = twice[1]
    assert rules_of(said(x, twice, REGRESSION)) == []
    assert rules_of(said(x[:20], 3 * index[:20] % 41, REGRESSION)) == []


def test_targets_that_a_last_layer_reaches_soon_are_not_told():
    x, y = values()
    assert rules_of(said(x, 30 * y, REGRESSION)) == []
    (far,) = said(x, 20_000 * y + 400_000, REGRESSION)
    assert far.rule == "target-scale"
    assert "{Rescaling: {scale: 2" in far.hint
    assert "offset: 400000.0}}" in far.hint
    scaled = layers(HIDDEN, "{Dense: {units: 1}}", "{Rescaling: {scale: 2e4, offset: 4e5}}")
    assert rules_of(said(x, 20_000 * y + 400_000, scaled)) == []


def test_targets_within_reach_of_the_activation_are_not_told():
    x, y = values()
    sigmoid = layers(HIDDEN, "{Dense: {units: 1, activation: sigmoid}}")
    assert rules_of(said(x, y, sigmoid)) == ["targets-out-of-reach"]
    assert rules_of(said(x, 1 / (1 + np.exp(-y)), sigmoid)) == []
    scaled = layers(
        HIDDEN, "{Dense: {units: 1, activation: sigmoid}}", "{Rescaling: {scale: 20, offset: -10}}"
    )
    assert rules_of(said(x, y, scaled)) == []


def test_a_column_near_the_target_does_not_give_it_away():
    x, y = values()
    assert rules_of(said(with_column(x, 3 * y), y, REGRESSION)) == ["column-gives-target-away"]
    near = with_column(x, y + 0.05 * RNG.normal(0, 1, 200))
    assert rules_of(said(near, y, REGRESSION)) == []


def test_a_code_of_the_class_gives_it_away_and_one_that_is_wrong_once_does_not():
    x, y = plain()
    code = np.array([7.0, 2.0, 5.0])[y]
    assert rules_of(said(with_column(x, code), y)) == ["column-gives-target-away"]
    code[0] = np.array([2.0, 5.0, 7.0])[y[0]]
    assert rules_of(said(with_column(x, code), y)) == []


def test_a_few_test_examples_in_train_are_told_only_if_they_are_many():
    x, y = plain(600)
    fresh, labels = plain(200)
    for count, found in ((5, ["test-examples-in-train"]), (4, [])):
        doubled = np.concatenate([x[:count], fresh[count:]])
        assert rules_of(said(x, y, test=(doubled, labels))) == found


def test_coarse_tables_have_doubles_of_their_own():
    x, y = RNG.integers(0, 4, (600, 3)).astype(float), RNG.integers(0, 3, 600)
    fresh = RNG.integers(0, 4, (200, 3)).astype(float)
    assert rules_of(said(x, y, test=(fresh, y[:200]))) == []


def test_sorted_classes_are_told_only_without_shuffling():
    x, y = plain()
    unshuffled = f"{CLASSIFIER}fit: {{shuffle: false}}"
    assert rules_of(said(x, np.sort(y), unshuffled)) == ["sorted-without-shuffling"]
    assert rules_of(said(x, np.sort(y))) == []
    assert rules_of(said(x, y, unshuffled)) == []


def test_many_examples_are_looked_at_in_part_and_that_is_said():
    x, y = plain(MOST + 5000, 2)
    (found,) = said(100 * x, y)
    assert f"{MOST:,} of {MOST + 5000:,} training examples" in found.message
    wide = np.zeros((MOST, 2000), "float32")
    description = DataDescription("w", "multiclass", {"input": TensorSpec((2000,), "float32")})
    seen = look(Dataset(description, Split({"input": wide}, np.zeros(MOST, int)), None, None))
    assert seen.train.size == 2000
    assert seen.looked == "2,000 of 20,000 training examples"


REAL = {
    "input-scale": "data: {dataset: breast_cancer}\n"
    "model: {layers: [{Dense: {units: 8, activation: relu}}, "
    "{Dense: {units: 1, activation: sigmoid}}]}",
    "rescaled-twice": "data: {dataset: mnist_5k}\n"
    f"model: {{layers: [{{Rescaling: {{scale: 0.0039}}}}, Flatten, {SOFTMAX}]}}",
    "padding-unmasked": "data: {dataset: languages}\n"
    "model: {layers: [{Embedding: {input_dim: $vocabulary_size, output_dim: 8, mask_zero: false}}, "
    f"{{GRU: {{units: 8}}}}, {SOFTMAX}]}}",
    "texts-cut": "data: {dataset: languages, max_length: 5}\n"
    "model: {layers: [{Embedding: {input_dim: $vocabulary_size, output_dim: 8, mask_zero: true}}, "
    f"{{GRU: {{units: 8}}}}, {SOFTMAX}]}}",
    "unknown-words": "data: {dataset: languages, vocabulary: 12}\n"
    "model: {layers: [{Embedding: {input_dim: $vocabulary_size, output_dim: 8, mask_zero: true}}, "
    f"{{GRU: {{units: 8}}}}, {SOFTMAX}]}}",
    "target-scale": "data: {dataset: sunspots}\n"
    "model: {layers: [Normalization, Flatten, {Dense: {units: 1}}]}",
    "rare-classes": "data: {dataset: arrow_head, validation: 0.5, batch_size: 4}\n"
    f"model: {{layers: [Flatten, {SOFTMAX}]}}",
}


@pytest.mark.slow
@pytest.mark.usefixtures("converted")
@pytest.mark.parametrize("rule", [name for name in REAL if name != "rare-classes"])
def test_mistakes_with_real_data_are_found(rule):
    assert rules_of(looked(REAL[rule])) == [rule]


@pytest.mark.slow
@pytest.mark.usefixtures("converted")
def test_padding_of_real_sequences_is_masked_without_a_word_in_the_config():
    text = (
        f"data: {{dataset: japanese_vowels}}\nmodel: {{layers: [{{GRU: {{units: 8}}}}, {SOFTMAX}]}}"
    )
    assert rules_of(looked(text)) == []


@pytest.mark.slow
@pytest.mark.usefixtures("converted")
def test_a_large_validation_part_makes_no_class_rare():
    assert rules_of(looked(REAL["rare-classes"])) == []


@pytest.mark.slow
@pytest.mark.usefixtures("converted")
@pytest.mark.parametrize("path", OFFLINE, ids=lambda path: path.stem)
def test_no_example_config_is_warned_of_with_its_data(path):
    text = path.read_text("utf-8")
    assert [d.render() for d in looked(text)] == []
    config = load_config(str(path))
    pool = load_pool(config.data.source)
    seen = seen_of(pool, config, resample=True)
    judge = judged(text, description=pool.description, is_comparison=True)
    assert [d.render() for d in judge.looks("data", seen)] == []


def test_columns_of_own_files_are_told_by_name(tmp_path, monkeypatch):
    files.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    told = {rule.name: rule for rule in rules.every()}
    (leak,) = looked(told["column-gives-target-away"].wrong)
    assert leak.message.startswith("'treated' gives the target away in all of ")
    (twice,) = looked(told["duplicate-column"].wrong)
    assert twice.message.startswith("'age' and 'months' say the same in ")
