"""TensorFlow's log stays off the screen, and real failures do not."""

from __future__ import annotations

import gc
import importlib
import os
import sys

import pytest

from dlcli.runtime.quiet import held_back_stderr, hidden, uncollected
from tests.runtime.started import python

TRAIN = """
from dlcli.runtime.quiet import load_tensorflow
load_tensorflow()
import keras, numpy
model = keras.Sequential([keras.layers.Dense(2)])
model.compile("adam", "mse", jit_compile=True)
model.fit(numpy.zeros((8, 3)), numpy.zeros((8, 2)), verbose=0)
print(keras.backend.backend())
"""


@pytest.mark.slow
def test_importing_and_training_print_nothing():
    assert python(TRAIN).stderr == ""


@pytest.mark.slow
def test_another_backend_set_for_other_work_does_not_count():
    assert python(TRAIN, KERAS_BACKEND="torch").stdout == "tensorflow\n"


@pytest.mark.slow
def test_who_asks_for_tensorflows_log_gets_it():
    assert "I0000" in python(TRAIN, TF_CPP_MIN_LOG_LEVEL="0").stderr


DEFERRED = """
import gc, sys
from dlcli.runtime.quiet import load_tensorflow
load_tensorflow()
import tensorflow as tf
assert "tensorflow.python.keras" not in sys.modules
assert gc.isenabled() and gc.get_freeze_count() > 100_000
for _ in range(2):  # the second look must find the same
    print(tf.compat.v1.ConfigProto().allow_soft_placement, tf.signal.fft([1j]).shape)
    print(tf.lite.Interpreter.__name__, tf.distribute.get_strategy().num_replicas_in_sync)
"""


@pytest.mark.slow
def test_what_nobody_asks_for_is_imported_when_somebody_does():
    assert python(DEFERRED).stdout == 2 * "False (1,)\nInterpreter 1\n"


def test_garbage_is_collected_again_after_an_import_that_fails():
    with pytest.raises(ImportError), uncollected():
        importlib.import_module("nowhere")
    assert gc.isenabled()
    assert gc.get_freeze_count()
    gc.unfreeze()


def test_what_native_code_writes_is_held_back_and_given_back_afterwards(capfd):
    with held_back_stderr():
        os.write(2, b"noise\n")
    os.write(2, b"news\n")
    assert capfd.readouterr().err == "news\n"


def fail_after(written, error):
    with held_back_stderr():
        os.write(2, written)
        raise error


def test_a_failure_lets_out_what_was_held_back(capfd):
    with pytest.raises(ImportError):
        fail_after(b"undefined symbol\n", ImportError())
    assert capfd.readouterr().err == "undefined symbol\n"


def test_ctrl_c_lets_nothing_out(capfd):
    with pytest.raises(KeyboardInterrupt):
        fail_after(b"noise\n", KeyboardInterrupt())
    os.write(2, b"news\n")
    assert capfd.readouterr().err == "news\n"


def test_hidden_modules_fail_to_import_and_come_back():
    assert "colorsys" not in sys.modules or sys.modules.pop("colorsys")
    with hidden(("colorsys", "json")):
        with pytest.raises(ImportError):
            importlib.import_module("colorsys")
        assert importlib.import_module("json")  # it is loaded already
    assert importlib.import_module("colorsys")


@pytest.mark.slow
def test_what_keras_does_not_need_is_not_imported_with_it_but_works_afterwards():
    code = (
        "import sys\nfrom dlcli.runtime.quiet import OPTIONAL, load_tensorflow\nload_tensorflow()\n"
        "print([name for name in OPTIONAL if name in sys.modules])\n"
        "import keras, pandas, scipy.stats, sklearn.metrics, matplotlib.figure\n"
    )
    assert python(code).stdout == "[]\n"
