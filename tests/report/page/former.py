"""A comparison's folder as the former protocol wrote it: one split, one search, fresh seeds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SUMMARY = """\
problem,rank,group,candidate,label,optimizer,arguments,initializer,learning_rate,edge,runs,ok,\
diverged,stuck,failed,mean,sd,median,iqm,low,high,difference,difference_low,difference_high,p_value,\
improvement,epochs_to_target,steps_to_target,seconds_to_target,reached,censored,width_decades,\
width_open,failed_rates,default_rate,default_regret,under_tuned
digits,1.0,a,Adam,Adam,Adam,,,0.01,,3,3,0,0,0,0.97,0.01,0.97,0.97,0.96,0.98,0.0,0.0,0.0,1.0,0.5,\
1.0,36.0,0.5,3,0,1.2,,0.0,0.001,0.02,
digits,1.0,a,SGD,SGD,SGD,,,0.316,,3,2,1,0,0,0.95,0.02,0.96,0.95,0.93,0.97,0.02,-0.01,0.05,0.31,\
0.7,2.0,72.0,0.9,2,1,0.5,,0.1,0.01,0.1,
"""

TRIALS = """\
problem,optimizer,arguments,learning_rate,initializer,stage,seed,status,epochs,steps,seconds,\
train_loss,val_loss,val_accuracy,test_loss,test_accuracy,best_epoch,epochs_to_target,\
seconds_to_target,steps_to_target,message,candidate,val_loss_last,val_accuracy_last,test_loss_last,\
test_accuracy_last,compile_seconds,evaluation_seconds,key
digits,Adam,,0.01,,search,42,ok,2,72,1.0,0.1,0.2,0.96,,,2,1,0.5,36,,Adam,0.2,0.96,,,0.0,0.1,aa1
digits,Adam,,0.01,,confirm,43,ok,2,72,1.0,0.1,0.2,0.96,0.2,0.97,2,1,0.5,36,,Adam,0.2,0.96,0.2,0.97,\
0.0,0.1,aa2
digits,SGD,,0.316,,confirm,43,diverged,1,36,0.5,,,,,,1,,,,,SGD,,,,,0.0,0.1,aa3
"""

TABLES = {
    "summary.csv": SUMMARY,
    "trials.csv": TRIALS,
    "sensitivity.csv": """\
problem,candidate,label,initializer,learning_rate,score,runs,failed,chosen
digits,Adam,Adam,,0.001,0.9,1,0,False
digits,Adam,Adam,,0.01,0.96,1,0,True
digits,SGD,SGD,,0.316,0.95,1,0,True
digits,SGD,SGD,,1.0,0.1,1,1,False
""",
    "curves.csv": """\
problem,candidate,label,initializer,epoch,mean,low,high,runs
digits,Adam,Adam,,1,0.9,0.89,0.91,3
digits,Adam,Adam,,2,0.96,0.95,0.97,3
digits,SGD,SGD,,1,0.8,0.79,0.81,3
digits,SGD,SGD,,2,0.95,0.94,0.96,3
""",
    "arrivals.csv": """\
problem,candidate,label,initializer,epoch,share
digits,Adam,Adam,,0,0.0
digits,Adam,Adam,,1,1.0
""",
    "budget.csv": """\
problem,candidate,label,initializer,tries,expected_best
digits,Adam,Adam,,1,0.93
digits,Adam,Adam,,2,0.96
""",
    "summary.md": """\
# Comparison of optimizers

No difference is shown on digits: Adam at 0.01 and SGD at 0.316 cannot be told apart.

## digits

| | candidate | learning rate | test accuracy, mean [95 % interval] | p | diverged/stuck |
| --- | --- | --- | --- | --- | --- |
| 1 a | Adam | 0.01 | 0.9700 [0.9600, 0.9800] | - | 0/0 |
| 1 a | SGD | 0.316 | 0.9500 [0.9300, 0.9700] | 0.310 | 1/0 |

## Notes

- a former note with a &lt;tag>

## How to read this

- Candidates that share a rank and a letter cannot be told from the best of them.
""",
    "config.yaml": "version: 1\nname: digits\n",
}


def write_former(place: Path) -> Path:
    """Write the folder and return it."""
    place.mkdir(parents=True)
    for name, text in TABLES.items():
        (place / name).write_text(text, "utf-8")
    environment = {
        "started": "2026-03-01T10:00:00+00:00", "command": ["dlcli", "compare-optimizers"],
        "seed": 42, "executor": "processes", "jobs": 2, "problems": "d3b07384d113edec49ea",
    }  # fmt: skip
    (place / "environment.json").write_text(json.dumps(environment), "utf-8")
    return place
