"""Does a verdict hold on fresh data? Whole comparisons on disjoint draws of one data set.

Run `python benchmarks/replication.py`. Stop it whenever you like and run it again: every comparison
is kept as it finishes, and the next run goes on from there. `--report` makes tables of what there
is, at any time. Fashion-MNIST must be in Keras's cache (`dlcli data fetch fashion_mnist`).

Each draw is compared by four protocols, at equal networks, candidates and grids:

- `resample`: dlcli's default. Ten replications; each has its own split of the draw and is tuned.
- `official`: the same, with a test part that stays (a fifth of the draw, taken once).
- `once`: `compare.tune: once`. The rates that the first replication chose serve in all.
- `former`: what dlcli did before. One split; one seed searches the rates; ten fresh seeds on that
  split are compared at the rates so found. It goes through the same code, as `official` with
  `tune: once`, a validation part that stays too, and the searching seed left out of the ranking.
  Its verdict is made by today's tests, so that protocols differ by what they train alone.

`replication_figures.py` says what the truth is and how power is measured.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from replication_figures import Comparison

    from dlcli.compare.plan.plan import Plan
    from dlcli.compare.worker import Workshop
    from dlcli.data.pool import Pool
    from dlcli.parallel.tasks import Executor

HERE = Path(__file__).parent
FOLDER = HERE.parent / "build" / "replication"

NETWORKS = {
    "mlp": [("Flatten", {}), ("Dense", {"units": 64, "activation": "relu"})],
    "cnn": [
        ("Conv2D", {"filters": 8, "kernel_size": 3, "strides": 2, "padding": "same",
                    "activation": "relu"}),
        ("MaxPooling2D", {"pool_size": 2}),
        ("Conv2D", {"filters": 16, "kernel_size": 3, "padding": "same", "activation": "relu"}),
        ("Flatten", {}),
    ],
}  # fmt: skip
"""What comes before the output layer; a stride of 2 halves the time."""

PROTOCOLS = {
    "resample": ("resample", "each"), "official": ("official", "each"),
    "once": ("resample", "once"), "former": ("official", "once"),
}  # fmt: skip
"""The values of `compare.split` and `compare.tune`."""

SIZES = (500, 1500, 3000)
"""Examples of a draw. Most draws, and the examples there are, bound how many draws there can be."""

MOST_DRAWS = 45
TEST, VALIDATION = 0.2, 0.2
"""Shares: the test part of the draw, and the validation part of what is left."""

SHUFFLE = 20261128
"""Seeds the order in which draws are cut from the data set."""

SEEDS_A_UNIT, MOST_PROTOCOLS, DRAWS_A_SIZE = 250, 8, 100
"""Room for seeds: no two comparisons share one, and none exceeds 32 bits at the greatest size."""

GREATEST_SIZE = 10_000


@dataclasses.dataclass(frozen=True)
class Settings:
    """What decides the outcome of every comparison; a folder holds those of one of these.

    Attributes:
        data: The data set's name.
        candidates: Labels of optimizers of the standard preset.
        replications: Of a comparison.
        epochs: Of a trial.
        batch_size: Of a trial.
    """

    data: str
    candidates: tuple[str, ...]
    replications: int
    epochs: int
    batch_size: int


class Unit(NamedTuple):
    """One comparison: what one worker does in one go."""

    network: str
    size: int
    metric: str
    protocol: str
    draw: int

    @property
    def kind(self) -> tuple[str, int, str, str]:
        """What it has in common with the comparisons of other draws."""
        return self[:4]

    @property
    def seed(self) -> int:
        """The first of its seeds, of `SEEDS_A_UNIT`."""
        protocol = list(PROTOCOLS).index(self.protocol)
        return ((self.size * DRAWS_A_SIZE + self.draw) * MOST_PROTOCOLS + protocol) * SEEDS_A_UNIT

    def place(self, folder: Path) -> Path:
        """Return its file."""
        name = f"{self.network}-{self.size}-{self.metric}-{self.protocol}-{self.draw:02d}.json"
        return folder / name

    def __str__(self) -> str:
        """Return what a line of progress calls it."""
        return f"{self.network} {self.size} {self.metric} {self.protocol}, draw {self.draw}"


# In a worker ----------------------------------------------------------------------------------


class Bench:
    """Compares candidates in this process.

    Each network has one workshop for all draws, sizes and protocols: the examples of the whole data
    set are held once, a draw is an index into them, and so nothing is compiled or traced again.

    Args:
        settings: Of all comparisons.
    """

    def __init__(self, settings: Settings) -> None:
        from dlcli.data import load
        from dlcli.data.description import Source

        self.settings = settings
        self._shelf = make_shelf(load(Source(settings.data), validation=0))
        self._workshops: dict[str, Workshop] = {}

    def __call__(self, unit: Unit) -> dict[str, Any]:
        """Do a comparison and return what is kept of it."""
        began, worked = time.perf_counter(), time.process_time()
        self._shelf.lay_out(unit)
        plan = make_plan(self.settings, unit, self._shelf)
        records, schedule = self._trained(plan, self._workshop(unit.network, plan))
        return {
            "unit": unit._asdict(),
            "candidates": [candidate.name for candidate in plan.candidates],
            **kept(plan, records, schedule, skip=unit.protocol == "former"),
            "trials": len(records),
            "seconds": round(time.perf_counter() - began, 2),
            "cpu_seconds": round(time.process_time() - worked, 2),
        }

    def _workshop(self, network: str, plan: Plan) -> Workshop:
        from dlcli.compare.worker import open_workshop

        if network not in self._workshops:
            self._workshops[network] = open_workshop(plan, lambda _: self._shelf)
        self._workshops[network].plan = plan
        return self._workshops[network]

    def _trained(self, plan: Plan, workshop: Workshop) -> tuple[list[Any], Any]:
        """Train all of a plan's trials, in the order in which they become possible."""
        from dlcli.compare.plan.records import TrialRecord
        from dlcli.compare.plan.schedule import Schedule

        schedule, records = Schedule(plan), []
        tasks = deque(schedule.start())
        while tasks:
            task = tasks.popleft()
            for trial, result in zip(task.trials, workshop(task), strict=True):
                records.append(TrialRecord(trial, result))
                tasks.extend(schedule.tell(trial, result))
        return records, schedule


def make_shelf(dataset: Any) -> Any:
    """Return all examples of a data set, of which one draw at a time is compared on."""
    from dlcli.data.description import Dataset
    from dlcli.data.pool import Parts, Pool
    from dlcli.data.splitting import stratified

    class Shelf(Pool):
        """A pool that is split as if one draw of it were all there is."""

        def lay_out(self, unit: Unit) -> None:
            """Take a draw: its own test part comes last, as in a data set that has one."""
            self._order = draw_of(unit, self.size)
            kept, taken = stratified(self.targets[self._order], TEST, unit.size + unit.draw)
            self._order = np.concatenate([self._order[kept], self._order[taken]])
            description = dataclasses.replace(
                self.description, train_size=len(kept), test_size=len(taken)
            )
            train, test = (self.examples.take(self._order[part]) for part in
                           (slice(len(kept)), slice(len(kept), None)))  # fmt: skip
            self._draw: Pool = Pool(Dataset(description, train, None, test))
            self._fixed = unit.seed if unit.protocol == "former" else None

        def parts(
            self, seed: int, validation: float, *, resample: bool, fraction: float = 1.0
        ) -> Parts:
            """Split the draw; return positions in the whole data set."""
            seed = seed if self._fixed is None else self._fixed
            found = self._draw.parts(seed, validation, resample=resample, fraction=fraction)
            return Parts(*(np.sort(self._order[part]) for part in
                           (found.train, found.validation, found.test)))  # fmt: skip

    return Shelf(dataset)


def draw_of(unit: Unit, examples: int) -> np.ndarray:
    """Return the positions of a draw's examples; draws of one size share none."""
    order = np.random.RandomState(SHUFFLE).permutation(examples)
    return order[unit.draw * unit.size : (unit.draw + 1) * unit.size]


def make_plan(settings: Settings, unit: Unit, pool: Pool) -> Plan:
    """Lay out a comparison as the command does, with seeds of its own."""
    from dlcli.compare.plan.plan import Problem
    from dlcli.compare.reading import plan_comparison
    from dlcli.config.binding.binding import bind
    from dlcli.config.conversion.loading import parse_config
    from dlcli.config.sections.experiment import CompareConfig
    from dlcli.config.yaml.nodes import Text
    from dlcli.metrics.points import chance

    split, tune = PROTOCOLS[unit.protocol]
    replications = settings.replications + (unit.protocol == "former")
    compared = CompareConfig(
        optimizers=candidates(settings.candidates), seeds=replications, score=unit.metric,
        split=split, tune=tune,
    )  # fmt: skip
    written = parse_config(Text("benchmark", config_text(settings, unit)), ())
    parts = pool.parts(unit.seed, VALIDATION, resample=split == "resample")
    config = bind(
        dataclasses.replace(written, compare=compared),
        pool.description,
        train_size=len(parts.train),
    )
    names = tuple(dict.fromkeys(("accuracy", unit.metric)))
    chances = [
        chance(pool.targets[part], names, task=pool.description.task,
               classes=len(pool.description.classes))
        for part in (parts.validation, parts.test)
    ]  # fmt: skip
    problem = Problem(config.name, config, names, *chances)
    plan = plan_comparison([problem], compared)
    return dataclasses.replace(plan, seeds=tuple(range(unit.seed, unit.seed + replications)))


def config_text(settings: Settings, unit: Unit) -> str:
    """Return the config of a network."""
    import yaml

    output = ("Dense", {"units": "$classes", "activation": "softmax"})
    return yaml.safe_dump(
        {
            "name": unit.network,
            "data": {"dataset": settings.data, "validation": VALIDATION,
                     "batch_size": settings.batch_size},
            "model": {"layers": [{name: arguments} for name, arguments in
                                 [*NETWORKS[unit.network], output]]},
            "fit": {"epochs": settings.epochs},
        }
    )  # fmt: skip


def candidates(labels: Sequence[str]) -> tuple[Any, ...]:
    """Return optimizers of the standard preset by their labels."""
    known = known_candidates()
    return tuple(known[label] for label in labels)


def known_candidates() -> dict[str, Any]:
    """Return the optimizers of the standard preset by label."""
    from dlcli.compare.plan.candidates import PRESETS, describe_call

    return {c.label or describe_call(c.optimizer): c for c in PRESETS["standard"].candidates}


def kept(plan: Plan, records: Sequence[Any], schedule: Any, *, skip: bool) -> dict[str, Any]:
    """Return a comparison's scores with what tells how they came about.

    Args:
        plan: Of the comparison.
        records: Its trials.
        schedule: Its choices.
        skip: Leave out the first replication, which searched.
    """
    from dlcli.compare.results.scores import Scores

    scores = Scores(plan, records, schedule)
    indices, matrix = scores.matrix(0)
    if matrix.shape != (len(plan.candidates), len(plan.seeds)) or not np.isfinite(matrix).all():
        raise ValueError("a candidate has no score in some replication")
    blocks = scores.blocks(indices, scores.complete(0))
    first = int(skip)
    chosen = [[scores.chosen(i, r) for r in scores.replications] for i in indices]
    return {
        "scores": np.round(matrix[:, first:], 6).tolist(),
        "blocks": None if np.isnan(blocks).any() else np.round(blocks[:, first:], 6).tolist(),
        "rates": [[c and c.rate for c in row[first:]] for row in chosen],
        "failed": [scores.failed(i)[first:].astype(int).tolist() for i in indices],
    }


# In the main process --------------------------------------------------------------------------


def units_of(given: argparse.Namespace, examples: int) -> Iterator[Unit]:
    """Yield what is asked for, draw by draw, so that a run may be stopped at any time."""
    for draw in range(given.draws):
        for network in given.networks:
            for size in given.sizes:
                if (draw + 1) * size <= examples:
                    for metric in given.metrics:
                        for protocol in given.protocols:
                            yield Unit(network, size, metric, protocol, draw)


def run(units: Sequence[Unit], settings: Settings, folder: Path, jobs: int) -> int:
    """Do what is not done yet; return how many comparisons failed."""
    from dlcli.compare.workers import PRELOAD
    from dlcli.parallel.processes import Processes
    from dlcli.parallel.tasks import Remote

    progress = Progress(units, folder, jobs)
    waiting = [unit for unit in units if not unit.place(folder).exists()]
    print(f"{len(units) - len(waiting)} of {len(units)} comparisons are there", flush=True)
    executor = Processes(jobs, Remote(Path(__file__).stem, "Bench"), (settings,), preload=PRELOAD)
    try:
        for unit in waiting:
            executor.submit(unit, unit.network, (unit.draw,))
        return _finished(executor, folder, progress)
    finally:
        executor.close()


def _finished(executor: Executor, folder: Path, progress: Progress) -> int:
    """Keep every comparison as it comes."""
    failures = 0
    while (done := executor.next_done()) is not None:
        if done.error:
            failures += 1
            print(f"{done.task}: {done.error}", file=sys.stderr, flush=True)
            continue
        write(done.task.place(folder), done.value)
        progress.tell(done.task, done.value["seconds"])
    return failures


def write(path: Path, content: Any) -> None:
    """Write a file so that it is whole or not there."""
    from dlcli.runtime.files import replacing

    with replacing(path) as stream:
        stream.write(json.dumps(content).encode())


class Progress:
    """Says what was done and how long the rest will take.

    Args:
        units: All that are asked for.
        folder: Where those that are done lie.
        jobs: Comparisons side by side.
    """

    def __init__(self, units: Sequence[Unit], folder: Path, jobs: int) -> None:
        self._jobs = jobs
        self._waiting = set(units)
        self._total = len(units)
        self._seconds: dict[tuple[str, int, str, str], list[float]] = {}
        for unit in units:
            if unit.place(folder).exists():
                self._note(unit, json.loads(unit.place(folder).read_text())["seconds"])

    def _note(self, unit: Unit, seconds: float) -> None:
        self._waiting.discard(unit)
        self._seconds.setdefault(unit.kind, []).append(seconds)

    def tell(self, unit: Unit, seconds: float) -> None:
        """Take note of a comparison, and print it with an estimate."""
        self._note(unit, seconds)
        left = sum(map(self._expected, self._waiting)) / self._jobs
        done = self._total - len(self._waiting)
        print(
            f"[{done}/{self._total}] {unit}: {seconds:.1f} s; about {_duration(left)} left",
            flush=True,
        )

    def _expected(self, unit: Unit) -> float:
        """Return the mean of its kind; before there is one, of its network, in proportion."""
        if own := self._seconds.get(unit.kind):
            return float(np.median(own))
        alike = [k for k in self._seconds if k[0] == unit.network] or list(self._seconds)
        return float(
            np.mean([np.median(self._seconds[kind]) * unit.size / kind[1] for kind in alike])
        )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def check_folder(folder: Path, settings: Settings) -> None:
    """Make sure that a folder's comparisons are those of the settings, or begin one."""
    path = folder / "settings.json"
    wanted = json.loads(json.dumps(dataclasses.asdict(settings)))
    if not path.exists():
        write(path, wanted)
    elif (found := json.loads(path.read_text())) != wanted:
        differing = ", ".join(f"{k} {found.get(k)}" for k in wanted if found.get(k) != wanted[k])
        fail(f"{folder} holds comparisons with other settings ({differing}). Name another --folder")


def check_data(name: str) -> int:
    """Return how many examples a data set has; exit if it would have to be downloaded."""
    from dlcli.data import is_available, table
    from dlcli.data.formats import keras_cache

    entry = table.find(name)
    if not is_available(entry):
        missing = [str(file.location) for file in entry.files if keras_cache.place(file) is None]
        fail(
            f"{name} is not in Keras's cache; missing: {', '.join(missing)}. "
            f"Run `dlcli data fetch {name}`, or set KERAS_HOME to the folder that has it"
        )
    description = entry.describe()
    return (description.train_size or 0) + (description.test_size or 0)


def fail(message: str) -> None:
    """Exit with 2, as for a usage error."""
    print(message, file=sys.stderr)
    sys.exit(2)


# The report -----------------------------------------------------------------------------------


def read_comparisons(
    units: Sequence[Unit], folder: Path
) -> dict[tuple[str, int, str, str], dict[int, Comparison]]:
    """Return the comparisons that are there, by kind and draw."""
    from replication_figures import Comparison

    found: dict[tuple[str, int, str, str], dict[int, Comparison]] = {}
    for unit in units:
        place = unit.place(folder)
        if place.exists():
            told = json.loads(place.read_text())
            blocks = None if told["blocks"] is None else np.array(told["blocks"])
            comparison = Comparison(np.array(told["scores"]), blocks)
            found.setdefault(unit.kind, {})[unit.draw] = comparison
    return found


Kind = tuple[str, int, str, str]


def row_of(
    kind: Kind, found: Mapping[int, Comparison], truths: Mapping[int, Comparison]
) -> dict[str, Any] | None:
    """Return a row of the tables; None where no other draw tells the truth."""
    from replication_figures import Cell, ranked

    network, size, metric, protocol = kind
    cell = Cell(found, truths, partial(ranked, metric=metric, split=PROTOCOLS[protocol][0]))
    if not cell.draws:
        return None
    own = Cell(found, found, partial(ranked, metric=metric, split=PROTOCOLS[protocol][0]))
    told = own.coverage() if own.draws else {}
    identity = {"network": network, "size": size, "metric": metric, "protocol": protocol}
    beside = {f"own_{k}": told[k] for k in ("coverage", "coverage_se") if k in told}
    return {**identity, **cell.row(), **beside}


def report(units: Sequence[Unit], folder: Path, jobs: int) -> list[dict[str, Any]]:
    """Return a row for each kind of comparison."""
    from replication_figures import TRUTH

    found = read_comparisons(units, folder)
    kinds = list(found)
    truths = [found.get((*kind[:3], TRUTH), {}) for kind in kinds]
    rows = []
    with ProcessPoolExecutor(jobs) as pool:
        for kind, row in zip(kinds, pool.map(row_of, kinds, found.values(), truths), strict=True):
            print(*kind, "" if row else "(no other draw to judge it by)", flush=True)
            rows.append(row)
    order = {kind: place for place, kind in enumerate(_kinds(units))}
    placed = sorted(zip(kinds, rows, strict=True), key=lambda pair: order[pair[0]])
    return [row for _, row in placed if row is not None]


def _kinds(units: Sequence[Unit]) -> list[Kind]:
    """Return the kinds in the order of a table: network, metric, size, protocol."""
    firsts = {unit.kind: None for unit in units}
    networks, sizes, metrics, protocols = (list(dict.fromkeys(k[i] for k in firsts))
                                           for i in range(4))  # fmt: skip
    return sorted(
        firsts,
        key=lambda k: (
            networks.index(k[0]), metrics.index(k[2]), sizes.index(k[1]), protocols.index(k[3])
        ),
    )  # fmt: skip


def write_report(rows: Sequence[dict[str, Any]], results: Path, readme: Path) -> None:
    """Write the figures to results/*.json, and into the README's tables."""
    from harness import save

    from report import write_tables

    for name in ("replication", "replication_claims"):
        save(name, list(rows), results)
    write_tables(("replication", "replication_claims"), results, readme)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    from dlcli.compare.plan.candidates import PRESETS, describe_call

    quick = [c.label or describe_call(c.optimizer) for c in PRESETS["quick"].candidates]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--draws", type=int, default=MOST_DRAWS, help="draws of each size, as far as there is data")
    add("--networks", type=_words, default=list(NETWORKS), help="of mlp, cnn")
    add("--sizes", type=_words, default=[*map(str, SIZES)], help="examples of a draw")
    add("--metrics", type=_words, default=["accuracy", "f1"], help="each ranks in its comparisons")
    add("--protocols", type=_words, default=list(PROTOCOLS), help="of " + ", ".join(PROTOCOLS))
    add("--candidates", type=_words, default=quick, help="of the standard preset")
    add("--replications", type=int, default=10)
    add("--epochs", type=int, default=10)
    add("--batch-size", type=int, default=32)
    add("--data", default="fashion_mnist", help="a built-in data set of images with classes")
    add("--jobs", type=int, default=2, help="comparisons side by side, a thread each")
    add("--folder", type=Path, default=FOLDER, help="where comparisons are kept")
    add("--report", action="store_true", help="train nothing; make tables of what there is")
    add("--results", type=Path, default=HERE / "results", help=argparse.SUPPRESS)
    add("--readme", type=Path, default=HERE / "README.md", help=argparse.SUPPRESS)
    return parser.parse_args()


def check_arguments(given: argparse.Namespace) -> None:
    """Refuse what cannot be done."""
    from dlcli import metrics

    given.sizes = [int(size) for size in given.sizes]
    known = {"networks": NETWORKS, "protocols": PROTOCOLS, "candidates": known_candidates()}
    for name, values in known.items():
        unknown = [value for value in getattr(given, name) if value not in values]
        if unknown or not getattr(given, name):
            fail(f"--{name}: choose from {', '.join(values)}")
    for name in given.metrics:
        metric = metrics.parse(name).metric
        if metric.bounds != (0.0, 1.0) or not metric.greater_is_better:
            fail(f"--metrics: {name} is not a score from 0 to 1")
    if not 0 < given.draws <= DRAWS_A_SIZE or max(given.sizes) > GREATEST_SIZE:
        fail(f"there is room for {DRAWS_A_SIZE} draws of up to {GREATEST_SIZE} examples")
    if not 2 <= given.replications < SEEDS_A_UNIT:
        fail(f"--replications: from 2 to {SEEDS_A_UNIT - 1}")


def main() -> None:
    """Compare, or report."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    given = read_arguments()
    check_arguments(given)
    settings = Settings(
        given.data, tuple(given.candidates), given.replications, given.epochs, given.batch_size
    )
    examples = check_data(given.data)
    check_folder(given.folder, settings)
    units = list(units_of(given, examples))
    if given.report:
        rows = report(units, given.folder, given.jobs)
        if not rows:
            fail(f"{given.folder} has no two draws by resample yet: there is nothing to report")
        write_report(rows, given.results, given.readme)
        return
    try:
        failures = run(units, settings, given.folder, given.jobs)
    except KeyboardInterrupt:
        print("Stopped. Run the same command again to go on.", file=sys.stderr)
        sys.exit(130)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    import replication  # workers know its classes by this name

    replication.main()
