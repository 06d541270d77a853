"""Score against training size on a page: a table, and a figure with lines and bands."""

from __future__ import annotations

from dlcli.report.page.fractions import fraction_figures, fraction_tables


class Lines:
    """Draws a line for each candidate, as the tables of a page do."""

    def lines(self, rows, x, y, _hover, **more):
        names = dict.fromkeys(row["candidate"] for row in rows)
        return [
            {"name": name, "line": {"color": "#123456"}, **more,
             "x": [float(r[x]) for r in rows if r["candidate"] == name],
             "y": [float(r[y]) for r in rows if r["candidate"] == name]}
            for name in names
        ]  # fmt: skip


def row(candidate, examples, mean, gain=""):
    known = {"low": mean - 0.1, "high": mean + 0.1} if mean else {}
    return {"candidate": candidate, "examples": str(examples), "fraction": str(examples / 100),
            "mean": str(mean), "low": "", "high": "", "gain": gain, "gain_low": gain,
            "gain_high": gain, **{k: str(v) for k, v in known.items()}}  # fmt: skip


ROWS = [
    row("SGD", 10, 0.6),
    row("SGD", 100, 0.8, "0.2"),
    row("Adam", 10, 0.7),
    row("Adam", 100, 0.9),
]


def test_every_candidate_has_a_line_with_its_band_over_the_sizes_that_were_trained():
    (figure,) = fraction_figures(Lines(), ROWS, "accuracy")
    lines = [
        trace for trace in figure.traces if "x" in trace and trace.get("mode") == "lines+markers"
    ]
    assert {line["name"]: (line["x"], line["y"]) for line in lines} == {
        "SGD": ([10, 100], [0.6, 0.8]),
        "Adam": ([10, 100], [0.7, 0.9]),
    }
    assert all(line["legendgroup"] == line["name"] for line in lines)
    assert len(figure.traces) == 4
    assert figure.layout["xaxis"]["tickvals"] == [10, 100]
    assert figure.layout["yaxis"]["title"]["text"] == "accuracy"


def test_the_figures_own_table_is_that_of_the_page():
    (figure,) = fraction_figures(Lines(), ROWS, "accuracy")
    (shown, told) = fraction_tables(ROWS)
    assert shown.count("<tr") == len(figure.table)
    for cell in figure.table[1]:
        assert cell in shown
    assert told


def test_without_parts_of_the_data_nothing_is_shown():
    assert fraction_tables([]) == []
    assert fraction_figures(Lines(), [], "accuracy") == []
