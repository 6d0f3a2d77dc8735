"""The command `runfaults`: a thin door to the exploration and the reports, one file a command."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import NoReturn

import click

from runfaults.cli.exit_codes import HARNESS, HOLDS, UNKNOWN, USAGE
from runfaults.user_code import heed_interruptions, interruptions, redacting, told

COMMANDS = {
    "check": "check",
    "replay": "replay",
    "list": "list_everything",
    "points": "points",
    "minimise": "minimise",
    "crash": "crash",
    "chaos": "chaos",
    "compare": "compare",
    "draw": "draw",
    "new": "new",
    "new-target": "new_target",
    "adopt": "adopt",
}
"""Each command's module in this package; the command is the module's `command`.

The first line of a module says what its command is for, after "`runfaults NAME`: ".
"""

_EPILOG = (
    "Exit codes: 0 every rule that was exercised holds, or a budget ended without a violation, "
    "1 a rule is broken, 2 wrong usage or unusable input, 3 unknown (hung, interrupted, not "
    "exercised, not repeatable), 4 a bug in runfaults itself."
)


class _LazyGroup(click.Group):
    """Imports a command when it is asked for: `--help` costs nothing for any of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        importlib.import_module("runfaults.sim.time_machine_alone")
        module = importlib.import_module(f"runfaults.cli.{COMMANDS[cmd_name]}")
        return module.command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        found = super().resolve_command(ctx, args)
        if ctx.obj is not None:
            ctx.obj()
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary(name)) for name in COMMANDS])


def summary(command: str) -> str:
    """What a command is for, in a line; read from its module without importing it."""
    with Path(__file__).with_name(f"{COMMANDS[command]}.py").open(encoding="utf-8") as source:
        text = source.readline().strip().strip('"').partition(": ")[2]
    return text[:1].upper() + text[1:]


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001  # click's signature
    if not wanted:
        return
    from runfaults.explore.versions import versions

    found = versions()
    click.echo(f"runfaults {found.runfaults}, Python {found.python}, SQLite {found.sqlite}")
    context.exit()


@click.group(
    cls=_LazyGroup, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the versions of runfaults, Python and SQLite.",
)
def cli() -> None:
    """Can a run that succeeded, or was cancelled, ever be recorded as failed?

    runfaults runs an unmodified job manager on real SQLite, strikes a fault at every place where
    one can really strike, and judges what the database says afterwards.
    """


def main(loaded: Callable[[], None] | None = None) -> NoReturn:
    """Run the command; every expected trouble is one line and a documented exit code.

    Args:
        loaded: Called when the command is imported, before it runs.
    """
    if "_RUNFAULTS_COMPLETE" in os.environ:
        cli()  # answers the shell, and exits
    try:
        heed_interruptions()
        code = cli.main(standalone_mode=False, obj=loaded)  # what `Exit` was raised with
    except click.ClickException as error:
        from runfaults.report.console import print_lines

        shown = StringIO()
        error.show(shown)
        print_lines(shown.getvalue().rstrip("\n"), sys.stderr)
        sys.exit(USAGE)
    except (click.Abort, KeyboardInterrupt):
        interruptions.asked_for = True  # a further one is not to cut off what is told
        from runfaults.report.typed import typed

        again = typed(sys.argv[1:])
        complain("interrupted; nothing was left behind; to run it again:", UNKNOWN, again)
    except BaseException as error:  # noqa: BLE001  # exit code 1 means that a rule is broken
        if _is_foreseen(error):
            complain(str(error.args[0] if isinstance(error, LookupError) else error), USAGE)
        if redacting():
            traceback.print_tb(error.__traceback__)
        else:
            traceback.print_exception(error)
        complain(
            f"this is a bug in runfaults: {told(error)}; to report it, add the lines above and the "
            "output of:",
            HARNESS,
            "runfaults --version",
        )
    sys.exit(code if isinstance(code, int) else HOLDS)


def _is_foreseen(error: BaseException) -> bool:
    """Whether it complains about the input: the system does, or an exception or a line of ours."""
    if isinstance(error, OSError) or type(error).__module__.startswith("runfaults."):
        return True
    last = traceback.extract_tb(error.__traceback__)[-1]
    ours = Path(last.filename).is_relative_to(Path(__file__).parents[1])
    return (
        ours and type(error) in {ValueError, LookupError} and (last.line or "").startswith("raise")
    )


def complain(message: str, code: int, command: str = "") -> NoReturn:
    """Tell a trouble in a line, and what to type next in another; what moves a cursor is spelt out.

    Then exit.
    """
    from runfaults.report.console import print_lines

    print_lines(f"runfaults: {message}", sys.stderr)
    if command:
        print_lines(f"    {command}", sys.stderr)
    sys.exit(code)
