"""The command line: a table of commands, and the one place where an error becomes an exit code.

Each command is an object in a module of `commands`, named in `GROUPS` as `module:object`.
Exit codes: 0 done; 1 the work failed; 2 the input is wrong; 130 interrupted.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from dlcli.cli.screen.output import block, echo
from dlcli.errors import DlcliError, UserError, WorkError
from dlcli.runtime.interrupts import remembered
from dlcli.runtime.memory import OUT, REMEDY, is_short

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Entry(NamedTuple):
    """A command of the table.

    Attributes:
        place: Its `module:object`.
        summary: What it does, in a line of `dlcli --help`.
    """

    place: str
    summary: str


GROUPS: dict[str, dict[str, Entry]] = {
    "Train and compare": {
        "init": Entry("init:init", "Write a commented starter config."),
        "train": Entry("train:train", "Train a model from a config."),
        "compare": Entry("compare:compare", "Find the best of several configs."),
        "compare-optimizers": Entry(
            "compare:compare_optimizers", "Find the best optimizer and its rate."
        ),
    },
    "Look at results": {
        "eval": Entry("evaluate:evaluate", "Score a run, with 95 % intervals."),
        "predict": Entry("predict:predict", "Predict new examples with a run."),
        "inspect": Entry("inspect:inspect", "Draw filters, feature maps and hidden states."),
        "export": Entry("export:export", "Write a run's model as SavedModel, LiteRT or ONNX."),
        "report": Entry("report:report", "Write the HTML report of a run or a comparison."),
        "runs": Entry("runs:runs", "List, show, compare and delete runs and comparisons."),
    },
    "Look things up": {
        "data": Entry("data:data", "List, show and download data sets."),
        "ls": Entry("ls:ls", "List layers, optimizers, losses, metrics and the like."),
        "config": Entry("config:config", "Check a config, or show it with all defaults."),
        "explain": Entry("explain:explain", "Explain a warning, and how to mend it."),
        "check-optimizer": Entry("check_optimizer:check_optimizer", "Test your own optimizer."),
        "doctor": Entry("doctor:doctor", "Check the installation and the hardware."),
        "completion": Entry("completion:completion", "Print a shell completion script."),
    },
}
"""Every command, in the order of `dlcli --help`."""

COMMANDS = {name: entry for group in GROUPS.values() for name, entry in group.items()}

_WIDEST = max(map(len, COMMANDS))

OVERVIEW = """\
Usage: dlcli COMMAND [ARGUMENTS]
Keras experiments from one YAML file. To start: dlcli init my.yaml"""

OPTIONS = "Options: -h, --help (of any command)  --version  --debug (show tracebacks)"

INTERRUPTED = 130


class Commands(click.Group):
    """Imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's form)
        """Return the names in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return a command, or None if the table does not have it."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].place.partition(":")
        found = importlib.import_module(f"{__package__}.commands.{module}")
        command: click.Command = getattr(found, attribute)
        return command

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write a screen of 80 x 24; no command's module is imported for it."""
        formatter.write(f"{OVERVIEW}\n")
        for title, group in GROUPS.items():
            formatter.write(f"\n{title}:\n" if title == next(iter(GROUPS)) else f"{title}:\n")
            with formatter.indentation():
                rows = [(name.ljust(_WIDEST), entry.summary) for name, entry in group.items()]
                formatter.write_dl(rows)
        formatter.write(f"{OPTIONS}\n")

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of the arguments; click does not suggest commands of a table."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from dlcli.errors import closest

            meant = closest(name, COMMANDS)
            hint = f" Did you mean '{meant}'?" if meant else ""
            ctx.fail(f"No such command '{name}'.{hint}")
        return super().resolve_command(ctx, args)


def _print_versions(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        from dlcli.runtime.environment import versions

        found = versions()
        names = [
            f"{name} {found[name]}" for name in ("dlcli", "keras", "tensorflow") if name in found
        ]
        echo("  ".join(names))
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_versions,
    help="Print the versions of dlcli and Keras.",
)  # fmt: skip
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def dlcli(debug: bool) -> None:
    """Keras experiments from one YAML file; start with `dlcli init my.yaml`."""
    del debug  # `run` takes it out of the arguments; it is here for the help


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code.

    No traceback reaches the user unless `--debug` stands anywhere among the arguments.
    """
    debug = "--debug" in arguments
    words = [word for word in arguments if word != "--debug"]
    presses: list[int] = []
    try:
        with remembered() as presses:
            code = dlcli.main(args=words, prog_name="dlcli", standalone_mode=False)
    except Exception as error:  # noqa: BLE001 (the one boundary: everything becomes an exit code)
        if presses and not isinstance(error, DlcliError):
            error = click.Abort()  # what else comes of Ctrl-C, such as half an import
        if debug:
            import traceback

            traceback.print_exc()
        return _told(error)
    except KeyboardInterrupt:
        echo("interrupted", err=True)
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _told(error: Exception) -> int:
    """Tell an error in words and return its exit code."""
    for kind, tell in _TELLERS:
        if isinstance(error, kind):
            return tell(error)
    return _told_memory(error) if is_short(error) else _told_bug(error)


def _told_help(error: click.exceptions.NoArgsIsHelpError) -> int:
    echo(error.format_message())
    return 0


def _told_abort(_error: click.Abort) -> int:
    echo("interrupted", err=True)
    return INTERRUPTED


def _told_usage(error: click.ClickException) -> int:
    import io

    told = io.StringIO()
    error.show(told)
    echo(told.getvalue(), err=True, nl=False)
    if isinstance(error, click.NoSuchOption) and (hint := _instead_of(error)):
        echo(f"  = hint: {hint}", err=True)
    return error.exit_code


_SETTINGS = {
    "lr": "compile.optimizer.Adam.learning_rate=0.01",
    "learning-rate": "compile.optimizer.Adam.learning_rate=0.01",
    "optimizer": "compile.optimizer=Adam",
    "loss": "compile.loss=mse",
    "metrics": "compile.metrics=[f1]",
    "batch": "data.batch_size=64",
    "batch-size": "data.batch_size=64",
    "epochs": "fit.epochs=5",
    "validation-split": "data.validation=0.2",
    "seed": "seed=1",
}
"""Options that people guess -> the assignment of `--set` that does it."""


def _instead_of(error: click.NoSuchOption) -> str:
    """Return what changes a key of the config, where an option does not."""
    assignment = _SETTINGS.get(error.option_name.lstrip("-").replace("_", "-"))
    command = error.ctx.command if error.ctx else None
    if assignment is None or command is None:
        return ""
    options = [name for parameter in command.params for name in parameter.opts]
    return f"write --set {assignment}" if "--set" in options else ""


def _told_own(error: DlcliError) -> int:
    echo(block(error), err=True)
    return error.exit_code


def _told_os_error(error: OSError) -> int:
    """Tell an error of the file system: the disk's fault ends with 1, the path's with 2."""
    import errno

    where = f"{error.filename}: " if error.filename else ""
    what = f"{where}{error.strerror or error}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _told_own(WorkError(what, remedy="Free some space on the disk and try again."))
    if error.errno == errno.EIO:
        return _told_own(WorkError(what, remedy="Check the disk, or use another one."))
    if error.filename:
        return _told_own(UserError(what, remedy="Check the path and its permissions."))
    return _told_bug(error)


def _told_memory(error: Exception) -> int:
    detail = f": {error}".split("\n", 1)[0][:200] if str(error) else ""
    return _told_own(WorkError(f"{OUT}{detail}", remedy=f"Use less data, or {REMEDY}."))


def _told_import(error: ImportError) -> int:
    """Tell an import that failed: of dlcli itself a bug, of anything else the installation."""
    if (error.name or "dlcli").partition(".")[0] == "dlcli":
        return _told_bug(error)
    remedy = "Run `dlcli doctor`: the installation is incomplete."
    return _told_own(WorkError(str(error), remedy=remedy))


def _told_bug(error: Exception) -> int:
    """Tell an error that dlcli did not foresee, and keep its traceback in a file."""
    if place := _place_in_plugin(error):
        return _told_own(WorkError(place, remedy="mend the plugin; --debug shows the traceback"))
    summary = f"{type(error).__name__}: {error}".split("\n", 1)[0]
    remedy = f"Please report this bug of dlcli with {_keep_traceback(error)}."
    return _told_own(WorkError(f"unexpected error: {summary}", remedy=remedy))


def _place_in_plugin(error: Exception) -> str:
    """Say where in a plugin an error came up; empty if no plugin has anything to do with it."""
    plugins = sys.modules.get("dlcli.catalogue.plugins")
    return str(plugins.told(error)) if plugins else ""


def _keep_traceback(error: Exception) -> str:
    """Write a traceback to a file and return where it can be found."""
    import tempfile
    import traceback

    try:
        handle, name = tempfile.mkstemp(prefix="dlcli-", suffix=".log", text=True)
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
            traceback.print_exception(error, file=stream)
    except OSError:
        return "the output of `dlcli --debug`"
    return name


_TELLERS: tuple[tuple[type[Exception], Callable[[Any], int]], ...] = (
    (click.exceptions.NoArgsIsHelpError, _told_help),
    (click.Abort, _told_abort),
    (click.ClickException, _told_usage),
    (DlcliError, _told_own),
    (OSError, _told_os_error),
    (ImportError, _told_import),
)
"""Who tells which error; the first that fits."""
