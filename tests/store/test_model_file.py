"""A saved model holds no code."""

from __future__ import annotations

import keras
import pytest

from dlcli.errors import UserError
from dlcli.train.saved import load_model

pytestmark = pytest.mark.slow


def test_a_model_with_code_in_it_is_not_loaded(finished):
    inputs = keras.Input((4,))
    unsafe = keras.Model(inputs, keras.layers.Lambda(lambda x: x + 1)(inputs))
    unsafe.save(finished.path / "model.keras")
    with pytest.raises(UserError, match="cannot be loaded"):
        load_model(finished)
