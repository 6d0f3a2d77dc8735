"""The option that leaves out values of the user's data, and all that the target prints."""

from __future__ import annotations

import click

from runfaults.cli.aim import setting
from runfaults.user_code import redact


def _redacting(_: click.Context, __: click.Parameter, wanted: bool) -> bool:  # noqa: FBT001  # click's signature
    redact(wanted=wanted)
    return wanted


redact_option = click.option(
    "--redact/--no-redact",
    default=setting("redact", otherwise=False),
    callback=_redacting,
    is_eager=True,  # rules of the user's own are loaded as their option is read
    help="Leave values of rows, of literals in SQL, messages of exceptions other than SQLite's, "
    "and what the target prints out of all that is printed and written. Ids, statuses and lines "
    "of source code stay.",
)
