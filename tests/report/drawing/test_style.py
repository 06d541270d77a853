"""A candidate has one style, in every figure and on every page."""

from __future__ import annotations

from dlcli.report.drawing import style


def test_a_candidate_looks_the_same_whatever_its_rank():
    rows = [
        (f"{label} {name}", label, name) for label in ("Mine", "Adam", "Yours") for name in "gh"
    ]
    first, second = style.candidate_styles(rows), style.candidate_styles(rows[::-1])
    assert first == second
    assert len({(s.colour, s.marker, s.dash) for s in first.values()}) == len(rows)
    assert {first["Adam g"].colour} == {first["Adam h"].colour}
    alone = style.candidate_styles([("Adam", "Adam", "")])
    assert alone["Adam"] == style.label_styles(["Adam"])["Adam"]
