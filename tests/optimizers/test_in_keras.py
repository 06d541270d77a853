"""The optimizers work wherever Keras's own do."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlcli import optimizers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

every = pytest.mark.parametrize("name", optimizers.__all__)

SHAPES = ((3, 4), (4,), (2, 2, 3, 2))
START = {"Prodigy": {"d0": 1e-2}, "DAdaptAdam": {"d0": 1e-2}, "DoG": {"initial_distance": 1e-2}}
"""So that a few steps move enough to be seen."""


def made(name: str, **settings: Any) -> Any:
    return getattr(optimizers, name)(**{**START.get(name, {}), **settings})


def weights(shapes: Sequence[tuple[int, ...]] = SHAPES) -> list[Any]:
    rng = np.random.default_rng(3)
    return [keras.Variable(rng.normal(size=s).astype("float32")) for s in shapes]


def gradients(steps: int, shapes: Sequence[tuple[int, ...]] = SHAPES) -> list[list[Any]]:
    rng = np.random.default_rng(4)
    return [[tf.constant(rng.normal(size=s), tf.float32) for s in shapes] for _ in range(steps)]


def trained(optimizer: Any, found: Sequence[Sequence[Any]], *, jit: bool | None = None) -> Any:
    """Return the weights, as one array, after steps with these gradients."""
    variables = weights()
    optimizer.build(variables)
    apply = tf.function(lambda g: optimizer.apply(g, variables), jit_compile=jit, autograph=False)
    for one in found:
        apply(list(one))
    return values(variables)


def values(variables: Sequence[Any]) -> np.ndarray:
    return np.concatenate([np.ravel(v.numpy()) for v in variables])


@every
def test_settings_survive_a_copy(name: str):
    first = made(name, weight_decay=0.125, clipnorm=2.0, learning_rate=0.25)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(first))
    assert type(copy) is type(first)
    assert copy.get_config() == first.get_config()
    assert copy.weight_decay == 0.125
    assert trained(copy, gradients(3)).tolist() == trained(first, gradients(3)).tolist()


@every
def test_a_schedule_survives_a_copy_and_is_followed(name: str):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.5, 1, 0.0)  # 0 after the first step
    copy = type(made(name)).from_config(made(name, learning_rate=schedule).get_config())
    # Two of them do nothing visible in their first step, and these steps are done at a rate of 0.
    assert np.isfinite(trained(copy, gradients(4))).all()
    assert isinstance(copy._learning_rate, keras.optimizers.schedules.ExponentialDecay)


@every
def test_it_does_the_same_under_xla(name: str):
    found = gradients(5)
    plain = trained(made(name, weight_decay=0.01), found)
    compiled = trained(made(name, weight_decay=0.01), found, jit=True)
    np.testing.assert_allclose(compiled, plain, rtol=1e-4, atol=1e-5)


@every
def test_a_rate_of_zero_changes_nothing(name: str):
    after = trained(made(name, learning_rate=0.0, weight_decay=0.01), gradients(4))
    np.testing.assert_array_equal(after, values(weights()))


@every
def test_accumulated_gradients_do_what_their_mean_does(name: str):
    found = gradients(6)
    means = [
        [(a + b) / 2 for a, b in zip(*pair, strict=True)]
        for pair in zip(found[::2], found[1::2], strict=True)
    ]
    accumulated = trained(made(name, gradient_accumulation_steps=2), found)
    np.testing.assert_allclose(accumulated, trained(made(name), means), rtol=1e-5, atol=1e-6)


@every
def test_clipping_comes_before_the_step(name: str):
    found = gradients(4)
    clipped = [list(tf.clip_by_global_norm(one, 0.5)[0]) for one in found]
    np.testing.assert_allclose(
        trained(made(name, global_clipnorm=0.5), found),
        trained(made(name), clipped),
        rtol=1e-4,
        atol=1e-5,
    )


@every
def test_a_scaled_loss_changes_nothing(name: str):
    found = gradients(4)
    optimizer = keras.optimizers.LossScaleOptimizer(made(name), initial_scale=8.0)
    scaled = trained(optimizer, [[g * 8.0 for g in one] for one in found])
    np.testing.assert_allclose(scaled, trained(made(name), found), rtol=1e-5, atol=1e-6)


@every
def test_gradients_that_are_not_finite_are_passed_over_where_the_loss_is_scaled(name: str):
    found = gradients(4)
    broken = [[g / 0.0 for g in found[0]]]
    optimizer = keras.optimizers.LossScaleOptimizer(made(name), initial_scale=2.0)
    assert np.isfinite(trained(optimizer, [*broken, *found])).all()


@every
def test_the_mean_of_the_weights_can_be_had_at_the_end(name: str):
    variables, found = weights(), gradients(3)
    optimizer = made(name, use_ema=True, ema_momentum=0.5)
    optimizer.build(variables)
    wanted = None
    for one in found:
        optimizer.apply(one, variables)
        held = values(variables)
        wanted = held if wanted is None else 0.5 * wanted + 0.5 * held
    optimizer.finalize_variable_values(variables)
    np.testing.assert_allclose(values(variables), wanted, rtol=1e-5, atol=1e-6)


@every
def test_gradients_of_an_embedding_count_as_dense_ones(name: str):
    rows, other = tf.constant([[1.0, 2.0], [3.0, -1.0], [0.5, 1.0]]), tf.constant([0.5])
    sparse = tf.IndexedSlices(rows, tf.constant([4, 0, 4]), tf.constant([5, 2]))
    after = []
    for gradient in (sparse, tf.convert_to_tensor(sparse)):
        variables = weights([(5, 2), (1,)])
        optimizer = made(name)
        optimizer.build(variables)
        for _ in range(3):
            optimizer.apply([gradient, other], variables)
        after.append(values(variables))
    np.testing.assert_allclose(*after, rtol=1e-6)


@every
@pytest.mark.filterwarnings("ignore:Gradients do not exist")
def test_a_variable_without_a_gradient_stays(name: str):
    variables = weights()
    before = variables[1].numpy()
    optimizer = made(name)
    optimizer.build(variables)
    for one in gradients(3):
        optimizer.apply([one[0], None, one[2]], variables)
    np.testing.assert_array_equal(variables[1].numpy(), before)
    assert not np.array_equal(variables[2].numpy(), weights()[2].numpy())


@every
def test_weight_decay_spares_what_is_excluded(name: str):
    still = [[tf.zeros(shape) for shape in SHAPES]] * 3
    optimizer = made(name, weight_decay=0.5, learning_rate=0.5)
    variables = weights()
    before = [v.numpy() for v in variables]
    optimizer.exclude_from_weight_decay([variables[0]])
    optimizer.build(variables)
    for one in still:
        optimizer.apply(one, variables)
    np.testing.assert_allclose(variables[0].numpy(), before[0], rtol=1e-6)
    assert np.abs(variables[2].numpy()).sum() < np.abs(before[2]).sum()


@pytest.mark.slow
@every
def test_a_saved_model_goes_on_where_it_was(name: str, tmp_path):
    x = np.random.default_rng(5).normal(size=(32, 4)).astype("float32")
    y = (x[:, :1] * 2 + 1).astype("float32")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(made(name), "mse")
    fit: dict[str, Any] = {"batch_size": 8, "shuffle": False, "verbose": 0}
    model.fit(x, y, epochs=2, **fit)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for each in (model, loaded):
        each.fit(x, y, epochs=1, **fit)
    np.testing.assert_allclose(values(loaded.weights), values(model.weights), rtol=1e-5)


@pytest.fixture
def half_precision() -> Iterator[None]:
    """Compute in float16, for which Keras scales losses by itself."""
    kept = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy(kept)


RATES = {"LARS": 20.0, "Signum": 0.02, "ScheduleFreeSGD": 0.1, "Prodigy": 1.0, "DAdaptAdam": 0.3,
         "DoG": 1.0}  # fmt: skip
"""That suit the little problem below; the others are all like Adam."""


@pytest.mark.slow
@pytest.mark.usefixtures("half_precision")
@every
def test_it_trains_in_mixed_precision(name: str):
    x = np.random.default_rng(5).normal(size=(64, 4)).astype("float32")
    y = (x @ [[1.0], [-2.0], [0.5], [0.0]] + 1).astype("float32")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(made(name, learning_rate=RATES.get(name, 0.05)), "mse", jit_compile=False)
    history = model.fit(x, y, epochs=20, batch_size=16, shuffle=False, verbose=0).history["loss"]
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert history[-1] < 0.5 * history[0]
    assert model.layers[-1].kernel.dtype == "float32"


def test_the_average_is_there_after_fit_and_training_goes_on_from_where_it_was():
    optimizer = optimizers.ScheduleFreeSGD(0.1)
    variables, found = weights(), gradients(4)
    optimizer.build(variables)
    for one in found[:2]:
        optimizer.apply(one, variables)
    between = values(variables)
    optimizer.finalize_variable_values(variables)
    averaged = values(variables)
    assert not np.allclose(averaged, between)
    for one in found[2:]:
        optimizer.apply(one, variables)
    # Gradients that do not depend on the weights: the interruption has left no trace.
    np.testing.assert_allclose(
        values(variables), trained(optimizers.ScheduleFreeSGD(0.1), found), rtol=1e-5
    )


def test_a_step_of_soap_does_not_depend_on_how_the_axes_are_turned():
    """Adam's would: SOAP is Adam in the eigenbasis, which turns with the gradients."""
    rng = np.random.default_rng(6)
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    found = [rng.normal(size=(4, 4)) for _ in range(25)]
    after = []
    for left in (np.eye(4), turn):
        variable = keras.Variable(np.zeros((4, 4)), dtype="float64")
        optimizer = optimizers.SOAP(0.1, weight_decay=0.0)
        optimizer.build([variable])
        for gradient in found:
            optimizer.apply([tf.constant(left @ gradient)], [variable])
        after.append(left.T @ variable.numpy())
    np.testing.assert_allclose(*after, rtol=1e-6, atol=1e-8)


def test_every_optimizer_says_its_paper_and_its_rates():
    for name in optimizers.__all__:
        cls = getattr(optimizers, name)
        low, high = cls.learning_rates
        assert 0 < low <= high
        assert any(year in cls.rates_source for year in map(str, range(2015, 2026))), name
        assert "https://arxiv.org/abs/" in cls.__doc__, name
        assert "Args:" in cls.__doc__, name


@pytest.mark.slow
def test_importing_them_brings_keras_and_nothing_of_dlcli_s_own():
    code = (
        "import sys; from dlcli.optimizers import Prodigy; "
        "print(sorted(m for m in sys.modules if m.startswith('dlcli.')"
        " and not m.startswith(('dlcli.optimizers', 'dlcli.runtime'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
