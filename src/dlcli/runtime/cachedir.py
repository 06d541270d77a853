"""Where dlcli caches what only saves time: converted data, compiled programs, timings."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the cache folder: `$DLCLI_CACHE_DIR`, else the system's place for a user's caches."""
    import platformdirs

    return Path(
        os.environ.get("DLCLI_CACHE_DIR") or platformdirs.user_cache_dir("dlcli")
    ).expanduser()
