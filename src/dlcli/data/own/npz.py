"""A user's own arrays from an `.npz` file, checked before anything is trained on them."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dlcli.data.description import INPUT, DataDescription, Dataset, Split, TensorSpec
from dlcli.data.entry import DataEntry
from dlcli.data.grouping import groups_of
from dlcli.data.own.files import check_file
from dlcli.data.own.goal import TargetScale  # noqa: TC001 - the loader's annotations are its schema
from dlcli.data.targets import OwnTask, check_finite, interpret, shown_label, with_positive
from dlcli.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy as np

PARTS = ("train", "validation", "test")
WEIGHTS = "w_train"
KEYS = (*(f"{role}_{part}" for part in PARTS for role in "xy"), WEIGHTS)
_KEY = re.compile(rf"x_({'|'.join(PARTS)})(\.\w+)?|y_({'|'.join(PARTS)})|{WEIGHTS}")
_GROUPS = "biuU"
_NUMBERS = "biuf"  # NumPy's dtype kinds: boolean, signed, unsigned, floating point


def npz(
    group: str | None = None,
    *,
    path: Path,
    task: OwnTask | None = None,
    positive: str | int | float | bool | None = None,
    target_scale: TargetScale | None = None,
) -> Dataset:
    """Your own arrays from an .npz file, as `numpy.savez` writes it.

    The file holds `x_train` and `y_train`, and if you like `x_validation`, `y_validation`,
    `x_test` and `y_test`. A model with several inputs takes `x_train.left`, `x_train.right` and
    so on. The first axis counts the examples.

    Inputs: uint8 arrays with two or more axes an example are images and become float32 from 0 to
    1; with exactly two, (height, width), they get a channel axis, (height, width, 1). Other whole
    numbers become int32, for token ids; fractional numbers and booleans become float32, their
    shape as it is. A single number an example becomes one feature, shape (1,).

    Targets: class labels, all of which occur in `y_train` (0 to k-1, or others that occur often
    enough, such as -1 and 1); one-hot rows; a matrix of 0 and 1 for multilabel; fractional numbers
    for regression. An array with more axes holds a class for each step of a sequence or pixel of
    an image, as whole numbers or one-hot; with `task: regression`, values.

    `w_train` may tell how much each training example counts in the loss.

    Examples that belong together, such as those of one patient, are never on two sides of a split
    if `data.group` names the arrays that tell: with `group: patient`, `patient_train` and so on
    for every part, or one array `patient` for the examples of train, validation and test in this
    order. They hold a whole number or a text for each example.

    Args:
        path: The file.
        task: What the targets mean, where their type and values tell it wrong: whole numbers are
            classes, fractional numbers regression.
        positive: The class that precision, recall and F1 are about, of two.
        target_scale: `standard` trains on targets of mean 0 and variance 1; predictions and
            scores are in the target's own units.

    Licence:
        Yours
    Citation:
        Yours
    """
    file = _inspect(Path(path), _Goal(task, positive, target_scale), group)
    splits = {
        part: Split(
            {name: _input(file.path, key) for name, key in keys.items()},
            file.targets[f"y_{part}"],
            _weights(file, part),
        )
        for part, keys in file.inputs.items()
    }
    groups = None
    if group is not None:
        found = [name for key in file.groups for name in _array(file.path, key).tolist()]
        groups = groups_of(f"array '{group}'", [str(name) for name in found])
    return Dataset(
        file.description,
        splits["train"],
        splits.get("validation"),
        splits.get("test"),
        groups=groups,
        told=file.told,
    )


class _Goal(NamedTuple):
    """What the user has said of the target; see `npz`."""

    task: OwnTask | None
    positive: str | int | float | bool | None
    target_scale: TargetScale | None


def _describe(
    group: str | None = None,
    *,
    path: Path,
    task: OwnTask | None = None,
    positive: str | int | float | bool | None = None,
    target_scale: TargetScale | None = None,
) -> DataDescription:
    return _inspect(Path(path), _Goal(task, positive, target_scale), group).description


class _Header(NamedTuple):
    """An array before it is read; `shape` counts the examples first."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def is_image(self) -> bool:
        return self.dtype == "uint8" and len(self.shape) > 2

    @property
    def spec(self) -> TensorSpec:
        """What the array becomes as an input."""
        shape = self.shape[1:] or (1,)
        if self.is_image:
            return TensorSpec((*shape, 1) if len(shape) == 2 else shape, "float32")
        return TensorSpec(shape, "int32" if self.dtype.kind in "iu" else "float32")


class _File(NamedTuple):
    """A checked file: all that is known of it without reading its inputs.

    Attributes:
        inputs: For each part, the key of each input by the input's name.
        targets: The converted targets by key.
        groups: The keys of the arrays of groups, in the order of the parts.
        weights: Of the training examples, shape (n,); None if all count alike.
        told: What should be said of the way targets were read, a sentence each.
    """

    path: Path
    description: DataDescription
    inputs: Mapping[str, Mapping[str, str]]
    targets: Mapping[str, np.ndarray]
    groups: tuple[str, ...]
    weights: np.ndarray | None
    told: tuple[str, ...]


def _inspect(path: Path, goal: _Goal, group: str | None) -> _File:
    path = path.expanduser()
    headers = _headers(path, group)
    has_weights = headers.pop(WEIGHTS, None) is not None
    groups = {key: headers.pop(key) for key in _group_keys(headers, group)}
    inputs = _inputs(headers, path)
    for key, header in headers.items():
        _check_header(header, f"{path}: {key}")
    _check_lengths(headers, inputs, path)
    if group is not None:
        sizes = {part: headers[f"y_{part}"].shape[0] for part in inputs}
        _check_groups(groups, sizes, group, path)
    _check_same_specs(headers, inputs, path)
    _check_same_targets(headers, path)
    raw = {f"y_{part}": _target(path, f"y_{part}") for part in inputs}
    positive = None if goal.positive is None else _as_text(goal.positive)
    targets = with_positive(interpret(raw, goal.task, str(path)), positive, str(path))
    if goal.target_scale is not None and targets.task != "regression":
        message = f"{path}: target_scale is for regression, but this is a {targets.task} task"
        raise DataError(message, remedy="Leave it out, or add task: regression for amounts.")
    description = DataDescription(
        path.stem,
        targets.task,
        {name: headers[key].spec for name, key in inputs["train"].items()},
        targets.classes,
        targets.shape,
        train_size=len(raw["y_train"]),
        test_size=len(raw.get("y_test", ())),
        target_scale=goal.target_scale or "",
    )
    weights = _read_weights(path, len(raw["y_train"])) if has_weights else None
    return _File(path, description, inputs, targets.parts, tuple(groups), weights, targets.told)


def _as_text(label: str | int | float | bool) -> str:
    """Return a label as the name of its class."""
    return shown_label(label) if isinstance(label, int | float) else label


def _read_weights(path: Path, size: int) -> np.ndarray:
    """Return the weights of the training examples, float32 (n,).

    Raises:
        DataError: If they are not as many numbers from 0 as there are training examples.
    """
    weights = _array(path, WEIGHTS)
    if weights.dtype.kind not in _NUMBERS or weights.shape != (size,):
        message = f"{path}: {WEIGHTS} is {weights.dtype}{list(weights.shape)}"
        raise DataError(message, remedy=f"Give a number for each of the {size} examples.")
    converted: np.ndarray = weights.astype("float32")
    check_finite(converted, f"{path}: {WEIGHTS}")
    if converted.min() < 0 or not converted.any():
        message = f"{path}: {WEIGHTS} holds numbers below 0, or zeros only"
        raise DataError(message, remedy="Give the examples that count weights above 0.")
    return converted


def _weights(file: _File, part: str) -> np.ndarray | None:
    """Return the weights of a part; examples that are not trained on count 1."""
    import numpy as np

    if file.weights is None:
        return None
    return file.weights if part == "train" else np.ones(len(file.targets[f"y_{part}"]), "float32")


def _group_keys(keys: Iterable[str], group: str | None) -> list[str]:
    """Return the keys of the arrays of groups, in the order of the parts."""
    named = [] if group is None else [group, *(f"{group}_{part}" for part in PARTS)]
    return [key for key in named if key in keys and not _KEY.fullmatch(key)]


def _no_groups(keys: list[str], group: str, path: Path) -> DataError:
    others = [key for key in keys if not _KEY.fullmatch(key)]
    near = did_you_mean(group, [*others, *(key.rpartition("_")[0] for key in others)])
    return DataError(
        f"{path} has no array '{group}_train' and none '{group}', but data.group is '{group}'"
        + near,
        remedy=f"Its arrays are: {', '.join(keys)}.",
    )


def _check_groups(
    groups: Mapping[str, _Header], sizes: Mapping[str, int], group: str, path: Path
) -> None:
    """Make sure that every example has a group.

    Args:
        groups: The arrays of groups by their keys.
        sizes: The number of examples by part.
        group: The name that the config gives.
        path: The file.
    """
    by_part = {f"{group}_{part}": size for part, size in sizes.items()}
    wanted = {group: sum(sizes.values())} if group in groups else by_part
    for key in [*wanted, *groups]:
        if key not in groups or key not in wanted:
            found = "no" if key not in groups else "more than one way to tell groups: the"
            raise DataError(
                f"{path} has {found} array '{key}', but data.group is '{group}'",
                remedy=f"Save {' and '.join(by_part)}, or a single array '{group}' for all "
                "examples; or correct the name in data.group.",
            )
        shape, dtype = groups[key]
        if dtype.kind not in _GROUPS or shape != (wanted[key],):
            raise DataError(
                f"{path}: {key} is {dtype}{list(shape)}, but must be a whole number or a text for "
                f"each of {wanted[key]} examples",
                remedy=f"Number the groups: numpy.unique({group}, return_inverse=True)[1].",
            )


def _headers(path: Path, group: str | None) -> dict[str, _Header]:
    """Read the shape and dtype of every array in the file, `x_train` and `y_train` among them."""
    from dlcli.data.formats.plain_npz import open_plain

    with _reading(path), open_plain(path) as archive:
        names = list(archive.names)
        known = _group_keys(names, group)
        if group is not None and not known:
            raise _no_groups(names, group, path)
        _check_keys([name for name in names if name not in known], path)
        return {name: _Header(*archive.header(name)) for name in archive.names}


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn every way in which a file can fail to be an `.npz` into one clear error."""
    remedy = "Write it with numpy.savez(path, x_train=..., y_train=...)."
    check_file(path)
    if path.is_dir():
        raise DataError(f"{path} is a folder, not an .npz file", remedy=remedy)
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(
            f"there is no file {path}", remedy="Check the path; it is relative to where you work."
        ) from error
    except ValueError as error:
        reason = f"{path} is not an .npz file, or is damaged: {error}"
        raise DataError(reason, remedy=remedy) from error
    except MemoryError as error:
        raise DataError(
            f"{path} holds an array too large for this machine's memory",
            remedy="Save fewer examples, or a smaller dtype such as uint8 or float32.",
        ) from error
    except OSError as error:
        raise DataError(
            f"cannot read {path}: {error.strerror or error}", remedy="Check its permissions."
        ) from error


def _check_keys(keys: list[str], path: Path) -> None:
    for key in keys:
        if not _KEY.fullmatch(key):
            raise DataError(
                f"{path}: '{key}' is not a key dlcli knows{did_you_mean(key, KEYS)}",
                remedy=f"The keys are {', '.join(KEYS)}; for several inputs x_train.NAME "
                "and so on.",
            )
    for part in PARTS:
        has = {
            f"x_{part}": any(key.startswith(f"x_{part}") for key in keys),
            f"y_{part}": f"y_{part}" in keys,
        }
        missing = [key for key, present in has.items() if not present]
        if len(missing) == 1 or (missing and part == "train"):
            raise DataError(
                f"{path} has no {' and no '.join(missing)}",
                remedy=f"Save inputs and targets: numpy.savez(path, x_{part}=..., y_{part}=...).",
            )


def _inputs(headers: Mapping[str, _Header], path: Path) -> dict[str, dict[str, str]]:
    """Return for each part the key of each input by the input's name."""
    inputs: dict[str, dict[str, str]] = {}
    for key in headers:
        whole, _, name = key.partition(".")
        role, _, part = whole.partition("_")
        if role == "x":
            inputs.setdefault(part, {})[name or INPUT] = key
    ordered = {part: inputs[part] for part in PARTS if part in inputs}
    for part, keys in ordered.items():
        if f"x_{part}" in keys.values() and len(keys) > 1:
            raise DataError(
                f"{path} has both x_{part} and {next(k for k in keys.values() if '.' in k)}",
                remedy="Name every input, or have a single one without a name.",
            )
        if keys.keys() != ordered["train"].keys():
            raise DataError(
                f"{path}: the inputs of {part} ({', '.join(keys)}) are not those of train "
                f"({', '.join(ordered['train'])})",
                remedy="Give every part the same inputs under the same names.",
            )
    return ordered


def _check_header(header: _Header, where: str) -> None:
    if header.dtype.hasobject:
        raise DataError(
            f"{where} holds Python objects, which are not loaded because they can run code",
            remedy="Save arrays of numbers; pad sequences of different lengths with zeros "
            "at their ends to a single length.",
        )
    if header.dtype.kind not in _NUMBERS:
        raise DataError(
            f"{where} has the dtype {header.dtype}, which no network takes",
            remedy="Save numbers: whole numbers for labels and token ids, else float32.",
        )
    if not header.shape:
        raise DataError(
            f"{where} is a single number, not an array of examples",
            remedy="Its first axis must count the examples.",
        )
    if 0 in header.shape:
        raise DataError(
            f"{where} is empty: its shape is {header.shape}",
            remedy="Save one example at least, or leave this part out.",
        )


def _check_lengths(
    headers: Mapping[str, _Header], inputs: Mapping[str, Mapping[str, str]], path: Path
) -> None:
    for part, keys in inputs.items():
        expected = headers[f"y_{part}"].shape[0]
        for key in keys.values():
            if headers[key].shape[0] != expected:
                raise DataError(
                    f"{path}: {key} has {headers[key].shape[0]} examples, "
                    f"but y_{part} has {expected}",
                    remedy="Give every example one target.",
                )


def _check_same_specs(
    headers: Mapping[str, _Header], inputs: Mapping[str, Mapping[str, str]], path: Path
) -> None:
    for keys in inputs.values():
        for name, key in keys.items():
            first = inputs["train"][name]
            if headers[key].spec != headers[first].spec:
                raise DataError(
                    f"{path}: an example of {key} is {_shown(headers[key])}, "
                    f"but one of {first} is {_shown(headers[first])}",
                    remedy="Give every part the same shape and dtype.",
                )


def _check_same_targets(headers: Mapping[str, _Header], path: Path) -> None:
    shapes = {key: h.shape[1:] for key, h in headers.items() if key.startswith("y_")}
    for key, shape in shapes.items():
        if shape != shapes["y_train"]:
            raise DataError(
                f"{path}: a target of {key} has the shape {shape}, "
                f"but one of y_train {shapes['y_train']}",
                remedy="Give every part targets of the same shape.",
            )


def _shown(header: _Header) -> str:
    return f"{header.dtype}{list(header.shape[1:])}"


def _target(path: Path, key: str) -> np.ndarray:
    array = _array(path, key)
    if array.dtype.kind == "f":
        check_finite(array, f"{path}: {key}")
    return array


def _input(path: Path, key: str) -> np.ndarray:
    """Read an input and give it the shape and dtype that its header promised."""
    import numpy as np

    array = _array(path, key)
    header = _Header(array.shape, array.dtype)
    if header.spec.dtype == "int32":
        _check_int32(array, f"{path}: {key}")
    with np.errstate(over="ignore"):  # found by the check below
        converted = array.astype(header.spec.dtype)
    if header.is_image:
        converted /= 255
    elif header.spec.dtype == "float32":
        check_finite(converted, f"{path}: {key}")
    return converted.reshape(len(array), *header.spec.shape)


def _array(path: Path, key: str) -> np.ndarray:
    from dlcli.data.formats.plain_npz import open_plain

    with _reading(path), open_plain(path) as archive:
        return archive[key]


def _check_int32(array: np.ndarray, where: str) -> None:
    import numpy as np

    limits = np.iinfo(np.int32)
    if array.min() < limits.min or array.max() > limits.max:
        raise DataError(
            f"{where} holds whole numbers beyond int32 ({array.min()} to {array.max()})",
            remedy="Save amounts as float32, and token ids from 0.",
        )


DATASETS = (DataEntry(npz, _describe, "file", group="arrays"),)
