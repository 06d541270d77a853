"""`python -m dlcli`, and the `dlcli` command."""

from __future__ import annotations

import io
import os
import sys

from dlcli.cli import run


def main() -> None:
    """Run the command line and leave with its exit code."""
    _mend_streams()
    sys.exit(run(sys.argv[1:]))


def _mend_streams() -> None:
    """Make the output streams safe to write to, whatever the caller did with them.

    A stream that the caller closed (`>&-`) goes nowhere; a character that the terminal's encoding
    lacks, or a file name that is no text, is written as an escape instead of being an error.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 (for good)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
