"""What is wrong with a config, and how it is shown: file:line:column, rule, path, line, caret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dlcli.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dlcli.config.yaml.nodes import Mark

TAB_WIDTH = 4

SHOWN = 100
"""Mistakes that are shown; a file with more is no config, and the rest is counted."""

LONGEST = 1000
"""Characters of a headline; a name may be as long as the file."""

WIDEST = 160
"""Characters of a source line that are shown around a mistake."""


@dataclass(frozen=True)
class Diagnostic:
    """One mistake in a config, or something that is probably one.

    Attributes:
        rule: The mistake's kind in kebab case, e.g. `unknown-argument`.
        path: Dotted path of the value, e.g. `model.layers[2].Conv2D`; empty for the whole file.
        message: What is wrong, without position or path.
        hint: How to mend it; may be empty.
        severity: An `error` has no sensible reading; a `warning` has one that few mean.
    """

    rule: str
    mark: Mark
    path: str
    message: str
    hint: str = ""
    severity: Literal["error", "warning"] = "error"

    def headline(self) -> str:
        """Return the one-line form, as compilers print it."""
        where = f"{self.mark.text.name}:{self.mark.line}:{self.mark.column}"
        path = f"{self.path}: " if self.path else ""
        line = f"{where}: {self.severity}[{self.rule}]: {path}{self.message}"
        return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."

    def render(self) -> str:
        """Return the headline, the source line with a caret under the value, and the hint."""
        lines = [self.headline(), *self._excerpt()]
        if self.hint:
            lines.append(f"  = hint: {self.hint}")
        return "\n".join(lines)

    def _excerpt(self) -> list[str]:
        source, column = self._around(self.mark.text.line(self.mark.line))
        if not source.strip():
            return []
        before = source[: column - 1].expandtabs(TAB_WIDTH)
        shown = source.expandtabs(TAB_WIDTH)
        carets = "^" * max(1, min(self.mark.length, len(shown) - len(before)))
        gutter = " " * len(str(self.mark.line))
        return [
            f" {gutter} |",
            f" {self.mark.line} | {shown}",
            f" {gutter} | {' ' * len(before)}{carets}",
        ]

    def _around(self, line: str) -> tuple[str, int]:
        """Return the part of a long line that is around the mistake, and its column there."""
        if len(line) <= WIDEST:
            return line, self.mark.column
        start = max(0, self.mark.column - 1 - WIDEST // 2)
        return line[start : start + WIDEST], self.mark.column - start

    def to_dict(self) -> dict[str, object]:
        """Return the JSON form of `--format json`."""
        return {
            "file": self.mark.text.name,
            "line": self.mark.line,
            "column": self.mark.column,
            "severity": self.severity,
            "rule": self.rule,
            "path": self.path,
            "message": self.message,
            "hint": self.hint,
        }


class ConfigError(UserError):
    """A config with one or more mistakes, all of them, in the order of their lines."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = in_order(diagnostics)
        super().__init__("\n".join(d.headline() for d in self.diagnostics[:SHOWN]))

    def __reduce__(self) -> tuple[type[ConfigError], tuple[tuple[Diagnostic, ...]]]:
        """Travel between processes."""
        return type(self), (self.diagnostics,)

    def render(self) -> str:
        """Return every diagnostic with its excerpt, and their number."""
        return render_all(self.diagnostics, "error")


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return diagnostics in the order of their lines, each once."""
    unique = dict.fromkeys(diagnostics)
    return tuple(sorted(unique, key=lambda d: (d.mark.line, d.mark.column)))


def render_all(diagnostics: Sequence[Diagnostic], word: str, after: str = "") -> str:
    """Return diagnostics with their excerpts, and their number.

    Args:
        diagnostics: At least one.
        word: What they are.
        after: Said after their number.
    """
    count = len(diagnostics)
    closing = f"{count} {word}{'s' if count != 1 else ''}{after}"
    shown = [d.render() for d in diagnostics[:SHOWN]]
    more = [f"{count - SHOWN} more are not shown"] if count > SHOWN else []
    return "\n\n".join([*shown, *more, closing])


def listing(names: Iterable[str], limit: int = 12) -> str:
    """Join names for a hint, cut to a readable number."""
    names = list(names)
    more = f", and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
