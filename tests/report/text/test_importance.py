"""What a score depends on is one line a candidate, the setting that explains most first."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from dlcli.report.text.importance import importance_lines


def test_each_candidate_has_a_line_with_its_settings_and_their_shares():
    rows = [
        {
            "problem": "a",
            "candidate": "SGD",
            "setting": "momentum",
            "share": 0.614,
            "tries": 16,
            "explained": 0.4,
        },
        {
            "problem": "a",
            "candidate": "SGD",
            "setting": "learning_rate",
            "share": 0.2,
            "tries": 16,
            "explained": 0.4,
        },
        {
            "problem": "a",
            "candidate": "Adam",
            "setting": "beta_1",
            "share": 0.05,
            "tries": 24,
            "explained": 0.9,
        },
        {
            "problem": "b",
            "candidate": "Adam",
            "setting": "beta_1",
            "share": 0.9,
            "tries": 24,
            "explained": 0.9,
        },
    ]
    results = SimpleNamespace(importance=pd.DataFrame(rows))
    assert importance_lines(results, "a") == [
        "SGD: momentum 61 %, learning_rate 20 % (16 tries, of which the forest predicts 40 %)",
        "Adam: beta_1 5 % (24 tries, of which the forest predicts 90 %)",
    ]
    assert importance_lines(results, "c") == []
