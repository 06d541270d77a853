"""A file that holds no rows is named, with the way to make it one that does."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from dlcli.errors import DataError
from tests.data.own.rows import load


def array(path):
    np.save(path.with_suffix(".npy"), np.zeros(3))
    path.with_suffix(".npy").rename(path)


def document(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")


@pytest.mark.parametrize(
    ("write", "message", "remedy"),
    [
        (document, "Office document", "save it as .xlsx or CSV"),
        (array, "single NumPy array", "numpy.savez"),
        (lambda path: path.write_bytes(b"PAR1" + b"\0" * 90), "damaged Parquet", "again"),
        (lambda path: path.write_bytes(b"\x80\x04" + b"." * 90), "pickle", "to_parquet"),
        (lambda path: path.write_text("<!DOCTYPE html><html>no</html>"), "web page", "Download"),
    ],
    ids=["office", "npy", "parquet", "pickle", "html"],
)
def test_what_holds_no_rows_is_named_with_the_way_to_make_it_one(tmp_path, write, message, remedy):
    write(tmp_path / "t.csv")
    with pytest.raises(DataError, match=message) as error:
        load(tmp_path / "t.csv")
    assert remedy in error.value.remedy
