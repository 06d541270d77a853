"""Python in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys


def python(code, **environment):
    dropped = ("TF_CPP_MIN_LOG_LEVEL", "KERAS_BACKEND")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=kept | environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
