"""`dlcli completion`: what a shell needs to complete dlcli's commands."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash: eval "$(dlcli completion bash)"    in ~/.bashrc
    zsh:  eval "$(dlcli completion zsh)"     in ~/.zshrc
    fish: dlcli completion fish > ~/.config/fish/completions/dlcli.fish
    """  # noqa: D301 (click's mark for text that keeps its lines)
    made = get_completion_class(shell)
    assert made is not None  # noqa: S101  (SHELLS are click's own)
    root = click.get_current_context().find_root().command
    click.echo(made(root, {}, "dlcli", "_DLCLI_COMPLETE").source())
