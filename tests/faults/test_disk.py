"""A disk that is full, and one that cannot be written to: said in words, and nothing is lost."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.faults.running import WIDE, place, same_tables, trials
from tests.helpers import dlcli

pytestmark = pytest.mark.slow


def _mounted(*arguments):
    return subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def disk(tmp_path):
    """Return a small disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        done = _mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place))
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def resize(disk, size):
    assert _mounted("-o", f"remount,size={size}", str(disk)).returncode == 0


def refused(folder, *arguments, code, said):
    done = dlcli(*arguments, cwd=folder)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert said in done.stderr
    assert done.stderr.count("error: ") == 1
    assert "  = hint: " in done.stderr


def test_a_comparison_on_a_full_disk_says_so_and_goes_on_when_there_is_room(
    disk, tmp_path, compared_once
):
    folder = place(tmp_path / "work")
    command = ("compare-optimizers", "small.yaml", *WIDE, "--root")
    comparison = disk / "small"
    kept = {}
    for size in ("4k", "16k", "80k", "150k", "240k"):
        resize(disk, size)
        refused(folder, *command, str(disk), code=1, said="the disk is full")
        assert kept.items() <= trials(comparison).items()
        kept = trials(comparison)
    assert kept
    assert not list(disk.rglob(".*.part*"))
    resize(disk, "8m")
    assert dlcli(*command, str(disk), cwd=folder).returncode == 0
    assert kept.items() <= trials(comparison).items()
    assert [path.name for path in disk.iterdir()] == ["small"]
    assert same_tables(comparison, compared_once(*WIDE)) == 0
    resize(disk, f"{_used(disk)}")
    refused(folder, "report", str(comparison), code=1, said="the disk is full")


def _used(disk):
    """Return the bytes that a disk holds."""
    return shutil.disk_usage(disk).used


@pytest.mark.parametrize("size", ["12k", "24k", "48k"])
def test_a_training_on_a_full_disk_has_not_failed_and_can_be_resumed(
    disk, size, tmp_path, trained_once
):
    folder, run = place(tmp_path / "work"), str(disk / "run")
    resize(disk, size)
    refused(folder, "train", "small.yaml", "--out", run, code=1, said="the disk is full")
    resize(disk, "1m")
    done = dlcli("train", "--resume", run, cwd=folder)
    if not (disk / "run" / "config.yaml").exists():
        pytest.fail(f"the run has no config: {done.stderr}")
    assert done.returncode == 0, done.stderr
    whole = trained_once() / "metrics.json"
    assert (disk / "run" / "metrics.json").read_text() == whole.read_text()
    resize(disk, f"{_used(disk)}")
    assert dlcli("eval", run, "--metrics", "f1", cwd=folder).returncode == 0
    refused(folder, "report", run, code=1, said="the disk is full")


def test_a_read_only_disk_is_said_and_what_only_reads_works(
    disk, tmp_path, trained_once, compared_once
):
    folder, run = place(tmp_path / "work"), str(disk / "run")
    resize(disk, "8m")
    shutil.copytree(trained_once(), run)
    command = ("compare-optimizers", "small.yaml", *WIDE, "--root", str(disk))
    shutil.copytree(compared_once(*WIDE), disk / "small")
    before = {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()}
    assert _mounted("-o", "remount,ro", str(disk)).returncode == 0
    for arguments in (
        ("train", "small.yaml", "--root", str(disk)),
        ("train", "--resume", run, "--epochs", "9"),
        command,
        (*command, "--fresh"),
        ("report", run),
        ("runs", "rm", run, "--yes"),
    ):
        refused(folder, *arguments, code=2, said="cannot be written to")
    for arguments in (("eval", run), ("runs", "ls", "--root", str(disk))):
        assert dlcli(*arguments, cwd=folder).returncode == 0
    assert {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()} == before


CONVOLUTION = """\
name: seen
data: {dataset: digits, batch_size: 256}
model:
  layers:
    - {Conv2D: {filters: 2, kernel_size: 3}}
    - GlobalMaxPooling2D
    - {Dense: {units: $classes, activation: softmax}}
fit: {epochs: 1}
"""
LOOKS = ("--filters", "--invariance", "shift", "--examples", "20")


def test_inspect_on_a_full_disk_says_so_and_keeps_the_figures_of_before(disk, tmp_path):
    folder, run = place(tmp_path / "work"), str(disk / "run")
    (folder / "seen.yaml").write_text(CONVOLUTION)
    resize(disk, "8m")
    assert dlcli("train", "seen.yaml", "--out", run, cwd=folder).returncode == 0
    for room in (0, 4096, 65536):  # the folder, half a figure, some figures
        resize(disk, f"{_used(disk) + room}")
        refused(folder, "inspect", run, *LOOKS, code=1, said="the disk is full")
        assert not list(disk.rglob(".*.part*"))
        assert all(path.read_bytes().endswith(ENDS[path.suffix]) for path in _figures(disk))
    resize(disk, "8m")
    assert dlcli("inspect", run, *LOOKS, cwd=folder).returncode == 0
    before = {path: path.read_bytes() for path in _figures(disk)}
    assert len(before) == 2 * 2
    resize(disk, f"{_used(disk)}")
    refused(folder, "inspect", run, *LOOKS, code=1, said="the disk is full")
    assert {path: path.read_bytes() for path in _figures(disk)} == before
    assert dlcli("eval", run, cwd=folder).returncode == 0


ENDS = {".svg": b"</svg>\n", ".png": b"IEND\xaeB`\x82"}


def _figures(disk):
    return [path for path in (disk / "run").glob("inspect/*") if path.suffix in ENDS]


def test_report_on_a_full_disk_keeps_the_page_of_before(
    disk, tmp_path, trained_once, compared_once
):
    folder = place(tmp_path / "work")
    resize(disk, "16m")
    run, comparison = disk / "run", disk / "small"
    shutil.copytree(trained_once(), run)
    shutil.copytree(compared_once(*WIDE), comparison)
    for made in (run, comparison):
        assert dlcli("report", str(made), cwd=folder).returncode == 0
        before = (made / "report.html").read_bytes()
        for room in (0, 65536):
            resize(disk, f"{_used(disk) + room}")
            refused(folder, "report", str(made), code=1, said="the disk is full")
            assert (made / "report.html").read_bytes() == before
            assert not list(disk.rglob(".*.part*"))
        resize(disk, "16m")
        assert dlcli("report", str(made), cwd=folder).returncode == 0
        assert (made / "report.html").read_bytes() == before
