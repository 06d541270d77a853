"""What a rule is: a function whose docstring is its page, and what it finds."""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Moment = Literal["config", "data", "history", "examples"]
Severity = Literal["error", "warning"]

MOMENTS: Final[dict[Moment, str]] = {
    "config": "before anything is loaded",
    "data": "at the start, from the data",
    "history": "at the end of `dlcli train`",
    "examples": "when a trained model meets new examples",
}
"""When rules look, in words."""

SECTIONS: Final = ("Wrong", "Right", "Source")


@dataclass(frozen=True)
class Finding:
    """What a rule has found.

    Attributes:
        path: Dotted path of the config's value that it is about.
        message: What is wrong and what comes of it, one sentence.
        hint: What to write instead; it holds YAML that can be pasted.
        layers: Ids of the layers that it is about; each may ignore the rule.
        weight: How much it matters among findings of the same rule and others, 0 to 1; only the
            end of a training ranks them.
    """

    path: str
    message: str
    hint: str
    layers: tuple[str, ...] = ()
    weight: float = 0.5


@dataclass(frozen=True)
class Rule:
    """A mistake that trains without an error.

    Attributes:
        check: Yields what it finds; its name is the rule's.
        moment: When it looks, which also decides what it is given.
        severity: `error` if the config has no sensible reading.
    """

    check: Callable[..., Iterator[Finding]]
    moment: Moment
    severity: Severity = "warning"

    @property
    def name(self) -> str:
        """The name in messages and in `ignore`."""
        return self.check.__name__.replace("_", "-")

    @property
    def family(self) -> str:
        """The name of the module that it is in."""
        return self.check.__module__.rpartition(".")[2]

    @property
    def why(self) -> str:
        """What is wrong, in a sentence."""
        return _joined(self._page[""].split("\n\n")[0])

    @property
    def details(self) -> str:
        """More about it; may be empty."""
        return "\n\n".join(_joined(p) for p in self._page[""].split("\n\n")[1:])

    @property
    def wrong(self) -> str:
        """YAML that the rule finds."""
        return self._page["Wrong"]

    @property
    def right(self) -> str:
        """YAML that it does not."""
        return self._page["Right"]

    @property
    def source(self) -> str:
        """Where the rule is known from."""
        return _joined(self._page["Source"])

    @cached_property
    def _page(self) -> dict[str, str]:
        """The docstring by section."""
        title = rf"^({'|'.join(SECTIONS)}):\n"
        begun, *rest = re.split(title, inspect.getdoc(self.check) or "", flags=re.MULTILINE)
        bodies = {t: textwrap.dedent(b).strip() for t, b in zip(rest[::2], rest[1::2], strict=True)}
        return {"": begun.strip(), **bodies}

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form of `dlcli explain`."""
        named = ("name", "family", "severity", "moment", "why", "details", "wrong", "right")
        return {name: getattr(self, name) for name in (*named, "source")}


def _joined(text: str) -> str:
    return " ".join(text.split())


def config_rule(check: Callable[..., Iterator[Finding]]) -> Rule:
    """Make a function a rule that looks at a config and the description of its data."""
    return Rule(check, "config")


def config_error(check: Callable[..., Iterator[Finding]]) -> Rule:
    """Make a function a rule that refuses a config, which has no sensible reading."""
    return Rule(check, "config", "error")


def data_rule(check: Callable[..., Iterator[Finding]]) -> Rule:
    """Make a function a rule that looks at the examples, too, before they are trained on."""
    return Rule(check, "data")


def history_rule(check: Callable[..., Iterator[Finding]]) -> Rule:
    """Make a function a rule that looks at how a training went."""
    return Rule(check, "history")


def examples_rule(check: Callable[..., Iterator[Finding]]) -> Rule:
    """Make a function a rule that looks at new examples of a trained model."""
    return Rule(check, "examples")
