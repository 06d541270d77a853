"""A run takes raw examples of the user's own, prepared as its training prepared them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlcli.data.own import encoding
from dlcli.data.own.columns import Column
from dlcli.engine import feeding, prediction
from dlcli.errors import UserError
from dlcli.store.runs import find_run
from dlcli.train.predicting import predict_file
from dlcli.train.saved import evaluate_run, read_predictions
from dlcli.train.session import resume, start
from tests.helpers import Silent

pytestmark = pytest.mark.slow

EPOCHS = "fit: {epochs: 2, class_weight: %s}\n"


def train(folder, data, layers, *, weights="balanced"):
    text = f"name: own\ndata: {json.dumps(data)}\nmodel: {{layers: {layers}}}\n"
    (folder / "own.yaml").write_text(text + EPOCHS % weights)
    with (session := start(str(folder / "own.yaml"), (), root=folder / "runs", out=None)) as run:
        session.train(Silent())
    return run


def write_table(path, count, seed):
    rng = np.random.default_rng(seed)
    rows = [
        f"{rng.normal():.3f},{rng.choice(['red', 'blue', ''])},{'' if i % 5 == 0 else i}"
        f",{i % 2},{int(i % 3 == 0)},{rng.normal():.3f}"
        for i in range(count)
    ]
    path.write_text("a,colour,b,odd,third,amount\n" + "\n".join(rows) + "\n")


def write_sequences(path, count, seed):
    rng = np.random.default_rng(seed)
    rows = [
        f"{i},{t},{rng.normal() + t * (1 if i % 2 else -1):.3f},{'up' if i % 2 else 'down'}"
        for i in range(count)
        for t in range(rng.integers(1, 9))
    ]
    path.write_text("id,t,v,way\n" + "\n".join(rows) + "\n")


def write_texts(path, count, seed):
    rng = np.random.default_rng(seed)
    lines = [
        {
            "text": " ".join(rng.choice(["good" if i % 2 else "bad", "the", "film"], 6)),
            "label": i % 2,
        }
        for i in range(count)
    ]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")


def write_images(path, count, seed):
    rng = np.random.default_rng(seed)
    for i in range(count):
        place = path / ("light" if i % 2 else "dark")
        place.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(100 * (i % 2), 156 + 100 * (i % 2), (9, 9, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(place / f"{i:03}.png")


DENSE = "[Normalization, {Dense: {units: %s}}]"
KINDS = {
    "csv": (
        write_table,
        {"target": "odd", "features": ["a", "colour", "b"]},
        DENSE % "1, activation: sigmoid",
    ),
    "sequences": (
        write_sequences,
        {"id": "id", "time": "t", "target": "way"},
        "[Masking, {LSTM: {units: 3}}, {Dense: {units: 1, activation: sigmoid}}]",
    ),
    "text": (
        write_texts,
        {"vocabulary": 50},
        (
            "[{Embedding: {input_dim: $vocabulary_size, output_dim: 4}}, GlobalMaxPooling1D, "
            "{Dense: {units: 1, activation: sigmoid}}]"
        ),
    ),
    "images": (
        write_images,
        {"size": 6},
        "[Flatten, {Dense: {units: 1, activation: sigmoid}}]",
    ),
}
SUFFIXES = {"csv": ".csv", "sequences": ".csv", "text": ".jsonl", "images": ""}


@pytest.mark.parametrize("kind", KINDS)
def test_raw_files_are_predicted_as_the_training_predicted_them(tmp_path, kind):
    write, options, layers = KINDS[kind]
    paths = {part: tmp_path / f"{part}{SUFFIXES[kind]}" for part in ("train", "test")}
    for seed, (part, path) in enumerate(paths.items()):
        write(path, {"train": 60, "test": 20}[part], seed)
    data = {kind: {"path": str(paths["train"]), "test": str(paths["test"]), **options}}
    run = train(tmp_path, data, layers)
    saved = read_predictions(find_run(tmp_path / "runs", run.name))
    assert saved is not None

    # The folder goes to another machine, where the training data are not.
    away = tmp_path / "away"
    shutil.move(run.path, away / run.name)
    new = shutil.move(paths["test"], away / paths["test"].name)
    for path in paths.values():
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)

    predicted = predict_file(away, run.name, Path(new))
    np.testing.assert_allclose(predicted.values[:, 1], saved[1].ravel(), atol=1e-6)
    _, from_file = evaluate_run(away, run.name, ["accuracy", "f1"], path=Path(new))
    _, from_run = evaluate_run(away, run.name, ["accuracy", "f1"])
    assert from_file.scores == from_run.scores


@pytest.mark.parametrize(
    ("target", "units", "columns", "metric"),
    [
        (["odd", "third"], "$classes, activation: sigmoid", ("odd", "third"), "f1"),
        (["amount"], "1", ("prediction",), "r2"),
        (["amount", "odd"], "2", ("amount", "odd"), "rmse"),
    ],
)
def test_several_labels_and_amounts_are_predicted_by_name(tmp_path, target, units, columns, metric):
    write_table(tmp_path / "t.csv", 60, 0)
    options = {"path": str(tmp_path / "t.csv"), "target": target, "features": ["a", "b"]}
    run = train(tmp_path, {"csv": options}, DENSE % units, weights="null")
    predicted = predict_file(tmp_path / "runs", run.name, tmp_path / "t.csv")
    assert predicted.columns == columns
    assert predicted.values.shape == (60, len(columns))
    _, scored = evaluate_run(tmp_path / "runs", run.name, [metric], path=tmp_path / "t.csv")
    assert scored.scores[metric].value is not None
    assert scored.examples == 60


def test_a_damaged_record_of_the_data_is_told(tmp_path):
    write_table(tmp_path / "t.csv", 60, 0)
    options = {"path": str(tmp_path / "t.csv"), "target": "odd", "features": ["a"]}
    run = train(tmp_path, {"csv": options}, DENSE % "1, activation: sigmoid")
    (run.path / "data.json").write_text('{"description": {}, "encoder": null}')
    with pytest.raises(UserError, match=r"data\.json is damaged"):
        predict_file(tmp_path / "runs", run.name, tmp_path / "t.csv")


def test_data_in_a_file_are_trained_on_as_data_in_memory(tmp_path, monkeypatch):
    write_table(tmp_path / "t.csv", 700, 0)
    options = {"path": str(tmp_path / "t.csv"), "target": "odd", "features": ["a", "colour", "b"]}
    layers = DENSE % "1, activation: sigmoid"
    in_memory = train(tmp_path, {"csv": options}, layers)
    monkeypatch.setattr(encoding, "SPOOL_BYTES", 0)
    monkeypatch.setattr(feeding, "RESIDENT_SHARE", 0.0)
    monkeypatch.setattr(prediction, "BATCHES", 1)
    in_a_file = train(tmp_path, {"csv": options}, layers)
    for run in (in_memory, in_a_file):
        assert run.state == "finished"
    scores = [run.read_json("metrics.json") for run in (in_memory, in_a_file)]
    for part in ("train", "validation", "test"):
        assert scores[1][part] == pytest.approx(scores[0][part], abs=1e-5)


def write_rare(path, count):
    """A number that decides, and words of which most occur once."""
    rng = np.random.default_rng(7)
    ages = rng.integers(10, 70, count)
    towns = [f"hamlet {i}" if i % 8 == 0 else "city" for i in range(count)]
    rows = [f"{a},{t},{'old' if a > 40 else 'young'}" for a, t in zip(ages, towns, strict=True)]
    path.write_text("age,town,y\n" + "\n".join(rows) + "\n")


RARE = (
    "[Normalization, {Dense: {units: 4, activation: relu}}, "
    "{Dense: {units: 1, activation: sigmoid}}]"
)


def test_a_category_that_training_lacks_does_not_decide(tmp_path):
    write_rare(tmp_path / "t.csv", 200)
    run = train(tmp_path, {"csv": {"path": str(tmp_path / "t.csv"), "target": "y"}}, RARE)
    history = np.genfromtxt(run.path / "history.csv", delimiter=",", names=True)
    assert history["val_loss"].max() < 2
    assert all(scores["loss"] < 2 for scores in run.read_json("metrics.json").values())
    (tmp_path / "new.csv").write_text("age,town\n60,city\n60,nowhere\n60,\n")
    predicted = predict_file(tmp_path / "runs", run.name, tmp_path / "new.csv")
    in_city, unknown, missing = predicted.values[:, 1]
    assert unknown == missing
    assert abs(in_city - unknown) < 0.5


def test_a_run_with_features_that_training_lacks_goes_on_as_it_was_prepared(tmp_path, monkeypatch):
    """Runs of earlier versions have a feature for every category of their file."""
    write_rare(tmp_path / "t.csv", 100)
    with monkeypatch.context() as earlier:
        earlier.setattr(Column, "fit", lambda column, rows, index: column)
        run = train(tmp_path, {"csv": {"path": str(tmp_path / "t.csv"), "target": "y"}}, RARE)
    (width,) = run.read_json("data.json")["description"]["inputs"]["input"]["shape"]
    assert width == 1 + 14
    predicted = predict_file(tmp_path / "runs", run.name, tmp_path / "t.csv")
    assert len(predicted.values) == 100
    for split in ("train", "validation", "test"):
        _, scored = evaluate_run(tmp_path / "runs", run.name, ["accuracy"], split=split)
        saved = run.read_json("metrics.json")[split]["accuracy"]
        assert scored.scores["accuracy"].value == pytest.approx(saved)
    with (session := resume(tmp_path / "runs", run.name, epochs=3, config=None)) as resumed:
        session.train(Silent())
    assert resumed.epochs_done() == 3
    assert resumed.read_json("data.json")["description"]["inputs"]["input"]["shape"] == [width]
