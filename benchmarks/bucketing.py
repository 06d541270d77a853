"""Batches by length against padded ones: the same training, `data.bucketing` on and off, in turn.

Run `python benchmarks/bucketing.py [--rounds N] [--reviews FOLDER]` on a quiet machine. `plaid` is
dlcli's own; FOLDER holds train.jsonl.gz and test.jsonl.gz with the keys text and label, here the
raw IMDB reviews. Seconds are those of an epoch after the first, which traces; accuracy is the test
part's after the last.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from harness import save, seconds, shown

PLAID = """
name: {name}
data: {{dataset: plaid, batch_size: 16, bucketing: {bucketing}}}
model:
  layers:
    - {{UnitNormalization: {{axis: 1}}}}
    - Masking
    - {{Conv1D: {{filters: 32, kernel_size: 16, strides: 4, use_bias: false}}}}
    - LayerNormalization
    - ReLU
    - {{Conv1D: {{filters: 64, kernel_size: 8, strides: 2, use_bias: false}}}}
    - LayerNormalization
    - ReLU
    - GlobalMaxPooling1D
    - {{Dense: {{units: $classes, activation: softmax}}}}
compile: {{optimizer: {{Adam: {{learning_rate: 3e-3}}}}, metrics: [accuracy]}}
fit: {{epochs: 20}}
"""
REVIEWS = """
name: {name}
data:
  text: {{path: {folder}/train.jsonl.gz, test: {folder}/test.jsonl.gz, max_length: 400}}
  batch_size: 64
  bucketing: {bucketing}
model:
  layers:
    - {{Embedding: {{input_dim: $vocabulary_size, output_dim: 32, mask_zero: true}}}}
    - {{Bidirectional: {{layer: {{LSTM: {{units: 16}}}}}}}}
    - {{Dense: {{units: 1, activation: sigmoid}}}}
compile: {{optimizer: {{Adam: {{learning_rate: 3e-3}}}}, metrics: [accuracy]}}
fit: {{epochs: 2}}
"""


def measured(text: str, folder: Path, run: str) -> tuple[float, float]:
    """Train, and return the seconds of an epoch and the test part's accuracy."""
    (folder / "config.yaml").write_text(text)
    train = [sys.executable, "-m", "dlcli", "train", "config.yaml", "--out", run]
    seconds(train, folder)
    with (folder / run / "history.csv").open(encoding="utf-8") as stream:
        epochs = [float(row["seconds"]) for row in csv.DictReader(stream)]
    scores = json.loads((folder / run / "metrics.json").read_text(encoding="utf-8"))
    return statistics.median(epochs[1:]), scores["test"]["accuracy"]


def compared(name: str, template: str, rounds: int, **values: object) -> dict[str, Any]:
    """Measure padding and bucketing in turn, and return a row of medians."""
    found: dict[str, list[tuple[float, float]]] = {"false": [], "true": []}
    with tempfile.TemporaryDirectory() as place:
        for number in range(rounds):
            for bucketing, results in found.items():
                text = template.format(name=name, bucketing=bucketing, **values)
                results.append(measured(text, Path(place), f"run-{bucketing}-{number}"))
    (padded, padded_accuracy), (cut, cut_accuracy) = (
        tuple(statistics.median(column) for column in zip(*results, strict=True))
        for results in found.values()
    )
    ratio = statistics.median(
        a / b for (a, _), (b, _) in zip(found["false"], found["true"], strict=True)
    )
    return {
        "data": name, "padded": padded, "bucketed": cut, "ratio": ratio,
        "padded_accuracy": padded_accuracy, "bucketed_accuracy": cut_accuracy,
    }  # fmt: skip


def main() -> None:
    """Print and keep a row a data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--reviews", type=Path)
    options = parser.parse_args()
    rows = [compared("plaid", PLAID, options.rounds)]
    print(shown(rows[0]), flush=True)
    if options.reviews:
        folder = options.reviews.absolute()
        rows.append(compared("reviews", REVIEWS, options.rounds, folder=folder))
        print(shown(rows[1]), flush=True)
    save("bucketing", rows)


if __name__ == "__main__":
    main()
