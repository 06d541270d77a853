"""dlcli is installed from its checkout: its name on the package index is another project's."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from dlcli.runtime.installation import DISTRIBUTION, install_command

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
# An installer, its options and other packages, then dlcli by name; a comment or the end of a
# quotation ends the command.
BY_NAME = re.compile(
    r"(?:pip[x\d.]*|uv(?:\s+tool)?|conda)\s+(?:install|add|run)"
    r"(?:\s+-\S+)*(?:[ \t]+[^\s#`]+)*\s+['\"]?dlcli(?![\w/.])"
    r"|dlcli(?:-keras)?\[(?:\w|\{)"
)


def published_files() -> list[Path]:
    """Return every tracked file but the tests, or all files where there is no git."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    names = done.stdout.split("\0") if done.returncode == 0 else []
    found = [ROOT / name for name in names if name] or [
        *ROOT.glob("*.*"), *(p for f in ("src", "docs", "configs", "benchmarks")
                             for p in (ROOT / f).rglob("*")),
    ]  # fmt: skip
    return [p for p in found if p.is_file() and (ROOT / "tests") not in p.parents]


def test_no_file_tells_to_install_dlcli_by_name():
    found = []
    for path in published_files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # a picture
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in BY_NAME.finditer(text)]
    assert found == []


def test_the_files_that_are_searched_include_code_and_documentation():
    names = {str(path.relative_to(ROOT)) for path in published_files()}
    assert {
        "README.md",
        "CONTRIBUTING.md",
        "docs/cluster.md",
        "src/dlcli/cli/commands/doctor.py",
    } <= names
    assert any(name.startswith("configs/") for name in names)
    assert any(name.startswith("benchmarks/") for name in names)


@pytest.mark.parametrize(
    "text",
    [
        "pip install dlcli",
        "pip install 'dlcli[ray]'",
        "pip install --upgrade dlcli tensorflow",
        "python -m pip install --upgrade tensorflow dlcli",
        "a line that ends in pip install\n'dlcli[tracking]'",
        "f\"for {names}: pip install 'dlcli[{extra}]'\"",
        "pipx install dlcli",
        "uv tool install dlcli",
        "pip install dlcli-keras",
    ],
)
def test_the_old_form_is_found(text):
    assert BY_NAME.search(text)


@pytest.mark.parametrize(
    "text",
    [
        install_command("ray"),
        install_command(upgrade=("tensorflow", "keras")),
        "pip install -e '.[ray]'   # in the dlcli checkout",
        "`pip install tensorboard` and `dlcli train`",
        "pip install -e ~/src/dlcli",
    ],
)
def test_an_installation_from_the_checkout_is_not(text):
    assert not BY_NAME.search(text)


def test_remedies_name_extras_that_exist():
    extras = PROJECT["project"]["optional-dependencies"]
    assert {"ray", "tracking"} <= set(extras)
    assert install_command("ray") == "from the dlcli checkout: pip install -e '.[ray]'"
    assert install_command() == "from the dlcli checkout: pip install -e ."


def test_the_distribution_has_a_name_of_its_own_and_the_command_is_dlcli():
    assert PROJECT["project"]["name"] == DISTRIBUTION == "dlcli-keras"
    assert list(PROJECT["project"]["scripts"]) == ["dlcli"]


def test_the_whole_license_is_there():
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert PROJECT["project"]["license-files"] == ["LICENSE"]
    assert "Version 2.0, January 2004" in text
    sections = re.findall(r"^   (\d)\. ", text, re.MULTILINE)
    assert sections == [str(number) for number in range(1, 10)]
    assert "END OF TERMS AND CONDITIONS" in text
    assert "APPENDIX: How to apply the Apache License to your work." in text
    assert text.rstrip().endswith("limitations under the License.")
