"""The validation loss of the history and the loss of the final table are one computation."""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
import pytest

from dlcli import engine
from dlcli.catalogue.catalogue import load_catalogue
from dlcli.config.conversion.loading import load_config
from dlcli.engine.evaluation import Evaluation
from dlcli.train import fit
from dlcli.train import session as sessions
from tests.train.sessions import Silent

pytestmark = pytest.mark.slow
UNFIT = {"CTC": "takes two sequences of symbols", "Circle": "takes embeddings of one length"}
LOSSES = [
    name
    for name in load_catalogue().names("losses")
    if not load_catalogue().find("losses", name).refused and name not in UNFIT
]
SOFTMAX = "{Dense: {units: $classes, activation: softmax}}"
SIGMOID = "{Dense: {units: 1, activation: sigmoid}}"
TANH = "{Dense: {units: 1, activation: tanh}}"
LOGITS, LOGIT = "{Dense: {units: $classes}}", "{Dense: {units: 1}}"


def takes_logits(name):
    return "from_logits" in load_catalogue().find("losses", name).by_name


def cases():
    """Yield the loss, the last layer and the data of each case."""
    for name in LOSSES:
        if name.startswith("Binary"):
            yield f"{{{name}: {{}}}}", SIGMOID, "two"
            yield f"{{{name}: {{from_logits: true}}}}", LOGIT, "two"
        elif name.startswith(("Categorical", "Sparse", "KL", "Poisson", "Cosine")):
            yield f"{{{name}: {{}}}}", SOFTMAX, "classes"
            if takes_logits(name):
                yield f"{{{name}: {{from_logits: true}}}}", LOGITS, "classes"
        elif name in ("Hinge", "SquaredHinge"):
            yield f"{{{name}: {{}}}}", TANH, "two"
        elif name in ("Dice", "Tversky"):
            yield f"{{{name}: {{}}}}", SIGMOID, "two"
        else:
            yield f"{{{name}: {{}}}}", LOGIT, "values"


@pytest.fixture
def folder(tmp_path):
    """Data far from 0, so that what a softmax saturates shows: logits of some hundreds."""
    rng = np.random.default_rng(0)
    x = (100 * rng.normal(size=(90, 4))).astype("float32")
    y = {
        "classes": rng.integers(0, 3, 90),
        "two": rng.integers(0, 2, 90),
        "values": rng.uniform(1, 3, 90).astype("float32"),
    }
    for name, target in y.items():
        np.savez(tmp_path / f"{name}.npz", x_train=x, y_train=target)
    return tmp_path


@pytest.mark.parametrize(("loss", "last", "data"), list(cases()))
def test_the_last_validation_loss_is_the_loss_of_the_table(folder, loss, last, data):
    (folder / "c.yaml").write_text(
        f"data: {{npz: {{path: {data}.npz}}, validation: 0.3, batch_size: 16}}\n"
        f"model: {{layers: [{{Dense: {{units: 4, kernel_regularizer: L2}}}}, {last}]}}\n"
        f"compile: {{loss: {loss}, metrics: {METRICS[data]}}}\nfit: {{epochs: 2}}\n"
    )
    session = sessions.start(str(folder / "c.yaml"), (), root=folder / "runs", out=None)
    with session as run:
        result = session.train(Silent())
    history = pd.read_csv(run.path / "history.csv")
    assert result.scores["validation"]["loss"] == pytest.approx(
        history.val_loss.iloc[-1], rel=1e-4, abs=1e-6, nan_ok=True
    )
    # Where a softmax saturates, probabilities of 0 tie, which Keras's top k counts as found.
    metrics = [name for name in METRICS[data] if name != "top_k:2" or last == LOGITS]
    check_in_keras(run, session, result.scores["validation"], metrics)


METRICS = {"classes": ["accuracy", "top_k:2"], "two": ["accuracy"], "values": ["mae", "rmse"]}
OF_ONE_HOT = (
    "CategoricalFocalCrossentropy", "CategoricalHinge", "CosineSimilarity", "KLDivergence",
    "Poisson",
)  # fmt: skip
"""Losses that Keras has for one-hot targets alone, where the data hold labels."""


def check_in_keras(run, session, scores, metrics):
    """Check that plain Keras says the same of the saved model, where it has the loss."""
    model = keras.saving.load_model(run.path / "model.keras", safe_mode=True)
    config = session.experiment.config
    assert model.compiled == (config.compile.loss.name not in OF_ONE_HOT)
    if model.compiled:
        part = session.experiment.dataset.validation
        (x,) = part.x.values()
        found = model.evaluate(x, part.y, verbose=0, return_dict=True)
        names = [name for name in ("loss", *metrics) if scores[name] is not None]
        wanted = {name: scores[name] for name in names}
        assert {name: found[name] for name in names} == pytest.approx(
            wanted, rel=1e-4, abs=1e-6, nan_ok=True
        )


def test_the_loss_is_what_keras_evaluates(config, tmp_path):
    prepared = fit.prepare(load_config(config, ("model.layers[1].Dense.kernel_regularizer=L2",)))
    test = prepared.dataset.test
    evaluated = Evaluation(prepared.model, test)(test, np.arange(test.size), 16)
    by_keras = prepared.model.evaluate(test.x["input"], test.y, verbose=0, return_dict=True)
    assert evaluated.loss == pytest.approx(by_keras["loss"], rel=1e-5)
    np.testing.assert_allclose(
        evaluated.outputs[0], engine.outputs(prepared.model, test, 16)[0], rtol=1e-5
    )
