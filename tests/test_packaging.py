"""What is published works: the wheel installs into an empty environment and does the main job."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
from pathlib import Path

import pytest

import dlcli

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """Return the folder of a built wheel and sdist."""
    place = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(place), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return place


@pytest.mark.slow
@pytest.mark.xdist_group("packaging")
def test_the_index_would_accept_what_is_built(built):
    files = sorted(map(str, built.iterdir()))
    assert [Path(name).name for name in files] == [
        f"dlcli_keras-{dlcli.__version__}-py3-none-any.whl",
        f"dlcli_keras-{dlcli.__version__}.tar.gz",
    ]
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *files], check=True)
    with tarfile.open(files[1]) as archive:
        names = archive.getnames()
    assert any(name.endswith("/LICENSE") for name in names)


@pytest.mark.slow
@pytest.mark.xdist_group("packaging")
def test_the_wheel_compares_optimizers_from_an_empty_folder_without_a_network(built, tmp_path):
    """The new environment holds dlcli; what it depends on is borrowed from this one."""
    place = tmp_path / "environment"
    venv.create(place, with_pip=True)
    site = next(place.glob("lib/python*/site-packages"))
    (wheel,) = built.glob("*.whl")
    install = [place / "bin" / "python", "-m", "pip", "install", "--no-index", "--no-deps", wheel]
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(install, env=own, check=True, capture_output=True)
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (tmp_path / "empty").mkdir()
    closed = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    command = (
        f"{place}/bin/dlcli compare-optimizers --preset quick --epochs 1 --optimizers SGD,Adam"
    )
    done = subprocess.run(
        command.split(),
        cwd=tmp_path / "empty",
        env=own | closed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Adam" in done.stdout
    assert (tmp_path / "empty" / "comparisons" / "digits-cnn" / "report.html").exists()
