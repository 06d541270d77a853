"""Hashes of everything that decides a result: what has the same one need not be trained again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.compare.plan.design import values_of
from dlcli.compare.plan.plan import PROTOCOL, STEERING
from dlcli.config.conversion.rendering import to_plain
from dlcli.config.grammar.calls import plugins_in
from dlcli.config.sections.experiment import FREE_DATA
from dlcli.data import content_hash, path_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.compare.plan.candidates import Candidate
    from dlcli.compare.plan.plan import Plan, Problem
    from dlcli.compare.plan.records import Trial
    from dlcli.config.sections.experiment import Config
    from dlcli.data.description import Source

LENGTH = 20
"""Hexadecimal digits of a key: 80 bits, so that even a million trials do not meet by chance."""

NORMALIZATION = 2
"""Raised when a Normalization that is adapted comes to do another thing: 2 leaves what is always 0
or 1 as it is. Trials of before are trained again."""


class TrialKeys:
    """The keys of a plan's trials: hashes of all that decides their results.

    The label, the other candidates and the settings of the comparison are not among it, so that a
    wider comparison finds the trials of a narrower one.

    Args:
        plan: Whose trials they are.
        versions: Of the packages that compute.
    """

    def __init__(self, plan: Plan, versions: Mapping[str, str]) -> None:
        self._plan = plan
        self._versions = dict(sorted(versions.items()))
        self._candidates: dict[tuple[int, str, float], str] = {}

    def __call__(self, trial: Trial) -> str:
        """Return a trial's key."""
        place = trial.candidate, repr(values_of(trial.rate)), trial.fraction
        if place not in self._candidates:
            self._candidates[place] = self._candidate_key(self._plan.candidate_of(trial))
        shared = self._candidates[place]
        return _hashed([shared, float(trial.rate), trial.seed])

    def _candidate_key(self, candidate: Candidate) -> str:
        """Hash what all trials of a candidate share: writing a config out is slow."""
        plain = to_plain(candidate.config.heard)
        own = digests((candidate.config.model, candidate.config.compile.optimizer))
        return _hashed(
            {
                **({"plugins": own} if own else {}),
                **({"normalization": NORMALIZATION} if _normalizes(plain["model"]) else {}),
                "protocol": PROTOCOL,
                "problem": _decisive(self._plan.problems[candidate.problem], candidate.base),
                "model": plain["model"],
                "optimizer": plain["compile"]["optimizer"],  # at a rate of 1
                "score": self._plan.score.metric,  # it says which epoch is the best
                "split": _split(self._plan),
                "versions": self._versions,
            }
        )


def _normalizes(model: Any) -> bool:
    """Whether a Normalization is among the layers of a model as it is written."""
    return '"Normalization"' in json.dumps(model)


def problems_key(plan: Plan, versions: Mapping[str, str]) -> str:
    """Return a hash of a comparison's problems: comparisons of the same ones share a folder."""
    return _hashed(
        {
            "protocol": PROTOCOL,
            "split": _split(plan),
            "problems": [_shared(problem) for problem in plan.problems],
            "versions": dict(sorted(versions.items())),
        }
    )


def _split(plan: Plan) -> str:
    return "train's" if plan.is_grid else plan.split


OPTIMIZER_AND_METRICS = ("optimizer", "metrics")
"""Keys of `compile` that a candidate and the problem's own names of its metrics stand for."""


def _shared(problem: Problem) -> dict[str, Any]:
    """Return what of a problem all its candidates share."""
    decisive = _decisive(problem, problem.config)
    if not problem.has_own_networks:
        return decisive
    free = {field.name for field in FREE_DATA}
    data = {k: v for k, v in decisive["data"].items() if k not in free}
    return {"data": data, **{name: decisive[name] for name in ("seed", "files", "metrics")}}


def _decisive(problem: Problem, base: Config) -> dict[str, Any]:
    """Return what of a candidate's config decides its results; its name does not.

    A key that joins the grammar decides too; one that is `quiet` does where it is given, so that
    the trials of older comparisons keep their keys.
    """
    steering = tuple(c for c in base.fit.callbacks if c.name in STEERING)
    fit = replace(base.fit, callbacks=steering)
    config = replace(base.heard, fit=fit, compare=None, plugins=())
    plain = to_plain(config)
    own = digests((config.model, config.compile.loss, config.compile.metrics, fit))
    files = _files(base.data.source)
    (options,) = plain["data"]["dataset"].values()
    for name in files:  # their content decides, not where they lie
        del options[name]
    compiled = {k: v for k, v in plain.pop("compile").items() if k not in OPTIMIZER_AND_METRICS}
    del plain["version"], plain["name"]
    return {
        **({"plugins": own} if own else {}),
        **plain,  # the seed too: it decides which examples validate
        "files": files,
        "loss": [compiled.pop("loss"), compiled.pop("loss_weights")],
        "metrics": sorted(problem.metrics),
        **compiled,
    }


def digests(value: Any) -> dict[str, str]:
    """Return the hashes of the plugins whose classes a part of a config names."""
    return {plugin.name: plugin.digest for plugin in plugins_in(value)}


def _files(source: Source) -> dict[str, str]:
    """Return the hashes of the user's own files and folders among a source's options."""
    paths = {name: Path(source.options[name]) for name in path_options(source)}
    return {name: content_hash(path) for name, path in paths.items() if path.exists()}


def _hashed(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
