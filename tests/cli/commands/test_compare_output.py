"""What compare-optimizers prints: the answer first, then tables that fit a terminal."""

from __future__ import annotations

import json

from dlcli.cli.commands.compare import print_results
from dlcli.compare.results import make_results
from tests.compare.made import by_rate, plan, run

PEAKS = {"SGD": (0.3, 0.8), "Adam": (1e-3, 0.9), "Nesterov": (0.03, 0.9), "Adagrad": (0.1, 0.7)}
FOUR = "compare: {optimizers: [SGD, Adam, {SGD: {nesterov: true}, label: Nesterov}, Adagrad]%s}"


def printed(capsys, path, compare, *, as_json=False, **more):
    """Return the results of a made-up comparison and what is printed of them."""
    made = plan(compare, **more)
    schedule, records = run(made, by_rate(PEAKS, spread=0.01, width=3))
    results = make_results(made, records, schedule)
    print_results(results, path, as_json=as_json)
    return results, capsys.readouterr().out


def test_of_one_problem_the_table_and_the_curve_fit_80_columns(capsys, tmp_path):
    (tmp_path / "best.yaml").touch()
    results, text = printed(capsys, tmp_path, FOUR % ", seeds: 8")
    lines = text.splitlines()
    assert lines[0] == results.verdict[0]
    start = len(results.verdict) + 1
    assert lines[start].split()[:3] == ["verdict", "candidate", "rate"]
    assert all(len(line) <= 80 for line in lines[start : lines.index("", start + 6)])
    assert lines[-2:] == [f"report: {tmp_path}/summary.md", f"next: dlcli train --from {tmp_path}"]


def test_a_quick_look_prints_no_verdict_no_bound_and_no_p_value(capsys, tmp_path):
    _, text = printed(capsys, tmp_path, FOUR % ", preset: quick")
    assert text.startswith("No ranking on made")
    header = next(line for line in text.splitlines() if line.startswith("candidate"))
    assert header.split()[:2] == ["candidate", "rate"]
    assert "may lack" not in header
    assert not header.endswith("p  failed")


def test_of_several_problems_the_joint_answer_and_table_come_before_a_line_each(capsys, tmp_path):
    results, text = printed(capsys, tmp_path, FOUR % ", seeds: 7", names=("one", "two"))
    joint, *lines = results.verdict
    places = [text.index(part) for part in (joint, "normalized mean", *lines, "report: ")]
    assert places == sorted(places)
    assert places[0] == 0
    assert "verdict" not in text


def test_json_is_what_results_json_holds(capsys, tmp_path):
    results, text = printed(capsys, tmp_path, FOUR % ", seeds: 6", as_json=True)
    found = json.loads(text)
    assert found["comparison"] == str(tmp_path)
    assert found["verdict"] == list(results.verdict)
    assert len(found["problems"][0]["candidates"]) == 4
