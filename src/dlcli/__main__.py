"""`python -m dlcli`, and the `dlcli` command."""

from __future__ import annotations

import atexit
import io
import os
import sys
from typing import NoReturn

from dlcli.cli import run


def main() -> None:
    """Run the command line and leave with its exit code."""
    code = 1

    def leave() -> None:
        _end(code)

    atexit.register(leave)  # before all others, so that it comes last
    _mend_streams()
    try:
        code = run(sys.argv[1:])
    except SystemExit as end:  # so ends click's completion
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    sys.exit(code)


def _end(code: int) -> NoReturn:
    """Write what is left, and end the process without taking its modules apart.

    That takes up to 0.3 s for nothing. A reader that has gone, as `head` does, is no error.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            pass
        except OSError:
            code = code or 1
    os._exit(code)


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
