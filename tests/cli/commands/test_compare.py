"""`dlcli compare-optimizers` as a user runs it, and as it is cut off."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from dlcli.cli.commands.compare import compare_optimizers, shown_time
from dlcli.report.writing import write_comparison_report
from dlcli.statistics.best import judge
from dlcli.store.comparisons import ComparisonFolder
from tests import helpers
from tests.faults.running import alive, parent, started_anew
from tests.helpers import HERE, SMALL, dlcli

slow = pytest.mark.slow
QUICK = ("--optimizers", "SGD,Adam", "--learning-rates", "0.01,0.1", "--seeds", "6",
         "--no-figures")  # fmt: skip
TIMES = ["seconds", "compile_seconds", "evaluation_seconds", "seconds_to_target"]
WIDE = "--optimizers", "SGD,Adam,SGD(momentum=0.9)", *QUICK[2:]
PLANNED = 2 * 2 * 6
OF_QUICK, OF_WIDE = 2 * (2 * 2 + 4), 3 * (2 * 2 + 4)
"""Trials of both: the lower rate loses by far in the first two of the six replications."""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL)
    return tmp_path


def lay(folder, comparison):
    """Lay a finished comparison into the folder, as if it had been made there."""
    shutil.copytree(comparison, folder / "comparisons" / "small")


def compared(folder, *arguments, code=0):
    done = dlcli("compare-optimizers", *arguments, cwd=folder)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def table(folder, name="trials", place="small"):
    return pd.read_csv(folder / "comparisons" / place / f"{name}.csv").drop(
        columns=TIMES, errors="ignore"
    )


@slow
def test_the_answer_is_on_stdout_and_the_tables_are_in_the_folder(folder):
    done = compared(folder, "small.yaml", *QUICK[:-1])
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Use ")
    assert " on data like these (small)." in lines[0]
    header = next(n for n, line in enumerate(lines) if line.startswith("verdict"))
    assert lines[header].split()[:2] == ["verdict", "candidate"]
    assert lines[header + 2].split()[0] == "best"
    place = folder / "comparisons" / "small"
    shown = place.relative_to(folder)
    assert lines[-2:] == [f"report: {shown / 'report.html'}", f"next: dlcli train --from {shown}"]
    trials = table(folder)
    assert len(trials) == OF_QUICK
    assert set(trials["status"]) <= {"ok", "stuck", "diverged"}
    assert trials["chosen"].sum() == 12
    assert trials.query("not chosen")["test_accuracy"].isna().all()
    assert trials.query("chosen and status == 'ok'")["test_accuracy"].notna().all()
    figures = {path.stem for path in (place / "figures").glob("*.png")}
    assert figures == {path.stem for path in (place / "figures").glob("*.svg")}
    assert {"learning_curves", "rate_sensitivity", "score_intervals"} <= figures
    assert json.loads((place / "environment.json").read_text())["jobs"] >= 1
    assert "compare:" in (place / "config.yaml").read_text()


@slow
def test_json_holds_the_summary(folder, compared_once):
    lay(folder, compared_once(*QUICK))
    done = compared(folder, "small.yaml", *QUICK, "--json")
    content = json.loads(done.stdout)
    (problem,) = content["problems"]
    assert {row["candidate"] for row in problem["candidates"]} == {"SGD", "Adam"}
    assert content["verdict"]
    assert content.pop("comparison") == "comparisons/small"
    assert json.loads((folder / "comparisons" / "small" / "results.json").read_text()) == content


@slow
def test_processes_and_this_process_give_the_same_tables(folder, compared_once):
    lay(folder, compared_once(*QUICK))
    compared(folder, "small.yaml", *QUICK, "--executor", "serial", "--name", "serial")
    anew = helpers.started_anew(
        "compare-optimizers", "small.yaml", *QUICK, "--jobs", "1", "--name", "one", cwd=folder
    )
    assert anew.returncode == 0, anew.stderr
    for name in ("trials", "epochs", "summary", "pairwise", "sensitivity"):
        pd.testing.assert_frame_equal(table(folder, name), table(folder, name, "serial"))
        pd.testing.assert_frame_equal(table(folder, name), table(folder, name, "one"))


@slow
def test_the_same_command_trains_nothing_twice_and_a_wider_one_only_the_rest(folder, compared_once):
    lay(folder, compared_once(*QUICK))
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("trial.json")}
    assert f"{OF_QUICK} of them done before" in compared(folder, "small.yaml", *QUICK).stderr
    wider = compared(folder, "small.yaml", *WIDE)
    assert f" trials, {OF_QUICK} of them done before" in wider.stderr
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(table(folder)) == OF_WIDE
    more = compared(folder, "small.yaml", *QUICK, "--seeds", "8")
    assert f" trials, {OF_QUICK} of them done before" in more.stderr
    assert len(table(folder)) == 20


@slow
def test_a_changed_config_reuses_nothing_and_overwrites_nothing(folder, compared_once):
    lay(folder, compared_once(*QUICK))
    before = (folder / "comparisons" / "small" / "summary.csv").read_bytes()
    changed = compared(folder, "small.yaml", *QUICK, "--set", "data.batch_size=8")
    assert f"{PLANNED} trials\n" in changed.stderr
    assert "comparisons/small-2" in changed.stdout
    assert "different: data.batch_size 16 -> 8. This one goes to" in changed.stderr
    listed = helpers.dlcli("runs", "ls", cwd=folder).stdout
    assert "from small: data.batch_size 16 -> 8" in listed
    assert (folder / "comparisons" / "small" / "summary.csv").read_bytes() == before
    again = compared(folder, "small.yaml", *QUICK)
    assert f"{OF_QUICK} of them done before" in again.stderr
    assert "comparisons/small/" in again.stdout


@slow
def test_fresh_starts_beside_the_old_one(folder, compared_once):
    lay(folder, compared_once(*QUICK))
    fresh = compared(folder, "small.yaml", *QUICK, "--fresh")
    assert "done before" not in fresh.stderr
    assert "comparisons/small-2" in fresh.stdout
    pd.testing.assert_frame_equal(table(folder), table(folder, place="small-2"))


def started(folder, *arguments):
    return helpers.started("compare-optimizers", *arguments, cwd=folder)


def finished_trials(folder):
    return len(list(folder.glob("comparisons/*/trials/*/trial.json")))


def wait_for_trials(folder, process, count):
    while finished_trials(folder) < count and process.poll() is None:
        time.sleep(0.02)


@slow
def test_killed_at_any_moment_it_goes_on_and_ends_with_the_same_tables(folder, compared_once):
    chance = random.Random(7)  # noqa: S311 (moments, not secrets)
    kills = 0
    for count in (0, 1, 3, 7, 13):
        process = started(folder, "small.yaml", *WIDE)
        wait_for_trials(folder, process, count)
        time.sleep(chance.random() * 0.3)
        kept = finished_trials(folder)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
        assert finished_trials(folder) >= kept
    assert kills >= 4
    kept = finished_trials(folder)
    done = compared(folder, "small.yaml", *WIDE)
    assert f"{kept} of them done before" in done.stderr
    (folder / "whole").mkdir()
    lay(folder / "whole", compared_once(*WIDE))
    for name in ("trials", "epochs", "summary", "pairwise", "sensitivity"):
        pd.testing.assert_frame_equal(table(folder, name), table(folder / "whole", name))


@slow
def test_ctrl_c_keeps_what_is_done(folder):
    process = started_anew(folder, "compare-optimizers", "small.yaml", *WIDE)
    wait_for_trials(folder, process, 2)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "finished trials are kept" in errors
    assert "Traceback" not in errors
    assert finished_trials(folder) >= 2


@slow
def test_a_killed_worker_costs_nothing(folder):
    process = started(folder, "small.yaml", *WIDE)
    wait_for_trials(folder, process, 1)
    own = [pid for pid in alive(process.pid) if parent(pid) == process.pid]
    workers = [pid for pid in alive(process.pid) if parent(pid) in own]  # the fork server's
    os.kill(max(workers), signal.SIGKILL)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert set(table(folder)["status"]) <= {"ok", "stuck", "diverged"}
    assert len(table(folder)) == OF_WIDE


@slow
def test_a_folder_in_use_is_left_alone(folder, compared_once):
    lay(folder, compared_once(*QUICK))
    before = {path: path.read_bytes() for path in folder.rglob("*.csv")}
    with ComparisonFolder(folder / "comparisons" / "small").lock():
        second = compared(folder, "small.yaml", *WIDE, code=2)
    assert "is being compared right now" in second.stderr
    assert "--fresh" in second.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*.csv")} == before


@slow
def test_two_started_at_once_do_not_harm_each_other(folder):
    both = [started(folder, "small.yaml", *QUICK) for _ in range(2)]
    told = [process.communicate(timeout=300) for process in both]
    codes = sorted(process.returncode for process in both)
    assert codes in ([0, 0], [0, 2]), told
    for place in (folder / "comparisons").iterdir():
        assert len(table(folder, place=place.name)) == OF_QUICK


@slow
def test_a_damaged_trial_is_trained_again_and_said(folder, compared_once):
    lay(folder, compared_once(*QUICK))
    before = table(folder)
    victim = min(folder.glob("comparisons/small/trials/*"))
    (victim / "trial.json").write_text('{"cut')
    again = compared(folder, "small.yaml", *QUICK)
    assert f"trial {victim.name} was damaged" in again.stderr
    pd.testing.assert_frame_equal(table(folder), before)


AS_NEEDED = ("--optimizers", "SGD,Adam", "--learning-rates", "0.01,0.1", "--seeds", "auto",
             "--no-figures", *HERE)  # fmt: skip


@slow
def test_as_many_replications_as_it_takes_and_no_more(folder):
    plan = compared(folder, "small.yaml", *AS_NEEDED, "--dry-run")
    assert "at most 40 replications with looks after 10 and 20, at most about 160" in plan.stdout
    done = compared(folder, "small.yaml", *AS_NEEDED, "--margin", "1")
    assert "at most 160 trials\n" in done.stderr
    (told,) = [line for line in done.stdout.splitlines() if line.startswith("Stopped after 10 rep")]
    assert set(table(folder)["replication"]) == set(range(1, 11))
    saved, _, planned = told.removeprefix("Stopped after 10 replications: ").split()[:3]
    assert len(table(folder)) == int(planned) - int(saved)
    again = compared(folder, "small.yaml", *AS_NEEDED, "--margin", "1")
    assert (
        again.stderr.splitlines()[0] == f"{len(table(folder))} trials, {len(table(folder))} of"
        " them done before"
    )
    assert again.stdout == done.stdout


@slow
def test_a_comparison_of_ten_replications_goes_on_as_far_as_it_takes(folder):
    ten = [*AS_NEEDED, "--seeds", "10"]
    compared(folder, "small.yaml", *ten)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("trial.json")}
    more = compared(folder, "small.yaml", *AS_NEEDED, "--margin", "0.0001", "--budget", "60")
    assert f", {len(before)} of them done before" in more.stderr
    assert {path: path.stat().st_mtime_ns for path in before} == before
    looks = json.loads((folder / "comparisons" / "small" / "results.json").read_text())["problems"]
    assert looks[0]["looks"]["planned"] == [10, 15]


@slow
def test_dry_run_shows_the_plan_and_writes_nothing(folder, compared_once):
    done = compared(folder, "small.yaml", *QUICK, "--dry-run")
    assert f"6 replications, about {PLANNED} trials (more if a grid must grow)" in done.stdout
    assert "about " in done.stdout
    assert not (folder / "comparisons").exists()
    lay(folder, compared_once(*QUICK))
    content = json.loads(compared(folder, "small.yaml", *WIDE, "--dry-run", "--json").stdout)
    assert (content["trials"], content["done"]) == (OF_QUICK + PLANNED // 2, OF_QUICK)


@slow
def test_pruning_stops_trials_and_says_which(folder):
    compared(
        folder, *HERE, "small.yaml", "--optimizers", "SGD,Adam", "--learning-rates",
        "1e-4,1e-3,1e-2,1e-1", "--seeds", "6", "--prune", "--no-figures",
    )  # fmt: skip
    trials = table(folder)
    pruned = trials[trials["status"] == "pruned"]
    assert len(pruned) == 6
    assert (pruned["epochs"] < 4).all()
    assert trials.query("replication > 1")["status"].isin(["ok", "stuck"]).all()


@slow
def test_several_problems_and_initializers(folder):
    (folder / "other.yaml").write_text(SMALL.replace("small", "other").replace("iris", "wine"))
    done = compared(
        folder, *HERE, "small.yaml", "other.yaml", "--optimizers", "SGD,Adam", "--learning-rates",
        "0.01,0.1", "--seeds", "6", "--initializers", "HeNormal,GlorotUniform",
    )  # fmt: skip
    assert "on these problems" in done.stdout.splitlines()[0]
    place = folder / "comparisons" / "small-other"
    assert (place / "figures" / "initializers.png").exists()
    assert (place / "figures" / "performance_profile.svg").exists()
    aggregate = pd.read_csv(place / "problems.csv")
    assert len(aggregate) == 4
    spread = pd.read_csv(place / "spread.csv")
    assert set(spread["initializers"]) == {2}
    assert set(pd.read_csv(place / "summary.csv")["problem"]) == {"small", "other"}


@slow
def test_a_regression_is_ranked_by_its_least_error(folder):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4)).astype("float32")
    y = (x @ [1.0, 2.0, -1.0, 0.5]).astype("float32")
    np.savez(folder / "line.npz", x_train=x[:240], y_train=y[:240], x_test=x[240:], y_test=y[240:])
    (folder / "line.yaml").write_text(
        "data: {npz: {path: line.npz}, validation: 0.2}\n"
        "model: {layers: [{Dense: {units: 1}}]}\ncompile: {metrics: [mae]}\nfit: {epochs: 6}\n"
    )
    compared(
        folder, *HERE, "line.yaml", "--optimizers", "SGD,Adam", "--learning-rates", "1e-4,0.1",
        "--seeds", "6", "--no-figures",
    )  # fmt: skip
    summary = table(folder, "summary", "line")
    assert set(summary["learning_rate"]) == {0.1}
    assert list(summary["mean"]) == sorted(summary["mean"])
    assert (summary["difference"] >= 0).all()


@slow
def test_one_optimizer_under_several_labels_is_never_told_apart(folder):
    labels = "[{Adam: {}, label: a}, {Adam: {}, label: b}, {Adam: {}, label: c}]"
    compared(
        folder, "small.yaml", "--optimizers", labels, "--learning-rates", "0.01", "--seeds", "10",
        "--no-figures", *HERE,
    )  # fmt: skip
    summary = table(folder, "summary")
    assert "worse" not in set(summary["verdict"])
    assert len(set(summary["mean"])) == 1  # the same replications give the same trials


@slow
def test_real_scores_of_one_optimizer_claim_a_difference_in_five_per_cent(folder):
    compared(
        folder, "small.yaml", "--optimizers", "Adam", "--learning-rates", "0.01", "--seeds", "80",
        "--no-figures", *HERE,
    )  # fmt: skip
    scores = table(folder).query("chosen")["test_accuracy"].to_numpy()
    rng = np.random.default_rng(5)
    claims = [
        any(
            standing.status == "worse"
            for standing in judge(rng.permutation(scores).reshape(8, 10), None, rng).standings
        )
        for _ in range(100)
    ]
    # Eighty different scores, dealt out as eight candidates: 10 claims or more have odds of 1:35.
    assert sum(claims) <= 10


@slow
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--optimizers", "Adm"), "did you mean 'Adam'"),
        (("--optimizers", "SGD,SGD"), "two candidates are called 'SGD'"),
        (("--optimizers", "SGD(momentum=x)"), "momentum"),
        (("--optimizers", "SGD(momentum=1.5)"), "momentum"),
        (("--learning-rates", "0.1,-1"), "-1"),
        (("--learning-rates", "fast"), "fast"),
        (("--initializers", "HeNormall"), "did you mean 'HeNormal'"),
        (("--budget", "soon"), "'soon' is not a budget"),
        (("--budget", "1"), "too small"),
        (("--target", "0.9"), "is not a target"),
        (("--target", "f1=0.9"), "--score f1"),
        (("--score", "f2"), "f2"),
        (("--score", "confusion"), "confusion cannot rank"),
        (("--score", "accuracy@worst"), "is no score"),
        (("--score", "mae"), "mae"),
        (("--set", "data.validation=0"), "no validation part"),
        (("--set", "model.layers[1].Dense.units=0"), "units"),
        (("small.yaml",), "two configs are called 'small'"),
        (("none.yaml",), "there is no config none.yaml"),
        (("--set", "fit.callbacks=[{EarlyStopping: {monitor: accuracy}}]"), "not measured"),
        (("--set", "fit.callbacks=[{SwapEMAWeights: {}}]"), "averaged weights anyway"),
        (
            (
                "--set",
                "fit.callbacks=[ReduceLROnPlateau]",
                "--optimizers",
                "[SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 1, decay_steps: 9}}}]",
            ),
            "has a schedule",
        ),
        (("--learning-rates", "1e400"), "learning_rates"),
        (("--budget", "1s"), "too short"),
        (("--preset", "huge"), "huge"),
        (("--split", "random"), "random"),
        (("--tune", "never"), "never"),
        (("--margin", "-0.1"), "-0.1"),
        (("--seeds", "-1"), "-1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_mistakes_are_told_and_leave_nothing_behind(folder, arguments, told):
    done = compared(folder, *HERE, "small.yaml", *arguments, code=2)
    assert told in done.stderr
    assert not (folder / "comparisons").exists()


@slow
def test_a_layer_that_does_not_fit_is_shown_at_its_line(folder):
    text = SMALL.replace(
        "    - {Dropout", "    - {Conv2D: {filters: 2, kernel_size: 3}}\n    - {Dropout"
    )
    (folder / "bad.yaml").write_text(text)
    done = compared(folder, "bad.yaml", *QUICK, code=2)
    assert "bad.yaml:8:" in done.stderr
    assert not (folder / "comparisons").exists()


def test_times_are_written_as_people_do():
    assert [shown_time(s) for s in (4.4, 200, 7500)] == ["4 s", "3 min 20 s", "2 h 5 min"]


@slow
def test_a_narrower_comparison_keeps_the_tables_of_the_wider_one(folder, compared_once):
    lay(folder, compared_once(*WIDE))
    before = (folder / "comparisons" / "small" / "trials.csv").read_bytes()
    done = compared(folder, "small.yaml", *QUICK)
    assert "kept in comparisons/small/earlier/1" in done.stderr
    assert (
        folder / "comparisons" / "small" / "earlier" / "1" / "trials.csv"
    ).read_bytes() == before
    assert len(table(folder)) == OF_QUICK


@slow
def test_a_plain_grid_ranks_nothing(folder):
    done = compared(folder, *HERE, "small.yaml", *QUICK, "--seeds", "0")
    assert "Only a grid was tried on small" in done.stdout
    assert table(folder, "summary")["rank"].isna().all()
    compared(
        folder,
        "small.yaml",
        "--preset",
        "quick",
        "--epochs",
        "1",
        "--optimizers",
        "SGD,Adam",
        *HERE,
    )


def compared_here(folder, monkeypatch, *arguments):
    """Compare in this process, where a test can change what the trials find."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(folder / "cache"))
    # The tests' TensorFlow has begun to work, and its threads are settled by then.
    monkeypatch.setattr("tensorflow.config.threading.set_intra_op_parallelism_threads", int)
    monkeypatch.setattr("tensorflow.config.threading.set_inter_op_parallelism_threads", int)
    done = CliRunner().invoke(compare_optimizers, [*arguments, "--executor", "serial", *QUICK])
    assert done.exit_code == 0, done.output
    return done


@slow
def test_what_goes_through_fit_is_said_once(folder, monkeypatch):
    monkeypatch.setattr("dlcli.engine.feeding.RESIDENT_SHARE", 0.0)
    done = compared_here(folder, monkeypatch, "small.yaml")
    assert done.stderr.count("trained by Keras's fit, which is slower: the training data") == 1
    assert set(table(folder)["status"]) <= {"ok", "stuck"}
    assert table(folder)["val_accuracy"].max() > 0.8


@slow
def test_xla_is_measured_for_long_comparisons_and_remembered(folder, monkeypatch):
    monkeypatch.setattr("dlcli.compare.xla.PAYS_FROM", 0.0)
    # With dropout there would be no choice.
    (folder / "small.yaml").write_text(SMALL.replace("    - {Dropout: {rate: 0.2}}\n", ""))
    compared_here(folder, monkeypatch, "small.yaml")
    (note,) = (folder / "cache" / "jit").glob("*.json")
    assert set(json.loads(note.read_text())) == {"with_xla", "without"}
    note.write_text('{"with_xla": 1.0, "without": 9.0}')
    asked = []
    monkeypatch.setattr("dlcli.compare.worker.Workshop.jit_times", lambda *_: asked.append("again"))
    compared_here(folder, monkeypatch, "small.yaml", "--fresh")
    assert not asked
    # Compiled otherwise, the same trials come to the same.
    first, second = table(folder), table(folder, place="small-2")
    np.testing.assert_allclose(first["val_loss"], second["val_loss"], rtol=1e-3)


@slow
def test_a_time_budget_leaves_out_what_does_not_fit(folder, monkeypatch):
    # A trial is said to take 20 s, so that what fits does not depend on how busy the machine is.
    monkeypatch.setattr("dlcli.compare.plan.records.Measurement.trial_seconds", lambda *_: 20.0)
    done = compared_here(folder, monkeypatch, "small.yaml", "--budget", "4m")
    assert "4m are enough for about 2 replications of 6" in done.stderr
    assert "too few to tell two candidates apart; about 10m would do" in done.stderr
    # In truth the trials take no time, so all replications fit.
    assert set(table(folder)["replication"]) == set(range(1, 7))
    results = json.loads((folder / "comparisons" / "small" / "results.json").read_text())
    assert results["weakened"] is None


@slow
def test_what_a_budget_took_from_a_verdict_is_said_wherever_the_verdict_is(folder, monkeypatch):
    done = compared_here(folder, monkeypatch, "small.yaml", "--budget", "20")
    told = "The budget of 20 trials weakens this verdict: it was enough for 5 of 6 replications."
    place = folder / "comparisons" / "small"
    write_comparison_report(ComparisonFolder(place))
    assert told in done.stdout
    assert told in (place / "summary.md").read_text()
    assert told in (place / "report.html").read_text()
    assert json.loads((place / "results.json").read_text())["weakened"] == told
