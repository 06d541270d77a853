"""What a saved run says of new examples: of steps, pixels, series and scores."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from dlcli.errors import UserError
from dlcli.store.runs import find_run
from dlcli.train.predicting import predict_array, predict_file, save_predictions
from dlcli.train.saved import evaluate_run
from dlcli.train.session import resume
from tests.train.predicted import train, write

pytestmark = pytest.mark.slow
SIGMOID = "{Dense: {units: 1, activation: sigmoid}}"


def steps(count, seed=0):
    rng = np.random.default_rng(seed)
    return [
        f"s{n},{t},{rng.normal():.3f},{'up' if rng.random() > 0.5 else 'down'}"
        for n in range(count)
        for t in range(n % 3 + 1)
    ]


def test_each_real_step_has_a_row(tmp_path):
    write(tmp_path / "s.csv", "id,t,v,y", steps(30))
    data = {"sequences": {"path": "s.csv", "id": "id", "time": "t", "target": "y",
                          "per_step": True}}  # fmt: skip
    layers = f"[{{LSTM: {{units: 4, return_sequences: true}}}}, {SIGMOID}]"
    run, result = train(tmp_path, data, layers)
    assert result.scores["test"]["loss"] > 0
    write(tmp_path / "new.csv", "id,t,v", ["a,1,0.5", "b,1,0.1", "b,2,0.3", "b,3,-1"])
    rows = predict_file(run.path.parent, run.path.name, tmp_path / "new.csv").rows()
    assert [(row["id"], row["step"]) for row in rows] == [("a", 1), ("b", 1), ("b", 2), ("b", 3)]
    for row in rows:
        assert row["p(up)"] + row["p(down)"] == pytest.approx(1)
    write(tmp_path / "one.csv", "id,t,v", ["a,1,0.5"])
    alone = predict_file(run.path.parent, run.path.name, tmp_path / "one.csv").rows()
    assert alone[0]["p(up)"] == pytest.approx(rows[0]["p(up)"], abs=1e-6)
    evaluated = evaluate_run(run.path.parent, run.path.name, ["accuracy"])[1]
    assert evaluated.places > evaluated.examples


def test_hinge_losses_predict_scores_that_part_at_0(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 3)).astype("float32")
    np.savez(tmp_path / "b.npz", x_train=x, y_train=(x[:, 0] > 0).astype(int))
    more = "compile: {loss: hinge, metrics: [accuracy], optimizer: {Adam: {learning_rate: 0.1}}}\n"
    end = "[{Dense: {units: 1, activation: tanh}}]"
    run, result = train(tmp_path, {"npz": {"path": "b.npz"}}, end, more + "fit: {epochs: 8}")
    assert result.scores["train"]["accuracy"] > 0.9
    found = predict_array(run, x)
    assert found.columns == ("score",)
    positive = found.values[:, 0] > 0
    assert found.labels == tuple("1" if one else "0" for one in positive)
    with pytest.raises(UserError, match="is about probabilities"):
        evaluate_run(run.path.parent, run.path.name, ["log_loss"])


def test_pixels_are_predicted_as_images_with_the_classes_of_the_masks(tmp_path):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for i in range(20):
        pixels = np.zeros((8, 8), np.uint8)
        pixels[:, : i % 6 + 1] = 255
        Image.fromarray(pixels).save(tmp_path / "images" / f"{i}.png")
        Image.fromarray(pixels // 255 * 7).save(tmp_path / "masks" / f"{i}.png")
    data = {"images": {"path": "images", "masks": "masks"}, "batch_size": 2}
    layers = "[{Conv2D: {filters: 1, kernel_size: 1, activation: sigmoid}}]"
    more = "compile: {optimizer: {Adam: {learning_rate: 0.5}}}\nfit: {epochs: 10}"
    run, _ = train(tmp_path, data, layers, more)
    found = predict_file(run.path.parent, run.path.name, tmp_path / "images" / "3.png")
    with pytest.raises(UserError, match="8 x 8 pixels") as error:
        found.rows()
    assert "--out" in error.value.remedy
    save_predictions(found, tmp_path / "made")
    with Image.open(tmp_path / "made" / "3.png") as made:
        np.testing.assert_array_equal(np.asarray(made)[0], [7] * 4 + [0] * 4)
    with pytest.raises(UserError, match="is not empty"):
        save_predictions(found, tmp_path / "made")
    save_predictions(found, tmp_path / "made.npz")
    with np.load(tmp_path / "made.npz") as arrays:
        assert arrays["predicted"].shape == (1, 8, 8)
        assert arrays["classes"].tolist() == ["0", "7"]


def test_scaled_targets_are_predicted_and_scored_in_their_own_units(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=120)
    rows = [f"{v:.3f},{400_000 + 90_000 * v:.0f}" for v in x]
    write(tmp_path / "h.csv", "a,price", rows)
    data = {"csv": {"path": "h.csv", "target": "price", "target_scale": "standard"}}
    more = "compile: {optimizer: {Adam: {learning_rate: 0.05}}, metrics: [r2, mae]}\n"
    run, result = train(tmp_path, data, "[{Dense: {units: 1}}]", more + "fit: {epochs: 20}")
    assert result.scores["test"]["r2"] > 0.9
    assert 100 < result.scores["test"]["mae"] < 40_000
    assert result.scores["validation"]["loss"] < 1
    write(tmp_path / "new.csv", "a", ["0.0"])
    (row,) = predict_file(run.path.parent, run.path.name, tmp_path / "new.csv").rows()
    assert row["prediction"] == pytest.approx(400_000, rel=0.1)


def test_a_run_does_not_go_on_with_other_data_and_its_scores_say_so(tmp_path):
    rows = [f"{i % 7},{i % 2}" for i in range(60)]
    write(tmp_path / "t.csv", "a,y", rows)
    run, _ = train(tmp_path, {"csv": {"path": "t.csv", "target": "y"}}, f"[{SIGMOID}]")
    assert evaluate_run(run.path.parent, run.path.name, ["accuracy"])[1].notes == ()
    write(tmp_path / "t.csv", "a,y", [*rows, "1,0", "2,1"])
    with pytest.raises(UserError, match=r"t\.csv has 252 bytes now, but had 244") as error:
        resume(run.path.parent, run.path.name, epochs=3, config=None)
    assert error.value.exit_code == 2
    assert f"dlcli train {run.path}" in error.value.remedy
    (note,) = evaluate_run(run.path.parent, run.path.name, ["accuracy"])[1].notes
    assert note.startswith(f"changed since {run.path.name} was trained")
    found = predict_file(run.path.parent, run.path.name, tmp_path / "t.csv")
    assert any("changed since" in told for told in found.told)
    write(tmp_path / "t.csv", "a,y", rows)
    resume(find_run(run.path.parent, run.path.name).path.parent, run.path.name, epochs=2,
           config=None)  # fmt: skip


def test_weights_of_training_examples_decide_what_is_learned(tmp_path):
    rows = [f"1,{i % 2},{5 if i % 2 else 1}" for i in range(100)]
    write(tmp_path / "t.csv", "a,y,w", rows)
    learned = {}
    more = "compile: {optimizer: {Adam: {learning_rate: 0.1}}}\nfit: {epochs: 12}"
    for name, options in (("plain", {"ignore": ["w"]}), ("weighted", {"weights": "w"})):
        data = {"csv": {"path": "t.csv", "target": "y", **options}}
        run, _ = train(tmp_path, data, f"[{SIGMOID}]", more)
        learned[name] = predict_array(run, np.ones((1, 1), "float32")).rows()[0]["p(1)"]
    assert learned["plain"] == pytest.approx(0.5, abs=0.1)
    assert learned["weighted"] == pytest.approx(5 / 6, abs=0.1)


def test_a_sequence_shorter_than_a_window_is_predicted(tmp_path):
    rng = np.random.default_rng(0)
    words = ["good", "bad", "film", "plot", "actor", "scene"]
    rows = [f"{' '.join(rng.choice(words, rng.integers(6, 12)))},{'ab'[i % 2]}" for i in range(60)]
    write(tmp_path / "t.csv", "text,label", rows)
    layers = (
        "[{Embedding: {input_dim: $vocabulary_size, output_dim: 4}}, "
        "{Conv1D: {filters: 3, kernel_size: 5}}, {MaxPooling1D: {pool_size: 2}}, "
        f"GlobalMaxPooling1D, {SIGMOID}]"
    )
    run, _ = train(tmp_path, {"text": {"path": "t.csv"}}, layers)
    write(tmp_path / "short.csv", "text", ["good"])
    write(tmp_path / "both.csv", "text", ["good", "good film good plot good actor good scene"])
    (alone,) = predict_file(run.path.parent, run.path.name, tmp_path / "short.csv").rows()
    beside, _ = predict_file(run.path.parent, run.path.name, tmp_path / "both.csv").rows()
    assert alone["p(a)"] == pytest.approx(beside["p(a)"], abs=1e-6)


def test_another_way_of_writing_numbers_than_in_training_is_refused_with_the_reason(tmp_path):
    write(tmp_path / "t.csv", "a;y", [f"{i % 5},5;{i % 2}" for i in range(60)])
    data = {"csv": {"path": "t.csv", "target": "y"}}
    run, _ = train(tmp_path, data, f"[Normalization, {SIGMOID}]")
    write(tmp_path / "alike.csv", "a", ["1,5", "2,5"])
    made = [predict_file(run.path.parent, run.path.name, tmp_path / "alike.csv")]
    write(tmp_path / "points.csv", "a", ["1.5", "2.5"])
    with pytest.raises(UserError, match=r"points\.csv:2: 'a' is '1\.5'") as error:
        made.append(predict_file(run.path.parent, run.path.name, tmp_path / "points.csv"))
    assert "have a comma before decimals" in error.value.remedy
    assert len(made[0]) == 2


def test_of_several_labels_those_that_are_likelier_than_not_are_named(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 2))
    rows = [f"{a:.3f},{b:.3f},{int(a > 0)},{int(b > 0)}" for a, b in x]
    write(tmp_path / "t.csv", "a,b,wet,cold", rows)
    data = {"csv": {"path": "t.csv", "target": ["wet", "cold"]}}
    layers = "[{Dense: {units: 2, activation: sigmoid}}]"
    more = "compile: {optimizer: {Adam: {learning_rate: 0.1}}}\nfit: {epochs: 20}"
    run, _ = train(tmp_path, data, layers, more)
    write(tmp_path / "new.csv", "a,b", ["2,2", "2,-2", "-2,-2"])
    found = predict_file(run.path.parent, run.path.name, tmp_path / "new.csv")
    assert [row["labels"] for row in found.rows()] == ["wet;cold", "wet", ""]
    assert found.arrays()["predicted"].tolist() == [[True, True], [True, False], [False, False]]
