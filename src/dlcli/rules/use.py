"""Use: new examples are not of the kind that a model was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dlcli.rules.rule import Finding, examples_rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dlcli.rules.scales import Scale

FAR: Final = 10.0
"""Standard deviations between a column's means, or times the size of all numbers."""


@examples_rule
def new_examples_scale(
    trained: Mapping[str, Scale], seen: Mapping[str, Scale], names: Sequence[str]
) -> Iterator[Finding]:
    """New examples are on another scale than those of the training: another unit, or unprepared.

    Wrong:
        # trained on pixels from 0 to 1, and given pixels from 0 to 255
        data: {npz: {path: pixels.npz}}

    Right:
        # both from 0 to 1
        data: {npz: {path: fractions.npz}}

    Source:
        Breck et al. 2019, Data Validation for Machine Learning (training-serving skew); Humbatova
        et al. 2020, Taxonomy of Real Faults in Deep Learning Systems (wrong preprocessing)
    """
    for name, new in seen.items():
        known = trained.get(name)
        if known is None:
            continue
        far = _far_columns(known, new)
        if far:
            i = far[0]
            what = f"'{names[i]}'" if i < len(names) else f"column {i + 1}"
            message = f"{what} is {new.means[i]:.3g} on average in the new examples, and was "
            message += f"{known.means[i]:.3g} ± {known.deviations[i]:.2g} in training"
            message += f" ({len(far)} such columns)" if len(far) > 1 else ""
        elif not new.means and known.size and _is_far(new.size / known.size):
            message = f"the new examples' numbers are of size {new.size:.3g}, and were of size "
            message += f"{known.size:.3g} in training"
        else:
            continue
        hint = (
            "prepare them as the training examples were: pixels from 0 to 1, columns in the same "
        )
        hint += "unit"
        yield Finding("data", message, hint)


def _is_far(ratio: float) -> bool:
    return ratio > FAR or 0 < ratio < 1 / FAR


def _far_columns(known: Scale, new: Scale) -> list[int]:
    """Return the columns of a table whose mean is far from the training's."""
    if len(known.means) != len(new.means):
        return []
    rows = zip(known.means, known.deviations, new.means, strict=True)
    return [
        i
        for i, (mean, deviation, other) in enumerate(rows)
        if deviation > 0 and abs(other - mean) > FAR * deviation
    ]
