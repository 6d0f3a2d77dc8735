"""The option that leaves out values of the user's data, and all that the target prints."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator
from typing import TextIO

import click

from runfaults.cli.aim import setting
from runfaults.user_code import redact_messages


def _redacting(_: click.Context, __: click.Parameter, wanted: bool) -> bool:  # noqa: FBT001  # click's signature
    redact_messages(wanted=wanted)
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

_STANDARD = (1, 2)


@contextlib.contextmanager
def unheard(*, wanted: bool) -> Generator[TextIO]:
    """Let nothing be heard of what this process, or one that it starts, prints in the block.

    Args:
        wanted: Whether that is so.

    Yields:
        Standard error, which is heard.
    """
    if not wanted:
        yield sys.stderr
        return
    output, errors = sys.stdout, sys.stderr
    output.flush()
    with contextlib.ExitStack() as stack, open(os.devnull, "w") as nowhere:  # noqa: PTH123  # no path
        for descriptor in _STANDARD:
            kept = os.dup(descriptor)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, descriptor)
            os.dup2(nowhere.fileno(), descriptor)
        stack.enter_context(contextlib.redirect_stdout(nowhere))
        stack.enter_context(contextlib.redirect_stderr(nowhere))
        yield errors
