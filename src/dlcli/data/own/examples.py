"""Examples that a trained model has not met: a CSV or .npz file for `predict` and `eval --data`."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

from dlcli.data.description import DataDescription, Split
from dlcli.data.own.files import check_file
from dlcli.data.own.image_files import SUFFIXES
from dlcli.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from dlcli.data.description import TensorSpec


def read_examples(path: Path, description: DataDescription, *, targets: bool) -> Split:
    """Read examples that fit a data set's description.

    Args:
        path: `.npz` with `x` (or `x.<input>` for several inputs) and, for targets, `y`; or `.csv`
            with an example a row, its values in the order of the input's (images row by row).
        description: Says what an example looks like.
        targets: Whether targets are needed; without them `y` is all zeros.

    Raises:
        DataError: If the file is missing or does not fit; it names the row.
    """
    check_file(path)
    if not path.exists():
        raise DataError(f"there is no file {path}", remedy="check the path")
    if path.is_dir() or path.suffix.lower() in SUFFIXES:
        raise _no_numbers(path, description, targets=targets)
    if path.suffix.lower() == ".csv":
        if targets:
            remedy = "save x and y with numpy.savez"
            raise DataError(f"{path}: examples with targets come from an .npz", remedy=remedy)
        return _from_csv(path, description)
    return _from_npz(path, description, targets=targets)


def _no_numbers(path: Path, description: DataDescription, *, targets: bool) -> DataError:
    """Return the error for a folder or an image, which hold no examples of numbers."""
    what = "a folder" if path.is_dir() else "an image"
    kinds = "an .npz file with x and y" if targets else "an .npz file, or CSV with an example a row"
    shapes = " and ".join(
        " x ".join("n" if n is None else str(n) for n in spec.shape)
        for spec in description.inputs.values()
    )
    message = f"{path} is {what}, but this run takes {kinds} (an example has the shape {shapes})"
    return DataError(message, remedy="Save the examples with numpy.savez, and name that file.")


def _from_csv(path: Path, description: DataDescription) -> Split:
    import numpy as np

    if len(description.inputs) > 1:
        remedy = "save an .npz with " + ", ".join(f"x.{name}" for name in description.inputs)
        raise DataError(f"{path}: a CSV holds one input, the model has several", remedy=remedy)
    name, spec = next(iter(description.inputs.items()))
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = [(i, row) for i, row in enumerate(csv.reader(stream), 1) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no CSV: {error}", remedy="save it as UTF-8 CSV") from None
    if rows and _is_header(rows[0][1]):
        rows = rows[1:]
    if not rows:
        remedy = "write one example a row, its values separated by commas"
        raise DataError(f"{path} holds no examples", remedy=remedy)
    values = [_numbers(path, number, row) for number, row in rows]
    width = math.prod(n for n in spec.shape if n is not None) if None not in spec.shape else None
    for (number, _), row in zip(rows, values, strict=True):
        if width is not None and len(row) != width:
            shape = " x ".join(str(n) for n in spec.shape)
            message = f"{path}:{number}: {len(row)} values, but an example has {width} ({shape})"
            raise DataError(message, remedy="one example a row, only the model's inputs")
    array = np.array(_padded(values), dtype=spec.dtype)
    shaped = array.reshape(len(array), *spec.shape) if width is not None else array
    return Split({name: shaped}, np.zeros(len(array), dtype=int))


def _is_header(row: list[str]) -> bool:
    """Whether no cell of a row is a number."""
    return not any(_number(cell) is not None for cell in row)


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _numbers(path: Path, line: int, row: list[str]) -> list[float]:
    made = []
    for column, cell in enumerate(row, 1):
        value = _number(cell)
        if value is None or not math.isfinite(value):
            message = f"{path}:{line}: column {column} is '{cell}', not a number"
            raise DataError(message, remedy="only numbers, no targets or names")
        made.append(value)
    return made


def _padded(rows: list[list[float]]) -> list[list[float]]:
    """Bring rows to the longest one's length with zeros at the end (the padding's id)."""
    longest = max(len(row) for row in rows)
    return [row + [0.0] * (longest - len(row)) for row in rows]


def _from_npz(path: Path, description: DataDescription, *, targets: bool) -> Split:
    import numpy as np

    from dlcli.data.formats.plain_npz import open_plain

    try:
        with open_plain(path) as content:
            arrays = {name: content[name] for name in content.names}
    except (OSError, ValueError, MemoryError) as error:
        message = f"{path} is no .npz of plain arrays, or is damaged: {error}"
        raise DataError(
            message, remedy="write it with numpy.savez; CSV files end in .csv"
        ) from None
    several = len(description.inputs) > 1
    x = {}
    for name, spec in description.inputs.items():
        keys = [f"x.{name}"] if several else ["x", "x_test"]
        key = next((k for k in keys if k in arrays), None)
        if key is None:
            message = f"{path} has no array '{keys[0]}'; it has {', '.join(arrays) or 'none'}"
            raise DataError(message, remedy=f"numpy.savez({path.name!r}, {keys[0]}=...)")
        x[name] = _fitting(path, key, arrays[key], spec)
    size = len(next(iter(x.values())))
    y = _targets(path, arrays, size, description) if targets else np.zeros(size, dtype=int)
    return Split(x, y)


def _fitting(path: Path, key: str, array: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """Bring an array to an input's shape and dtype; 8-bit images become 0 to 1."""
    import numpy as np

    if array.dtype.kind not in "biuf" or (array.dtype.kind == "f" and not np.isfinite(array).all()):
        raise DataError(f"{path}: '{key}' holds values that are no finite numbers")
    is_image = array.ndim > 2 and array.dtype == np.uint8
    if is_image and spec.dtype.startswith("float"):
        array = array / np.float32(255)
    if array.ndim == len(spec.shape) and spec.shape[-1:] == (1,):
        array = array[..., None]
    wanted = tuple(spec.shape)
    fits = array.ndim == len(wanted) + 1 and all(
        n is None or n == m for n, m in zip(wanted, array.shape[1:], strict=True)
    )
    if not fits or len(array) == 0:
        message = f"{path}: '{key}' has the shape {array.shape}, but examples are {wanted}"
        raise DataError(message, remedy="the first axis counts examples")
    return array.astype(spec.dtype)


def _targets(
    path: Path, arrays: dict[str, np.ndarray], size: int, description: DataDescription
) -> np.ndarray:
    key = next((k for k in ("y", "y_test") if k in arrays), None)
    if key is None:
        raise DataError(f"{path} has no array 'y'", remedy="add the targets as y")
    if arrays[key].ndim == 0 or arrays[key].dtype.kind not in "biuf":
        raise DataError(
            f"{path}: '{key}' is no array of numbers", remedy="give a target an example"
        )
    if len(arrays[key]) != size:
        raise DataError(f"{path}: x has {size} examples, y {len(arrays[key])}")
    return _as_labels(arrays[key], description)


def _as_labels(y: np.ndarray, description: DataDescription) -> np.ndarray:
    """Return labels as the model counts them, from labels that are the classes' names.

    Others, such as one-hot rows and labels of classes with words for names, stay as they are.
    """
    import numpy as np

    if description.task not in ("binary", "multiclass"):
        return y
    named = {name: label for label, name in enumerate(description.classes)}
    found = np.unique(y)
    if y.ndim == len(description.target_shape) + 2 and y.shape[-1] == len(named) > 1:
        return y.argmax(axis=-1) if description.target_shape else y
    whole = y.dtype.kind in "biu" or bool((np.mod(y, 1) == 0).all())
    if not whole or not all(str(int(label)) in named for label in found):
        return y
    labels = np.array([named[str(int(label))] for label in found])
    converted: np.ndarray = labels[np.searchsorted(found, y)]
    return converted
