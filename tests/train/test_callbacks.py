"""What callbacks may write into a run's folder, and under which names."""

from __future__ import annotations

import json
import os
import time

import pytest

from dlcli.config.conversion.loading import parse_config
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.errors import UserError
from tests.security.places import CONFIG, write_run

pytestmark = pytest.mark.slow

NAMES = ["loss", "accuracy", "val_loss"]


def calls(callback, **arguments):
    text = CONFIG + f"  callbacks: [{{{callback}: {json.dumps(arguments)}}}]\n"
    return parse_config(Text("cfg.yaml", text))


def check(pattern, **more):
    from dlcli.train.callbacks import check_callbacks

    check_callbacks(calls("ModelCheckpoint", filepath=pattern, **more), NAMES)


@pytest.mark.parametrize(
    "pattern",
    [
        "{epoch:0999999999d}.keras", "{epoch:999999999}.keras", "{loss:.999999999f}.keras",
        "{loss:>51}.keras", "{epoch:٩٩٩٩٩٩٩٩٩}.keras", "{epoch:{epoch}}.keras",
        "{epoch!r:0999999999}.keras", "{epoch:" + "9" * 5000 + "}.keras",
    ],
)  # fmt: skip
def test_a_number_without_end_in_a_files_name_is_refused_at_its_line(pattern):
    check("a.keras")  # which imports Keras, if no test before has
    began = time.process_time()
    with pytest.raises(ConfigError, match="may be wider than 50 characters") as caught:
        check(pattern)
    assert time.process_time() - began < 5
    (problem,) = caught.value.diagnostics
    assert problem.path == "fit.callbacks[0].ModelCheckpoint.filepath"
    assert "{epoch:02d}" in problem.hint


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("{val_los:.2f}.keras", "did you mean 'val_loss'"),
        ("{}.keras", "is not known at that time"),
        ("{epoch.__class__}.keras", "is not known at that time"),
        ("{batch}.keras", "is not known at that time"),
        ("{loss:d}.keras", "cannot be filled in"),
        ("{epoch.keras", "cannot be filled in"),
    ],
)
def test_what_keras_could_not_fill_in_is_told_before_the_first_epoch(pattern, told):
    with pytest.raises(ConfigError, match=told):
        check(pattern)


def test_names_that_keras_can_fill_in_are_taken():
    for pattern in (
        "a.keras",
        "{epoch:02d}-{val_loss:.3f}.keras",
        "{{x}}.keras",
        "x/{epoch}.keras",
    ):
        check(pattern)
    check("{epoch}-{batch:05d}-{loss:.2f}.keras", save_freq=5)
    with pytest.raises(ConfigError, match="is not known at that time"):
        check("{val_loss}.keras", save_freq=5)


def test_keras_fills_in_what_is_taken_for_known():
    import keras

    from dlcli.train.callbacks import _filled_in

    for freq in ("epoch", 5):
        call = calls("ModelCheckpoint", filepath="x.keras", save_freq=freq).fit.callbacks[0]
        known = _filled_in(call, NAMES)
        pattern = "-".join(f"{{{name}}}" for name in known) + ".keras"
        callback = keras.callbacks.ModelCheckpoint(pattern, save_freq=freq)
        logs = {name: 0.5 for name in known if name not in ("epoch", "batch")}
        batch = 0 if freq == 5 else None
        assert callback._get_file_path(0, batch, logs) == pattern.format(**known)


PLACES = [
    ("CSVLogger", {"filename": "rows.csv"}, "rows.csv"),
    ("CSVLogger", {"filename": "logs/rows.csv"}, "logs"),
    ("TensorBoard", {"log_dir": "logs"}, "logs"),
    ("TensorBoard", {"log_dir": "logs"}, "logs/train"),
    ("TensorBoard", {"log_dir": "logs"}, "logs/deep/er"),
    ("ModelCheckpoint", {"filepath": "{epoch}.keras"}, "1.keras"),
    ("ModelCheckpoint", {"filepath": "kept/{epoch}.keras"}, "kept/2.keras"),
    ("ModelCheckpoint", {"filepath": "kept-{epoch}/m.keras"}, "kept-1"),
]


@pytest.mark.parametrize("kind", ["link", "dangling", "pipe"])
@pytest.mark.parametrize(("callback", "arguments", "name"), PLACES)
def test_what_lies_where_a_callback_will_write_leads_it_nowhere(
    tmp_path, callback, arguments, name, kind
):
    from dlcli.train.callbacks import check_places

    run = write_run(tmp_path / "runs")
    config = calls(callback, **arguments)
    check_places(config.fit.callbacks, run)
    place = run.path / name
    place.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "outside").mkdir()
    if kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(tmp_path / ("outside" if kind == "link" else "nowhere"))
    with pytest.raises(UserError, match=r"leads outside its folder|is a pipe") as caught:
        check_places(config.fit.callbacks, run)
    assert caught.value.remedy.startswith("Remove ")


def test_links_that_no_callback_comes_near_do_not_matter(tmp_path):
    from dlcli.train.callbacks import check_places

    run = write_run(tmp_path / "runs")
    (run.path / "data").symlink_to(tmp_path)
    check_places(calls("CSVLogger", filename="logs/rows.csv").fit.callbacks, run)
    check_places(calls("EarlyStopping").fit.callbacks, run)
