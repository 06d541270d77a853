"""All examples of a data set, and the ways to split them into train, validation and test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from dlcli.data.description import INPUT, Dataset, Split
from dlcli.data.fraction import check_fraction, share_of
from dlcli.data.grouping import check_apart
from dlcli.data.own.encoding import described, encoded, inputs_of
from dlcli.data.splitting import check_share, check_taken, chosen, latest, latest_by_time
from dlcli.data.streams import shuffler, stream
from dlcli.errors import DataError, UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dlcli.data.description import DataDescription, Encoder, Preparation
    from dlcli.data.streams import Seed

TEST_STREAM, VALIDATION_STREAM, ORIGIN_STREAM, FRACTION_STREAM = 1, 2, 3, 4
"""Random streams that one seed of a replication stands for, one for each thing that is drawn."""

WINDOW = 0.7
"""Share of a time series that one replication sees.

The rest is the room in which the forecasting origin moves. Half of the series would shorten
training too much; with 90 %, the test parts of any two replications would hold mostly the same
steps. At 70 % and a test share of a fifth, the test part of a replication is 14 % of the series
and its place moves over 30 %. (Rolling-window evaluation: Tashman, L. J. (2000). Out-of-sample
tests of forecasting accuracy. International Journal of Forecasting 16, 437-450.)
"""


@dataclass(frozen=True, eq=False)
class Parts:
    """Positions in a pool, sorted integer arrays that never overlap.

    Attributes:
        train: Shape (n_train,).
        validation: Shape (n_validation,), or None where there is none, as for `test`.
        test: Shape (n_test,).
    """

    train: NDArray[np.intp]
    validation: NDArray[np.intp] | None
    test: NDArray[np.intp] | None


class Pool:
    """All examples of a data set, read once; a split of them is an index.

    Args:
        loaded: The data set in its official parts, before its encoder is fitted.

    Attributes:
        description: Of the data set, with the sizes of its official parts.
        official: The data set's own parts; `validation` is None unless it has one.
        encoder: How raw examples become inputs, not fitted; None for data that come as arrays.
        raw: The examples as they were read; None for data that come as arrays.
        grouping: Which examples belong together, by what, and the groups' names; None where
            examples are independent.
        times: When each example is, where later ones validate and test; see `Dataset`.
        told: What should be said of the way the data were read, a sentence each.
    """

    def __init__(self, loaded: Dataset) -> None:
        import numpy as np

        self.description = loaded.description
        self.encoder: Preparation | None = loaded.encoder or loaded.preparation
        self.raw, self.grouping = loaded.raw, loaded.groups
        self.times, self.told = loaded.times, loaded.told
        nothing = Split({}, np.empty(0))  # the examples are held in the pieces alone
        self._bare = replace(loaded, train=nothing, validation=None, test=None, groups=None,
                             times=None)  # fmt: skip
        self.official = _official_parts(loaded)
        parts = (loaded.train, loaded.validation, loaded.test)
        # In pieces until somebody needs them joined, so that `load` never holds them twice.
        self._pieces: tuple[Split, ...] = tuple(part for part in parts if part is not None)

    @property
    def size(self) -> int:
        """The number of examples."""
        return sum(piece.size for piece in self._pieces)

    @property
    def groups(self) -> NDArray[np.intp] | None:
        """The group of each example, shape (n,); None where examples are independent."""
        return None if self.grouping is None else self.grouping.numbers

    @property
    def is_encoded(self) -> bool:
        """Whether an encoder must be fitted on each training part."""
        return self.encoder is not None

    @property
    def examples(self) -> Split:
        """All examples: train, the data set's own validation part if it has one, then test.

        Where there is an encoder the inputs are positions in `raw`. The first use joins the parts
        in memory; later uses are free.
        """
        if len(self._pieces) > 1:
            self._pieces = (_joined(self._pieces),)
        return self._pieces[0]

    @cached_property
    def targets(self) -> np.ndarray:
        """The targets of all examples, shape (n, ...)."""
        import numpy as np

        if len(self._pieces) == 1:
            return self._pieces[0].y
        return np.concatenate([piece.y for piece in self._pieces])

    def parts(
        self, seed: int, validation: float, *, resample: bool, fraction: float = 1.0
    ) -> Parts:
        """Split the examples; no data are copied.

        Args:
            seed: Fixes the split, on every machine.
            validation: Share of what is not test, 0 <= validation < 1; 0 takes none. A validation
                part of the data set's own goes before: its share is taken.
            resample: Whether the test part is drawn too. Then all examples are split anew in the
                data set's proportions, stratified where there are classes; the sizes are the same
                for every seed. Where there are groups, none is on two sides, and proportions and
                sizes are as close as whole groups allow. A forecasting task, and examples that
                have times, move their origin: train, validation and test lie in a window of
                `WINDOW` of the series whose start is drawn. Otherwise the test part is the
                official one, and validation is taken from train as `load` takes it.
            fraction: Share of the training part that is left, 0 < fraction <= 1; see `share_of`.
                The other parts do not depend on it.

        Raises:
            UserError: If a share is out of range, or the data set's parts must be kept.
            DataError: If there are too few examples, or a group is on both sides of an official
                split.
        """
        check_share(validation)
        check_fraction(fraction)
        whole = self._whole(seed, validation, resample=resample)
        return whole if fraction == 1 else self._with_share(whole, fraction, seed)

    def _with_share(self, whole: Parts, fraction: float, seed: int) -> Parts:
        """Return parts with a share of their training examples."""
        train = whole.train
        groups = None if self.groups is None else self.groups[train]
        times = None if self.times is None else self.times[train]
        taken = share_of(
            self.description.task,
            self.targets[train],
            fraction,
            stream(seed, FRACTION_STREAM),
            groups,
            times,
        )
        return replace(whole, train=train[taken])

    def _whole(self, seed: int, validation: float, *, resample: bool) -> Parts:
        """Return the parts with all training examples."""
        if not resample:
            return self._officially(seed, validation)
        if self._bare.kept:
            raise UserError(
                f"data set '{self.description.name}' cannot be split anew: {self._bare.kept}",
                remedy="Keep its official parts: compare.split: official.",
            )
        if self.description.task == "forecasting" or self.times is not None:
            return self._with_moved_origin(seed, validation)
        return self._drawn(seed, validation)

    def _officially(self, seed: int, validation: float) -> Parts:
        official = self.official
        if self.grouping is not None:
            named = {"train": official.train, "validation": official.validation}
            named["test"] = official.test
            present = {part: index for part, index in named.items() if index is not None}
            check_apart(self.grouping, present, self.description.name)
        if official.validation is not None or validation == 0:
            return official
        groups = None if self.groups is None else self.groups[: len(official.train)]
        times = None if self.times is None else self.times[: len(official.train)]
        y = self._train_targets()
        kept, taken = chosen(self.description.task, y, validation, seed, groups, times)
        self._check_validation(taken, len(official.train))
        return Parts(official.train[kept], official.train[taken], official.test)

    def _train_targets(self) -> np.ndarray:
        """Return the targets of the official training part, which come first."""
        y: np.ndarray = self._pieces[0].y[: len(self.official.train)]
        return y

    def _drawn(self, seed: int, validation: float) -> Parts:
        import numpy as np

        train, test, held_out = np.arange(self.size), None, None
        if self.official.test is not None:
            train, test = self._take_out(
                train, len(self.official.test) / self.size, stream(seed, TEST_STREAM)
            )
            check_taken(test, self.description, self.grouping)
        if share := self._validation_share(validation):
            before = len(train)
            train, held_out = self._take_out(train, share, stream(seed, VALIDATION_STREAM))
            self._check_validation(held_out, before)
        return Parts(train, held_out, test)

    def _take_out(
        self, positions: NDArray[np.intp], share: float, seed: Seed
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        y = self.targets[positions]
        groups = None if self.groups is None else self.groups[positions]
        kept, taken = chosen(self.description.task, y, share, seed, groups)
        return positions[kept], positions[taken]

    def _with_moved_origin(self, seed: int, validation: float) -> Parts:
        import numpy as np

        length = round(WINDOW * self.size)
        start = shuffler(stream(seed, ORIGIN_STREAM)).randint(self.size - length + 1)
        train = np.sort(self._in_time()[start : start + length])
        test, held_out = None, None
        if self.official.test is not None:
            train, test = self._take_latest(train, len(self.official.test) / self.size)
        if share := self._validation_share(validation):
            train, held_out = self._take_latest(train, share)
        if len(train) == 0:
            raise DataError(
                f"data set '{self.description.name}' is too short to split anew: {self.size} steps",
                remedy="Give a longer series, or keep to its official parts.",
            )
        return Parts(train, held_out, test)

    def _in_time(self) -> NDArray[np.intp]:
        """Return the positions of all examples in the order of their times."""
        import numpy as np

        if self.times is None:
            return np.arange(self.size)
        begins = self.times if self.times.ndim == 1 else self.times[:, 0]
        return np.argsort(begins, kind="stable")

    def _take_latest(
        self, positions: NDArray[np.intp], share: float
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        if self.times is None:
            kept, taken = latest(self.targets[positions], share)
        else:
            kept, taken = latest_by_time(self.times[positions], share)
        return positions[kept], positions[taken]

    def _validation_share(self, validation: float) -> float:
        """Return the share that validates of all that is not test."""
        own = self.official.validation
        return validation if own is None else len(own) / (len(own) + len(self.official.train))

    def _check_validation(self, taken: np.ndarray, size: int) -> None:
        if len(taken) == 0 and self.grouping is not None:
            check_taken(taken, self.description, self.grouping)
        if len(taken) == 0:
            raise DataError(
                f"data set '{self.description.name}' has too few training examples "
                f"({size}) to take a validation part from them",
                remedy="Set validation: 0, or give more examples of each class.",
            )

    def dataset(self, parts: Parts, encoder: Encoder | None = None) -> Dataset:
        """Return the data set in some parts; an encoder is fitted on their train alone.

        A part that is a whole official one shares its arrays with the pool.

        Args:
            parts: From `parts`, or any positions that are sorted and do not overlap.
            encoder: Of a model that was trained on the data; it is used as it is.
        """
        return encoded(
            replace(
                self._bare,
                train=self.take(parts.train),
                validation=None if parts.validation is None else self.take(parts.validation),
                test=None if parts.test is None else self.take(parts.test),
            ),
            encoder,
        )

    def prepared(self, parts: Parts) -> tuple[DataDescription, Split]:
        """Return all examples, prepared by what the training part of a split says alone.

        Returns:
            The description with the inputs that this leads to, and the examples in the pool's
            order; those of data that come as arrays are not copied.
        """
        if self.encoder is None or self.raw is None:
            return self.description, self.examples
        positions = self.examples.x[INPUT]
        fitted = self.encoder.fit(self.raw, positions[parts.train])
        x = inputs_of(fitted.encode(self.raw, positions))
        return self.described(parts), replace(self.examples, x=x)

    def described(self, parts: Parts) -> DataDescription:
        """Return the description with the inputs that the training part of a split leads to."""
        if self._bare.encoder is None or self.raw is None:
            return self.description
        learned_from = self.take(parts.train).x[INPUT]
        return described(self.description, self._bare.encoder.fit(self.raw, learned_from))

    def take(self, index: NDArray[np.intp]) -> Split:
        """Return the examples at sorted positions; a whole official part is not copied."""
        import numpy as np

        ends = np.cumsum([piece.size for piece in self._pieces])
        cuts = np.searchsorted(index, ends)
        taken, start, first = [], 0, 0
        for piece, cut, end in zip(self._pieces, cuts, ends, strict=True):
            if cut > start:
                taken.append(_taken(piece, index[start:cut] - first))
            start, first = cut, end
        return _joined(taken) if taken else self._pieces[0].take(index)


def _official_parts(loaded: Dataset) -> Parts:
    import numpy as np

    sizes = [0 if part is None else part.size for part in (loaded.train, loaded.validation)]
    first, second = sizes[0], sum(sizes)
    return Parts(
        np.arange(first),
        None if loaded.validation is None else np.arange(first, second),
        None if loaded.test is None else np.arange(second, second + loaded.test.size),
    )


def _taken(piece: Split, index: NDArray[np.intp]) -> Split:
    """Return the examples at sorted positions of a piece: views of it where they are a run."""
    first, end = int(index[0]), int(index[-1]) + 1
    if end - first != len(index):
        return piece.take(index)
    if len(index) == piece.size:
        return piece
    weights = None if piece.weights is None else piece.weights[first:end]
    return Split({n: x[first:end] for n, x in piece.x.items()}, piece.y[first:end], weights)


def _joined(pieces: Sequence[Split]) -> Split:
    import numpy as np

    if len(pieces) == 1:
        return pieces[0]
    x = {name: np.concatenate([piece.x[name] for piece in pieces]) for name in pieces[0].x}
    weighted = pieces[0].weights is not None
    weights = np.concatenate([piece.weights for piece in pieces]) if weighted else None
    return Split(x, np.concatenate([piece.y for piece in pieces]), weights)
