"""Make README's pictures anew, all from real runs: `make pictures`, some ten minutes on two cores.

The pictures of the report need Chromium; without it they stay as they are.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
PICTURES = HERE / "figures"
CONFIGS = HERE.parent / "configs"
DLCLI = [sys.executable, "-m", "dlcli"]
ROWS, COLUMNS = 40, 80


def run(*arguments: str, folder: Path) -> None:
    """Run a command, its progress shown."""
    print("dlcli", *arguments, flush=True)
    subprocess.run([*DLCLI, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def on_a_terminal(*arguments: str, folder: Path) -> str:
    """Return what a command writes to a terminal of 80 columns, colours included."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color"}
    with subprocess.Popen(
        [*DLCLI, *arguments], cwd=folder, stdout=slave, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        os.close(slave)
        parts = []
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # how Linux says that the other side is closed
                break
            if not part:
                break
            parts.append(part)
    os.close(master)
    if process.returncode:
        sys.exit(f"dlcli {' '.join(arguments)} ended with {process.returncode}")
    return b"".join(parts).decode().replace("\r\n", "\n")


def draw_terminal(text: str, title: str, name: str) -> None:
    """Draw what a terminal shows; the picture loads no font from elsewhere."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere)
        console.print(Text.from_ansi(text))
        svg = console.export_svg(title=title, unique_id=name)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    (PICTURES / f"{name}.svg").write_text(svg)


def draw_page(page: Path, name: str, size: str, *flags: str) -> None:
    """Draw the top of a page as a browser shows it."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print(f"no Chromium: {name}.png stays as it is", flush=True)
        return
    with tempfile.TemporaryDirectory() as profile:
        command = [
            browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            f"--user-data-dir={profile}", f"--window-size={size}", "--virtual-time-budget=6000",
            *flags, f"--screenshot={PICTURES / name}.png", page.resolve().as_uri(),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)


def draw_comparisons(folder: Path) -> None:
    """Draw the default comparison, in the terminal, as figures and as a page."""
    run("compare-optimizers", folder=folder)
    place = folder / "comparisons" / "digits-cnn"
    for name in ("rate_sensitivity", "distance_to_best", "scores_by_replication"):
        shutil.copy(place / "figures" / f"{name}.png", PICTURES)
    text = on_a_terminal("compare-optimizers", folder=folder)
    draw_terminal(text, "dlcli compare-optimizers", "terminal")
    draw_page(place / "report.html", "report", "1100,1000")
    run("compare-optimizers", str(CONFIGS / "compare_initializers.yaml"), folder=folder)
    place = folder / "comparisons" / "digits-initializers"
    shutil.copy(place / "figures" / "initializers.png", PICTURES)


def draw_insides(folder: Path) -> None:
    """Draw what is inside networks: pooling's invariance, filters, what an RNN and LSTM keep."""
    pooling = [f"pooling_{name}" for name in ("none", "average", "max", "global")]
    for name in (*pooling, "mnist_5k_lenet5", "adding_rnn", "adding_lstm"):
        run("train", str(CONFIGS / f"{name}.yaml"), "--out", f"runs/{name}", folder=folder)
    run("inspect", *pooling, "--invariance", "shift", "--out", "moved", folder=folder)
    shutil.copy(folder / "moved" / "invariance.png", PICTURES)
    run("inspect", "mnist_5k_lenet5", "--filters", "--out", "filters", folder=folder)
    first, *_ = sorted((folder / "filters").glob("*.png"))
    shutil.copy(first, PICTURES / "filters.png")
    networks = ("adding_lstm", "adding_rnn")
    run("inspect", *networks, "--hidden-states", "test:0", "--out", "states", folder=folder)
    shutil.copy(folder / "states" / "gradients.png", PICTURES)


def main() -> None:
    """Make all pictures."""
    with tempfile.TemporaryDirectory() as place:
        draw_comparisons(Path(place))
        draw_insides(Path(place))


if __name__ == "__main__":
    main()
