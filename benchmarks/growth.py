"""How the time of a comparison grows: with trials, with processes, with the training part.

Run `python benchmarks/growth.py`. Fashion-MNIST is taken from Keras's cache, where it is.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from harness import compare, save, script, seconds, shown
from problems import VALIDATION, write_data

TRIALS = (24, 100, 400)
SIZES = (4000, 15000, 60000 - VALIDATION)


def write_fashion(path: Path, size: int) -> bool:
    """Write the first images of Fashion-MNIST, validation after them, if they are there."""
    from dlcli.data import load
    from dlcli.data.description import INPUT, Source
    from dlcli.errors import DlcliError

    try:
        dataset = load(Source("fashion_mnist"), validation=0)
    except DlcliError:
        return False
    x, y = dataset.train.x[INPUT], dataset.train.y
    np.savez(
        path, x_train=x[:size], y_train=y[:size],
        x_validation=x[-VALIDATION:], y_validation=y[-VALIDATION:],
    )  # fmt: skip
    return True


def main() -> None:
    """Print and keep a row a setting."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "images.npz"
        write_data(data)

        def add(**row: object) -> None:
            rows.append(row)
            print(shown(row), flush=True)

        for jobs in (1, 2):
            for trials in TRIALS:
                taken = compare("mlp", data, trials, folder, "--jobs", str(jobs))
                add(by="trials", network="mlp", jobs=jobs, trials=trials, seconds=taken)
        for kind in ("rnn", "cnn"):
            for jobs in (1, 2):
                taken = compare(kind, data, 24, folder, "--jobs", str(jobs))
                add(by="jobs", network=kind, jobs=jobs, trials=24, seconds=taken)
        for size in SIZES:
            if write_fashion(data, size):
                taken = compare("mlp", data, 24, folder)
                loop = seconds(script("keras_loop.py", "mlp", data, 24), folder)
                add(by="size", network="mlp", trials=24, examples=size, seconds=taken, loop=loop)
    save("growth", rows)


if __name__ == "__main__":
    main()
