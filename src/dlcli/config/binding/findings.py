"""What rules find in a config and it does not ignore, as diagnostics at their lines."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dlcli import rules
from dlcli.config.binding.binding import bind
from dlcli.config.binding.subject import subject_of
from dlcli.config.yaml.diagnostics import ConfigError, Diagnostic, in_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dlcli.config.sections.experiment import Config
    from dlcli.config.yaml.document import Document
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
        candidates: Who judges the configs of its candidates, by their labels.
    """

    document: Document
    config: Config
    bound: Config
    subject: Subject
    candidates: Mapping[str, Judge] = field(default_factory=dict)

    def looks(self, moment: rules.Moment, *given: object) -> tuple[Diagnostic, ...]:
        """Return what the rules of a moment warn of, in the config and then in its candidates.

        What the config has is not said again of a candidate.

        Args:
            moment: Which rules look.
            given: What they are given beside the subject.

        Raises:
            ConfigError: If a rule finds what has no sensible reading.
        """
        own = [self._diagnostic(*each) for each in self.findings(moment, *given)]
        found = in_order([*own, *self._of_candidates(own, moment, *given)])
        if any(each.severity == "error" for each in found):
            raise ConfigError(each for each in found if each.severity == "error")
        return found

    def _of_candidates(
        self, own: Sequence[Diagnostic], moment: rules.Moment, *given: object
    ) -> Iterator[Diagnostic]:
        """Yield what is found in candidates and not in the config, at the candidate's line."""
        known = {(each.rule, each.message) for each in own}
        for number, (label, judge) in enumerate(self.candidates.items()):
            mark = self.document.place(f"compare.candidates[{number}]")
            for rule, finding in judge.findings(moment, *given):
                if (rule.name, finding.message) in known:
                    continue
                where = f"the candidate '{label}': {finding.path}"
                yield Diagnostic(
                    rule.name, mark, where, finding.message, finding.hint, rule.severity
                )

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
    with_candidates: bool = False,
) -> Judge:
    """Bind a config to its data, and return who judges it.

    Args:
        document: The config's text.
        config: As read from it.
        description: What is known of the data.
        train_size: Training examples once validation is taken off; without it, worked out.
        is_comparison: Whether the config's optimizer is one of many that are compared.
        with_candidates: Judge the configs of its candidates too.

    Raises:
        ConfigError: If the config does not suit the data.
    """
    bound = bind(config, description, train_size=train_size)
    subject = subject_of(
        config, bound, description, train_size=train_size, is_comparison=is_comparison
    )
    candidates = _candidates(document, config, description) if with_candidates else {}
    return Judge(document, config, bound, subject, candidates)


def _candidates(
    document: Document, config: Config, description: DataDescription
) -> dict[str, Judge]:
    """Return who judges the candidates of a config, by their labels."""
    variants = config.compare.candidates if config.compare else None
    return {
        variant.label: judge_of(document, config.varied(variant), description, is_comparison=True)
        for variant in variants or ()
    }


def as_errors(diagnostics: Sequence[Diagnostic]) -> ConfigError:
    """Return warnings as an error."""
    return ConfigError(replace(each, severity="error") for each in diagnostics)
