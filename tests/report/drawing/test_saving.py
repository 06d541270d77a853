"""A figure is written in each format, whole, and the same each time."""

from __future__ import annotations

import errno
import os
import warnings
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from dlcli.errors import FullDiskError, UserError
from dlcli.report.drawing.saving import paths_of, save_figure


def figure(title="a figure"):
    made = Figure(figsize=(2, 1), layout="constrained")
    axes = made.subplots()
    axes.plot([1, 2, 3], [3, 1, 2])
    axes.set_title(title)
    return made


def test_an_svg_and_a_png_are_written_and_nothing_else(tmp_path):
    written = save_figure(figure(), tmp_path, "f")
    assert written == paths_of(tmp_path, "f")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.png", "f.svg"]
    assert ET.parse(tmp_path / "f.svg").getroot().tag.endswith("svg")  # noqa: S314 (our own)
    assert imread(tmp_path / "f.png").shape[:2] == (150, 300)


def test_no_png_tells_when_or_by_what_it_was_made(tmp_path):
    first, second = tmp_path / "1", tmp_path / "2"
    for folder in (first, second):
        folder.mkdir()
        save_figure(figure(), folder, "f")
    assert (first / "f.png").read_bytes() == (second / "f.png").read_bytes()
    assert b"Software" not in (first / "f.png").read_bytes()
    assert "<dc:date>" not in (first / "f.svg").read_text()


def test_letters_that_the_font_lacks_are_no_warning(tmp_path):
    with warnings.catch_warnings(action="error"):
        save_figure(figure("\u6f22\u5b57"), tmp_path, "f")


@pytest.mark.parametrize(
    ("code", "kind"), [(errno.ENOSPC, FullDiskError), (errno.EROFS, UserError)]
)
def test_a_disk_that_refuses_is_told_and_keeps_what_was_there(tmp_path, monkeypatch, code, kind):
    (tmp_path / "f.svg").write_text("old")

    def refuse(*_arguments):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(kind) as caught:
        save_figure(figure(), tmp_path, "f")
    assert caught.value.remedy
    assert (tmp_path / "f.svg").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["f.svg"]
