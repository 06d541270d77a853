"""Parquet and Feather files as rows of cells, by pandas and PyArrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcli.errors import DataError, UserError

if TYPE_CHECKING:
    from pathlib import Path


def read_columnar(path: Path, kind: str) -> list[list[str]]:
    """Return the names of a file's columns, and the cells of its rows below them.

    Args:
        path: The file.
        kind: `parquet` or `feather`.

    Raises:
        UserError: If PyArrow is missing.
        DataError: If the file is damaged, or a column holds lists.
    """
    try:
        import pyarrow as pa
    except ImportError:
        message = f"{path} is a {kind.title()} file, which needs the package pyarrow"
        remedy = "Install it: pip install pyarrow; or save the file as CSV with DataFrame.to_csv."
        raise UserError(message, remedy=remedy) from None
    import pandas as pd

    read = pd.read_parquet if kind == "parquet" else pd.read_feather
    try:
        frame = read(path)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        message = f"{path} is a damaged {kind.title()} file: {str(error).splitlines()[0]}"
        raise DataError(message, remedy="Write it again.") from None
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    columns = [[_cell(value, path, name) for value in frame[name]] for name in frame.columns]
    return [[str(name) for name in frame.columns], *map(list, zip(*columns, strict=True))]


def _cell(value: Any, path: Path, column: str) -> str:
    """Return a value as a cell of a CSV file has it; empty if it is missing."""
    import numpy as np
    import pandas as pd

    if isinstance(value, list | tuple | dict | np.ndarray):
        message = f"{path}: '{column}' holds lists, not single values"
        raise DataError(
            message, remedy="Save each value in a column of its own, or arrays as .npz."
        )
    if value is None or value is pd.NA or value is pd.NaT or value != value:  # noqa: PLR0124
        return ""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
