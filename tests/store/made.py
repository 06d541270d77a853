"""Run folders."""

from __future__ import annotations

from datetime import UTC, datetime

from dlcli.store import runs as store

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def mark(run):
    """Write what makes a folder a run."""
    run.write_text(store.CONFIG, "name: net\n")
    run.write_text(store.SOURCE, "name: net\n")
