"""A file of labels tells the target of each image."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.data.description import INPUT
from dlcli.errors import DataError, UserError
from tests.data.own.pictures import load_images, plain


def labelled(tmp_path):
    breeds = ["pug", "corgi"]
    rows = [f"dog{i},{breeds[i % 2]},{i}" for i in range(20)]
    for i in range(20):
        plain(tmp_path / "photos" / f"dog{i}.png", 10 * i)
    (tmp_path / "labels.csv").write_text("\n".join(["id,breed,age", *rows]) + "\n")
    return {"labels": tmp_path / "labels.csv", "file": "id", "target": "breed"}


def test_a_file_tells_the_target_of_each_image(tmp_path):
    options = labelled(tmp_path)
    found = load_images(tmp_path / "photos", **options)
    assert found.description.classes == ("corgi", "pug")
    levels = np.round(found.train.x[INPUT][:, 0, 0, 0] * 25.5).astype(int)
    np.testing.assert_array_equal(found.train.y, 1 - levels % 2)
    ages = load_images(tmp_path / "photos", **{**options, "target": "age", "task": "regression"})
    np.testing.assert_allclose(ages.train.y, ages.train.x[INPUT][:, 0, 0, 0] * 25.5, atol=1e-3)


def test_an_image_that_a_file_of_labels_names_and_that_is_not_there_is_told(tmp_path):
    options = labelled(tmp_path)
    (tmp_path / "photos" / "dog3.png").unlink()
    with pytest.raises(UserError, match="dog3"):
        load_images(tmp_path / "photos", **options)


def test_images_without_folders_of_classes_lead_to_a_file_of_labels(tmp_path):
    labelled(tmp_path)
    with pytest.raises(DataError) as error:
        load_images(tmp_path / "photos")
    assert "labels: labels.csv" in error.value.remedy
