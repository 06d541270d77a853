"""Trials on a real Ray cluster of two nodes on this machine: the same tables, whatever is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlcli.compare.placement import place
from dlcli.errors import UserError
from dlcli.parallel import Remote, cluster
from dlcli.parallel.cluster import Cluster, Stored
from dlcli.runtime.environment import computing_versions
from tests.helpers import SMALL, dlcli, started
from tests.parallel.test_processes import PRELOAD

# One after another: clusters that start side by side would meet at their ports.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ray")]
ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")

HERE = "tests.parallel.test_cluster"
ROOT = Path(__file__).parents[2]
COMPARE = ("compare-optimizers", "small.yaml", "--optimizers", "SGD,Adam", "--learning-rates",
           "0.01,0.1", "--seeds", "6", "--no-figures")  # fmt: skip
TIMES = ["seconds", "compile_seconds", "evaluation_seconds", "seconds_to_target"]
TABLES = ("trials", "epochs", "summary", "pairwise", "sensitivity")
# All of 127.0.0.0/8 is this machine; of 127.0.0.1 Ray makes the address on the network.
LOOPBACK = {"node_ip_address": "127.0.0.2", "object_store_memory": 150_000_000, "num_cpus": 1}


@pytest.fixture(scope="module", autouse=True)
def importable():
    """Let the nodes import the work of these tests, as they do dlcli."""
    kept = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), kept)))
    yield
    if kept is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = kept


@contextmanager
def two_nodes(**more):
    """Start a cluster: a head with one processor, and a second node with another."""
    from ray.cluster_utils import Cluster as Nodes

    each = LOOPBACK | more
    nodes = Nodes(initialize_head=True, head_node_args={**each, "include_dashboard": False})
    try:
        nodes.add_node(**each)
        nodes.wait_for_nodes()
        yield nodes
    finally:
        ray.shutdown()
        nodes.shutdown()


@pytest.fixture(scope="module")
def nodes():
    with two_nodes() as found:
        yield found


@pytest.fixture
def losing(nodes):
    """Return the cluster and its second node, which the test may lose; another takes its place."""
    (node,) = nodes.worker_nodes
    yield nodes, node
    if node in nodes.worker_nodes:
        nodes.remove_node(node, allow_graceful=False)
    nodes.add_node(**LOOPBACK)
    nodes.wait_for_nodes()


@pytest.fixture
def connected(nodes):
    cluster.connect(nodes.address, 2)
    yield nodes
    ray.shutdown()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL)
    return tmp_path


def doubling(folder, data):
    """Return the work of these tests: it doubles numbers, notes where, and dies of some words."""

    def work(task):
        node = ray.get_runtime_context().get_node_id()
        with (Path(folder) / "log").open("a") as stream:
            stream.write(f"{task} {node} {os.getpid()}\n")
        if task == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if task == "raise":
            raise ValueError("no good")
        if task == "user":
            raise UserError("wrong config")
        if task == "gpus":
            while len({process for *_, process in log(Path(folder))}) < 2:
                time.sleep(0.05)  # until the other worker has begun one too
            return node, tuple(ray.get_gpu_ids())
        if task == "data":
            array = data(1)
            return float(array.sum()), array.flags.writeable
        if isinstance(task, float):
            time.sleep(task)
        return task * 2

    return work


def pool(folder, jobs=2, versions=None, gpus=0.0):
    data = Stored([np.zeros(3), np.ones(400_000)])
    wanted = computing_versions() if versions is None else versions
    return Cluster(
        jobs, Remote(HERE, "doubling"), (str(folder), data), wanted, preload=PRELOAD, gpus=gpus
    )


def results(executor):
    found = []
    while (done := executor.next_done()) is not None:
        found.append(done)
    return found


def log(folder):
    return [line.split() for line in (folder / "log").read_text().splitlines()]


def test_tasks_come_back_once_from_both_nodes_and_a_death_costs_its_task_only(connected, tmp_path):
    executor = pool(tmp_path)
    for number in range(20):
        executor.submit(number, number % 2)
    for task in ("die", "raise", "data"):
        executor.submit(task, task)
    found = {done.task: done for done in results(executor)}
    assert [found[number].value for number in range(20)] == [2 * number for number in range(20)]
    assert found["die"].crashed
    assert "worker was lost" in found["die"].error
    assert found["raise"].error == "ValueError: no good"
    # Of the object store, whose memory the workers of a node share, and so cannot write to.
    assert found["data"].value == (400_000.0, False)
    lines = log(tmp_path)
    assert len({node for _, node, _ in lines}) == 2
    assert sum(task == "die" for task, *_ in lines) == 2
    assert executor.next_done() is None
    executor.close()


def test_an_error_of_the_user_ends_everything(connected, tmp_path):
    executor = pool(tmp_path)
    executor.submit("user", "a")
    with pytest.raises(UserError, match="wrong config"):
        results(executor)
    executor.close()


def test_nodes_with_other_packages_are_refused(connected, tmp_path):
    executor = pool(tmp_path, versions={"keras": "2.0"})
    executor.submit(1, "a")
    with pytest.raises(UserError, match=r"a node has keras .* but this one has 2\.0"):
        results(executor)
    executor.close()


def test_a_cluster_without_what_a_worker_needs_is_refused(connected):
    with pytest.raises(UserError, match="no node with a processor and 1 GPUs"):
        place("ray", address=connected.address, gpus=1.0)


def test_each_worker_has_the_gpus_that_it_declares(tmp_path):
    """Ray counts what a node says it has: no GPU needs to be there for that."""
    with two_nodes(num_gpus=1, num_cpus=2) as nodes:
        placement = place("ray", address=nodes.address)
        assert (placement.jobs, placement.gpus) == (2, 1.0)
        assert place("ray", address=nodes.address, gpus=0.5).jobs == 4
        assert place("ray", address=nodes.address, gpus=0.0).jobs == 4
        executor = pool(tmp_path, jobs=4, gpus=placement.gpus)
        for number in range(6):
            executor.submit("gpus", number)
        found = [done.value for done in results(executor)]
        executor.close()
    assert len({node for node, _ in found}) == 2
    assert {gpus for _, gpus in found} == {(0,)}, "each has the one GPU of its node"
    assert len(log(tmp_path)) == 6
    assert len({process for *_, process in log(tmp_path)}) == 2, "more workers than GPUs"


def test_what_has_not_begun_can_be_cancelled(connected, tmp_path):
    executor = pool(tmp_path)
    for number in range(5):
        executor.submit(number, "a")
    assert executor.cancel() == [0, 1, 2, 3, 4]
    assert results(executor) == []
    executor.close()


def test_a_node_that_is_lost_costs_only_what_ran_on_it_and_no_try(losing, connected, tmp_path):
    nodes, node = losing
    executor = pool(tmp_path)
    for number in range(12):
        executor.submit(0.3 + number / 1000, number)
    first = executor.next_done()
    nodes.remove_node(node, allow_graceful=False)
    found = [first, *results(executor)]
    executor.close()
    assert sorted(done.value for done in found) == [2 * (0.3 + n / 1000) for n in range(12)]
    assert not any(done.error for done in found)
    begun = [task for task, *_ in log(tmp_path)]
    assert len(set(begun)) == 12
    assert len(begun) <= 13, "more than the trial that was running was done again"


def table(folder, name, place):
    found = pd.read_csv(folder / "comparisons" / place / f"{name}.csv")
    return found.drop(columns=TIMES, errors="ignore")


def assert_same_tables(folder, one, other):
    for name in TABLES:
        pd.testing.assert_frame_equal(table(folder, name, one), table(folder, name, other))


def test_a_cluster_gives_the_tables_of_local_processes_even_if_the_driver_is_killed(
    nodes, folder, compared_once
):
    shutil.copytree(compared_once(*COMPARE[2:]), folder / "comparisons" / "local")
    remote = (*COMPARE, "--executor", "ray", "--ray-address", nodes.address)
    process = started(*remote, "--name", "killed", cwd=folder)
    trials = folder / "comparisons" / "killed" / "trials"
    while len(list(trials.glob("*/trial.json"))) < 3 and process.poll() is None:
        time.sleep(0.02)
    assert process.poll() is None, process.communicate()
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    kept = len(list(trials.glob("*/trial.json")))
    done = dlcli(*remote, "--name", "killed", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert kept >= 3
    assert f"{kept} of them done before" in done.stderr
    assert_same_tables(folder, "local", "killed")


def is_training_on(node):
    """Whether a worker of this node is at a trial, which Ray writes into the process's name."""
    (raylet,) = node.all_processes["raylet"]
    children = Path(f"/proc/{raylet.process.pid}/task/{raylet.process.pid}/children").read_text()
    names = [Path(f"/proc/{child}/cmdline") for child in children.split()]
    return any(b"Trainer.answer" in name.read_bytes() for name in names if name.exists())


def test_a_node_lost_in_a_comparison_costs_only_what_it_was_training(losing, folder):
    nodes, node = losing
    text = SMALL.replace("epochs: 4", "epochs: 150")  # long enough to be met at it
    (folder / "small.yaml").write_text(text)
    done = dlcli(*COMPARE, "--name", "local", cwd=folder)
    assert done.returncode == 0, done.stderr
    trials = folder / "comparisons" / "remote" / "trials"
    remote = (*COMPARE, "--name", "remote", "--executor", "ray", "--ray-address", nodes.address)
    process = started(*remote, cwd=folder)
    deadline = time.monotonic() + 300
    while process.poll() is None and time.monotonic() < deadline:
        if len(list(trials.glob("*/trial.json"))) >= 3 and is_training_on(node):
            break
        time.sleep(0.01)
    nodes.remove_node(node, allow_graceful=False)
    kept = {path: path.stat().st_mtime_ns for path in trials.glob("*/trial.json")}
    assert process.poll() is None, "it was over before the node was lost"
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    found = table(folder, "trials", "remote")
    assert 3 <= len(kept) < len(found), "the node was lost half-way"
    assert not found["message"].notna().any()
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, (
        "finished ones stay as they are"
    )
    assert_same_tables(folder, "local", "remote")


def test_the_users_own_data_travel_to_the_nodes(nodes, folder):
    """What the nodes cannot read, because it lies elsewhere, comes through the object store."""
    (folder / "elsewhere").mkdir()
    values = np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32)
    labels = (values.sum(axis=1) > 0).astype(int)
    np.savez(folder / "own.npz", x_train=values, y_train=labels)
    text = SMALL.replace("dataset: iris", "npz: {path: own.npz}")
    (folder / "small.yaml").write_text(text)
    done = dlcli(*COMPARE, "--executor", "ray", "--ray-address", nodes.address, cwd=folder)
    assert done.returncode == 0, done.stderr
    found = pd.read_csv(folder / "comparisons" / "small" / "trials.csv")
    assert set(found["status"]) <= {"ok", "stuck", "diverged"}


def test_a_cluster_of_this_machine_alone_needs_no_address_and_leaves_nothing(folder):
    environment = {**os.environ, "RAY_ADDRESS": ""}
    done = subprocess.run(
        [sys.executable, "-m", "dlcli", *COMPARE, "--executor", "ray", "--jobs", "1"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert len(table(folder, "trials", "small")) == 16


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense", "ray://127.0.0.1:1"])
def test_a_cluster_that_does_not_answer_is_told_with_a_remedy(folder, address):
    done = dlcli(*COMPARE, "--executor", "ray", "--ray-address", address, cwd=folder)
    assert done.returncode == 2, done.stderr
    assert f"the Ray cluster at {address} cannot be used" in done.stderr
    assert "ray status" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "comparisons").exists()
