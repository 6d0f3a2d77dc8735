"""The options that ask for reports, one for each in the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import click

from runfaults.model import CheckResult
from runfaults.report import REPORTS

_Command = TypeVar("_Command", bound=Callable[..., object])
Chosen = Mapping[str, Path | bool | None]
"""What was given for each report, by its name."""


def report_options(command: _Command) -> _Command:
    """Give a command an option for each report."""
    for report in reversed(REPORTS):
        option = (
            click.option(
                f"--{report.name}",
                type=click.Path(dir_okay=False, path_type=Path),
                callback=_writable,
                help=report.help,
            )
            if report.to_file
            else click.option(f"--{report.name}", is_flag=True, help=report.help)
        )
        command = option(command)
    return command


def write_reports(result: CheckResult, chosen: Chosen) -> None:
    """Write each report that was asked for."""
    for report in REPORTS:
        if wanted := chosen[report.name]:
            report.write(result, wanted if isinstance(wanted, Path) else None)


def _writable(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    """Refuse a file that cannot be written while there is no work to lose yet."""
    if path is None or (path.exists() and not path.is_file()):
        return path  # a pipe is opened once
    existed = path.exists()
    try:
        path.open("ab").close()
    except OSError as error:
        raise click.BadParameter(f"{path} cannot be written: {error.strerror}") from error
    if not existed:
        path.unlink()
    return path
