"""Every mistake is found where it stands, with its rule and, where one is near, the right word."""

from __future__ import annotations

import pytest

from dlcli.config.conversion.loading import parse_config
from dlcli.config.yaml.nodes import Text
from tests.config.broken import GOOD, diagnose, with_layer

# (what is wrong, text, [(line, column, rule, part of the message)])
BROKEN = [
    ("empty file", "", [(1, 1, "empty-config", "empty")]),
    ("only a comment", "# nothing\n", [(1, 1, "empty-config", "empty")]),
    ("a list at the top", "- a\n- b\n", [(1, 1, "wrong-type", "a mapping at the top")]),
    ("a word at the top", "hello\n", [(1, 1, "wrong-type", "a mapping at the top")]),
    ("a tab", "data:\n\tdataset: digits\n", [(2, 1, "yaml-tab", "tab")]),
    ("an open bracket", "data: {dataset: digits\nmodel: 1\n", [(2, 6, "yaml-syntax", "")]),
    ("two colons", "name: a: b\n", [(1, 8, "yaml-syntax", "mapping values")]),
    ("an unknown alias", "data: *nowhere\n", [(1, 7, "bad-alias", "&nowhere")]),
    ("an alias of itself", "data: &a {x: *a}\n", [(1, 14, "bad-alias", "itself")]),
    ("a Python tag", "name: !!python/object:os.system x\n", [(1, 7, "yaml-tag", "not allowed")]),
    ("a custom tag", "name: !run x\n", [(1, 7, "yaml-tag", "!run")]),
    ("two documents", GOOD + "---\na: 1\n", [(6, 1, "several-documents", "second document")]),
    ("a duplicate key", "seed: 1\nseed: 2\n" + GOOD, [(2, 1, "duplicate-key", "first on line 1")]),
    ("a list as key", "? [a, b]\n: 1\n", [(1, 3, "bad-key", "single word")]),
    ("no model", "data: {dataset: digits}\n", [(1, 1, "missing-key", "'model' is missing")]),
    ("no data", GOOD.split("\n", 1)[1], [(1, 1, "missing-key", "'data' is missing")]),
    ("a name that is no id", with_layer("{ReLU: {name: my relu}}"), [(5, 21, "bad-id", "'my relu' is not a valid id")]),
    ("an unknown section", GOOD + "fti: {epochs: 3}\n", [(6, 1, "unknown-key", "mean 'fit'?")]),
    ("an unknown key", GOOD + "fit: {epoch: 3}\n", [(6, 7, "unknown-key", "mean 'epochs'?")]),
    ("a number as text", GOOD + "fit: {epochs: three}\n", [(6, 15, "wrong-type", "an integer")]),
    ("zero epochs", GOOD + "fit: {epochs: 0}\n", [(6, 15, "out-of-range", "0 is not")]),
    ("a fraction of epochs", GOOD + "fit: {epochs: 1.5}\n", [(6, 15, "wrong-type", "an integer")]),
    ("sexagesimal", GOOD + "fit: {epochs: 1:30}\n", [(6, 15, "wrong-type", "the text '1:30'")]),
    ("no as a boolean", GOOD + "fit: {shuffle: no}\n", [(6, 16, "wrong-type", "the text 'no'")]),
    ("another version", GOOD + "version: 2\n", [(6, 10, "out-of-range", "2 is not")]),
    ("a negative seed", GOOD + "seed: -1\n", [(6, 7, "out-of-range", "-1 is not")]),
    ("a folder as name", GOOD + "name: ../../etc\n", [(6, 7, "bad-name", "is not a valid name")]),
    ("an unknown data set", GOOD.replace("digits", "digit"), [(1, 17, "unknown-dataset", "'digits'?")]),
    ("an unknown option", GOOD.replace("digits", "digits, size: 3"), [(1, 25, "unknown-argument", "")]),
    ("a wrong option", GOOD.replace("digits", "imdb, vocabulary: big"), [(1, 35, "wrong-type", "")]),
    ("a variable as an option", GOOD.replace("digits", "sunspots, window: $classes"), [
        (1, 35, "undefined-variable", "comes from the data"),
    ]),
    ("a variable in an option", GOOD.replace("dataset: digits", "images: {path: x, size: [$classes, 8]}"), [
        (1, 33, "undefined-variable", "comes from the data"),
    ]),
    ("data as a word", GOOD.replace("{dataset: digits}", "digits"), [(1, 7, "wrong-type", "mapping")]),
    ("two sources", GOOD.replace("digits", "digits, npz: {path: a}"), [(1, 7, "missing-key", "one")]),
    ("all validation", GOOD.replace("digits", "digits, validation: 1"), [(1, 37, "out-of-range", "")]),
    ("an unknown layer", with_layer("Dens"), [(5, 7, "unknown-name", "did you mean 'Dense'?")]),
    ("an unknown argument", with_layer("{Dense: {unit: 3}}"), [
        (5, 15, "missing-argument", "'units'"), (5, 16, "unknown-argument", "mean 'units'?"),
    ]),
    ("a missing argument", with_layer("Dense"), [(5, 7, "missing-argument", "'units'")]),
    ("units as text", with_layer("{Dense: {units: ten}}"), [(5, 23, "wrong-type", "an integer")]),
    ("negative units", with_layer("{Dense: {units: -3}}"), [(5, 23, "out-of-range", "-3")]),
    ("a rate over one", with_layer("{Dropout: {rate: 1.5}}"), [(5, 24, "out-of-range", "1.5")]),
    ("an unknown activation", with_layer("{Dense: {units: 3, activation: rleu}}"), [
        (5, 38, "unknown-name", "did you mean 'relu'?"),
    ]),
    ("an activation with arguments", with_layer("{Dense: {units: 3, activation: {relu: {max_value: 6}}}}"), [
        (5, 45, "activation-arguments", "takes no arguments"),
    ]),
    ("an unknown choice", with_layer("{Conv2D: {filters: 3, kernel_size: 3, padding: smae}}"), [
        (5, 54, "", "'same'"),
    ]),
    ("too many sizes", with_layer("{Conv2D: {filters: 3, kernel_size: [3, 3, 3]}}"), [(5, 42, "", "")]),
    ("a lone argument", with_layer("{Dense: 10}"), [(5, 15, "wrong-type", "by name")]),
    ("arguments beside the class", with_layer("{Dense: {units: 3}, activation: relu}"), [
        (5, 27, "unknown-key", "is not allowed beside Dense"),
    ]),
    ("two classes in one", with_layer("{Dense: {units: 3}, ReLU: {}}"), [(5, 7, "several-names", "")]),
    ("a refused layer", with_layer("{Lambda: {function: x}}"), [(5, 8, "refused", "cannot be used")]),
    ("a list as layer", with_layer("[Dense]"), [(5, 7, "wrong-type", "a layer")]),
    ("no layers", "data: {dataset: digits}\nmodel: {layers: []}\n", [(2, 17, "missing-key", "layers")]),
    ("an unknown variable", with_layer("{Dense: {units: $clases}}"), [
        (5, 23, "unknown-variable", "did you mean 'classes'?"),
    ]),
    ("an undefined variable", with_layer("{Dense: {units: $vocabulary_size}}"), [
        (5, 23, "undefined-variable", "has no $vocabulary_size"),
    ]),
    ("an unknown id", with_layer("{ReLU: {}, from: nowhere}"), [(5, 24, "unknown-id", "nowhere")]),
    ("an id given twice", with_layer("{ReLU: {}, id: a}\n    - {ReLU: {}, id: a}"), [
        (6, 22, "duplicate-id", "given twice"),
    ]),
    ("a bad id", with_layer("{ReLU: {}, id: 'a b'}"), [(5, 22, "bad-id", "'a b'")]),
    ("an unused layer", with_layer("{ReLU: {}, id: a}\n    - {ReLU: {}, from: input}"), [
        (4, 7, "unused-layer", "'flatten'"), (5, 8, "unused-layer", "not used by another layer"),
    ]),
    ("an unknown block", with_layer("{use: residul}") + "blocks: {residual: {layers: [ReLU]}}\n", [
        (5, 13, "unknown-block", "did you mean 'residual'?"),
    ]),
    ("an endless block", with_layer("{use: a}") + "blocks: {a: {layers: [{use: a}]}}\n", [
        (7, 29, "endless-block", "a > a"),
    ]),
    ("a missing parameter", with_layer("{use: a}") + "blocks: {a: {params: [n], layers: [ReLU]}}\n", [
        (5, 13, "missing-parameter", "'n'"),
    ]),
    ("an unknown parameter", with_layer("{use: a, with: {m: 1}}") + "blocks: {a: {layers: [ReLU]}}\n", [
        (5, 23, "unknown-key", "'m'"),
    ]),
    ("a block without layers", GOOD + "blocks: {a: {}}\n", [(6, 10, "missing-key", "'layers'")]),
    ("$in outside a block", with_layer("{ReLU: {}, from: $in}"), [(5, 24, "unknown-id", "not in a block")]),
    ("a mistake in an unused block", GOOD + "blocks: {a: {layers: [Dens]}}\n", [
        (6, 23, "unknown-name", "'Dense'"),
    ]),
    ("repeat as text", with_layer("{ReLU: {}, repeat: twice}"), [(5, 26, "wrong-type", "integer")]),
    ("endless repeats", with_layer("{ReLU: {}, repeat: 3000}"), [(5, 26, "out-of-range", "3000")]),
    ("an unknown optimizer", GOOD + "compile: {optimizer: Adamm}\n", [
        (6, 22, "unknown-name", "did you mean 'Adam'?"),
    ]),
    ("a rate as text", GOOD + "compile: {optimizer: {Adam: {learning_rate: fast}}}\n", [
        (6, 45, "wrong-type", "the text 'fast'"),
    ]),
    ("an unknown schedule", GOOD + "compile: {optimizer: {Adam: {learning_rate: {CosineDeca: {}}}}}\n", [
        (6, 46, "unknown-name", "did you mean 'CosineDecay'?"),
    ]),
    ("a wrong schedule", GOOD + "compile: {optimizer: {Adam: {learning_rate: {CosineDecay: {}}}}}\n", [
        (6, 59, "missing-argument", "'initial_learning_rate'"),
        (6, 59, "missing-argument", "'decay_steps'"),
    ]),
    ("an unknown loss", GOOD + "compile: {loss: mes}\n", [(6, 17, "unknown-name", "'MSE'")]),
    ("an unknown metric", GOOD + "compile: {metrics: [accurracy]}\n", [
        (6, 21, "unknown-metric", "accuracy"),
    ]),
    ("a metric with its option before it", GOOD + "compile: {metrics: [macro_f1]}\n", [
        (6, 21, "unknown-metric", "did you mean 'f1:macro'?"),
    ]),
    ("a layer as Python writes it", GOOD.replace("Flatten", "'Conv2D(16, 3'"), [
        (4, 7, "unknown-name", "{Conv2D: {filters: ..., kernel_size: ...}}"),
    ]),
    ("an unknown callback", GOOD + "fit: {callbacks: [EarlyStoping]}\n", [
        (6, 19, "unknown-name", "'EarlyStopping'"),
    ]),
    ("an ambiguous loss", GOOD.replace("softmax", "relu"), [(5, 8, "ambiguous-loss", "'relu'")]),
    ("not a number", GOOD + "compile: {optimizer: {Adam: {learning_rate: .nan}}}\n", [
        (6, 45, "", "nan"),
    ]),
    ("a bad rate of a candidate", GOOD + "compare: {optimizers: [{SGD: {}, learning_rates: [0]}]}\n", [
        (6, 51, "out-of-range", "0 is not"),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("yaml", "expected"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_a_mistake_is_reported_at_its_place(yaml, expected):
    found = diagnose(yaml).diagnostics
    places = [(d.mark.line, d.mark.column) for d in found]
    assert places == [place[:2] for place in expected], diagnose(yaml).render()
    for diagnostic, (_, _, rule, message) in zip(found, expected, strict=True):
        assert rule in ("", diagnostic.rule)
        assert message in f"{diagnostic.message} {diagnostic.hint}"


def test_the_unbroken_config_is_good():
    config = parse_config(Text("cfg.yaml", GOOD))
    assert len(config.model.layers) == 2
