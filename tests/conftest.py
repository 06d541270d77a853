"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# A deadline is a timing, and a busy machine would make it fail.
settings.register_profile("dlcli", deadline=None)
settings.load_profile("dlcli")
