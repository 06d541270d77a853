"""Kinds of files that hold no rows that dlcli reads: what each is, and how it becomes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SAVE_AS_CSV = "Open it in the program that made it, and save it as CSV."

WHAT: Final[Mapping[str, tuple[str, str]]] = {
    "xls": ("an old Excel workbook", "Open it in a spreadsheet, and save it as .xlsx or CSV."),
    "office": (
        "an Office document without a sheet of cells, or a damaged workbook",
        "Open it in the program that made it, and save it as .xlsx or CSV.",
    ),
    "ods": ("an OpenDocument spreadsheet", "Open it, and save it as CSV or .xlsx."),
    "npy": (
        "a single NumPy array",
        "Save inputs and targets together: numpy.savez('my.npz', x_train=..., y_train=...).",
    ),
    "npz": ("an .npz file of arrays", "Name its kind: data: {npz: {path: ...}}."),
    "hdf5": (
        "an HDF5 file",
        "Read it with h5py or pandas.read_hdf, and save it with DataFrame.to_csv or numpy.savez.",
    ),
    "sqlite": ("an SQLite database", "Export the table: sqlite3 -header -csv FILE 'SELECT ...'."),
    "pickle": (
        "a pickle, which is not loaded because it can run code",
        "Save the table with DataFrame.to_csv or to_parquet, arrays with numpy.savez.",
    ),
    "matlab": (
        "a MATLAB file",
        "Read it with scipy.io.loadmat, and save its arrays with numpy.savez.",
    ),
    "image": ("an image", "Images come from folders: data: {images: {path: FOLDER}}."),
    "pdf": ("a PDF document", "Copy its table into a spreadsheet, and save that as CSV."),
    "html": (
        "a web page",
        "Open it in a browser: it may be an error page in place of the data. Download them again.",
    ),
    "arff": (
        "an ARFF file of Weka",
        "Save it as CSV: scipy.io.arff.loadarff reads it, DataFrame.to_csv writes it.",
    ),
    "binary": (
        "no text: it holds zero bytes",
        f"{SAVE_AS_CSV} If it is UTF-16 text, add encoding: utf-16.",
    ),
}


def refused(path: Path, kind: str) -> DataError:
    """Return the error that says what a file is, and how to convert it."""
    what, remedy = WHAT[kind]
    return DataError(f"{path} is {what}, not a file of rows", remedy=remedy)
