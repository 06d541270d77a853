"""Saved runs become figures of what is inside them: what `dlcli inspect` does."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.data import load, read_examples, words
from dlcli.errors import UserError, did_you_mean
from dlcli.metrics.predictions import CLASS_TASKS, batch_of_arrays
from dlcli.runtime.quiet import load_tensorflow
from dlcli.store.folder import Folder, explained_os_errors
from dlcli.store.runs import INSPECTION
from dlcli.train.saved import MODEL, data_form, load_model, open_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from matplotlib.figure import Figure

    from dlcli.config.sections.experiment import Config
    from dlcli.data import Form
    from dlcli.data.description import DataDescription, Dataset, Split
    from dlcli.inspection import FilterBank, Invariance, Unrolled
    from dlcli.report.drawing.inputs import Example
    from dlcli.store.runs import RunFolder

PARTS = ("test", "validation", "train")
MOVES = ("shift", "rotate", "scale")
FEWEST = 200
"""Examples that show which filters are dead, even if fewer are searched."""
STRONGEST_TEXTS = 4
"""Texts that are named for each filter; of images and sequences one."""


@dataclass
class Findings:
    """What was found.

    Attributes:
        files: What was written.
        tables: Name to rows; `filters`, the dead ones of each layer, is not written as CSV.
    """

    files: list[Path] = field(default_factory=list)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """What to look at.

    Attributes:
        filters: Whether the kernels, and what they respond to.
        feature_maps: The example whose feature maps are shown, as typed.
        invariance: The kinds of move.
        hidden_states: The example whose hidden states are shown, as typed.
        layers: Ids; all that can be shown if empty.
        examples: At most so many are searched and moved.
    """

    filters: bool = False
    feature_maps: str | None = None
    invariance: tuple[str, ...] = ()
    hidden_states: str | None = None
    layers: tuple[str, ...] = ()
    examples: int = 1000


@dataclass(frozen=True)
class Subject:
    """A saved run with what is loaded of it when it is first needed."""

    run: RunFolder
    config: Config
    label: str

    @cached_property
    def model(self) -> Any:
        """The trained network.

        Raises:
            UserError: If its training diverged: of such weights there is nothing to see.
        """
        import numpy as np

        model = load_model(self.run)
        if not all(np.isfinite(weights).all() for weights in model.get_weights()):
            message = f"the training of {self.run.path} diverged: its weights are no finite numbers"
            raise UserError(message, remedy="train it again with a smaller learning rate")
        return model

    @cached_property
    def form(self) -> Form:
        """What the network knows of its data."""
        return data_form(self.run, self.config)

    @property
    def description(self) -> DataDescription:
        """The data's description."""
        return self.form.description

    @cached_property
    def dataset(self) -> Dataset:
        """The data that the run was trained on."""
        data = self.config.data
        return load(
            data.source,
            validation=data.validation,
            fraction=data.fraction,
            seed=self.config.seed,
            group=data.group,
            time=data.time,
            encoder=self.form.encoder,
        )

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of token ids, from the padding's on, if they are known."""
        return words(self.config.data.source, self.form.encoder)

    def some(self, count: int) -> tuple[str, Split]:
        """Return evenly spaced examples of the test part, or of the next that there is."""
        import numpy as np

        for name in PARTS:
            part: Split | None = getattr(self.dataset, name)
            if part is not None and part.size:
                index = np.linspace(0, part.size - 1, min(count, part.size)).astype(int)
                return name, part.take(index)
        raise UserError("the data has no examples", remedy="look at the run's config")

    def example(self, text: str) -> tuple[Split, str]:
        """Return the example that was typed, and its title: `test:17`, `test`, the first of a file.

        Raises:
            UserError: If there is no such example.
        """
        import numpy as np

        match = re.fullmatch(rf"({'|'.join(PARTS)})(?::(\d+))?", text)
        if match is None:
            _check_part(text)
            single = read_examples(Path(text), self.form, targets=False).take(np.array([0]))
            return single, Path(text).name
        name, position = match[1], int(match[2] or 0)
        part: Split | None = getattr(self.dataset, name)
        size = 0 if part is None else part.size
        if part is None or position >= size:
            message = f"the data has no example {name}:{position}"
            raise UserError(message, remedy=self._held(name, size))
        single = part.take(np.array([position]))
        return single, f"{self._target(single)}, {name}:{position}"

    def _held(self, name: str, size: int) -> str:
        """Say which examples there are: of a part, or else of the others."""
        if size:
            return f"it has {size}, from {name}:0 to {name}:{size - 1}"
        sizes = {part: getattr(self.dataset, part) for part in PARTS}
        others = [f"{part}:0" for part, split in sizes.items() if split is not None and split.size]
        return f"its {name} part is empty; look at {' or '.join(others)}"

    def shown(self, split: Split, position: int, layer: str) -> Example:
        """Return one of several examples as it is drawn beside a layer."""
        import numpy as np

        single = split.take(np.array([position]))
        return self.drawn(single, self._target(single), layer)

    def drawn(self, single: Split, title: str, layer: str) -> Example:
        """Return a single example as it is drawn: of several inputs the first that a layer sees."""
        from dlcli.inspection.layers import seen_inputs
        from dlcli.report.drawing.inputs import Example
        from dlcli.report.text.samples import kind_of

        inputs = self.description.inputs
        seen = seen_inputs(self.model, layer) if len(inputs) > 1 else []
        name = next(iter(seen or inputs))
        spec = inputs[name]
        return Example(kind_of(spec.shape, spec.dtype), single.x[name][0], title, self.words)

    def _target(self, single: Split) -> str:
        from dlcli.report.text.samples import target_text

        return target_text(single.y[0], self.description)


def inspect_runs(root: Path, names: Sequence[str], wanted: Wanted, out: Path | None) -> Findings:
    """Draw what is inside saved runs.

    Args:
        root: Folder of the runs.
        names: Which runs; several are drawn together where a figure can hold them.
        wanted: What to look at.
        out: Where to; the run's own folder by default, or `inspect` here for several.

    Raises:
        UserError: If a run, an example, a layer or a kind of move does not exist, or a network
            has nothing of what is wanted.
    """
    check_kinds(wanted.invariance)
    subjects = _subjects(root, names)
    place = out or (subjects[0].run.own(INSPECTION) if len(names) == 1 else Path(INSPECTION))
    findings = Findings()
    load_tensorflow()
    from dlcli.report.drawing.style import applied

    with applied():
        for subject in subjects:
            own = place if len(subjects) == 1 else place / subject.run.name
            for stem, figure in _own_figures(subject, wanted, findings):
                _save(figure, own, stem, findings)
        if wanted.invariance:
            _draw_invariance(subjects, wanted, place, findings)
        if wanted.hidden_states is not None:
            _draw_states(subjects, wanted, place, findings)
    return findings


def _check_part(text: str) -> None:
    """Raise an error for what was meant as an example of the data and is none: `tset:3`, `test:-1`.

    Raises:
        UserError: If it looks like one, and no file is called so.
    """
    match = re.fullmatch(r"(\w+):(\S*)", text)
    if match is None or Path(text).exists():
        return
    part, position = match.groups()
    known = part in PARTS
    message = f"'{position}' is no position" if known else f"'{part}' is no part of the data"
    meant = "" if known else did_you_mean(part, PARTS)
    remedy = f"write test:0 (also {', '.join(f'{name}:' for name in PARTS[1:])}), or name a file"
    raise UserError(f"{message}{meant}", remedy=remedy)


def check_kinds(kinds: Sequence[str]) -> None:
    """Raise an error for a kind of move that does not exist."""
    for kind in kinds:
        if kind not in MOVES:
            message = f"'{kind}' is no kind of move{did_you_mean(kind, MOVES)}"
            raise UserError(message, remedy=f"choose from {', '.join(MOVES)}")


def _subjects(root: Path, names: Sequence[str]) -> list[Subject]:
    """Open the runs; each is called by its folder, as everywhere."""
    opened = [open_run(root, name) for name in names]
    for run, _ in opened:
        if not (run.path / MODEL).exists():
            raise run.unfinished("model")
    return [Subject(run, config, run.name) for run, config in opened]


def _own_figures(
    subject: Subject, wanted: Wanted, findings: Findings
) -> Iterator[tuple[str, Figure]]:
    """Yield the figures that show a single network, each with its name."""
    from dlcli.report import inside

    if wanted.filters:
        yield from _filter_figures(subject, wanted, findings)
    if wanted.feature_maps is None:
        return
    from dlcli import inspection
    from dlcli.inspection.layers import mapped, spatial_outputs

    model = subject.model
    kind = spatial_outputs if wanted.layers else mapped
    layers = inspection.chosen_layers(model, wanted.layers, kind, "layers with feature maps")
    split, title = subject.example(wanted.feature_maps)
    for found in inspection.feature_maps(model, layers, split):
        example = subject.drawn(split, title, found.layer)
        yield f"feature-maps-{found.layer}", inside.draw_feature_maps(found, example)


def _bank_row(subject: Subject, bank: FilterBank) -> dict[str, Any]:
    return {
        "run": subject.label,
        "layer": bank.layer,
        "filters": len(bank.kernels),
        "dead": sorted(bank.dead),
        "examples": bank.looked_at,
    }


def _filter_figures(
    subject: Subject, wanted: Wanted, findings: Findings
) -> Iterator[tuple[str, Figure]]:
    from dlcli import inspection
    from dlcli.report import inside

    model = subject.model
    layers = inspection.chosen_layers(model, wanted.layers, inspection.convolutions, "convolutions")
    _, examples = subject.some(wanted.examples)
    judged = subject.some(FEWEST)[1] if wanted.examples < FEWEST else None
    for layer in layers:
        kind = subject.shown(examples, 0, layer.name).kind
        strongest = STRONGEST_TEXTS if kind == "tokens" else 1
        bank = inspection.filter_bank(model, layer, examples, strongest=strongest, judged=judged)
        findings.tables.setdefault("filters", []).append(_bank_row(subject, bank))
        named = {r.example for responses in bank.responses for r in responses} or {0}
        shown = {i: subject.shown(examples, i, bank.layer) for i in named}
        yield f"filters-{bank.layer}", inside.draw_filters(bank, shown)


def _draw_invariance(
    subjects: Sequence[Subject], wanted: Wanted, place: Path, findings: Findings
) -> None:
    from dlcli.report import inside

    found = {subject.label: _invariance(subject, wanted) for subject in subjects}
    shares = {_most_frequent(subject, wanted) for subject in subjects}
    chance = shares.pop() if len(shares) == 1 else None  # runs on different data have no one line
    _save(inside.draw_invariance(found, chance), place, "invariance", findings)
    rows = [{"run": name} | point.to_dict() for name, points in found.items() for point in points]
    _table(rows, place, "invariance", findings)


def _most_frequent(subject: Subject, wanted: Wanted) -> float:
    """Return the share of the most frequent class among the examples that are moved."""
    import numpy as np

    _, examples = subject.some(wanted.examples)
    _, counts = np.unique(examples.y, return_counts=True)
    return float(counts.max() / counts.sum())


def _invariance(subject: Subject, wanted: Wanted) -> list[Invariance]:
    from dlcli.data.description import Split
    from dlcli.engine import outputs, probabilities
    from dlcli.inspection import KINDS, measure_invariance

    description = subject.description
    name, spec = next(iter(description.inputs.items()))
    if len(spec.shape) != 3 or len(description.inputs) > 1 or description.task not in CLASS_TASKS:
        message = f"{subject.run.path} does not classify images, so there is nothing to move"
        raise UserError(message, remedy="look at a run on images, such as digits")
    _, examples = subject.some(wanted.examples)
    model, config = subject.model, subject.config

    def predict(images: np.ndarray) -> np.ndarray:
        made = outputs(model, Split({name: images}, examples.y), config.data.batch_size)
        likely = probabilities(made, config, description.task)
        batch = batch_of_arrays(
            examples.y, likely, task=description.task, classes=len(description.classes)
        )
        guess: np.ndarray = batch.guess.argmax(axis=1)
        return guess

    images, labels = examples.x[name], examples.y.reshape(-1)
    return [
        point
        for kind in wanted.invariance
        for point in measure_invariance(predict, images, labels, KINDS[kind])
    ]


def _draw_states(
    subjects: Sequence[Subject], wanted: Wanted, place: Path, findings: Findings
) -> None:
    from dlcli.report import inside

    gradients: dict[str, Unrolled] = {}
    for subject in subjects:
        own = place if len(subjects) == 1 else place / subject.run.name
        for found, example in _unrolled(subject, wanted):
            stem = re.sub(r"[^\w]+", "-", f"hidden-states-{found.layer}")
            _save(inside.draw_states(found, example), own, stem, findings)
            if found.gradient is not None:
                several = len(subjects) > 1
                name = f"{subject.label}: {found.layer}" if several else found.layer
                gradients[name] = found
    if not gradients:
        return
    _save(inside.draw_gradients(gradients), place, "gradients", findings)
    _table(_gradient_rows(gradients), place, "gradients", findings)


def _unrolled(subject: Subject, wanted: Wanted) -> Iterator[tuple[Unrolled, Example]]:
    from dlcli import inspection

    model = subject.model
    layers = inspection.chosen_layers(
        model, wanted.layers, inspection.recurrent, "recurrent layers"
    )
    split, title = subject.example(str(wanted.hidden_states))
    classes = subject.description.task != "regression"
    for layer in layers:
        example = subject.drawn(split, title, layer.name)
        for found in inspection.unroll(model, layer, split, classes=classes):
            yield found, example


def _gradient_rows(gradients: Mapping[str, Unrolled]) -> list[dict[str, Any]]:
    return [
        {"layer": name, "step": int(step), "gradient": float(norm)}
        for name, found in gradients.items()
        if found.gradient is not None
        for step, norm in zip(found.steps, found.gradient, strict=True)
    ]


def _save(figure: Figure, place: Path, stem: str, findings: Findings) -> None:
    from dlcli.report.drawing.saving import save_figure

    with explained_os_errors(place / stem):
        place.mkdir(parents=True, exist_ok=True)
        findings.files += save_figure(figure, place, stem)


def _table(rows: list[dict[str, Any]], place: Path, name: str, findings: Findings) -> None:
    """Write rows as CSV, and keep them."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    Folder(place).write_text(f"{name}.csv", stream.getvalue())
    findings.files.append(place / f"{name}.csv")
    findings.tables[name] = rows
