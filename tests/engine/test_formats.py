"""Every format gives in its own runtime what Keras gives, and nothing of training stays in it."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dlcli.engine import formats
from dlcli.train.formats import SUFFIXES

pytestmark = pytest.mark.slow

L = keras.layers


def noise(model, examples=5, steps=7):
    rng = np.random.default_rng(0)
    made = {}
    for tensor in model.inputs:
        shape = (examples, *(steps if n is None else n for n in tensor.shape[1:]))
        drawn = rng.integers(0, 9, shape) if tensor.dtype == "int32" else rng.normal(size=shape)
        made[tensor.name] = drawn.astype(tensor.dtype)
    return made


def table():
    scale = L.Normalization()
    scale.adapt(np.random.default_rng(1).normal(3, 2, size=(50, 4)))
    return keras.Sequential([keras.Input((4,)), scale, L.Dropout(0.5), L.Dense(3, "softmax")])


def augmented():
    moving = [L.RandomTranslation(0.1, 0.1), L.RandomFlip(), L.GaussianNoise(1.0)]
    return keras.Sequential(
        [keras.Input((8, 8, 1)), *moving, L.Conv2D(4, 3), L.BatchNormalization(), L.Flatten(),
         L.Dense(3, "softmax")]
    )  # fmt: skip


def masked():
    return keras.Sequential([keras.Input((None, 3)), L.Masking(), L.LSTM(4), L.Dense(2)])


def words():
    known = L.Embedding(9, 4, mask_zero=True)
    return keras.Sequential(
        [keras.Input((None,), dtype="int32"), known, L.Bidirectional(L.GRU(4)), L.Dense(2)]
    )


def several():
    size, text = keras.Input((4,), name="size"), keras.Input((None,), dtype="int32", name="text")
    read = L.GRU(5)(L.Embedding(9, 4, mask_zero=True)(text))
    return keras.Model([size, text], [L.Dense(3)(L.Concatenate()([size, read])), L.Dense(1)(size)])


@pytest.mark.parametrize("kind", formats.FORMATS)
@pytest.mark.parametrize("build", [table, augmented, masked, words, several])
def test_a_format_gives_the_models_outputs(build, kind, tmp_path):
    model, path = build(), tmp_path / f"model{SUFFIXES[kind]}"
    arrays = noise(model)
    own = model.predict(arrays if len(arrays) > 1 else next(iter(arrays.values())), verbose=0)
    form = formats.FORMATS[kind]
    batch = 1 if kind == "litert" and formats.takes_one(model) else None
    form.write(formats.for_inference(model), path, formats.signature(model, batch))
    made = form.run(path, arrays)
    wanted = own if isinstance(own, list) else [own]
    assert [output.shape for output in made] == [output.shape for output in wanted]
    assert formats.difference(made, wanted) < 1e-5


def test_keras_own_export_keeps_what_a_layer_does_while_it_trains(tmp_path):
    """The reason for `for_inference`; when this fails, Keras has mended it."""
    model = keras.Sequential([keras.Input((8, 8, 1)), L.RandomTranslation(0.2, 0.2), L.Flatten()])
    (array,) = noise(model).values()
    model.export(tmp_path / "model", verbose=False)
    (made,) = formats.FORMATS["savedmodel"].run(tmp_path / "model", {"input": array})
    assert np.abs(made - model.predict(array, verbose=0)).max() > 0.01


def test_the_formats_are_those_that_users_can_name():
    assert formats.FORMATS.keys() == SUFFIXES.keys()


def test_a_difference_is_not_hidden_by_nan_and_a_diverged_model_equals_itself():
    one, nan = np.array([1.0]), np.array([np.nan])
    assert formats.difference([one, one], [one, one + 0.25]) == 0.25
    assert formats.difference([nan], [nan]) == 0
    assert np.isnan(formats.difference([one, nan], [one, one]))
    assert np.isnan(formats.difference([nan, one], [one, one]))
