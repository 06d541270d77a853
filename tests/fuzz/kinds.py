"""The kinds of example: each makes files in a folder, changes one, and names the command to run."""

from __future__ import annotations

import gzip
import io
import json
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.config.conversion.rendering import dump_yaml
from dlcli.config.yaml.text import read_plain
from tests.fuzz import mutating
from tests.helpers import SMALL

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

ROOT = Path(__file__).parents[2]
TINY = "data: {dataset: iris}\nmodel: {layers: [Flatten, {Dense: {units: $classes}}]}\n"
MERGED = (
    "base: &base {units: 3}\ndata: {dataset: {csv: {path: none.csv, target: y}}}\n"
    "model: {layers: [{Dense: {<<: *base, activation: relu}}]}\n"
)
Command = tuple[list[str], bytes]
"""The arguments of dlcli, and its standard input."""


@cache
def configs() -> tuple[str, ...]:
    """Return the texts to start from: every example of configs/, and small ones."""
    files = sorted((ROOT / "configs").glob("*.yaml"))
    return (*(path.read_text("utf-8") for path in files), SMALL, TINY, MERGED)


CHECKS = (
    ["config", "validate"], ["config", "validate", "--format", "json"], ["config", "show"],
    ["config", "show", "--diff"], ["config", "show", "--json"],
)  # fmt: skip


def config_text(rng: Random, folder: Path) -> Command:
    """A config whose text is changed, from a file or standard input."""
    changed = mutating.either(rng, rng.choice(configs()).encode())
    check = list(rng.choice(CHECKS))
    if rng.random() < 0.1:
        return [*check, "-"], changed
    (folder / "cfg.yaml").write_bytes(changed)
    return [*check, str(folder / "cfg.yaml")], b""


def config_values(rng: Random, folder: Path) -> Command:
    """A config whose values are changed."""
    changed = mutating.plain(rng, read_plain(rng.choice(configs())))
    written = dump_yaml(changed) if rng.random() < 0.7 else json.dumps(changed)
    (folder / "cfg.yaml").write_bytes(written.encode("utf-8", "replace"))
    return [*rng.choice(CHECKS), str(folder / "cfg.yaml")], b""


PATHS = (
    "seed", "name", "fit.epochs", "data.validation", "data.dataset", "data.batch_size",
    "model.layers[0]", "model.layers[1].Dense.units", "model.layers[99]", "model.layers",
    "compile.optimizer", "compile.optimizer.Adam.learning_rate", "compile.metrics[0]", "compile",
    "fit.callbacks", "compare.optimizers", "blocks.a.layers", "a", "", ".", "[0]", "model..layers",
)  # fmt: skip

GOOD = (
    "seed=3", "name=a", "fit.epochs=2", "data.batch_size=7", "data.validation=0.5",
    "compile.optimizer=SGD", "compile.optimizer={Adam: {learning_rate: 1e-3}}",
    "model.layers[0]=Flatten",
    "fit.callbacks=[{EarlyStopping: {patience: 3}}]", "compile.metrics=[accuracy, f1]",
)  # fmt: skip


def override(rng: Random, folder: Path) -> Command:
    """`--set` with changed paths and values."""
    (folder / "cfg.yaml").write_text(rng.choice(configs()), "utf-8")
    given = []
    for _ in range(rng.randint(1, 3)):
        value = rng.choice((*mutating.WORDS, *mutating.NUMBERS))
        written = rng.choice((f"{rng.choice(PATHS)}={value}", rng.choice(GOOD)))
        given += ["--set", mutating.text(rng, written) if rng.random() < 0.3 else written]
    return [*rng.choice(CHECKS), str(folder / "cfg.yaml"), *given], b""


NAMES = (
    "", ".", "..", "/", "-", "--", "-x", "a\nb", "\x1b[31mred", "../..", "~", "*", "[a", "é",
    "\udcff", "x" * 300, "x" * 5000, "/dev/null", "/dev/zero", "/proc/self/mem", "con", "a/b", "%s",
    "{0}", "$HOME", "cfg.yaml", "first", "\u202etxt",
)  # fmt: skip


def names(rng: Random, folder: Path) -> Command:
    """Names that are none, wherever a command takes one."""
    name = rng.choice(NAMES)
    root = ["--root", str(folder / rng.choice(("runs", "none", "cfg.yaml")))]
    (folder / "cfg.yaml").write_text(SMALL, "utf-8")
    commands = (
        ["runs", "show", *root, "--", name], ["runs", "diff", *root, "--", name, name],
        ["runs", "rm", "--yes", *root, "--", name], ["runs", "ls", "--root", name],
        ["data", "show", "--", name], ["data", "show", "digits", "--png", name],
        ["ls", "layers", "--", name], ["ls", "--", name], ["config", "validate", "--", name],
        ["eval", *root, "--", name], ["report", *root, "--", name],
        ["eval", "--metrics", name, *root], ["init", "--template", name, str(folder / "new.yaml")],
        ["train", "--resume", name, *root],
        ["train", str(folder / "cfg.yaml"), "--out", str(folder)],
        [name], [name, name], ["config", "show", str(folder / "cfg.yaml"), name],
        ["predict", *root, "--", name, name], ["inspect", *root, "--filters", "--", name],
    )  # fmt: skip
    return list(rng.choice(commands)), b""


def _shown(folder: Path, dataset: Any, rng: Random) -> Command:
    """Return a command that loads the user's own files."""
    source = mutating.plain(rng, dataset) if rng.random() < 0.12 else dataset
    text = json.dumps({"data": {"dataset": source}, "model": {"layers": ["Flatten"]}})
    (folder / "cfg.yaml").write_bytes(text.encode("utf-8", "replace"))
    command = rng.choice((["data", "show"], ["data", "show"], ["config", "validate"]))
    return [*command, str(folder / "cfg.yaml")], b""


ROWS = "a,colour,b,y,z\n" + "\n".join(
    f"{i / 7:.3f},{'red' if i % 3 else 'blue'},{'' if i % 5 == 0 else i},{i % 2},{i % 3 == 0:d}"
    for i in range(24)
)


COMPARE = "compare: {optimizers: [SGD, Adam], learning_rates: [0.003, 0.03], seeds: 2}\n"


def sources(folder: Path) -> tuple[list[str], ...]:
    """Write configs and data, and return the commands that make of them what is changed later."""
    (folder / "small.yaml").write_text(SMALL + COMPARE, "utf-8")
    (folder / "own.csv").write_text(ROWS, "utf-8")
    table = "{csv: {path: own.csv, target: y, features: [a, b, colour]}}"
    return (
        ["train", "small.yaml", "--out", "runs/first"],
        ["train", "small.yaml", "--set", f"data.dataset={table}", "--out", "runs/own"],
        ["compare-optimizers", "small.yaml", "--executor", "serial"],
    )


def csv(rng: Random, folder: Path) -> Command:
    """A table."""
    changed = mutating.table(rng, ROWS.encode())
    path = folder / rng.choice(("t.csv", "t.csv.gz"))
    path.write_bytes(_packed(rng, changed) if path.suffix == ".gz" else changed)
    dataset = {"csv": {"path": str(path), "target": rng.choice(("y", "a", "colour", ["y", "z"]))}}
    return _shown(folder, dataset, rng)


def _packed(rng: Random, content: bytes) -> bytes:
    packed = gzip.compress(content, mtime=0)
    return packed if rng.random() < 0.85 else mutating.content(rng, packed)


STEPS = "id,t,v,way\n" + "\n".join(
    f"{i},{t},{(i * t) % 7}.5,{'up' if i % 2 else 'down'}"
    for i in range(12)
    for t in range(1 + i % 4)
)


def sequences(rng: Random, folder: Path) -> Command:
    """Sequences in long format."""
    (folder / "s.csv").write_bytes(mutating.table(rng, STEPS.encode()))
    options = {"path": str(folder / "s.csv"), "id": "id", "target": "way", "time": "t"}
    return _shown(folder, {"sequences": options}, rng)


TEXTS = "\n".join(
    json.dumps({"text": f"{'good' if i % 2 else 'bad'} film number {i}", "label": i % 2})
    for i in range(16)
)


def texts(rng: Random, folder: Path) -> Command:
    """Texts as JSON lines, packed or not, or as a table."""
    path = folder / rng.choice(("t.jsonl", "t.jsonl.gz", "t.csv"))
    if path.suffix == ".csv":
        table = "text,label\n" + "\n".join(f"good film {i},{i % 2}" for i in range(12))
        path.write_bytes(mutating.table(rng, table.encode()))
    else:
        lines = TEXTS.split("\n")
        for _ in range(rng.randint(0, 3)):
            changed = mutating.plain(rng, json.loads(lines[0]))
            lines[rng.randrange(len(lines))] = json.dumps(changed)
        changed = "\n".join(lines).encode()
        changed = mutating.either(rng, changed) if rng.random() < 0.7 else changed
        path.write_bytes(_packed(rng, changed) if path.suffix == ".gz" else changed)
    options = {"path": str(path), "text": "text", "label": "label"}
    return _shown(folder, {"text": options}, rng)


KEYS = ("x_train", "y_train", "x_validation", "y_validation", "x_test", "y_test", "x_train.a")


@cache
def _archive(kind: str) -> bytes:
    import numpy as np

    stream = io.BytesIO()
    y = np.array([0, 1, 2, 0, 1, 2])
    if kind == "image":
        x: Any = np.arange(96, dtype="uint8").reshape(6, 4, 4)
    else:
        x = np.arange(12.0).reshape(6, 2)
    np.savez(stream, x_train=x, y_train=y, x_test=x[:3], y_test=y[:3])
    return stream.getvalue()


def npz(rng: Random, folder: Path) -> Command:
    """Arrays."""
    original = _archive(rng.choice(("image", "table")))
    (folder / "a.npz").write_bytes(mutating.npz(rng, original, KEYS))
    return _shown(folder, {"npz": {"path": str(folder / "a.npz")}}, rng)


FORMATS = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "BMP": "bmp", "WEBP": "webp", "TIFF": "tif"}
MODES = ("L", "RGB", "RGBA", "P", "1", "I;16", "LA", "CMYK")


@cache
def _image(form: str, mode: str) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    image = Image.new(mode, (8, 8))
    try:
        image.save(stream, form)
    except (OSError, KeyError, ValueError):  # a mode that the format does not have
        return _image(form, "RGB")
    return stream.getvalue()


def images(rng: Random, folder: Path) -> Command:
    """Images in folders of classes."""
    for name in ("cat", "dog"):
        (folder / "images" / name).mkdir(parents=True)
        for i in range(3):
            form = rng.choice(list(FORMATS))
            whole = _image(form, rng.choice(MODES))
            changed = mutating.content(rng, whole) if rng.random() < 0.15 else whole
            if rng.random() < 0.03:
                changed, form = mutating.png(rng), "PNG"
            (folder / "images" / name / f"{i}.{FORMATS[form]}").write_bytes(changed)
    options = {
        "path": str(folder / "images"),
        "size": rng.choice((None, 4, 8, [4, 6])),
        "color": "rgb",
    }
    return _shown(folder, {"images": options}, rng)


def run_files(rng: Random, folder: Path, made: Path) -> Command:
    """A run folder with a changed file.

    Args:
        made: A folder with `runs/first`, on a built-in data set, `runs/own`, on a table of the
            user's, and `comparisons/small`, as dlcli writes them.
    """
    place = _copied(rng, folder, made)
    shutil.copytree(place, folder / "runs" / "second")
    for name in rng.sample(RUN_FILES, rng.choice((1, 1, 2))):
        _change(rng, place / name)
    root = ["--root", str(folder / "runs"), "--comparisons", str(folder / "comparisons")]
    commands = (
        ["runs", "ls", *root], ["runs", "ls", "--json", *root], ["runs", "show", "first", *root],
        ["runs", "show", "first", "--json", *root], ["runs", "diff", "first", "second", *root],
        ["report", "first", *root], ["report", "first", *root], ["eval", "first", *root[:2]],
        ["eval", "first", "--metrics", "f1,mcc,top_k:2,auc", *root[:2]],
        ["eval", "first", "--json", *root[:2]], ["runs", "rm", "first", "--yes", *root],
    )  # fmt: skip
    return list(rng.choice(commands)), b""


def _copied(rng: Random, folder: Path, made: Path) -> Path:
    """Copy one of the runs to `runs/first`."""
    place = folder / "runs" / "first"
    shutil.copytree(made / "runs" / rng.choice(("first", "own")), place)
    return place


RUN_FILES = (
    "config.yaml", "source.yaml", "status.json", "metrics.json", "environment.json", "data.json",
    "advice.json", "scales.json",
    "history.csv", "predictions.npz",
)  # fmt: skip


def _change(rng: Random, path: Path) -> None:
    """Change a file as its kind suggests, or drop it."""
    if rng.random() < 0.05 or not path.exists():
        path.unlink(missing_ok=True)
        return
    original = path.read_bytes()
    if path.suffix == ".json" and rng.random() < 0.7:
        changed = json.dumps(mutating.plain(rng, json.loads(original))).encode("utf-8", "replace")
    elif path.suffix == ".csv":
        changed = mutating.table(rng, original)
    elif path.suffix == ".npz":
        changed = mutating.npz(rng, original, ("y_true", "y_prob", "split"))
    elif path.suffix == ".yaml" and rng.random() < 0.5:
        changed = dump_yaml(mutating.plain(rng, read_plain(original.decode()))).encode(
            "utf-8", "replace"
        )
    else:
        changed = mutating.either(rng, original)
    path.write_bytes(changed)


def comparison_files(rng: Random, folder: Path, made: Path) -> Command:
    """A comparison folder with changed tables."""
    source = made / "comparisons" / "small"
    place = folder / "comparisons" / "small"
    place.mkdir(parents=True)
    files = sorted(
        path for path in source.iterdir() if path.suffix in (".csv", ".json", ".md", ".yaml")
    )
    for path in files:
        shutil.copyfile(path, place / path.name)
    for path in rng.sample(files, rng.choice((1, 1, 2))):
        _change(rng, place / path.name)
    root = ["--root", str(folder / "runs"), "--comparisons", str(folder / "comparisons")]
    commands = (
        ["runs", "ls", *root], ["runs", "ls", "--json", *root], ["runs", "show", "small", *root],
        ["runs", "diff", "small", "small", *root], ["report", "small", *root],
        ["report", "small", *root], ["runs", "show", "small", "--json", *root],
        ["runs", "rm", "small", "--yes", *root],
    )  # fmt: skip
    return list(rng.choice(commands)), b""


NETWORKS = ("digits_mlp", "digits_cnn", "iris_mlp", "japanese_vowels_lstm", "languages_cnn")


def _described(name: str, class_name: str, inputs: list[str], **config: Any) -> dict[str, Any]:
    """Return a layer as Keras describes it, applied to the outputs of others."""
    tensors = [
        {"class_name": "__keras_tensor__", "config": {"keras_history": [other, 0, 0]}}
        for other in inputs
    ]
    module = "keras" if class_name == "Sequential" else "keras.layers"
    node = {"args": [tensors if len(tensors) > 1 else tensors[0]], "kwargs": {"mask": None}}
    return {
        "module": module, "class_name": class_name, "name": name, "registered_name": None,
        "config": {"name": name, **config}, "inbound_nodes": [node],
    }  # fmt: skip


def _input(name: str, *shape: int | None) -> dict[str, Any]:
    config = {"name": name, "batch_shape": [None, *shape], "dtype": "float32"}
    return {"class_name": "InputLayer", "name": name, "config": config, "inbound_nodes": []}


CELL = {"class_name": "LSTM", "module": "keras.layers", "config": {"units": 2, "name": "forth"}}
HEAD = {"class_name": "Dense", "module": "keras.layers",
        "config": {"units": 2, "name": "end", "activation": "softmax"}}  # fmt: skip
L2 = {"class_name": "L2", "module": "keras.regularizers", "config": {"l2": 0.1}}
BACK = CELL | {"config": {"units": 2, "name": "back", "go_backwards": True}}

DESCRIPTION: dict[str, Any] = {
    "class_name": "Functional",
    "config": {
        "name": "model", "input_layers": ["steps", 0, 0], "output_layers": [["head", 0, 0]],
        "layers": [
            _input("steps", 5, 2),
            _described("both", "Bidirectional", ["steps"], layer=CELL, backward_layer=BACK),
            _described("dense", "Dense", ["both"], units=4, kernel_regularizer=L2),
            _described("sum", "Add", ["both", "dense"]),
            _described("head", "Sequential", ["sum"], layers=[_input("inner", 4), HEAD]),
        ],
    },
    "compile_config": {"optimizer": "adam", "loss": "sparse_categorical_crossentropy"},
}  # fmt: skip
"""A model as Keras describes it."""


def description(rng: Random, folder: Path) -> Command:
    """A Keras model's description, to be made a config."""
    text = json.dumps(DESCRIPTION)
    changed = mutating.plain(rng, DESCRIPTION) if rng.random() < 0.7 else None
    content = json.dumps(changed) if changed is not None else mutating.text(rng, text)
    (folder / "model.json").write_bytes(content.encode("utf-8", "replace"))
    return ["init", "--from", str(folder / "model.json"), str(folder / "new.yaml")], b""


def summary(rng: Random, folder: Path) -> Command:
    """A network of changed layers, built by Keras."""
    files = [ROOT / "configs" / f"{name}.yaml" for name in NETWORKS]
    original = rng.choice([*(f.read_text("utf-8") for f in files if f.exists()), SMALL, TINY])
    if rng.random() < 0.5:
        changed = mutating.text(rng, original)
    else:
        changed = dump_yaml(mutating.plain(rng, read_plain(original)))
    (folder / "cfg.yaml").write_bytes(changed.encode("utf-8", "replace"))
    return ["config", "show", "--summary", str(folder / "cfg.yaml")], b""


FLOWERS = "a,b,colour\n" + "\n".join(f"{5 + i / 7:.2f},{1.4 + i},red" for i in range(6))
NUMBERS = "\n".join(f"{5 + i / 7:.2f},3.1,{1.4 + i},0.2" for i in range(6))


def new_examples(rng: Random, folder: Path, made: Path) -> Command:
    """Examples to predict, or to score, that a trained network has not met."""
    _copied(rng, folder, made)
    root = ["--root", str(folder / "runs")]
    if rng.random() < 0.5:
        (folder / "new.csv").write_bytes(
            mutating.table(rng, rng.choice((FLOWERS, NUMBERS)).encode())
        )
        return ["predict", "first", str(folder / "new.csv"), *root], b""
    (folder / "new.npz").write_bytes(mutating.npz(rng, _new_archive(), ("x", "y", "x_test")))
    if rng.random() < 0.5:
        return ["predict", "first", str(folder / "new.npz"), *root], b""
    return ["eval", "first", "--data", str(folder / "new.npz"), *root], b""


@cache
def _new_archive() -> bytes:
    import numpy as np

    stream = io.BytesIO()
    np.savez(stream, x=np.ones((6, 4)), y=np.array([0, 1, 2, 0, 1, 2]))
    return stream.getvalue()


def model_file(rng: Random, folder: Path, made: Path) -> Command:
    """A model whose archive is changed, or what its run says of the data."""
    path = _copied(rng, folder, made) / "model.keras"
    if rng.random() < 0.3:
        _change(rng, path.with_name(rng.choice(("data.json", "config.yaml"))))
    else:
        path.write_bytes(mutating.model(rng, path.read_bytes()))
    own = path.with_name("data.json").exists()
    (folder / "new.csv").write_text(FLOWERS if own else NUMBERS)
    root = ["--root", str(folder / "runs")]
    return ["predict", "first", str(folder / "new.csv"), *root], b""


def checkpoint(rng: Random, folder: Path, made: Path) -> Command:
    """A run to go on with, whose checkpoint, config or history is changed."""
    shutil.copytree(made / "runs" / "first", folder / "runs" / "first")
    place = folder / "runs" / "first"
    _change(
        rng, place / rng.choice(("checkpoint.npz", "checkpoint.npz", "config.yaml", "history.csv"))
    )
    return ["train", "--resume", "first", "--epochs", "5", "--root", str(folder / "runs")], b""


KINDS: dict[str, Callable[[Random, Path], Command]] = {
    kind.__name__: kind
    for kind in (
        config_text, config_values, override, names, csv, sequences, texts, npz, images,
        description, summary,
    )
}  # fmt: skip
"""What needs nothing but a folder; the last starts TensorFlow."""

MADE: dict[str, Callable[[Random, Path, Path], Command]] = {
    kind.__name__: kind
    for kind in (run_files, comparison_files, new_examples, model_file, checkpoint)
}
"""What changes a copy of what dlcli made; the last three start TensorFlow."""
