"""dlcli compare-optimizers against the hand-written Keras loop: the same trials, start to exit.

Run `python benchmarks/trials.py [--rounds N] [--kinds mlp,rnn,lstm,cnn] [--trials 24] [--tuner]`
on a quiet machine. The programs run in turn, as processes of their own; medians are printed, and
written to results/trials.json (with --tuner: tuner.json). Each round begins with an empty cache of
what XLA has compiled, and dlcli runs twice in it: as on a new machine, and as the second time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
from pathlib import Path

from harness import compare, save, script, seconds, shown, workplace
from problems import LAYERS

GOALS = {"mlp": 12.0, "rnn": 8.0, "lstm": 5.0, "cnn": 2.5}


def measured(kind: str, data: Path, trials: int, folder: Path, *, tuner: bool) -> dict[str, float]:
    """Run the programs once, in turn."""
    cache = Path(os.environ["DLCLI_CACHE_DIR"])
    shutil.rmtree(cache / "xla", ignore_errors=True)
    found = {"loop": seconds(script("keras_loop.py", kind, data, trials), folder)}
    found["first"] = compare(kind, data, trials, folder)
    found["again"] = compare(kind, data, trials, folder)
    if tuner:
        found["tuner"] = seconds(script("tuner.py", kind, data, trials), folder)
    return found


def main() -> None:
    """Print and keep a row a network and number of trials."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kinds", default=",".join(LAYERS))
    parser.add_argument("--trials", default="24")
    parser.add_argument("--tuner", action="store_true", help="KerasTuner's GridSearch too")
    arguments = parser.parse_args()
    rows = []
    with workplace() as (folder, data):
        for kind in arguments.kinds.split(","):
            for trials in map(int, arguments.trials.split(",")):
                rounds = [
                    measured(kind, data, trials, folder, tuner=arguments.tuner)
                    for _ in range(arguments.rounds)
                ]
                row = {"network": kind, "trials": trials, "rounds": len(rounds)}
                for key in rounds[0]:
                    row[key] = statistics.median(found[key] for found in rounds)
                for key in ("first", "again"):
                    ratios = [found["loop"] / found[key] for found in rounds]
                    row[f"ratio_{key}"] = statistics.median(ratios)
                if arguments.tuner:
                    ratios = [found["tuner"] / found["again"] for found in rounds]
                    row["ratio_tuner"] = statistics.median(ratios)
                row["goal"] = GOALS[kind]
                rows.append(row)
                print(shown(row), flush=True)
    save("tuner" if arguments.tuner else "trials", rows)


if __name__ == "__main__":
    main()
