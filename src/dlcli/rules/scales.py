"""On which scale a model's training examples are: what a run keeps, to know stranger ones."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from dlcli.rules.examples import spread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.data.description import Split

WIDEST: Final = 1000
"""Columns of a table that are known one by one."""


@dataclass(frozen=True)
class Scale:
    """The scale of an input's numbers.

    Attributes:
        size: Root mean square of all of them.
        means: Of each column of a table; empty for other inputs.
        deviations: Standard deviations, likewise.
    """

    size: float
    means: tuple[float, ...] = ()
    deviations: tuple[float, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Scale:
        """Return the scale of a JSON form.

        Raises:
            LookupError, TypeError, ValueError: If it is none.
        """
        numbers = (tuple(float(n) for n in values[key]) for key in ("means", "deviations"))
        return cls(float(values["size"]), *numbers)


def scales_of(split: Split) -> dict[str, Scale]:
    """Return the scale of each input that holds amounts, from a bounded number of examples."""
    import numpy as np

    found = {}
    for name, array in spread(split).x.items():
        if array.dtype.kind != "f" or not array.size:
            continue
        values = np.asarray(array, np.float64)
        size = float(np.sqrt(np.mean(values**2)))
        if array.ndim == 2 and array.shape[1] <= WIDEST:
            columns = values.mean(axis=0).tolist(), values.std(axis=0).tolist()
            found[name] = Scale(size, *map(tuple, columns))
        else:
            found[name] = Scale(size)
    return found
