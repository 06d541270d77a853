"""NumPy's `.npy` and `.npz` formats, read without ever running what a file says.

A numeric array is bytes behind a header. An object array is a pickle, which could run any code:
here a pickle may name nothing but an array's parts, and these are stand-ins of our own.

Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import io
import pickle
import re
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np


def header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read an array's shape and dtype, and stop before its data.

    Raises:
        ValueError: If the stream does not hold a `.npy` file.
    """
    from tokenize import TokenError

    from numpy.lib import format as npy

    version = npy.read_magic(stream)
    # 3.0 differs from 2.0 only in the text encoding of field names.
    reader = npy.read_array_header_1_0 if version[0] == 1 else npy.read_array_header_2_0
    try:
        shape, _, dtype = reader(stream)
    # What NumPy lets through, depending on the byte.
    except (TypeError, SyntaxError, LookupError, ArithmeticError, AttributeError, RecursionError,
            TokenError) as error:  # fmt: skip
        raise ValueError(f"an array's header is damaged: {error}") from error
    if any(type(length) is not int or length < 0 for length in shape):  # True is an int to NumPy
        raise ValueError(f"an array's header is damaged: it claims the shape {shape}")
    return shape, dtype


def read_npz(content: bytes) -> Mapping[str, np.ndarray]:
    """Read every array of an `.npz`, object arrays through `restricted_load`.

    Raises:
        pickle.UnpicklingError: If a pickle names anything but an array's parts, or is damaged.
        ValueError: If a numeric array is damaged.
    """
    import zipfile

    import numpy as np

    arrays = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.namelist():
            stream = io.BytesIO(archive.read(member))
            _, dtype = header(stream)
            if dtype.hasobject:
                array = restricted_load(stream)
            else:
                stream.seek(0)
                array = np.lib.format.read_array(stream, allow_pickle=False)
            arrays[member.removesuffix(".npy")] = array
    return arrays


def check_pickle(content: bytes) -> None:
    """Make sure that a pickle asks for no more memory than its size accounts for.

    A place in its memo may be any of four billion, and all before it are made; strings of it are
    made as long as they say they are, before they are read. For files whose hash is not known:
    it takes a second for a million parts.

    Raises:
        pickle.UnpicklingError: If it does, or is damaged.
    """
    import pickletools

    try:
        for operation, argument, _ in pickletools.genops(content):
            remembers = operation.name in ("PUT", "BINPUT", "LONG_BINPUT")
            if remembers and (argument is None or argument > len(content)):
                message = f"the pickle is damaged: it remembers {argument} things"
                raise pickle.UnpicklingError(message)
    except (ValueError, TypeError, OverflowError) as error:
        raise pickle.UnpicklingError(f"the pickle is damaged: {error}") from error


def restricted_load(stream: IO[bytes]) -> Any:
    """Unpickle numbers, strings, bytes, lists, dicts and NumPy arrays, and nothing else.

    Text in pickles of Python 2 comes out as bytes. Arrays may be the whole, values of a dict, or
    elements of an object array.

    Raises:
        pickle.UnpicklingError: If the pickle names any other class or function, or is damaged.
    """
    try:
        loaded = _ArrayUnpickler(stream, encoding="bytes").load()
        if isinstance(loaded, dict):
            return {key: _rebuilt(value) for key, value in loaded.items()}
        return _rebuilt(loaded)
    except pickle.UnpicklingError:
        raise
    except Exception as error:  # pickle's documentation: a damaged pickle may raise any
        raise pickle.UnpicklingError(f"the pickle is damaged: {error!r}") from error


class _Dtype:
    """Stands in for `numpy.dtype`, of whose state only name and byte order are believed."""

    def __init__(self, name: bytes | str, *_flags: object) -> None:
        self.name = _text(name)
        self.order = "|"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = _text(state[1])

    def numpy(self) -> np.dtype[Any]:
        import numpy as np

        if not re.fullmatch(r"[biuf]\d+|O8?", self.name) or self.order not in tuple("<>|="):
            raise ValueError(f"an array has the dtype {self.order}{self.name}")
        return np.dtype("O" if self.name.startswith("O") else self.order + self.name)


class _Array:
    """Stands in for `numpy.ndarray`: NumPy's own unpickling crashes on a state that is a lie."""

    state: tuple[Any, ...] = ()

    def __init__(self, *_initial: object) -> None:
        """Ignore the empty array that the state is going to replace."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state

    def numpy(self) -> np.ndarray:
        import numpy as np

        _version, shape, dtype, is_fortran, data = self.state
        if not isinstance(dtype, _Dtype):
            raise ValueError("an array has no dtype")  # noqa: TRY004 - the file's fault
        flat = np.empty(len(data), object)
        if dtype.numpy().hasobject:
            for position, element in enumerate(data):  # all at once, lists would become axes
                flat[position] = _rebuilt(element)
        else:
            flat = np.frombuffer(data, dtype.numpy())
        return flat.reshape(shape, order="F" if is_fortran else "C")


_STAND_INS = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    # NumPy 2 renamed `core`.
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
}


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _STAND_INS[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"the pickle asks for {module}.{name}, which no array needs"
            ) from None


def _rebuilt(value: Any) -> Any:
    return value.numpy() if isinstance(value, _Array) else value


def _text(value: bytes | str) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else str(value)
