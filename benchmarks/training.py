"""`dlcli train` against a hand-written `model.fit`: the same training, start to exit, in turn.

Run `python benchmarks/training.py [--rounds N]`. Both train, validate, score and save the model.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from harness import save, script, seconds, shown
from problems import LAYERS, write_config, write_data

EPOCHS = {"mlp": (3, 30), "rnn": (3, 20), "lstm": (3, 10), "cnn": (3, 10)}


def main() -> None:
    """Print and keep a row a network and number of epochs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "images.npz"
        write_data(data)
        for kind in LAYERS:
            config = folder / f"{kind}.yaml"
            write_config(config, kind, data)
            for epochs in EPOCHS[kind]:
                train = [
                    sys.executable,
                    "-m",
                    "dlcli",
                    "train",
                    str(config),
                    "--epochs",
                    str(epochs),
                ]
                pairs = [
                    (
                        seconds(script("keras_fit.py", kind, data, epochs), folder),
                        seconds(train, folder),
                    )
                    for _ in range(rounds)
                ]
                fit, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
                ratio = statistics.median(a / b for a, b in pairs)
                row = {"network": kind, "epochs": epochs, "fit": fit, "dlcli": ours, "ratio": ratio}
                rows.append(row)
                print(shown(row), flush=True)
    save("training", rows)


if __name__ == "__main__":
    main()
