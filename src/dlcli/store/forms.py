"""What a run has saved of its data's form: `data.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcli.data import read_form
from dlcli.store.runs import DATA

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
