"""What rules find in a config and it does not ignore, as diagnostics at their lines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dlcli import rules
from dlcli.config.binding import bind
from dlcli.config.diagnostics import ConfigError, Diagnostic, in_order
from dlcli.config.subject import subject_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dlcli.config.document import Document
    from dlcli.config.experiment import Config
    from dlcli.data.description import DataDescription
    from dlcli.rules.subject import Subject


@dataclass(frozen=True)
class Judge:
    """Lets rules look at a config.

    Attributes:
        document: The config's text, which knows where everything is written.
        config: As read.
        bound: The same, bound to its data.
        subject: The config as rules see it.
    """

    document: Document
    config: Config
    bound: Config
    subject: Subject

    def looks(self, moment: rules.Moment, *given: object) -> tuple[Diagnostic, ...]:
        """Return what the rules of a moment warn of.

        Args:
            moment: Which rules look.
            given: What they are given beside the subject.

        Raises:
            ConfigError: If a rule finds what has no sensible reading.
        """
        found = in_order(
            self._diagnostic(rule, finding) for rule, finding in self.findings(moment, *given)
        )
        if any(each.severity == "error" for each in found):
            raise ConfigError(each for each in found if each.severity == "error")
        return found

    def findings(
        self, moment: rules.Moment, *given: object
    ) -> Iterator[tuple[rules.Rule, rules.Finding]]:
        """Yield what the rules of a moment find and the config does not ignore."""
        beside = {layer.id: layer.ignore for layer in self.config.model.layers if layer.ignore}
        pairs = rules.found(moment, self.subject, *given)
        return rules.unsilenced(pairs, self.config.ignore, beside)

    def _diagnostic(self, rule: rules.Rule, finding: rules.Finding) -> Diagnostic:
        mark = self.document.place(finding.path)
        return Diagnostic(
            rule.name, mark, finding.path, finding.message, finding.hint, rule.severity
        )


def judge_of(
    document: Document,
    config: Config,
    description: DataDescription,
    *,
    train_size: int | None = None,
    is_comparison: bool = False,
) -> Judge:
    """Bind a config to its data, and return who judges it.

    Args:
        document: The config's text.
        config: As read from it.
        description: What is known of the data.
        train_size: Training examples once validation is taken off; without it, worked out.
        is_comparison: Whether the config's optimizer is one of many that are compared.

    Raises:
        ConfigError: If the config does not suit the data.
    """
    bound = bind(config, description, train_size=train_size)
    subject = subject_of(
        config, bound, description, train_size=train_size, is_comparison=is_comparison
    )
    return Judge(document, config, bound, subject)


def as_errors(diagnostics: Sequence[Diagnostic]) -> ConfigError:
    """Return warnings as an error."""
    return ConfigError(replace(each, severity="error") for each in diagnostics)
