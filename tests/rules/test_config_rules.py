"""Rules on configs: other forms of what they find, and what nearly is it and is not."""

from __future__ import annotations

import pytest

from dlcli import rules
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.data.description import DataDescription, TensorSpec
from tests.rules.judged import judged, rules_of

SOFTMAX = "{Dense: {units: $classes, activation: softmax}}"
BINARY = "data: {dataset: breast_cancer}\n"
VALUES = "data: {dataset: california_housing}\n"
STEPS = "data: {dataset: japanese_vowels}\n"
FIXED = "data: {dataset: basic_motions}\n"
SEVERAL = "data: {npz: {path: labels.npz}}\n"


def layers(*items):
    return f"model: {{layers: [{', '.join(items)}]}}\n"


def schedule(arguments, name="CosineDecay", more="", optimizer="Adam"):
    return f"compile: {{optimizer: {{{optimizer}: {{learning_rate: {{{name}: {arguments}}}{more}}}}}}}\n"


def found(yaml, **settings):
    try:
        return rules_of(judged(yaml, **settings).looks("config"))
    except ConfigError as error:
        return rules_of(error.diagnostics)


FIRES = [
    ("probabilities-as-logits", BINARY + layers("{Dense: {units: 1, activation: sigmoid}}")
     + "compile: {loss: {BinaryCrossentropy: {from_logits: true}}}"),
    ("probabilities-as-logits", layers("Flatten", SOFTMAX, "{Dropout: {rate: 0.1}}")
     + "compile: {loss: {CategoricalCrossentropy: {from_logits: true}}}"),
    ("logits-as-probabilities", layers("Flatten", "{Dense: {units: 10, activation: tanh}}")
     + "compile: {loss: categorical_crossentropy}"),
    ("logits-as-probabilities", BINARY + layers("{Dense: {units: 1, activation: relu}}")
     + "compile: {loss: binary_crossentropy}"),
    ("one-unit-softmax", BINARY + layers("{Dense: {units: 1}}", "Softmax")
     + "compile: {loss: mse}"),
    ("relu-output", VALUES + layers("{Dense: {units: 1}}", "ReLU")),
    ("relu-logits", layers("Flatten", "{Dense: {units: 10, activation: relu}}", "Softmax")
     + "compile: {loss: sparse_categorical_crossentropy}"),
    ("squared-error-on-classes", BINARY + layers("{Dense: {units: 1, activation: sigmoid}}")
     + "compile: {loss: mae}"),
    ("hinge-output", BINARY + layers("{Dense: {units: 1, activation: relu}}")
     + "compile: {loss: squared_hinge}"),
    ("hinge-output", BINARY + layers("{Dense: {units: 2}}") + "compile: {loss: hinge}"),
    ("softmax-hidden", layers("{Conv2D: {filters: 4, kernel_size: 3, activation: softmax}}",
                              "Flatten", SOFTMAX)),
    ("linear-stack", layers("{Conv2D: {filters: 8, kernel_size: 3}}", "BatchNormalization",
                            "{Conv2D: {filters: 8, kernel_size: 3}}", "Flatten", SOFTMAX)),
    ("linear-stack", layers("{Conv2D: {filters: 8, kernel_size: 3}}", "Flatten", SOFTMAX)),
    ("linear-stack", STEPS + layers("Masking", "{LSTM: {units: 8}}", "{Dense: {units: 32}}",
                                    "{Dropout: {rate: 0.2}}", SOFTMAX)),
    ("stride-skips", layers("{MaxPooling2D: {pool_size: 2, strides: 3}}", "Flatten", SOFTMAX)),
    ("pooled-away", layers("{Conv2D: {filters: 4, kernel_size: 8, activation: relu}}",
                           "{MaxPooling2D: {pool_size: 2, padding: same}}", "Flatten", SOFTMAX)),
    ("dropout-rate", STEPS + layers("Masking", "{LSTM: {units: 8, recurrent_dropout: 0.9}}",
                                    SOFTMAX)),
    ("dropout-before-batchnorm", layers("Flatten", "{Dropout: {rate: 0.5}}", "ReLU",
                                        "BatchNormalization", SOFTMAX)),
    ("bias-before-batchnorm", layers(
        "{Conv2D: {filters: 4, kernel_size: 3, bias_initializer: ones}}", "BatchNormalization",
        "ReLU", "Flatten", SOFTMAX)),
    ("heavy-penalty", layers("Flatten", "{Dense: {units: 10, activation: softmax, "
                             "activity_regularizer: {L1: {l1: 10}}}}")),
    ("last-step-to-recurrent", STEPS + layers(
        "Masking", "{Bidirectional: {layer: {LSTM: {units: 8}}}}", "{GRU: {units: 8}}", SOFTMAX)),
    ("all-steps-to-classifier", STEPS + layers(
        "Masking", "{GRU: {units: 8, return_sequences: true}}", "{Dropout: {rate: 0.2}}",
        SOFTMAX)),
    ("masking-too-late", FIXED + layers("{Rescaling: {scale: 1.0, offset: -1.0}}", "Masking",
                                        "{LSTM: {units: 8}}", SOFTMAX)),
    ("ids-as-amounts", "data: {dataset: imdb}\n" + layers(
        "{Masking: {mask_value: 0}}", "{Rescaling: {scale: 0.001}}", "{Reshape: {target_shape: [-1, 1]}}",
        "{LSTM: {units: 8}}", "{Dense: {units: 1, activation: sigmoid}}")),
    ("padding-in-statistics", STEPS + layers("GroupNormalization", "{LSTM: {units: 8}}", SOFTMAX)),
    ("learning-rate-range", "compile: {optimizer: {SGD: {learning_rate: 1e-6}}}"),
    ("learning-rate-range", schedule("{initial_learning_rate: 5.0, decay_steps: $total_steps}")),
    ("patience-outlasts-training", "fit: {epochs: 5, callbacks: [ReduceLROnPlateau]}"),
    ("monitor-direction", "fit: {callbacks: [{EarlyStopping: {monitor: val_accuracy, mode: min}}]}"),
    ("schedule-ends-early", schedule("{initial_learning_rate: 1e-3, decay_steps: 10, "
                                     "end_learning_rate: 0.0}", "PolynomialDecay")),
    ("schedule-ends-early", schedule("{initial_learning_rate: 1e-2, decay_steps: 10, "
                                     "decay_rate: 0.5}", "ExponentialDecay")),
    ("schedule-ends-late", schedule("{initial_learning_rate: 1e-3, decay_steps: 100000, "
                                    "decay_rate: 0.96}", "ExponentialDecay")),
    ("schedule-ends-late", schedule("{boundaries: [100000], values: [0.01, 0.001]}",
                                    "PiecewiseConstantDecay")),
    ("schedule-ends-late", schedule("{initial_learning_rate: 1e-3, decay_steps: $total_steps}",
                                    more=", gradient_accumulation_steps: 4")),
]  # fmt: skip

NEARLY = [
    ("probabilities-as-logits", layers("Flatten", SOFTMAX)
     + "compile: {loss: {SparseCategoricalCrossentropy: {from_logits: false}}}"),
    ("logits-as-probabilities", layers("Flatten", "{Dense: {units: $classes}}")
     + "compile: {loss: {SparseCategoricalCrossentropy: {from_logits: true}}}"),
    ("logits-as-probabilities", layers("Flatten", "{Dense: {units: $classes}}")),
    ("one-unit-softmax", STEPS + layers("Masking", "{Dense: {units: 1}, id: scores}",
                                        "{Softmax: {axis: 1}}", "GlobalAveragePooling1D", SOFTMAX)),
    ("categorical-loss-on-one-unit", BINARY + layers(SOFTMAX)
     + "compile: {loss: sparse_categorical_crossentropy}"),
    ("relu-output", VALUES + layers("{Dense: {units: 1, activation: softplus}}")),
    ("relu-output", layers("Flatten", "{Dense: {units: 9, activation: relu}}", SOFTMAX)),
    ("relu-logits", layers("Flatten", "{Dense: {units: 9, activation: relu}}",
                           "{Dense: {units: $classes}}")),
    ("sigmoids-for-classes", SEVERAL + layers("{Dense: {units: 3, activation: sigmoid}}")
     + "compile: {loss: BinaryCrossentropy}"),
    ("softmax-for-labels", layers("Flatten", SOFTMAX) + "compile: {loss: categorical_crossentropy}"),
    ("squared-error-on-classes", VALUES + layers("{Dense: {units: 1}}") + "compile: {loss: mse}"),
    ("softmax-twice", layers("Flatten", "{Dense: {units: 9, activation: sigmoid}}", SOFTMAX)),
    ("softmax-hidden", layers("{Conv2D: {filters: 4, kernel_size: 3, activation: relu}}",
                              "{Softmax: {axis: 1}}", "Flatten", SOFTMAX)),
    ("hinge-output", layers("Flatten", "{Dense: {units: 10}}")
     + "compile: {loss: categorical_hinge}"),
    ("hinge-output", BINARY + layers("{Dense: {units: 1}}") + "compile: {loss: squared_hinge}"),
    ("linear-stack", layers("Flatten", "{Dense: {units: 4}}", SOFTMAX)),
    ("linear-stack", layers("{Conv2D: {filters: 8, kernel_size: 3}}", "{MaxPooling2D: {}}",
                            "Flatten", SOFTMAX)),
    ("linear-stack", layers("{DepthwiseConv2D: {kernel_size: 3}}",
                            "{Conv2D: {filters: 8, kernel_size: 1, activation: relu}}", "Flatten",
                            SOFTMAX)),
    ("linear-stack", layers("Flatten", "{Dense: {units: 64}}", "LayerNormalization", SOFTMAX)),
    ("linear-stack", layers("Flatten", "{Dense: {units: 64}}", "{Activation: {activation: relu}}",
                            SOFTMAX)),
    ("deep-sigmoids", layers("Flatten", "{Dense: {units: 9, activation: sigmoid}, repeat: 3}",
                             SOFTMAX)),
    ("deep-sigmoids", layers("Flatten", *["{Dense: {units: 9, activation: sigmoid}}",
                                          "BatchNormalization"] * 5, SOFTMAX)),
    ("pooled-away", layers("{Conv2D: {filters: 4, kernel_size: 8, activation: relu}}",
                           "{Conv2D: {filters: 4, kernel_size: 1, activation: relu}}", "Flatten",
                           SOFTMAX)),
    ("stride-skips", layers("{Conv2D: {filters: 4, kernel_size: 1, strides: 2, activation: relu}}",
                            "Flatten", SOFTMAX)),
    ("constant-weights", layers("Flatten", "{Dense: {units: $classes, activation: softmax, "
                                "kernel_initializer: zeros}}")),
    ("nothing-to-train", layers("Flatten", "{Dense: {units: 9, activation: relu, trainable: false}}",
                                SOFTMAX)),
    ("frozen-random-weights", layers("Flatten", "{Dense: {units: 9, activation: relu, "
                                     "trainable: true}}", SOFTMAX)),
    ("single-hidden-unit", VALUES + layers("Normalization", "{Dense: {units: 1}}",
                                           "{Rescaling: {scale: 1e5}}")),
    ("flipped-digits", "data: {dataset: fashion_mnist}\n" + layers(
        "{RandomFlip: {mode: horizontal}}", "Flatten", SOFTMAX)),
    ("flipped-digits", layers("{RandomRotation: {factor: 0.1}}", "Flatten", SOFTMAX)),
    ("dropout-at-the-end", layers("{Conv2D: {filters: 10, kernel_size: 3}}",
                                  "{Dropout: {rate: 0.2}}", "GlobalAveragePooling2D", "Softmax")
     + "compile: {loss: sparse_categorical_crossentropy}"),
    ("batchnorm-at-the-end", layers("Flatten", "BatchNormalization", SOFTMAX)),
    ("dropout-rate", layers("Flatten", "{Dropout: {rate: 0.8}}", SOFTMAX)),
    ("batchnorm-on-batches-of-one", "data: {dataset: digits, batch_size: 2}\n" + layers(
        "Flatten", "BatchNormalization", SOFTMAX)),
    ("dropout-before-batchnorm", layers("Flatten", "{Dropout: {rate: 0.5}}",
                                        "{Dense: {units: 9, activation: relu}}",
                                        "BatchNormalization", SOFTMAX)),
    ("bias-before-batchnorm", layers("{Conv2D: {filters: 8, kernel_size: 3}}", "BatchNormalization",
                                     "ReLU", "Flatten", SOFTMAX)),
    ("bias-before-batchnorm", layers("Flatten", "{Dense: {units: 9, activation: relu}}",
                                     "BatchNormalization", SOFTMAX)),
    ("heavy-penalty", layers("Flatten", "{Dense: {units: 9, activation: relu, "
                             "kernel_regularizer: {L2: {l2: 0.1}}}}", SOFTMAX)),
    ("selu-setup", layers("Flatten", "{Dense: {units: 9, activation: selu, "
                          "kernel_initializer: lecun_uniform}}", SOFTMAX)),
    ("last-step-to-recurrent", STEPS + layers(
        "Masking", "{LSTM: {units: 8}}", "{RepeatVector: {n: 3}}", "{LSTM: {units: 8}}", SOFTMAX)),
    ("all-steps-to-classifier", STEPS + layers(
        "Masking", "{LSTM: {units: 8, return_sequences: true}}", "GlobalAveragePooling1D", SOFTMAX)),
    ("all-steps-to-classifier", "data: {dataset: copy_memory}\n" + layers(
        "{Embedding: {input_dim: $vocabulary_size, output_dim: 4}}",
        "{LSTM: {units: 8, return_sequences: true}}", SOFTMAX)),
    ("padding-in-statistics", STEPS + layers("LayerNormalization", "BatchNormalization",
                                             "{LSTM: {units: 8}}", SOFTMAX)),
    ("padding-in-statistics", layers("GroupNormalization", "Flatten", SOFTMAX)),
    ("relu-recurrent", STEPS + layers("Masking", "{SimpleRNN: {units: 8, activation: relu}}", SOFTMAX)
     + "compile: {optimizer: {Adam: {clipnorm: 1.0}}}"),
    ("embedding-too-small", "data: {dataset: languages}\n" + layers(
        "{Embedding: {input_dim: 2000, output_dim: 4, mask_zero: true}}", "{LSTM: {units: 8}}",
        SOFTMAX)),
    ("ids-as-amounts", "data: {dataset: reuters}\n" + layers(
        "{CategoryEncoding: {num_tokens: $vocabulary_size}}", SOFTMAX)),
    ("masking-too-late", STEPS + layers("Normalization", "Masking", "{LSTM: {units: 8}}",
                                        SOFTMAX)),
    ("masking-too-late", FIXED + layers("{Rescaling: {scale: 0.1}}", "Masking", "{LSTM: {units: 8}}",
                                        SOFTMAX)),
    ("learning-rate-range", "compile: {optimizer: {Adam: {learning_rate: 0.2}}}"),
    ("learning-rate-range", "compile: {optimizer: {SGD: {learning_rate: 1.0, momentum: 0.9}}}"),
    ("weight-decay-beside-penalty", layers("Flatten", "{Dense: {units: 10, activation: softmax, "
                                           "kernel_regularizer: {L2: {l2: 1e-4}}}}")),
    ("weight-decay-too-heavy", "compile: {optimizer: {Lion: {learning_rate: 1e-4, weight_decay: 1.0}}}"),
    ("several-clips", "compile: {optimizer: {Adam: {clipnorm: 1.0}}}"),
    ("clipped-to-nothing", "compile: {optimizer: {Adam: {learning_rate: 1e-3, clipnorm: 1e-6}}}"),
    ("accumulation-longer-than-epoch", "compile: {optimizer: {Adam: {gradient_accumulation_steps: 40}}}"),
    ("batch-larger-than-train", "data: {dataset: iris, batch_size: 108}\n" + layers(
        "Normalization", SOFTMAX)),
    ("patience-outlasts-training", "fit: {epochs: 10, callbacks: [{EarlyStopping: {patience: 9}}]}"),
    ("patience-outlasts-training",
     "fit: {epochs: 5, callbacks: [{EarlyStopping: {patience: 9, restore_best_weights: true}}]}"),
    ("plateau-with-schedule", schedule("{initial_learning_rate: 1e-3, decay_steps: $total_steps}")
     + "fit: {callbacks: [{EarlyStopping: {patience: 3}}]}"),
    ("monitor-direction", "fit: {callbacks: [{EarlyStopping: {monitor: val_f1, mode: max}}]}"),
    ("adam-betas", "compile: {optimizer: {Adam: {beta_1: 0.5, beta_2: 0.9}}}"),
    ("momentum-outlasts-training", "compile: {optimizer: {SGD: {learning_rate: 0.01, momentum: 0.99}}}"),
    ("loss-weight-of-zero", "compile: {loss_weights: {dense: 0.1}}"),
    ("schedule-ends-early", schedule("{initial_learning_rate: 1e-3, decay_steps: 0.9 * $total_steps}")),
    ("schedule-ends-early", schedule("{initial_learning_rate: 1e-3, decay_steps: 10, alpha: 0.1}")),
    ("schedule-ends-late", schedule("{initial_learning_rate: 1e-3, decay_steps: 2 * $total_steps}")),
    ("schedule-ends-late", schedule("{initial_learning_rate: 1e-2, first_decay_steps: 100}",
                                    "CosineDecayRestarts")),
    ("warmup-too-long", schedule("{initial_learning_rate: 0.0, warmup_target: 1e-3, "
                                 "warmup_steps: 0.4 * $total_steps, decay_steps: $total_steps}")),
    ("warmup-without-target", schedule("{initial_learning_rate: 1e-3, decay_steps: $total_steps}")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "yaml"), FIRES, ids=[f"{i}-{r}" for i, (r, _) in enumerate(FIRES)]
)
def test_other_forms_of_a_mistake_are_found(rule, yaml):
    assert rule in found(yaml)


@pytest.mark.parametrize(
    ("rule", "yaml"), NEARLY, ids=[f"{i}-{r}" for i, (r, _) in enumerate(NEARLY)]
)
def test_what_nearly_is_a_mistake_is_not_warned_of(rule, yaml):
    assert rule not in found(yaml)


def test_every_rule_on_configs_has_a_near_miss():
    expected = {rule.name for rule in rules.every() if rule.moment == "config"}
    assert expected - {rule for rule, _ in NEARLY} == set()


OPTIMIZER_RULES = [
    "compile: {optimizer: {Adam: {learning_rate: 5.0, beta_1: 0.999, beta_2: 0.9}}}",
    schedule("{initial_learning_rate: 1e-3, decay_steps: 10}"),
]


@pytest.mark.parametrize("yaml", OPTIMIZER_RULES)
def test_a_comparison_replaces_the_configs_optimizer_so_it_is_not_judged(yaml):
    assert found(yaml)
    assert found(yaml, is_comparison=True) == []


def test_a_repeated_layer_is_told_once():
    yaml = layers("Flatten", "{Dense: {units: 32}, repeat: 3}", SOFTMAX)
    assert found(yaml) == ["linear-stack"] * 3
    positions = {(d.mark.line, d.mark.column) for d in judged(yaml).looks("config")}
    assert len(positions) == 1


def test_amounts_beside_token_ids_are_no_ids():
    inputs = {"user": TensorSpec((1,), "int32"), "features": TensorSpec((3,), "float32")}
    description = DataDescription(
        "films", "binary", inputs, ("no", "yes"), (), 800, vocabulary_size=50
    )
    yaml = (
        "data: {csv: {path: films.csv, target: y, embed: [user]}}\nmodel:\n"
        "  inputs: [user, features]\n  layers:\n"
        "    - {Embedding: {input_dim: 50, output_dim: 4}, from: user, id: e}\n"
        "    - {Flatten: {}, from: e, id: f}\n    - {Concatenate: {}, from: [f, features]}\n"
        "    - {Dense: {units: 1, activation: sigmoid}}\n"
    )
    assert judged(yaml, description=description).looks("config") == ()
