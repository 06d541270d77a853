"""What TensorFlow says is told without its stack."""

from __future__ import annotations

import pytest

from dlcli.runtime.messages import keras_message

pytestmark = pytest.mark.slow


def test_a_tensorflow_error_is_told_without_its_stack():
    error = ValueError(
        "Graph execution error:\n\nDetected at node x defined at (most recent call last):\n"
        '  File "a.py", line 3, in f\n\nReceived a label value of 7\n\t [[{{node x}}]] [Op:y]'
    )
    assert keras_message(error) == "Received a label value of 7"
    assert keras_message(ValueError("")) == "ValueError"
