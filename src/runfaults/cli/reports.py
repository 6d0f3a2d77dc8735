"""The options that ask for reports, one for each in the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import click

from runfaults.cli.writing import require_distinct, writable_file
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
                callback=writable_file,
                help=report.help,
            )
            if report.to_file
            else click.option(f"--{report.name}", is_flag=True, help=report.help)
        )
        command = option(command)
    return command


def require_distinct_reports(chosen: Chosen, others: Mapping[str, Path | None]) -> None:
    """Refuse reports that would write over each other, or over another file of the command."""
    files = {f"--{name}": path for name, path in chosen.items() if isinstance(path, Path)}
    require_distinct({**others, **files})


def write_reports(result: CheckResult, chosen: Chosen) -> Iterator[str]:
    """Write each report that was asked for.

    Yields:
        What could not be written, a sentence each.
    """
    for report in REPORTS:
        if wanted := chosen[report.name]:
            file = wanted if isinstance(wanted, Path) else None
            try:
                report.write(result, file)
            except OSError as error:
                place = file or error.filename or "its report"
                yield (
                    f"--{report.name}: {place} could not be written: {error.strerror}; make room, "
                    "or name another file, and run the same again"
                )
