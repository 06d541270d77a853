"""dlcli from Python, over the same functions as the commands; `import dlcli` gives these names.

    run = dlcli.train("digits.yaml", epochs=5)
    run.evaluate(["accuracy", "f1"])
    comparison = dlcli.compare("digits.yaml", optimizers=["SGD", "Adam"], seeds=6)
    print(comparison.verdict)

Errors are `DlcliError`, with the same words as those of the commands.
"""

from __future__ import annotations

import html
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.config.conversion.loading import read_text
from dlcli.config.yaml.nodes import Text
from dlcli.errors import DlcliError, UserError, did_you_mean
from dlcli.store.comparisons import FIGURES, RESULTS, ComparisonFolder, is_comparison
from dlcli.store.runs import HISTORY, RunFolder, find_run, is_run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import keras
    import numpy as np
    import pandas as pd

    Source = str | Path | Mapping[str, Any]
    """A config: a YAML file, YAML text (of several lines, or in braces), or a dict."""

__all__ = ["Comparison", "DlcliError", "Figure", "Run", "compare", "load", "train"]


def train(
    config: Source,
    *,
    epochs: int | None = None,
    seed: int | None = None,
    overrides: Sequence[str] = (),
    root: str | Path = "runs",
    progress: bool = True,
) -> Run:
    """Train a model and save it as a run, as `dlcli train` does.

    Args:
        config: A YAML file, YAML text, or a dict.
        epochs: Instead of the config's.
        seed: Instead of the config's.
        overrides: Changes, such as `"data.batch_size=64"`.
        root: Folder of the runs.
        progress: Show the progress.

    Raises:
        DlcliError: If the config or the data cannot be used, or the training fails.
    """
    from dlcli.cli.screen.progress import training_progress
    from dlcli.train.session import start_from

    changed = [*overrides]
    changed += [] if seed is None else [f"seed={seed}"]
    changed += [] if epochs is None else [f"fit.epochs={epochs}"]
    session = start_from(_text(config), tuple(changed), root=Path(root), out=None)
    with session as run, training_progress(shown=progress) as observer:
        session.train(observer)
    return Run(run.path)


def compare(
    configs: Source | Sequence[Source],
    *,
    overrides: Sequence[str] = (),
    root: str | Path = "comparisons",
    name: str | None = None,
    jobs: int | None = None,
    executor: str = "processes",
    figures: bool = True,
    progress: bool = True,
    rivals: bool = False,
    **settings: Any,
) -> Comparison:
    """Compare optimizers, as `dlcli compare-optimizers` does; finished trials are used again.

    Args:
        configs: A config, or a list of them; each is a YAML file, YAML text, or a dict.
        overrides: Changes of each config, such as `"fit.epochs=5"`.
        root: Folder of the comparisons.
        name: Of the comparison's folder; the configs' names by default.
        jobs: Trials side by side; one per core by default.
        executor: `processes`, `serial` or `ray`.
        figures: Draw the figures and the report.
        progress: Show the progress.
        rivals: Compare the configs with each other, as `dlcli compare` does.
        settings: Keys of the config's `compare` section, and `epochs`: `optimizers=["SGD",
            "Adam(epsilon=0.1)"]`, `seeds=10`, `margin=0.01`, `budget="5m"`.

    Raises:
        DlcliError: If a config, its data or a setting cannot be used, or a trial cannot be run.
    """
    from dlcli.compare.plan.settings import as_overrides
    from dlcli.compare.workers import start_fork_server

    began = time.monotonic()
    if executor == "processes":
        start_fork_server()
    from dlcli.cli.screen.progress import comparison_progress
    from dlcli.compare.comparison import Comparison as Work
    from dlcli.compare.placement import place
    from dlcli.compare.reading import plan_comparison, read_problems, read_rivals
    from dlcli.report.writing import write_comparison

    given = [configs] if isinstance(configs, str | Path | dict) else list(configs)
    changed = (*overrides, *as_overrides(settings))
    placement = place(executor, jobs)
    read = (read_rivals if rivals else read_problems)([_text(each) for each in given], changed)
    work = Work(
        plan_comparison(*read), placement, read[1].budget,
        root=Path(root), name=name, tell=_tell if progress else _say_nothing, began=began,
    )  # fmt: skip
    with work, work.opened(["dlcli.compare"]) as session:
        with comparison_progress(shown=progress) as observer:
            work.run(session, observer)
        write_comparison(session, _tell if progress else _say_nothing, figures=figures)
        folder = session.folder
    session.raise_failed()
    assert folder is not None  # noqa: S101 (an opened session has one)
    return Comparison(folder.path)


def load(path: str | Path) -> Run | Comparison:
    """Open a run or a comparison by its folder.

    Raises:
        UserError: If it is neither.
    """
    place = Path(path)
    if is_comparison(place):
        return Comparison(place)
    if is_run(place):
        return Run(place)
    remedy = "Give the folder of a run (runs/...) or of a comparison (comparisons/...)."
    raise UserError(f"{place} is not a run or a comparison", remedy=remedy)


@dataclass(frozen=True)
class Run:
    """A saved run.

    Attributes:
        path: Its folder.
    """

    path: Path

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.path.name

    @cached_property
    def model(self) -> keras.Model:
        """The trained model."""
        from dlcli.train.saved import load_model

        return load_model(self._folder())

    @property
    def history(self) -> pd.DataFrame:
        """A row for each epoch."""
        import pandas as pd

        return pd.read_csv(self._folder().own(HISTORY))

    def evaluate(
        self, metrics: Sequence[str] | None = None, *, split: str | None = None
    ) -> pd.DataFrame:
        """Score the run: a row for each metric, with value, low and high (95 %).

        Args:
            metrics: Such as `["accuracy", "f1:macro"]`; the run's own by default.
            split: `test` (default), `validation` or `train`.

        Raises:
            UserError: For an unknown metric or part.
        """
        import pandas as pd

        from dlcli.train.saved import evaluate_run

        folder = self._folder()
        names = None if metrics is None else list(metrics)
        evaluated = evaluate_run(folder.path.parent, folder.name, names, split=split)[1]
        rows = [
            {"metric": text, "value": score.value, "low": low, "high": high}
            for text, score in evaluated.scores.items()
            for low, high in [score.interval or (None, None)]
        ]
        return pd.DataFrame(rows).set_index("metric")

    def predict(self, x: np.ndarray | str | Path) -> pd.DataFrame:
        """Predict examples: a row for each, the class first, then every probability.

        Args:
            x: An array of examples (n, ...) as the network takes them, or a file as `dlcli
                predict` takes it.

        Raises:
            UserError: If the examples do not fit.
        """
        import pandas as pd

        from dlcli.train.predicting import predict_array, predict_file

        folder = self._folder()
        if isinstance(x, str | Path):
            return pd.DataFrame(predict_file(folder.path.parent, folder.name, Path(x)).rows())
        return pd.DataFrame(predict_array(folder, x).rows())

    def _folder(self) -> RunFolder:
        return find_run(self.path.parent, self.name)

    def _repr_html_(self) -> str:
        return f"<b>{html.escape(self.name)}</b>{self.evaluate().to_html()}"


@dataclass(frozen=True)
class Comparison:
    """A finished or interrupted comparison.

    Attributes:
        path: Its folder.
    """

    path: Path

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.path.name

    @property
    def verdict(self) -> str:
        """The sentences of the verdict; the first one is the answer."""
        return "\n".join(self._results()["verdict"])

    @property
    def summary(self) -> pd.DataFrame:
        """The ranked table, a row for each candidate; docs/results.md describes the columns."""
        return self._table("summary.csv")

    @property
    def trials(self) -> pd.DataFrame:
        """A row for each trial."""
        return self._table("trials.csv")

    @property
    def scores(self) -> pd.DataFrame:
        """The score of each candidate in each replication."""
        return self._table("scores.csv")

    def figure(self, name: str) -> Figure:
        """Return a figure, which a notebook shows.

        Args:
            name: Of a file in `figures/`, such as `rate_sensitivity`.

        Raises:
            UserError: If there is no such figure; the remedy lists those there are.
        """
        place = self._folder().own(FIGURES)
        known = sorted(path.stem for path in place.glob("*.svg")) if place.is_dir() else []
        if name not in known:
            message = f"{self.path} has no figure '{name}'{did_you_mean(name, known)}"
            raise UserError(message, remedy=f"Choose one of: {', '.join(known) or 'none'}.")
        return Figure(place / f"{name}.svg")

    def _folder(self) -> ComparisonFolder:
        return ComparisonFolder(self.path)

    def _results(self) -> dict[str, Any]:
        return self._folder().read_json(RESULTS)

    def _table(self, name: str) -> pd.DataFrame:
        import pandas as pd

        folder = self._folder()
        if not folder.own(name).exists():
            raise folder.without(name)
        return pd.read_csv(folder.own(name))

    def _repr_html_(self) -> str:
        told = "".join(f"<p>{html.escape(line)}</p>" for line in self.verdict.split("\n")[:1])
        shown = ["candidate", "learning_rate", "mean", "low", "high", "verdict"]
        return f"{told}{self.summary[shown].to_html(index=False)}"


@dataclass(frozen=True)
class Figure:
    """A figure of a comparison.

    Attributes:
        path: Its SVG; a PNG lies beside it.
    """

    path: Path

    def _repr_svg_(self) -> str:
        return self.path.read_text("utf-8")


def _text(config: Source) -> Text:
    """Return a config's text.

    Raises:
        UserError: If it is a path that cannot be read.
    """
    if isinstance(config, Path):
        return read_text(str(config))
    if not isinstance(config, str):
        from dlcli.config.conversion.rendering import dump_yaml

        return Text("<dict>", dump_yaml(dict(config)))
    if "\n" in config or config.lstrip().startswith("{"):
        return Text("<config>", config)
    return read_text(config)


def _tell(remark: str) -> None:
    print(remark, file=sys.stderr)  # noqa: T201 (notes go there from Python too)


def _say_nothing(_remark: str) -> None:
    pass
