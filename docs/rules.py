"""Write docs/rules.md: `make rules`."""

from __future__ import annotations

from pathlib import Path

from dlcli.rules.pages import markdown

if __name__ == "__main__":
    Path(__file__).with_name("rules.md").write_text(markdown(), encoding="utf-8")
