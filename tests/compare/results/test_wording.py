"""No two sentences of a verdict contradict each other, the tables, or what else is shown.

Hypothesis draws comparisons; their sentences are read by a grammar that knows all of them. A
sentence that joins the verdict fails here until the grammar knows what it claims.
"""

from __future__ import annotations

import json
import math
import re
from collections import deque
from dataclasses import dataclass, replace
from html import unescape

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcli.cli.commands.compare import print_results
from dlcli.compare.plan.plan import RankingScore
from dlcli.compare.plan.records import Result, TrialRecord
from dlcli.compare.plan.schedule import Schedule
from dlcli.compare.results.ranking import look_at
from dlcli.compare.results.wording import (
    shown_interval,
    shown_margin,
    shown_range,
    shown_score,
)
from dlcli.compare.session import ComparisonSession
from dlcli.report.page import comparison_page
from dlcli.report.text.documents import (
    as_data,
    cells,
    markdown,
    shown_after,
    shown_p,
    without_tags,
    write_tables,
)
from dlcli.store.comparisons import ComparisonFolder
from tests.compare.made import ACCURACY, CHANCE, plan, result
from tests.helpers import examples

OPTIMIZERS = {
    "SGD": "SGD",
    "heavy": "{SGD: {momentum: 0.9}, label: heavy}",
    "Adam": "Adam",
    "AdamW": "AdamW",
    "Lion": "Lion",
}
PROBLEMS = ("one", "two", "three", "four", "five")
LESS = RankingScore("accuracy", "best", greater_is_better=False)

# What is drawn ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Behavior:
    """How a candidate's trials on a problem end."""

    level: float
    spread: float
    decimals: int
    fails: float
    status: str
    crashes: float
    cliff: bool
    wave: float


behaviors = st.builds(
    Behavior,
    level=st.sampled_from([0.2, CHANCE, 0.6, 0.6, 0.605, 0.62, 0.7, 0.9]),
    spread=st.sampled_from([0.0, 0.002, 0.02, 0.02, 0.1]),
    decimals=st.sampled_from([1, 2, 6, 6]),
    fails=st.sampled_from([0.0, 0.0, 0.0, 0.0, 0.2, 1.0]),
    status=st.sampled_from(["diverged", "stuck"]),
    crashes=st.sampled_from([0.0, 0.0, 0.0, 0.0, 0.1, 1.0]),
    cliff=st.booleans(),
    wave=st.sampled_from([0.0, 0.0, 0.01]),
)


@dataclass(frozen=True)
class Drawn:
    """A comparison: its section of a config, and what becomes of its trials."""

    compare: str
    problems: int
    score: RankingScore
    behaviors: tuple[tuple[Behavior, ...], ...]
    luck: int
    shared: float
    part: float

    def made_up(self, made, trial):
        """Return what a trial comes to."""
        candidate = made.candidates[trial.candidate]
        found = self.behaviors[candidate.problem][trial.candidate % len(self.behaviors[0])]
        key = [self.luck, candidate.problem, trial.seed]
        common = np.random.default_rng(key)
        own = np.random.default_rng([*key, trial.candidate, round(trial.rate * 1e6)])
        if own.random() < found.crashes:
            return Result("failed", message="no")
        if own.random() < found.fails or (found.cliff and trial.rate > 0.05):
            return result(0.4, status=found.status)
        normal = np.sqrt(self.shared) * common.normal() + np.sqrt(1 - self.shared) * own.normal()
        level = found.level + found.spread * normal - 0.02 * abs(math.log10(trial.rate) + 2)
        value = float(np.clip(np.round(level, found.decimals), 0, 1))
        waves = found.wave * (trial.candidate % 3) * np.where(np.arange(20) % 2, 1, -1)
        return replace(result(value), blocks=tuple(map(float, value + waves)))


@st.composite
def comparisons(draw):
    """Draw a comparison, as many kinds of them as there are."""
    names = draw(st.lists(st.sampled_from(sorted(OPTIMIZERS)), min_size=1, unique=True))
    problems = draw(st.sampled_from([1, 1, 1, 2, 3, 5]))
    seeds = draw(st.sampled_from([1, 2, 5, 6, 7, 10, 10, 10, "auto", "auto", 0, None]))
    settled = {
        "optimizers": f"[{', '.join(OPTIMIZERS[name] for name in names)}]",
        "learning_rates": draw(st.sampled_from(["[0.01]", "[0.001, 0.01, 0.1]"])),
        "split": draw(st.sampled_from(["resample", "resample", "official"])),
        "tune": draw(st.sampled_from(["each", "each", "once"])),
    }
    settled |= {"seeds": seeds} if seeds is not None else {"preset": "quick"}
    margin = draw(st.sampled_from([None, None, 0, 0.01, 0.05, 1]))
    settled |= {} if margin is None else {"margin": margin}
    budget = draw(st.sampled_from([None, None, None, 2, 6, 12]))
    settled |= {} if budget is None else {"budget": budget * problems * len(names)}
    every = st.tuples(*(behaviors for _ in names))
    return Drawn(
        f"compare: {{{', '.join(f'{key}: {value}' for key, value in settled.items())}}}",
        problems,
        draw(st.sampled_from([ACCURACY, ACCURACY, LESS])),
        draw(st.tuples(*(every for _ in range(problems)))),
        draw(st.integers(0, 2**20)),
        draw(st.sampled_from([0.0, 0.9])),
        draw(st.sampled_from([1.0, 1.0, 1.0, 0.9, 0.5, 0.2])),
    )


def results_of(drawn):
    """Run a drawn comparison, or a part of it; return its results as a command gets them."""
    made = plan(drawn.compare, names=PROBLEMS[: drawn.problems], score=drawn.score)
    schedule, records = Schedule(made, look_at), []
    waiting = deque(schedule.start())
    planned = schedule.trials
    while waiting and len(records) < drawn.part * planned:
        for trial in waiting.popleft().trials:
            records.append(TrialRecord(trial, drawn.made_up(made, trial)))
            waiting.extend(schedule.tell(trial, records[-1].result))
    session = ComparisonSession(
        made, None, records, schedule, schedule.notes, interrupted=bool(waiting)
    )
    return session.results()


# How it is read --------------------------------------------------------------------------------

NAME = f"(?:{'|'.join(sorted(OPTIMIZERS, key=len, reverse=True))})"
LIST = f"{NAME}(?:, {NAME})*(?: and {NAME})?"
PROBLEM = f"(?:{'|'.join(PROBLEMS)})"
NUMBER = r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?"
COUNT = r"1 replication|\d+ replications"
SCORE = r"(?:test|validation) accuracy"
RANGE = (
    r"(?:(?:at least \d+|about \d+|\d+ to \d+) more replications would decide"
    r"|\d+ more replications? may decide, or it may take over 100)"
)

ANSWERS = {
    "nothing": rf"Nothing can be said about {PROBLEM}: no replication is complete\.",
    "grid": (
        rf"Only a grid was tried on {PROBLEM}: (?P<best>{NAME}) at (?P<rate>{NUMBER}) has the best "
        rf"validation accuracy at the best validation epoch, (?P<mean>{NUMBER})\. The rate was "
        r"picked by this score, so it is too good: --seeds 10 ranks\."
    ),
    "unranked": (
        rf"No ranking on {PROBLEM}: [^.]+\. (?P<best>{NAME}) at (?P<rate>{NUMBER}) has the best "
        rf"mean {SCORE} at the best validation epoch, (?P<interval>[^a-z]+)\."
    ),
    "unlearned": (
        rf"Nothing was learned on {PROBLEM}: all chosen trials of (?P<best>{NAME}) at "
        rf"(?P<rate>{NUMBER}), which has the best mean, diverged or got stuck\. Look at the data, "
        r"or try other rates\."
    ),
    "lone": (
        rf"Use (?P<best>{NAME}) at (?P<rate>{NUMBER}) on (?:data like these|this test part) "
        rf"\({PROBLEM}\)\. It is the only candidate(?P<left> that could be ranked)?\."
    ),
    "few": (
        rf"Too few replications on {PROBLEM}: (?P<count>{COUNT}) cannot show any difference; it "
        rf"takes 6 or more\. (?P<best>{NAME}) at (?P<rate>{NUMBER}) has the best mean so far\."
        rf"(?: (?P<as_good>{LIST}) (?:is|are) as good within (?P<margin>[^a-z]+(?: points?)?)\.)?"
        rf"(?: (?P<open>{LIST}) (?:is|are) open\.)?"
    ),
    "use": (
        rf"Use (?P<best>{NAME}) at (?P<rate>{NUMBER}) on (?:data like these|this test part) "
        rf"\({PROBLEM}\)\."
        rf"(?: (?P<as_good>{LIST}) (?:is|are) as good within (?P<margin>[^a-z]+(?: points?)?)\.)?"
        rf"(?: (?P<worse>{LIST}) (?:is|are) worse\.)?"
        rf"(?: (?P<told>{LIST}) (?:is|are) open: (?P<more>{RANGE})\.)?"
        rf"(?: (?P<so_far>{LIST}) (?:is|are) open so far: the next look is after (?P<next>\d+) "
        rf"replications\.)?"
        rf"(?: (?P<open>{LIST}) (?:is|are) open\.)?"
    ),
}
"""The first sentences of a problem."""

OTHERS = {
    "measured": (
        rf"Mean {SCORE} at the best validation epoch of (?P<best>{NAME}): (?P<interval>[^a-z]+), "
        rf"(?P<count>{COUNT})\."
    ),
    "cliff": (
        rf"Careful: (?P<best>{NAME}) at (?P<rate>{NUMBER}) is beside a cliff: (?P<cliff>.+?)\."
        rf"(?: A rate of (?P<safer>{NUMBER}) is safer and costs "
        rf"(?:nothing here|(?P<cost>{NUMBER}) of validation accuracy)\.)?"
    ),
    "failures": (
        rf"Failed trials count as chance in the mean: "
        rf"(?P<failures>{NAME} \(\d+ of \d+\)(?:(?:, | and ){NAME} \(\d+ of \d+\))*)\."
    ),
    "collapses": (
        rf"A few scores of (?P<far>{LIST}) are far below the others, and how many there happen to "
        r"be decides the mean: the test may claim a difference in up to 12 % instead of 5 %\."
    ),
    "looked": (
        r"Looked after (?P<looks>[\d, and]+) of at most (?P<most>\d+) replications, at (?:a level|"
        r"levels) of (?P<levels>[\d., %and]+): all looks together claim a difference between equal "
        r"candidates in at most 5 % \(O'Brien-Fleming\)\."
    ),
    "dropped": (
        rf"(?P<dropped>{LIST}) (?:was|were) shown worse after (?P<after>\d+) replications and got "
        r"no more: (?:its|their) verdict rests on these\."
    ),
    "stopped": (
        r"Stopped after (?P<end>\d+) replications: (?P<saved>\d+) of (?P<planned>\d+) planned "
        r"trials were not needed\."
    ),
    "saved": (
        r"Candidates that were shown worse got no more replications: (?P<saved>\d+) of "
        r"(?P<planned>\d+) planned trials were not needed\."
    ),
    "power": (
        rf"With (?P<count>{COUNT}), a true difference of (?P<size>{NUMBER}) to the best would be "
        r"detected 80 % of the time\."
    ),
    "official": (
        r"The intervals include the sampling of this test part; other training data may give "
        r"another answer \(compare\.split: resample\)\."
    ),
    "once": (
        r"The rates were chosen once, so the luck of tuning is not in these intervals "
        r"\(compare\.tune: each\)\."
    ),
    "left_out": rf"Not ranked, because their trials failed to run: (?P<left_out>{LIST})\.",
}
"""The sentences that may follow."""

OVERALL = {
    "lone": rf"Only (?P<best>{NAME}) could be ranked on all \d problems\.",
    "few": (
        rf"(?P<best>{NAME}) has the best mean (?P<where>over all \d problems|on these problems); "
        r"(?P<count>\d+) (?P<unit>problems|replications) are too few to show any difference\."
    ),
    "use": (
        rf"Use (?P<best>{NAME}): it is the best (?P<where>over all \d problems|on these problems), "
        rf"and (?P<worse>{LIST}) (?:is|are) worse\."
    ),
    "open": (
        rf"(?P<best>{NAME}) has the best mean (?P<where>over all \d problems|on these problems); "
        rf"no difference is shown to (?P<open>{LIST})\.(?: (?P<worse>{LIST}) (?:is|are) worse\.)?"
    ),
}
"""The first sentence over several problems; who could not be ranked on all follows."""

WEAKENED = (
    r"The budget of \d+ trials weakens this verdict: it was enough for "
    r"(?:(?P<replications>\d+) of (?P<planned>\d+) replications)?(?: and )?"
    r"(?:(?P<rates>\d+) of up to (?P<grid>\d+) learning rates)?\."
)
"""What follows the answer where a budget took something from it."""

LEFT = rf"(?P<rest>.*?)(?: Not ranked on all problems: (?P<left>{LIST})\.)?"


def read(sentence, grammar):
    """Return which sentence of a grammar it is, and what it says; exactly one must fit."""
    tried = {kind: re.fullmatch(text, sentence) for kind, text in grammar.items()}
    fits = {kind: found for kind, found in tried.items() if found}
    assert len(fits) == 1, f"read as {sorted(fits)}: {sentence}"
    ((kind, found),) = fits.items()
    return kind, {key: value for key, value in found.groupdict().items() if value is not None}


def names(text):
    return re.findall(NAME, text or "")


class Checked:
    """The sentences on one problem, held against its table and against each other.

    Args:
        results: Of the comparison.
        problem: Its name.
    """

    def __init__(self, results, problem):
        self.results = results
        table = results.summary[results.summary["problem"] == problem]
        self.rows = {row["candidate"]: row for _, row in table.iterrows()}
        self.order = list(table["candidate"])
        self.looks = results.looks[problem]
        self.margin = results.margins[problem]
        self.replications = results.replications[problem]
        first, *others = dict(results.details)[problem]
        self.kind, self.answer = read(first, ANSWERS)
        self.said = [read(sentence, OTHERS) for sentence in others]
        kinds = [kind for kind, _ in self.said]
        self.by_kind = dict(self.said)
        assert len(set(kinds) - {"dropped"}) == len(kinds) - kinds.count("dropped"), kinds

    def status(self, wanted):
        return {name for name, row in self.rows.items() if row["verdict"] == wanted}

    def check(self):
        """Check all of it."""
        self.check_table()
        self.check_answer()
        for kind, found in self.said:
            if checking := getattr(self, f"check_{kind}", None):
                checking(found)
        if self.kind in ("use", "few", "lone"):
            assert "measured" in self.by_kind
        else:
            assert set(self.by_kind) <= (
                {"stopped", "saved"} if self.kind == "unlearned" else set()
            )
        self.check_left_out_are_named()

    def check_table(self):
        ranked = {name: row for name, row in self.rows.items() if row["verdict"]}
        assert set(ranked) == set() or len(self.status("best")) == 1
        for row in ranked.values():
            status, p, level = row["verdict"], row["p_value"], row["level"]
            assert row["difference"] <= row["difference_high"]
            assert row["judged_after"] == row["runs"]
            assert row["runs"] == row["ok"] + row["diverged"] + row["stuck"]
            assert {"worse": p <= level, "open": p > level}.get(status, True)
            if status != "best":
                assert (row["difference_high"] < self.margin) == (status == "as_good")
            assert row["rank"] == 1 or status == "worse"
        alike = [row["mean"] for row in ranked.values() if row["runs"] == self.replications]
        if ranked:
            (best,) = self.status("best")
            sign = 1 if self.results.greater_is_better else -1
            assert self.rows[best]["mean"] * sign >= max(m * sign for m in alike) - 1e-12
            assert self.order[0] == best

    def check_answer(self):
        if self.kind == "nothing":
            assert not any(row["verdict"] for row in self.rows.values())
            return
        best = self.answer["best"]
        assert self.answer["rate"] == f"{self.rows[best]['learning_rate']:g}"
        assert best == self.order[0]
        if self.kind in ("grid", "unranked", "unlearned"):
            assert not any(row["verdict"] for row in self.rows.values())
            if "mean" in self.answer:
                assert self.answer["mean"] == shown_score(self.rows[best]["mean"])
            if "interval" in self.answer:
                assert self.answer["interval"] == shown_interval(self.rows[best])
            assert (self.rows[best]["ok"] == 0) == (self.kind == "unlearned") or (
                self.kind != "unlearned"
            )
            return
        self.check_statuses(best)

    def check_statuses(self, best):
        answer = self.answer
        still = [answer[key] for key in ("told", "so_far", "open") if key in answer]
        said = {
            "best": [best],
            "as_good": names(answer.get("as_good")),
            "worse": names(answer.get("worse")),
            "open": [name for text in still for name in names(text)],
        }
        for status, listed in said.items():
            assert set(listed) == self.status(status), status
            assert len(set(listed)) == len(listed)
        if "margin" in answer:
            scores = Scored(self.results)
            assert answer["margin"] == shown_margin(scores, self.margin)
        if "more" in answer:
            assert not answer.get("so_far")
        if "next" in answer:
            assert self.looks is not None
            assert not self.looks["over"]
            assert int(answer["next"]) in self.looks["planned"]
            assert int(answer["next"]) > max(
                [look["replications"] for look in self.looks["made"]], default=0
            )
        if self.kind == "few":
            assert number_of(answer["count"]) == self.replications < 6
            assert not self.status("worse")
        if self.kind == "lone":
            unranked = [name for name, row in self.rows.items() if not row["verdict"]]
            assert bool(unranked) == ("left" in answer)
        if self.kind == "use":
            assert self.replications >= 6

    def check_measured(self, found):
        row = self.rows[found["best"]]
        assert found["best"] == self.answer["best"]
        assert found["interval"] == shown_interval(row)
        assert number_of(found["count"]) == row["runs"] == self.replications

    def check_cliff(self, found):
        row = self.rows[found["best"]]
        assert found["best"] == self.answer["best"]
        assert found["rate"] == self.answer["rate"]
        assert found["cliff"] == row["cliff"]
        assert ("safer" in found) == (not math.isnan(row["safer_rate"]))
        if "safer" in found:
            assert found["safer"] == f"{row['safer_rate']:g}"
            assert float(found["safer"]) < float(found["rate"])
            assert not math.isnan(row["safer_cost"])
            assert ("cost" in found) == (row["safer_cost"] > 0)
        if "cost" in found:
            assert found["cost"] == shown_score(row["safer_cost"])

    def check_failures(self, found):
        counted = re.findall(rf"({NAME}) \((\d+) of (\d+)\)", found["failures"])
        wanted = {
            (name, int(row["diverged"] + row["stuck"]), int(row["runs"]))
            for name, row in self.rows.items()
            if row["diverged"] + row["stuck"] > 0
        }
        assert {(name, int(some), int(of)) for name, some, of in counted} == wanted

    def check_collapses(self, found):
        assert self.kind == "use"  # else the test can claim nothing
        assert all(self.rows[name]["verdict"] for name in names(found["far"]))

    def check_looked(self, found):
        assert self.looks is not None
        counts = [int(count) for count in re.findall(r"\d+", found["looks"])]
        made = [look["replications"] for look in self.looks["made"]]
        assert counts in (made, [*made, self.replications])
        assert len(re.findall("%", found["levels"])) == len(counts)
        assert int(found["most"]) == self.looks["planned"][-1]
        assert max(counts) <= int(found["most"])

    def check_dropped(self, found):
        for name in names(found["dropped"]):
            row = self.rows[name]
            assert row["verdict"] == "worse"
            assert row["judged_after"] == int(found["after"]) < self.replications

    def check_stopped(self, found):
        assert self.looks["over"]
        assert int(found["end"]) == self.looks["made"][-1]["replications"]
        assert int(found["end"]) < self.looks["planned"][-1]
        assert not self.status("open")
        self.check_saved(found)
        assert "saved" not in self.by_kind

    def check_saved(self, found):
        assert int(found["saved"]) == self.looks["saved_trials"] < int(found["planned"])
        assert int(found["planned"]) == self.looks["planned_trials"]

    def check_power(self, found):
        assert self.kind == "use"
        assert number_of(found["count"]) == self.replications
        assert float(found["size"]) > 0
        assert self.looks is None or self.replications == self.looks["planned"][-1]

    def check_official(self, _):
        assert self.results.split == "official"
        assert not math.isnan(self.rows[self.answer["best"]]["low"])

    def check_once(self, _):
        assert self.results.tune == "once"
        assert not math.isnan(self.rows[self.answer["best"]]["low"])

    def check_left_out_are_named(self):
        if self.kind not in ("use", "few", "lone"):
            return
        unranked = {name for name, row in self.rows.items() if not row["verdict"]}
        assert set(names(self.by_kind.get("left_out", {}).get("left_out"))) == unranked


class Scored:
    """What `shown_margin` reads of a comparison's scores."""

    def __init__(self, results):
        self.plan = self
        self.score = ACCURACY if results.greater_is_better else LESS


def number_of(text):
    return int(text.split()[0])


def check_overall(results, sentence):
    """Hold the sentence over several problems against the joint table and those of the problems."""
    whole = re.fullmatch(LEFT, sentence)
    kind, said = read(whole["rest"], OVERALL)
    table = list(results.aggregate["candidate"])
    assert said["best"] == table[0]
    if kind != "lone":
        assert said["where"] == (
            f"over all {len(results.problems)} problems"
            if len(results.problems) >= 5
            else "on these problems"
        )
    listed = [said["best"], *names(said.get("worse")), *names(said.get("open"))]
    assert len(set(listed)) == len(listed)
    if kind in ("use", "open"):
        assert set(listed) == set(table)
    left = set(names(whole["left"]))
    assert left == set(results.summary["candidate"]) - set(table)


def check_notes(results):
    """Hold what the notes say of candidates against the verdicts."""
    for note in results.notes:
        found = re.match(rf"({NAME}) lost to ({NAME}), a special case", note)
        if found is None:
            continue
        general, special = found.groups()
        rows = results.summary[results.summary["under_tuned"] == special]
        rows = rows[rows["candidate"] == general]
        assert len(rows)
        assert results.is_ranked
        assert set(rows["verdict"]) <= {"as_good", "open", "worse"}
        assert all(results.replications[problem] >= 6 for problem in rows["problem"])


def check_weakened(results):
    """Hold what a budget took from the verdict against what was trained."""
    found = re.fullmatch(WEAKENED, results.weakened)
    assert found
    assert found["planned"] or found["grid"]
    if found["planned"]:
        assert max(results.replications.values()) <= int(found["replications"])
        assert int(found["replications"]) < int(found["planned"])
    if found["grid"]:
        tried = results.sensitivity.groupby("candidate")["learning_rate"].nunique()
        assert tried.max() <= int(found["rates"]) < int(found["grid"])


def split_of(results):
    """Return the sentences over all problems, and the lines.

    Without those of the interruption and of the budget, of which the latter follows the answer.
    """
    told = list(results.verdict)
    if results.interrupted:
        assert told.pop(0).startswith("Interrupted: ")
    if results.weakened:
        several = results.aggregate is not None and results.is_ranked
        place = 1 if len(results.problems) == 1 else int(several)
        assert told.pop(place) == results.weakened
        check_weakened(results)
    lines = len(results.problems) if len(results.problems) > 1 else 0
    return told[: len(told) - lines], told[len(told) - lines :]


@settings(max_examples=examples(60))
@given(comparisons())
def test_no_two_sentences_contradict_each_other_or_the_tables(drawn):
    results = results_of(drawn)
    answer, lines = split_of(results)
    details = dict(results.details)
    for problem in results.problems:
        Checked(results, problem).check()
    check_notes(results)
    if len(results.problems) == 1:
        assert tuple(answer) == details[results.problems[0]]
    else:
        assert lines == [details[problem][0] for problem in results.problems]
        assert len(answer) == (results.aggregate is not None and results.is_ranked)
        for sentence in answer:
            check_overall(results, sentence)


def lines_of(page):
    """Return the paragraphs, list items and cells of a page as plain text."""
    found = re.findall(r"<(p|li|td|th)\b[^>]*>(.*?)</\1>", page, re.DOTALL)
    plain = [unescape(re.sub("<[^>]+>", "", text)) for _, text in found]
    return [text.replace("\N{NO-BREAK SPACE}", " ") for text in plain]


@settings(max_examples=examples(12))
@given(comparisons())
def test_terminal_markdown_json_and_page_say_the_same(tmp_path_factory, drawn):
    results = results_of(drawn)
    folder = ComparisonFolder(tmp_path_factory.mktemp("said"))
    write_tables(results, folder)
    folder.write_text("config.yaml", f"name: one\n{drawn.compare}\n")
    folder.write_json("environment.json", {"command": [], "protocol": "x", "problems": "1"})
    sentences = [*results.verdict, *(s for _, told in results.details for s in told[1:])]
    kept = json.loads(folder.read_text("results.json"))
    assert kept == json.loads(json.dumps(as_data(results)))
    assert kept["verdict"] == list(results.verdict)
    by_problem = {problem["name"]: problem["sentences"] for problem in kept["problems"]}
    assert by_problem == {name: list(told) for name, told in results.details}
    text = markdown(results)
    assert [s for s in sentences if without_tags(s) not in text] == []
    page = lines_of(comparison_page(folder))
    assert [s for s in (*sentences, *results.notes) if s not in page] == []
    shown = printed(results, folder.path)
    assert [s for s in results.verdict if squeezed(s) not in squeezed(shown)] == []
    for _, row in results.summary.iterrows():
        for cell in cells(row):
            assert cell.replace("|", "\\|") in text or cell in (shown_p(row), shown_after(row))
            assert not row["verdict"] or cell in page or cell == shown_after(row)


def printed(results, path):
    """Return what a command prints of results."""
    import click

    command = click.Command("x", callback=lambda: print_results(results, path, as_json=False))
    done = CliRunner().invoke(command, [])
    assert done.exit_code == 0, done.output
    return done.stdout


def squeezed(text):
    """Return a text without white space, where lines are broken at any place."""
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize(
    ("sentence", "grammar"),
    [("Use Adam at 0.1 on data like these (one). Lion is better.", ANSWERS), ("Hello.", OTHERS)],
)
def test_a_sentence_that_the_grammar_does_not_know_is_not_read(sentence, grammar):
    with pytest.raises(AssertionError, match="read as"):
        read(sentence, grammar)


@pytest.mark.parametrize(
    ("least", "most", "told"),
    [
        (12, None, "at least 12 more replications would decide"),
        (11, 12, "about 12 more replications would decide"),
        (1, 30, "1 to 30 more replications would decide"),
        (1, 569, "1 more replication may decide, or it may take over 100"),
        (40, 300, "40 more replications may decide, or it may take over 100"),
        (90, 300, "90 to 300 more replications would decide"),
    ],
)
def test_a_range_without_an_end_that_matters_names_none(least, most, told):
    assert shown_range(least, most) == told
