"""A few examples of a data set as text: images in shades, sequences as sparklines, tokens, numbers.

No colour, no width above 80 columns: it reads the same on a screen, in a pipe and on paper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlcli.data.lengths import lengths_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dlcli.data.description import DataDescription, Dataset, Split

SHADES = " ░▒▓█"
HEIGHTS = "▁▂▃▄▅▆▇█"
BAR = "█"
WIDTH = 76
SHOWN_CLASSES, SHOWN_CHANNELS, SHOWN_STEPS, SHOWN_FEATURES = 20, 6, 50, 12
SHOWN_SHARES = 3
EXAMPLES = 4


def kind_of(shape: tuple[int | None, ...], dtype: str) -> str:
    """Return how an input is shown: `image`, `sequence`, `tokens` or `table`."""
    if len(shape) == 3:
        return "image"
    if len(shape) == 2:
        return "sequence"
    return "tokens" if dtype.startswith("int") else "table"


def by_letter(vocabulary: Sequence[str]) -> bool:
    """Return whether the tokens that are known are single characters."""
    return len(vocabulary) > 0 and all(len(token) == 1 for token in vocabulary)


def chosen(split: Split, description: DataDescription, count: int = EXAMPLES) -> list[int]:
    """Return positions of examples: the first of each class, or the first there are."""
    if description.classes and split.y.ndim == 1:
        _, first = np.unique(split.y, return_index=True)
        return [int(i) for i in first[:count]]
    return list(range(min(count, split.size)))


def target_text(y: np.ndarray, description: DataDescription) -> str:
    """Return one example's target in words; of pixels, which classes they have or their range."""
    if y.ndim > 1 and description.classes:
        counts = np.bincount(y[y >= 0], minlength=len(description.classes))
        shares = counts / max(1, counts.sum())
        most = np.argsort(-shares, kind="stable")[:SHOWN_SHARES]
        return ", ".join(f"{shares[i]:.0%} {description.classes[i]}" for i in most if shares[i])
    if y.ndim > 2:
        return f"target {y.min():g} to {y.max():g}"
    if description.task in ("multiclass", "binary"):
        names = [description.classes[label] for label in np.ravel(y) if label >= 0]
        return " ".join(names[:SHOWN_FEATURES]) + (" ..." if len(names) > SHOWN_FEATURES else "")
    if description.task == "multilabel":
        on = [name for name, flag in zip(description.classes, y, strict=True) if flag]
        return ", ".join(on) or "none"
    values = [f"{value:g}" for value in np.ravel(y)[: SHOWN_FEATURES + 1]]
    more = " ..." if len(values) > SHOWN_FEATURES else ""
    return "target " + ", ".join(values[:SHOWN_FEATURES]) + more


def sample_lines(dataset: Dataset, vocabulary: Sequence[str] = ()) -> Iterator[str]:
    """Yield lines that show an example of each of some classes.

    Args:
        dataset: Loaded.
        vocabulary: The words of the token ids, from 0 on, if they are known.
    """
    description, split = dataset.description, dataset.train
    positions = chosen(split, description)
    for name, spec in description.inputs.items():
        kind = kind_of(spec.shape, spec.dtype)
        if len(description.inputs) > 1:
            yield f"input '{name}':"
        titles = [target_text(split.y[i], description) for i in positions]
        arrays = [split.x[name][i] for i in positions]
        if kind == "image":
            yield from _side_by_side([_image(a) for a in arrays], titles)
            continue
        for array, title in zip(arrays, titles, strict=True):
            yield f"{title}:"
            yield from (f"  {line}" for line in _DRAWN[kind](array, vocabulary))


def balance(dataset: Dataset) -> dict[str, dict[str, int]]:
    """Return how often each class or label occurs in train and test; empty without classes."""
    description = dataset.description
    parts = {"train": dataset.train, "test": dataset.test}
    if not description.classes:
        return {}
    return {
        name: dict(zip(description.classes, _counts(part, description), strict=True))
        for name, part in parts.items()
        if part is not None
    }


def _counts(split: Split, description: DataDescription) -> list[int]:
    if description.task == "multilabel":
        return [int(n) for n in split.y.sum(axis=0)]
    labels = split.y.ravel()
    found = np.bincount(labels[labels >= 0], minlength=len(description.classes))
    return [int(n) for n in found]


def balance_lines(dataset: Dataset) -> Iterator[str]:
    """Yield a bar a class, or the range of the targets."""
    counts = balance(dataset)
    if not counts:
        y = dataset.train.y[~np.isnan(dataset.train.y)]
        yield f"targets  {y.min():g} to {y.max():g}, mean {y.mean():g}, sd {y.std():g} in train"
        return
    train, test = counts["train"], counts.get("test", {})
    longest = max(map(len, train)) if train else 0
    largest = max([*train.values(), 1])
    yield f"{'class'.ljust(longest)}  {'train':>7}  {'test':>7}"
    for name, count in list(train.items())[:SHOWN_CLASSES]:
        bar = BAR * round((WIDTH - longest - 22) * count / largest)
        yield f"{name.ljust(longest)}  {count:>7}  {test.get(name, 0):>7}  {bar}".rstrip()
    if len(train) > SHOWN_CLASSES:
        yield f"and {len(train) - SHOWN_CLASSES} more"


def _image(pixels: np.ndarray) -> list[str]:
    """Draw grey levels; a character is twice as high as wide, so small pixels are doubled."""
    grey = pixels.mean(axis=-1)
    low, high = float(grey.min()), float(grey.max())
    levels = (grey - low) / (high - low) if high > low else np.zeros_like(grey)
    if levels.shape[1] <= WIDTH // 8:
        levels = levels.repeat(2, axis=1)
    else:
        levels = _reduced(levels, WIDTH // 2 - 2)
    return ["".join(SHADES[min(int(v * len(SHADES)), len(SHADES) - 1)] for v in r) for r in levels]


def _reduced(levels: np.ndarray, width: int) -> np.ndarray:
    """Halve the rows, and take means until the columns fit."""
    factor = -(-levels.shape[1] // width)
    rows = levels.shape[0] // (2 * factor) * 2 * factor
    columns = levels.shape[1] // factor * factor
    blocks = levels[:rows, :columns].reshape(rows // (2 * factor), 2 * factor, -1, factor)
    made: np.ndarray = blocks.mean(axis=(1, 3))
    return made


def _side_by_side(drawings: Sequence[list[str]], titles: Sequence[str]) -> Iterator[str]:
    """Yield drawings beside each other, as many as fit, their titles above them."""
    width = max(len(drawing[0]) for drawing in drawings)
    count = max(1, min(len(drawings), (WIDTH + 2) // (width + 2)))
    yield "  ".join(title[:width].ljust(width) for title in titles[:count]).rstrip()
    for row in zip(*drawings[:count], strict=True):
        yield "  ".join(row).rstrip()


def _sequence(steps: np.ndarray, _vocabulary: Sequence[str]) -> Iterator[str]:
    """Yield a sparkline a channel, without the padding at the end."""
    steps = steps[: lengths_of(steps[None])[0]]
    yield f"{len(steps)} steps"
    for channel in range(min(steps.shape[1], SHOWN_CHANNELS)):
        values = steps[:, channel]
        low, high = float(values.min()), float(values.max())
        yield f"{channel:>3}  {_sparkline(values)}  {low:.3g} to {high:.3g}"
    if steps.shape[1] > SHOWN_CHANNELS:
        yield f"and {steps.shape[1] - SHOWN_CHANNELS} more channels"


def _sparkline(values: np.ndarray) -> str:
    """Return heights between the least and the largest value; long sequences as means."""
    if len(values) > SHOWN_STEPS:
        values = np.array([part.mean() for part in np.array_split(values, SHOWN_STEPS)])
    low, high = values.min(), values.max()
    shares = (values - low) / (high - low) if high > low else np.zeros(len(values))
    return "".join(HEIGHTS[min(int(share * len(HEIGHTS)), len(HEIGHTS) - 1)] for share in shares)


def _tokens(ids: np.ndarray, vocabulary: Sequence[str]) -> Iterator[str]:
    count = int(lengths_of(ids[None])[0])
    shown = ids[: min(count, SHOWN_STEPS)]
    words = [vocabulary[i] if i < len(vocabulary) else str(i) for i in shown]
    text = ("" if by_letter(vocabulary) else " ").join(words)
    yield f"{count} tokens"
    yield text[: WIDTH - 4] + (" ..." if len(text) > WIDTH - 4 or count > len(shown) else "")


def _table(values: np.ndarray, _vocabulary: Sequence[str]) -> Iterable[str]:
    shown = "  ".join(f"{value:g}" for value in values[:SHOWN_FEATURES])
    return [shown + (" ..." if len(values) > SHOWN_FEATURES else "")]


_DRAWN = {"sequence": _sequence, "tokens": _tokens, "table": _table}
