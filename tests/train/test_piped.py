"""`dlcli predict RUN -`: what comes from standard input is predicted as a file is."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

from dlcli.data import Form
from dlcli.data.description import DataDescription, TensorSpec
from dlcli.data.own.image_encoder import ImageEncoder
from dlcli.errors import DataError
from dlcli.train.piped import piped
from dlcli.train.predicting import predict_file
from tests.helpers import dlcli
from tests.train.test_predicting import SIGMOID, train, write

pytestmark = pytest.mark.slow

IMAGE = DataDescription("i", "binary", {"input": TensorSpec((8, 8, 1), "float32")}, ("a", "b"))
PAIRS = DataDescription(
    "p", "binary", {n: TensorSpec((3,), "float32") for n in ("left", "right")}, ("no", "yes")
)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    write(folder / "t.csv", "a,b,y", [f"{i % 7},{'xyz'[i % 3]},{i % 2}" for i in range(60)])
    data = {"csv": {"path": "t.csv", "target": "y"}}
    train(folder, data, f"[Normalization, {SIGMOID}]")
    return folder


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    write(folder / "t.csv", "text,label", [f"{'good ' * (i % 4 + 1)},{i % 2}" for i in range(60)])
    layers = "[{Embedding: {input_dim: $vocabulary_size, output_dim: 2, mask_zero: true}}, "
    train(folder, {"text": {"path": "t.csv"}}, f"{layers}{{LSTM: {{units: 2}}}}, {SIGMOID}]")
    return folder


def predicted(folder, content, **more):
    (run,) = (folder / "runs").iterdir()
    return predict_file(run.parent, run.name, folder.__class__("-"),
                        stdin=io.BytesIO(content.encode()), **more)  # fmt: skip


def of_file(folder, path):
    (run,) = (folder / "runs").iterdir()
    return predict_file(run.parent, run.name, path)


@pytest.mark.parametrize("content", ["a,b\n1,x\n2,y\n", '{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n'])
def test_rows_are_predicted_as_those_of_a_file(table, content, tmp_path):
    (tmp_path / "new.csv").write_text("a,b\n1,x\n2,y\n")
    assert predicted(table, content).rows() == of_file(table, tmp_path / "new.csv").rows()


@pytest.mark.parametrize(
    "content", ["good good\ngood\n", "text\ngood good\ngood\n",
                "".join(json.dumps({"text": t}) + "\n" for t in ("good good", "good"))],
)  # fmt: skip
def test_texts_come_a_line_each_as_a_table_or_as_json(texts, content, tmp_path):
    (tmp_path / "new.txt").write_text("good good\ngood\n")
    assert predicted(texts, content).rows() == of_file(texts, tmp_path / "new.txt").rows()


def test_errors_and_remarks_name_standard_input(table):
    with pytest.raises(DataError, match=r"^standard input:3: 'a' is 'foo'") as error:
        predicted(table, "a,b\n1,x\nfoo,x\n")
    assert error.value.exit_code == 2
    (told,) = predicted(table, "a,b\n1,q\n").told
    assert "standard input:2" in told
    with pytest.raises(DataError, match="standard input is empty"):
        predicted(table, " \n")


def test_the_command_reads_what_is_piped_into_it(table):
    done = dlcli("predict", "-", cwd=table, stdin="a,b\n1,x\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "class,p(0),p(1)"
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (Form(IMAGE, ImageEncoder(8, 8, "L")), "takes images, each from a file"),
        (Form(PAIRS), "takes several inputs"),
    ],
)
def test_what_cannot_be_piped_is_said_with_the_reason(form, told):
    with pytest.raises(DataError, match=told), piped(io.BytesIO(b"1,2"), form):
        pass


@pytest.mark.usefixtures("converted")
def test_images_of_a_built_in_data_set_are_predicted_as_its_arrays(tmp_path):
    from dlcli.data import load
    from dlcli.data.description import INPUT, Source
    from dlcli.train.saved import load_model

    (tmp_path / "d.yaml").write_text(
        "name: d\ndata: {dataset: digits}\n"
        "model: {layers: [Flatten, {Dense: {units: $classes, activation: softmax}}]}\n"
        "fit: {epochs: 1}\n"
    )
    from dlcli.train.session import start
    from tests.helpers import Silent

    with (session := start(str(tmp_path / "d.yaml"), (), root=tmp_path / "runs", out=None)) as run:
        session.train(Silent())
    x = load(Source("digits")).test.x[INPUT][:20]
    (tmp_path / "images").mkdir()
    for i, image in enumerate(x):
        pixels = (image[..., 0] * 255).round().astype("uint8")
        Image.fromarray(pixels).save(tmp_path / "images" / f"{i:02d}.png")
    found = predict_file(run.path.parent, run.path.name, tmp_path / "images")
    wanted = load_model(run).predict(x, verbose=0)
    np.testing.assert_allclose(found.values, wanted, atol=1e-6)
    assert found.rows()[3]["file"] == "03.png"
    with np.load(run.path / "predictions.npz") as saved:
        np.testing.assert_allclose(found.values, saved["y_prob"][:20], atol=1e-6)
