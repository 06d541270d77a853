"""What a run has saved of its data's form: `data.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcli.data import changes, read_form
from dlcli.rules.scales import Scale
from dlcli.store.runs import DATA, SCALES

if TYPE_CHECKING:
    from dlcli.data import Form
    from dlcli.store.runs import RunFolder


def saved_form(run: RunFolder) -> Form | None:
    """Return what a run's model knows of its data, or None if the run did not save it.

    Raises:
        UserError: If the file is damaged.
    """
    if not (run.path / DATA).exists():
        return None
    try:
        return read_form(run.read_json(DATA))
    except (LookupError, TypeError, ValueError, AttributeError):
        raise run.damaged(DATA) from None


def saved_scales(run: RunFolder) -> dict[str, Scale]:
    """Return the scales of a run's training examples; nothing if it did not save them.

    Raises:
        UserError: If the file is damaged.
    """
    if not (run.path / SCALES).exists():
        return {}
    try:
        found = run.read_json(SCALES)
        return {str(name): Scale.from_dict(values) for name, values in found.items()}
    except (LookupError, TypeError, ValueError, AttributeError):
        raise run.damaged(SCALES) from None


def changed_data(run: RunFolder) -> list[str]:
    """Return a sentence for each of the user's own files that changed since a run was trained.

    Raises:
        UserError: If what the run saved of them is damaged.
    """
    if not (run.path / DATA).exists():
        return []
    try:
        return changes(run.read_json(DATA))
    except (LookupError, TypeError, ValueError, AttributeError):
        raise run.damaged(DATA) from None
