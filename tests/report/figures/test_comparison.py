"""Figures show the numbers they are given, within their edges, alike in every figure."""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread
from matplotlib.lines import Line2D
from matplotlib.text import Text

from dlcli.report.drawing import style
from dlcli.report.drawing.panels import cast_of
from dlcli.report.figures.comparison import drawings, write_figures
from dlcli.report.page.plots import groups_of, page_scale
from dlcli.statistics.pareto import pareto_front
from dlcli.statistics.ranking import critical_difference_diagram

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox


LABELS = (
    *("Adam", "SGD(momentum=0.9)", "SGD", "AdamW(weight_decay=0.01, clipnorm=1.0)", "RMSprop"),
    *("Nadam", "Adagrad", "Adadelta", "Adamax", "Lion", "Ftrl", "Adafactor", "Lamb", "Muon"),
    *("SGD(momentum=0.9, nesterov=True)", "mypackage.optimizers:Sophia(rho=0.04)"),
)
RATES = (1e-4, 1e-3, 1e-2, 1e-1)
EPOCHS = 8
BAD = "Adagrad"
"""Learns, but far worse than the rest."""
STUCK = "Adadelta"
UNLUCKY = "SGD"
"""One run of it diverges and one gets stuck."""
MARGIN = 0.01
CURVES = ["learning_curves", "rate_sensitivity", "time_to_target", "tuning_budget"]
ROWS = ["score_intervals", "scores_by_replication", "distance_to_best"]
"""Figures with a row a candidate."""
KEYS = ["problem", "candidate", "label", "initializer"]


def _trials(
    named: list[tuple[str, str, str]], problems: tuple[str, ...], seeds: int, *, loss: bool
) -> pd.DataFrame:
    trials = pd.DataFrame(
        [
            {"problem": p, "candidate": c, "label": x, "initializer": y, "replication": seed + 1}
            for p in problems
            for c, x, y in named
            for seed in range(seeds)
        ]
    )
    quality = {c: 0.985 - 0.004 * place for place, (c, _, _) in enumerate(named)}
    noise = np.random.default_rng(7).normal(0, 0.002, len(trials))
    trials["score"] = trials["candidate"].map(quality) + noise
    trials.loc[trials["label"] == BAD, "score"] -= 0.4
    trials["status"] = "ok"
    unlucky = (trials["label"] == UNLUCKY) & (seeds > 4)
    trials.loc[unlucky & (trials["replication"] == 1), "status"] = "diverged"
    trials.loc[unlucky & (trials["replication"] == 4), "status"] = "stuck"
    trials.loc[trials["label"] == STUCK, "status"] = "stuck"
    trials.loc[trials["status"] != "ok", "score"] = 0.1
    if loss:
        trials["score"] = 1 - trials["score"]
    return trials


def _summary(trials: pd.DataFrame, *, loss: bool) -> pd.DataFrame:
    statuses = pd.get_dummies(trials["status"]).reindex(
        columns=["ok", "diverged", "stuck"], fill_value=0
    )
    groups = pd.concat([trials, statuses], axis=1).groupby(KEYS, sort=False)
    summary = (
        groups["score"].agg(mean="mean", sd="std", runs="size").join(groups[[*statuses]].sum())
    )
    summary = summary.reset_index()
    half = 2 * summary["sd"] / np.sqrt(summary["runs"])
    summary["low"], summary["high"] = summary["mean"] - half, summary["mean"] + half
    summary["failed"] = 0
    summary["learning_rate"] = [RATES[1 + place % 2] for place in range(len(summary))]
    ranks = summary.groupby("problem")["mean"].rank(method="first", ascending=loss)
    summary["rank"] = ranks.astype(int)
    best = summary.groupby("problem")["mean"].transform("min" if loss else "max")
    summary["difference"] = (summary["mean"] - best).abs()
    summary["difference_high"] = summary["difference"] + half.fillna(0) + 0.001
    lacks = summary["difference_high"] > MARGIN
    summary["verdict"] = np.where(summary["rank"] == 1, "best", np.where(lacks, "open", "as_good"))
    summary.loc[summary["runs"] < 2, "verdict"] = ""
    # Out of order, for a reader must not rely on it.
    return summary.sort_values("rank", ascending=False).reset_index(drop=True)


def _costs(summary: pd.DataFrame, sign: int) -> pd.DataFrame:
    """Make costs up: large networks, alike in FLOPs, one whose time nobody knows."""
    costs = summary[[*KEYS, "mean", "low", "high"]].copy()
    size = np.arange(len(costs))
    costs["parameters"], costs["flops"] = 10.0 ** (3 + size % 5), 5e6
    costs["training_seconds"] = np.where(size == 1, np.nan, 1.0 + size)
    costs["prediction_seconds"] = 0.001 * (1 + size[::-1])
    for name in ("parameters", "flops", "training_seconds", "prediction_seconds"):
        costs[f"{name}_front"] = pareto_front(costs[name], sign * costs["mean"])
    return costs


def _fractions(summary: pd.DataFrame, sign: int) -> pd.DataFrame:
    """Make curves over training size up, whose bands narrow."""
    rows = [
        {**row, "fraction": fraction, "examples": round(1150 * fraction), "runs": 10,
         "mean": row["mean"] - sign * 0.2 * (1 - fraction),
         "low": row["low"] - 0.2 * (1 - fraction),
         "high": row["high"]}
        for row in summary[[*KEYS, "mean", "low", "high"]].to_dict("records")
        for fraction in (0.1, 0.3, 1.0)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _searched(summary: pd.DataFrame) -> pd.DataFrame:
    """Make a search up: a rate, a share, a number and a word to choose."""
    rng = np.random.default_rng(0)
    spaces = {"learning_rate": "log", "momentum": "linear", "batch_size": "choices",
              "kernel_initializer": "choices"}  # fmt: skip
    draws = {
        "log": lambda: 10 ** rng.uniform(-5, 0), "linear": lambda: rng.uniform(0, 1),
        "batch_size": lambda: int(rng.choice([16, 64])),
        "kernel_initializer": lambda: str(rng.choice(["HeNormal", "Orthogonal"])),
    }  # fmt: skip
    rows = [
        {**row, "setting": name, "scale": scale, "value": draws.get(name, draws.get(scale))(),
         "score": row["mean"] - 0.01 * number, "chosen": number == 0}
        for row in summary[[*KEYS, "mean"]].to_dict("records")
        for number in range(9)
        for name, scale in spaces.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _importance(summary: pd.DataFrame) -> pd.DataFrame:
    """Make up what each setting explains: the rate most, then a word to choose."""
    shares = {"learning_rate": 0.6, "kernel_initializer": 0.2, "momentum": 0.1, "batch_size": 0.0}
    rows = [
        {**row, "setting": name, "share": share, "explained": 0.7, "tries": 9}
        for row in summary[KEYS].to_dict("records")
        for name, share in shares.items()
    ]
    return pd.DataFrame(rows)


def synthetic(
    labels: Iterable[str] = LABELS[:8],
    initializers: Iterable[str] = ("",),
    problems: tuple[str, ...] = ("mnist · cnn",),
    seeds: int = 10,
    *,
    loss: bool = False,
    costly: bool = False,
    wide: bool = False,
    sized: bool = False,
) -> SimpleNamespace:
    """Return the results of a comparison that never took place."""
    named = [(f"{x} · {y}" if y else x, x, y) for x in labels for y in initializers]
    trials = _trials(named, problems, seeds, loss=loss)
    summary = _summary(trials, loss=loss)
    keys, sign = KEYS, -1 if loss else 1

    rates = summary[[*keys, "mean"]].merge(pd.DataFrame({"learning_rate": RATES}), how="cross")
    off = np.abs(np.log10(rates["learning_rate"]) + 2.5)
    rates["failed"] = ((rates["learning_rate"] == RATES[-1]) & (rates["label"] == "Adam")) * 2
    rates["score"] = rates["mean"] - sign * 0.1 * off
    rates.loc[rates["failed"] > 0, "score"] = 0.9 if loss else 0.1
    rates["low"], rates["high"] = rates["score"] - 0.02, rates["score"] + 0.02
    rates["runs"], rates["chosen"] = 3, rates["learning_rate"] == RATES[1]

    epochs = summary[[*keys, "mean"]].merge(
        pd.DataFrame({"epoch": range(1, EPOCHS + 1)}), how="cross"
    )
    epochs["mean"] -= sign * 0.1 * np.exp(-epochs["epoch"])
    width = np.nan if seeds == 1 else 0.005
    epochs["low"], epochs["high"] = epochs["mean"] - width, epochs["mean"] + width
    epochs["runs"] = seeds

    arrivals = summary[keys].merge(pd.DataFrame({"epoch": range(EPOCHS + 1)}), how="cross")
    arrivals["share"] = arrivals["epoch"] / EPOCHS
    tries = summary[[*keys, "mean"]].merge(pd.DataFrame({"tries": range(1, 5)}), how="cross")
    tries["expected_best"] = tries["mean"] - sign * 0.1 / tries["tries"]

    profiles = found = None
    candidates = tuple(c for c, _, _ in named)
    if len(problems) > 1:
        profiles = pd.DataFrame({"candidate": candidates, "label": [x for _, x, _ in named]})
        profiles = profiles.merge(pd.DataFrame({"threshold": np.linspace(0, 1, 9)}), how="cross")
        profiles["share"] = 1 - profiles["threshold"]
    if len(problems) > 4:
        table = summary.pivot_table(index="problem", columns="candidate", values="mean")
        found = critical_difference_diagram(sign * table[list(candidates)].to_numpy())
    metric = "loss" if loss else "accuracy"
    return SimpleNamespace(
        fractions=_fractions(summary, sign) if sized else pd.DataFrame({"problem": []}),
        searched=_searched(summary) if wide else pd.DataFrame({"problem": []}),
        importance=_importance(summary) if wide else pd.DataFrame({"problem": []}),
        costs=_costs(summary, sign) if costly else pd.DataFrame({"problem": []}),
        score=metric,
        score_text=f"test {metric} at the best validation epoch",
        greater_is_better=not loss,
        validation_text=f"validation {metric}",
        problems=problems,
        margins=dict.fromkeys(problems, MARGIN if seeds > 1 else None),
        replications=dict.fromkeys(problems, seeds),
        looks=dict.fromkeys(problems, ()),
        targets=dict.fromkeys(problems, 0.05 if loss else 0.95),
        chance=dict.fromkeys(problems, 0.9 if loss else 0.1),
        summary=summary,
        scores=trials,
        sensitivity=rates,
        curves=epochs,
        arrivals=arrivals,
        budget=tries,
        profiles=profiles,
        critical_difference=found,
        candidates=candidates,
    )


PROBLEMS = ("mnist · cnn", "fashion_mnist · convolutional network", "imdb · lstm", "a · b", "c · d")
CASES = {
    "eight": synthetic(),
    "two": synthetic(LABELS[:2], seeds=1),
    "sixteen": synthetic(LABELS, seeds=5),
    "crossed": synthetic(initializers=("GlorotUniform", "HeNormal"), seeds=3),
    "five": synthetic(LABELS[:5], problems=PROBLEMS, seeds=3),
    "loss": synthetic(loss=True),
    "costly": synthetic(LABELS[:6], costly=True),
    "wide": synthetic(LABELS[:3], wide=True),
    "sized": synthetic(LABELS[:3], sized=True),
}


class Drawing:
    """A figure as it came out.

    Attributes:
        figure: Drawn.
        texts: What was written, and where.
    """

    def __init__(self, figure: Figure, monkeypatch: pytest.MonkeyPatch):
        self.figure = figure
        self.texts: list[tuple[Text, Bbox]] = []
        written: list[Text] = []
        original = Text.draw

        def spy(text: Text, renderer: object) -> None:
            # Ticks outside of the limits have texts too, but they are not drawn.
            if text.get_text().strip():
                written.append(text)
            original(text, renderer)

        canvas = FigureCanvasAgg(figure)
        monkeypatch.setattr(Text, "draw", spy)
        canvas.draw()
        monkeypatch.undo()
        renderer = canvas.get_renderer()
        self.texts = [(text, text.get_window_extent(renderer)) for text in written]
        self.legends = [legend.get_window_extent(renderer) for legend in figure.legends]

    @property
    def words(self) -> str:
        return "\n".join(text.get_text() for text, _ in self.texts)


@pytest.fixture(scope="module")
def drawn() -> dict[str, dict[str, Drawing]]:
    """Return the figures of each case by name."""
    found = {}
    with pytest.MonkeyPatch.context() as patch, style.applied():
        for case, results in CASES.items():
            found[case] = {name: Drawing(draw(), patch) for name, draw in drawings(results)}
    return found


def all_of(drawn: dict[str, dict[str, Drawing]]) -> list[tuple[str, Drawing]]:
    return [(f"{case}/{name}", d) for case, those in drawn.items() for name, d in those.items()]


def panel(drawing: Drawing, place: int = 0) -> Axes:
    return drawing.figure.axes[place]


def lines_of(axes: Axes, style_: style.Style) -> list[np.ndarray]:
    """Return the heights of the lines drawn in a style."""
    return [
        np.asarray(line.get_ydata())
        for line in axes.lines
        if line.get_color() == style_.colour and line.get_linestyle() != "None"
    ]


def test_each_case_has_the_figures_it_has_results_for(drawn):
    always = {*CURVES, "score_intervals", "scores_by_replication"}
    ranked = {*always, "distance_to_best"}

    assert set(drawn["two"]) == always
    assert set(drawn["eight"]) == set(drawn["sixteen"]) == ranked
    assert set(drawn["crossed"]) == {*ranked, "initializers"}
    assert set(drawn["wide"]) == {*ranked, "score_by_setting", "score_map"}
    assert set(drawn["sized"]) == {*ranked, "score_by_training_size"}
    assert set(drawn["costly"]) == {*ranked, "score_against_cost"}
    assert set(drawn["five"]) == {*ranked, "performance_profile", "critical_difference"}


def test_a_curve_over_training_size_has_the_means_of_its_table_on_a_logarithmic_axis(drawn):
    drawing = drawn["sized"]["score_by_training_size"]
    axes, rows = panel(drawing), CASES["sized"].fractions
    assert axes.get_xscale() == "log"
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["115", "345", "1,150"]
    for name, own in rows.groupby("candidate"):
        found = [np.asarray(line.get_ydata()) for line in axes.lines]
        assert any(np.allclose(heights, own["mean"]) for heights in found), name
    low, high = axes.get_ylim()
    assert low <= rows["low"].min()
    assert high >= rows["high"].max()
    assert "mean of 10 replications" in drawing.words


def test_a_cost_that_differs_has_a_panel_with_its_front_and_known_candidates(drawn):
    drawing = drawn["costly"]["score_against_cost"]
    costs = CASES["costly"].costs
    by_axis = dict(zip(("parameters", "training_seconds", "prediction_seconds"),
                       drawing.figure.axes, strict=True))  # fmt: skip
    for name, panel in by_axis.items():
        front, *others = panel.lines
        wanted = costs[costs[f"{name}_front"]].sort_values(name)
        np.testing.assert_allclose(front.get_xdata(), wanted[name])
        np.testing.assert_allclose(front.get_ydata(), wanted["mean"])
        assert len(others) == 2 * costs[name].notna().sum()
    assert by_axis["parameters"].get_xscale() == "log"
    assert by_axis["training_seconds"].get_xscale() == "linear"


def test_a_searched_setting_has_a_panel_with_every_value_and_rings_around_the_chosen(drawn):
    found = CASES["wide"].searched
    panels = drawn["wide"]["score_by_setting"].figure.axes
    assert [panel.get_xscale() for panel in panels] == ["log", "linear", "linear", "linear"]
    for setting, panel in zip(dict.fromkeys(found["setting"]), panels, strict=True):
        rows = found[found["setting"] == setting]
        shown = [y for line in panel.lines[::2] for y in line.get_ydata()]
        assert sorted(shown) == pytest.approx(sorted(rows["score"]))
        ringed = [y for line in panel.lines[1::2] for y in line.get_ydata()]
        assert sorted(ringed) == pytest.approx(sorted(rows[rows["chosen"]]["score"]))
    assert list(panels[2].get_xticks()) == [16, 64]
    assert [text.get_text() for text in panels[3].get_xticklabels()] == ["HeNormal", "Orthogonal"]


def test_each_figure_is_written_as_svg_and_png(drawn, tmp_path: Path):
    written = write_figures(CASES["crossed"], tmp_path)

    names = {f"{name}.{suffix}" for name in drawn["crossed"] for suffix in ("svg", "png")}
    assert {path.name for path in written} == names
    assert set(tmp_path.iterdir()) == set(written)
    for path in written:
        if path.suffix == ".svg":
            assert b"<svg" in path.read_bytes()[:1000]
        else:
            height, width, _ = imread(path).shape
            assert width == pytest.approx(6.5 * 150, abs=1)
            assert height > 150


def test_the_same_numbers_give_the_same_bytes_whatever_the_users_settings(tmp_path: Path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    write_figures(CASES["two"], tmp_path / "one")
    with mpl.rc_context({"axes.facecolor": "black", "font.size": 20, "svg.hashsalt": None}):
        write_figures(CASES["two"], tmp_path / "two")
        assert mpl.rcParams["axes.facecolor"] == "black"
        assert mpl.rcParams["font.size"] == 20
        assert mpl.rcParams["svg.hashsalt"] is None

    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_all_text_lies_within_the_figure(drawn):
    for name, drawing in all_of(drawn):
        low_x, low_y, high_x, high_y = drawing.figure.bbox.extents
        assert drawing.texts, name
        for text, box in drawing.texts:
            inside = (
                low_x - 1 <= box.x0
                and box.x1 <= high_x + 1
                and low_y - 1 <= box.y0
                and box.y1 <= high_y + 1
            )
            assert inside, (name, text.get_text(), box)


def test_no_text_lies_on_another(drawn):
    for name, drawing in all_of(drawn):
        for (one, box), (other, second) in combinations(drawing.texts, 2):
            # Boxes of neighbouring lines touch; what counts is that letters do not.
            width = min(box.x1, second.x1) - max(box.x0, second.x0)
            height = min(box.y1, second.y1) - max(box.y0, second.y0)
            assert width <= 1 or height <= 2, (name, one.get_text(), other.get_text())


def test_no_text_is_smaller_than_eight_points(drawn):
    for name, drawing in all_of(drawn):
        for text, _ in drawing.texts:
            assert text.get_fontsize() >= 8, (name, text.get_text())


def test_legends_lie_outside_of_the_panels(drawn):
    for name, drawing in all_of(drawn):
        for legend in drawing.legends:
            for axes in drawing.figure.axes:
                assert not legend.overlaps(axes.get_window_extent()), name


def test_every_axis_is_labelled(drawn):
    for name, drawing in all_of(drawn):
        for axes in drawing.figure.axes:
            if "critical" in name:
                assert "average rank over 5 problems" in axes.get_xlabel()
            elif axes.get_label() == "<colorbar>":
                assert "accuracy" in axes.get_ylabel(), name
            else:
                assert axes.get_xlabel(), name
                # The rows of the intervals have names of their own.
                assert axes.get_ylabel() or name.partition("/")[2] in ROWS, name


def test_there_is_a_panel_a_problem(drawn):
    for name in (*CURVES, *ROWS):
        titles = [axes.get_title("left") for axes in drawn["five"][name].figure.axes]
        assert len(titles) == len(PROBLEMS)
        for title, problem in zip(titles, PROBLEMS, strict=True):
            assert title.replace("\n", " ").startswith(problem), name


def test_an_optimizer_looks_the_same_in_every_figure(drawn):
    looks: dict[str, set[tuple[object, ...]]] = {}
    for drawing in drawn["five"].values():
        for legend in drawing.figure.legends:
            for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
                if not isinstance(handle, Line2D):  # the band of the margin
                    continue
                label = text.get_text().replace("\n", " ").split(" (")[0]
                look = (handle.get_color(), handle.get_marker(), handle.get_markerfacecolor())
                looks.setdefault(label, set()).add(look)

    for label in LABELS[:5]:
        assert len(looks[label]) == 1, label


def test_well_known_optimizers_keep_their_look_in_any_company():
    alone = style.label_styles(["Adam", "SGD"])
    crowd = style.label_styles(["zzz", *reversed(LABELS)])

    assert alone["Adam"] == crowd["Adam"]
    assert alone["SGD"] == crowd["SGD"]
    assert style.label_styles(["SGD(momentum=0.9)"])["SGD(momentum=0.9)"].colour == "#0072B2"
    assert alone["SGD"].colour != "#0072B2"


def test_a_variant_has_the_optimizers_look_only_where_the_optimizer_is_missing():
    adam = style.label_styles(["Adam"])["Adam"]

    assert style.label_styles(["Adam(beta_1=0.8)"])["Adam(beta_1=0.8)"] == adam
    both = style.label_styles(["Adam(beta_1=0.8)", "Adam"])
    assert both["Adam"] == adam
    assert both["Adam(beta_1=0.8)"] != adam


def test_sixteen_labels_differ_without_their_colours():
    styles = style.label_styles([f"mine:Optimizer{n}" for n in range(16)]).values()

    assert len({(s.marker, s.filled) for s in styles}) == 16
    assert len({s.colour for s in styles}) == 16


def test_more_labels_than_styles_still_differ_by_their_lines():
    styles = style.label_styles([f"mine:Optimizer{n}" for n in range(32)])

    assert len(set(styles.values())) == 32


def test_ranks_do_not_change_colours():
    labels = [f"mine:Optimizer{n}" for n in range(4)]
    better, worse = synthetic(labels), synthetic(reversed(labels))

    assert list(better.summary["label"]) != list(worse.summary["label"])
    assert dict(cast_of(better).candidates) == dict(cast_of(worse).candidates)


def test_crossed_candidates_share_a_colour_by_optimizer_and_a_line_by_initializer():
    cast = cast_of(CASES["crossed"])
    look = cast.candidates

    assert look["Adam · HeNormal"].colour == look["Adam · GlorotUniform"].colour
    assert look["Adam · HeNormal"].dash != look["Adam · GlorotUniform"].dash
    assert look["Adam · HeNormal"].dash == look["SGD · HeNormal"].dash
    assert list(cast.initializers) == ["GlorotUniform", "HeNormal"]


def test_a_learning_curve_goes_through_the_means(drawn):
    results = CASES["eight"]
    rows = results.curves[results.curves["candidate"] == "Adam"].sort_values("epoch")

    (line,) = lines_of(
        panel(drawn["eight"]["learning_curves"]), cast_of(results).candidates["Adam"]
    )
    assert line == pytest.approx(rows["mean"].to_numpy())


def test_only_intervals_that_exist_are_drawn(drawn):
    assert len(panel(drawn["eight"]["learning_curves"]).collections) == 8
    assert not panel(drawn["two"]["learning_curves"]).collections
    assert len(panel(drawn["eight"]["rate_sensitivity"]).collections) == 8
    assert "95% interval" in drawn["eight"]["score_intervals"].words
    assert "95% interval" not in drawn["two"]["score_intervals"].words


@pytest.mark.parametrize(("case", "side"), [("eight", "below"), ("loss", "above")])
def test_failures_do_not_squash_the_curves_but_are_told(drawn, case: str, side: str):
    axes = panel(drawn[case]["learning_curves"])
    low, high = axes.get_ylim()

    assert f"off the scale: 3 {side}" in axes.get_title("left")  # stuck, bad and unlucky
    assert high - low < 0.5
    edge = low if side == "below" else high
    assert sum(line.get_ydata()[0] == edge for line in axes.lines) == 3


@pytest.mark.parametrize("case", ["eight", "two", "loss", "crossed"])
def test_the_axis_of_the_learning_curves_is_that_of_the_page(drawn, case):
    results = CASES[case]
    rows = [{k: str(v) for k, v in row.items()} for row in results.curves.to_dict("records")]
    groups = groups_of(rows)
    ranked = results.summary.sort_values("rank")["candidate"]
    scale = page_scale([(name, groups[name]) for name in ranked])
    low, high = panel(drawn[case]["learning_curves"]).get_ylim()
    if scale.bounds is None:
        assert low <= scale.whole[0] < scale.whole[1] <= high
    else:
        assert (low, high) == pytest.approx(scale.bounds)


def test_rows_of_the_intervals_are_in_rank_order_with_verdict_and_rate(drawn):
    results = CASES["eight"]
    axes = panel(drawn["eight"]["score_intervals"])
    names = [label.get_text().replace("\n", " ") for label in axes.get_yticklabels()]

    ordered = results.summary.sort_values("rank")
    for name, (_, row) in zip(names, ordered.iterrows(), strict=True):
        verdict = row["verdict"].replace("_", " ")
        assert name == f"{row['candidate']} {verdict}, learning rate {row['learning_rate']:g}"
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert list(axes.get_yticks()) == sorted(axes.get_yticks())


def test_every_replication_is_a_dot_and_failed_ones_are_marked_and_counted(drawn):
    axes = panel(drawn["eight"]["score_intervals"])
    marks = [line.get_marker() for line in axes.lines for _ in line.get_xdata()]

    assert marks.count("x") == 1
    assert marks.count("+") == 1 + 10
    dots = [line for line in axes.lines if line.get_alpha() == 0.6]
    assert sum(len(line.get_xdata()) for line in dots) == 80 - 1 - 11
    assert "1 diverged, 1 stuck" in drawn["eight"]["score_intervals"].words
    assert "10 stuck" in drawn["eight"]["score_intervals"].words
    assert "10 off the scale" in drawn["eight"]["score_intervals"].words


@pytest.mark.parametrize(("case", "sign"), [("eight", 1), ("loss", -1)])
def test_of_one_problem_the_rates_near_the_best_are_shown_close_by(drawn, case, sign):
    scores = sign * CASES[case].sensitivity["score"]
    whole, close = drawn[case]["rate_sensitivity"].figure.axes
    low, high = sorted(sign * np.array(close.get_ylim()))
    assert low < scores.max() < high
    assert high - low == pytest.approx(10 * MARGIN)
    assert len(close.collections) == len(whole.collections) == 8


def test_bounds_up_to_some_margins_are_always_shown(monkeypatch):
    results = synthetic(LABELS[:4])
    by_rank = results.summary["rank"].map({1: 0.0, 2: 0.001, 3: 0.03, 4: 0.5})
    results.summary = results.summary.assign(difference=by_rank, difference_high=by_rank + 0.001)
    with style.applied():
        drawing = Drawing(dict(drawings(results))["distance_to_best"](), monkeypatch)
    assert 0.031 < panel(drawing).get_xlim()[1] < 0.5
    assert [line.get_marker() for line in panel(drawing).lines].count(">") == 1


def test_a_band_needs_three_runs(monkeypatch):
    results = synthetic(LABELS[:2])
    results.sensitivity = results.sensitivity.assign(runs=2)
    with style.applied():
        drawing = Drawing(dict(drawings(results))["rate_sensitivity"](), monkeypatch)
    assert not panel(drawing).collections


@pytest.mark.parametrize(("case", "sign"), [("eight", 1), ("loss", -1)])
def test_the_margin_is_a_band_that_begins_at_the_best_mean(drawn, case, sign):
    summary = CASES[case].summary
    best = float(summary.loc[summary["verdict"] == "best", "mean"].iloc[0])
    (band,) = panel(drawn[case]["score_intervals"]).patches
    ends = sorted((best, best - sign * MARGIN))
    assert [band.get_x(), band.get_x() + band.get_width()] == pytest.approx(ends)
    assert "less than the margin (0.01) from the best mean" in drawn[case]["score_intervals"].words
    assert not panel(drawn["two"]["score_intervals"]).patches  # nothing is ranked


def test_a_line_joins_the_scores_of_each_replication_over_the_candidates(drawn):
    results = CASES["eight"]
    axes = panel(drawn["eight"]["scores_by_replication"])
    names = list(results.summary.sort_values("rank")["candidate"])
    assert [label.get_text().replace("\n", " ") for label in axes.get_yticklabels()] == names
    lines = [line.get_xdata() for line in axes.lines if line.get_linestyle() == "-"]
    table = results.scores.pivot_table(index="replication", columns="candidate", values="score")
    table = table[names]
    assert np.array(lines) == pytest.approx(table.to_numpy())
    failed = [line for line in axes.lines if line.get_marker() == "x"]
    assert sum(len(line.get_xdata()) for line in failed) == 1 + 1 + 10
    assert "failed trial, counts as chance" in drawn["eight"]["scores_by_replication"].words


def test_what_a_candidate_lacks_is_drawn_with_its_bound_the_margin_and_the_verdict(drawn):
    results, drawing = CASES["eight"], drawn["eight"]["distance_to_best"]
    axes = panel(drawing)
    (margin,) = (line for line in axes.lines if line.get_linestyle() == "--")
    assert list(margin.get_xdata()) == [MARGIN, MARGIN]
    bars = {tuple(np.round(line.get_xdata(), 9)) for line in axes.lines if line.get_marker() == "|"}
    rows = results.summary[results.summary["difference"] < axes.get_xlim()[1]]
    ends = rows[["difference", "difference_high"]].to_numpy()
    assert bars == {tuple(np.round(row, 9)) for row in ends}
    for verdict in ("best", "as good", "open"):
        assert f"{verdict}\nat most 0.0" in drawing.words
    assert "distance_to_best" not in drawn["two"]  # nothing is ranked


def test_rate_sensitivity_marks_recommended_and_failed_rates_and_chance(drawn):
    axes = panel(drawn["eight"]["rate_sensitivity"])
    at = {mark: [] for mark in ("o", "x")}
    for line in axes.lines:
        if line.get_linestyle() == "None" and line.get_marker() in at:
            at[line.get_marker()] += list(line.get_xdata())

    assert axes.get_xscale() == "log"
    assert at["o"] == [RATES[1]] * 8
    assert at["x"] == [RATES[-1]]
    assert "2 of 96 trials failed" in axes.get_title("left")
    assert "Adam (2 failed)" in drawn["eight"]["rate_sensitivity"].words
    assert any(list(line.get_ydata()) == [0.1, 0.1] for line in axes.lines)


@pytest.mark.parametrize("rates", [(1e-3,), (1e-3, 2e-3), (1e-3, 3e-2), (1e-9, 1e3)])
def test_the_axis_of_rates_has_ticks_however_long_it_is(rates, monkeypatch):
    results = synthetic(LABELS[:2])
    results.sensitivity = results.sensitivity.iloc[: len(rates)].assign(learning_rate=rates)
    with style.applied():
        drawing = Drawing(dict(drawings(results))["rate_sensitivity"](), monkeypatch)

    axes = panel(drawing)
    low, high = axes.get_xlim()
    assert 1 <= sum(low <= tick <= high for tick in axes.get_xticks()) <= 8


def test_the_target_is_named_with_its_direction(drawn):
    assert "validation accuracy ≥ 0.95" in drawn["eight"]["time_to_target"].words
    assert "validation loss ≤ 0.05" in drawn["loss"]["time_to_target"].words


def test_shares_of_runs_that_arrived_are_steps(drawn):
    results = CASES["eight"]
    axes = panel(drawn["eight"]["time_to_target"])

    assert {line.get_drawstyle() for line in axes.lines} == {"steps-post"}
    (line,) = lines_of(axes, cast_of(results).candidates["Adam"])
    assert line == pytest.approx(np.arange(EPOCHS + 1) / EPOCHS)


def test_the_budget_shows_the_expected_best(drawn):
    results = CASES["eight"]
    rows = results.budget[results.budget["candidate"] == "Nadam"]

    (line,) = lines_of(panel(drawn["eight"]["tuning_budget"]), cast_of(results).candidates["Nadam"])
    assert line == pytest.approx(rows["expected_best"].to_numpy())


def test_the_heat_map_has_a_cell_a_candidate_with_its_mean_and_rate(drawn):
    words = drawn["crossed"]["initializers"].words
    for _, row in CASES["crossed"].summary.iterrows():
        assert f"{row['mean']:.4f}\nlr {row['learning_rate']:g}" in words


def test_the_heat_map_leaves_a_missing_candidate_blank(monkeypatch):
    results = synthetic(LABELS[:3], initializers=("A", "B"), seeds=3)
    results.summary = results.summary.iloc[:-1]
    with style.applied():
        drawing = Drawing(dict(drawings(results))["initializers"](), monkeypatch)

    assert drawing.words.count("\nlr ") == 5


def test_the_critical_difference_joins_each_clique(drawn):
    results = CASES["five"]
    found, drawing = results.critical_difference, drawn["five"]["critical_difference"]
    bars = [line.get_xdata() for line in panel(drawing).lines if line.get_linewidth() == 3.5]

    assert len(bars) == len(found.cliques) > 0
    for bar, clique in zip(bars, found.cliques, strict=True):
        ranks = found.ranks[list(clique)]
        assert bar == pytest.approx([ranks.min(), ranks.max()], abs=0.05)
    words = drawing.words.replace("\n", " ")
    for name, rank in zip(results.candidates, found.ranks, strict=True):
        assert f"{name} ({rank:.2f})" in words
    assert f"critical difference {found.difference:.2f}" in words


@pytest.mark.parametrize(("first", "told"), [(0.1, "down to 0.1"), (60.0, "up to 60")])
def test_first_epochs_that_would_squash_the_others_are_told(monkeypatch, first, told):
    results = synthetic(LABELS[:3], seeds=3)
    epochs = results.curves["epoch"]
    close = 0.9 + 0.01 * (epochs % 2)
    start = close.where(epochs > epochs.min(), first)
    results.curves = results.curves.assign(mean=start, low=start - 0.001, high=start + 0.001)
    with style.applied():
        drawing = Drawing(dict(drawings(results))["learning_curves"](), monkeypatch)
    low, high = panel(drawing).get_ylim()
    assert high - low < 0.05
    assert f"first epochs off the scale, {told}" in drawing.words


def test_infinite_losses_are_drawn_at_the_edge(monkeypatch):
    results = synthetic(loss=True)
    results.summary = results.summary.assign(
        mean=results.summary["mean"].where(results.summary["label"] != STUCK, np.inf)
    )
    results.scores = results.scores.replace({"score": {0.9: np.inf}})
    results.curves.loc[results.curves["label"] == STUCK, ["mean", "low", "high"]] = np.inf

    with style.applied():
        figures = dict(drawings(results))
        rows = Drawing(figures["score_intervals"](), monkeypatch)
        curves = Drawing(figures["learning_curves"](), monkeypatch)

    assert "mean inf\n10 stuck" in rows.words
    right = panel(rows).get_xlim()[1]
    crosses = [line.get_xdata()[0] for line in panel(rows).lines if line.get_marker() == "+"]
    assert len(crosses) == 11
    assert all(0.9 * right < x < right for x in crosses)
    assert "off the scale: 3 above" in curves.words


def test_dollar_signs_and_underscores_are_no_formulas(monkeypatch):
    results = synthetic(("my_optimizer:$A$", "Adam"), seeds=3)
    with style.applied():
        drawing = Drawing(dict(drawings(results))["score_intervals"](), monkeypatch)

    assert not any(text.get_parse_math() for text, _ in drawing.texts)


def test_what_an_interrupted_comparison_has_is_drawn(monkeypatch):
    results = synthetic(LABELS[:3], problems=("a", "b"), seeds=3)
    missing = (results.summary["problem"] == "b") | (results.summary["label"] == "Adam")
    results.summary.loc[missing, ["rank", "mean", "low", "high", "learning_rate"]] = np.nan
    results.summary.loc[missing, ["difference", "difference_high"]] = np.nan
    results.summary.loc[missing, "verdict"] = ""
    results.margins["b"] = None
    results.summary.loc[missing, "failed"] = 3
    for name in ("scores", "sensitivity", "curves", "arrivals", "budget"):
        frame = getattr(results, name)
        gone = (frame["problem"] == "b") | (frame["label"] == "Adam")
        setattr(results, name, frame[~gone])
    results.targets["b"] = None
    with style.applied():
        figures = {name: Drawing(draw(), monkeypatch) for name, draw in drawings(results)}

    assert "no mean\n3 could not run" in figures["score_intervals"].words
    assert "Adam\nno learning rate" in figures["score_intervals"].words
    assert "no target" in figures["time_to_target"].words
    assert "nan" not in "".join(drawing.words for drawing in figures.values())
    assert "0 of 0 trials" in figures["rate_sensitivity"].words


def test_the_map_has_the_tries_of_the_best_candidates_over_the_two_settings_that_matter_most(drawn):
    maps = [axes for axes in drawn["wide"]["score_map"].figure.axes if axes.get_xlabel()]
    assert [axes.get_xlabel() for axes in maps] == ["learning_rate (60 %)"] * len(maps)
    assert {axes.get_ylabel() for axes in maps} == {"kernel_initializer (20 %)"}
    assert {axes.get_xscale() for axes in maps} == {"log"}
    order = CASES["wide"].summary.sort_values("rank")["candidate"].to_list()
    assert [axes.get_title(loc="left") for axes in maps] == order[: len(maps)]
    found = CASES["wide"].searched
    for name, axes in zip(order, maps, strict=False):
        rows = found[(found["candidate"] == name) & (found["setting"] == "learning_rate")]
        dots = axes.collections[0]
        np.testing.assert_allclose(dots.get_offsets()[:, 0], rows["value"].to_numpy(float))
        np.testing.assert_allclose(dots.get_array(), rows["score"])
        assert len(axes.lines[0].get_xdata()) == 1
    labels = [text.get_text() for text in maps[0].get_yticklabels()]
    assert labels == ["HeNormal", "Orthogonal"]
