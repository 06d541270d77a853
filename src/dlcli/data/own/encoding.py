"""Raw examples become a model's inputs, by an encoder that has seen the training part alone."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dlcli.data.description import INPUT, Dataset, NewExamples, Split
from dlcli.errors import DataError
from dlcli.runtime.cachedir import cache_folder

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from dlcli.data.description import DataDescription, Encoder

SPOOL_BYTES = 256 * 2**20
"""Arrays beyond this size lie in a temporary file instead of in memory."""


def described(description: DataDescription, encoder: Encoder | None) -> DataDescription:
    """Return a description with the inputs that a fitted encoder makes; None changes nothing."""
    if encoder is None:
        return description
    size = getattr(encoder, "vocabulary_size", None)
    return replace(
        description,
        inputs=encoder.specs(description.inputs),
        vocabulary_size=description.vocabulary_size if size is None else size,
    )


def inputs_of(made: np.ndarray | Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """Return what an encoder made as the arrays of a split."""
    return made if isinstance(made, Mapping) else {INPUT: made}


def encoded(dataset: Dataset, saved: Encoder | None = None) -> Dataset:
    """Encode all parts of a data set, by an encoder that is fitted on its training part.

    Args:
        dataset: With positions in its raw examples as inputs; one without raw examples is
            returned as it is.
        saved: The fitted encoder of a trained model; it is used as it is.

    Raises:
        DataError: If the raw examples do not fit: a cell is no number, or the saved encoder was
            fitted on other columns.
    """
    raw, preparation = dataset.raw, dataset.encoder or dataset.preparation
    if raw is None or preparation is None:
        return dataset
    if saved is not None and dataset.encoder and not saved.accepts(dataset.encoder):
        message = f"'{dataset.description.name}' has other columns than the model was trained on"
        raise DataError(message, remedy="Give the data the columns that they had.")
    learned_from = dataset.train.x[INPUT]
    encoder = saved or (dataset.encoder and dataset.encoder.fit(raw, learned_from))
    fitted = encoder or preparation.fit(raw, learned_from)

    def part(split: Split | None) -> Any:
        return split and replace(split, x=inputs_of(fitted.encode(raw, split.x[INPUT])))

    told = () if encoder is None else encoder.told(raw, _all_positions(dataset))
    named = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    simple = {
        name: _baselines(fitted, raw, split.x[INPUT])
        for name, split in named.items()
        if split is not None
    }
    return replace(
        dataset,
        baselines={name: found for name, found in simple.items() if found},
        told=(*dataset.told, *told),
        description=described(dataset.description, encoder),
        train=part(dataset.train),
        validation=part(dataset.validation),
        test=part(dataset.test),
        encoder=encoder,
        raw=None,
        preparation=None,
    )


def _baselines(preparation: Any, raw: Sequence[Any], positions: Any) -> Mapping[str, np.ndarray]:
    """Return simple predictions of the targets at some positions; nothing where there are none."""
    made = getattr(preparation, "baselines", None)
    return {} if made is None else made(raw, positions)


def _all_positions(dataset: Dataset) -> np.ndarray:
    """Return the positions of the raw examples of all parts."""
    import numpy as np

    parts = (dataset.train, dataset.validation, dataset.test)
    return np.concatenate([part.x[INPUT] for part in parts if part is not None])


def read_encoded(
    encoder: Encoder, path: Path, description: DataDescription, *, targets: bool
) -> NewExamples:
    """Read and encode raw examples that a trained model has not met.

    Raises:
        DataError: If they cannot be read; it names the file and the row.
    """
    import numpy as np

    new = encoder.read(path, description, targets=targets)
    everything = np.arange(len(new.raw))
    x = inputs_of(encoder.encode(new.raw, everything))
    told = (*new.told, *encoder.told(new.raw, everything))
    simple = _baselines(encoder, new.raw, everything) if targets else {}
    return NewExamples(
        x, new.y, columns=new.columns, identity=new.identity, told=told, baselines=simple
    )


def room(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Return an array of zeros: in memory, or in a temporary file if it is large.

    The file has no name any more when this returns, so nothing is left behind, whatever ends the
    process. The system keeps in memory of it what there is room for.
    """
    import numpy as np

    if np.prod(shape, dtype=np.int64) * np.dtype(dtype).itemsize <= SPOOL_BYTES:
        return np.zeros(shape, dtype)
    with tempfile.TemporaryFile(dir=spool_folder()) as stream:
        return np.memmap(stream, dtype, "w+", shape=shape)


def spool_folder() -> str | None:
    """Return where temporary files go: dlcli's cache, since the system's place may be in memory."""
    place = cache_folder() / "spool"
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return str(place)
