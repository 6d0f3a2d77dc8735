"""Reports, made from results, histories and judgements alone."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import NamedTuple

from runfaults.model import CheckResult


class Report(NamedTuple):
    """A format in which a command tells its result, besides what it prints.

    Attributes:
        name: Of the option that asks for it.
        help: What the option does, in a sentence.
        module: Has the function `write(result, file)`; imported when there is a result.
        to_file: Whether the option takes a file; `write` is given None if not.
    """

    name: str
    help: str
    module: str
    to_file: bool = True

    def write(self, result: CheckResult, file: Path | None) -> None:
        """Write the result."""
        importlib.import_module(self.module).write(result, file)


REPORTS = (
    Report("json", "Write the result as JSON.", "runfaults.report.json_report"),
    Report("html", "Write a self-contained HTML report.", "runfaults.report.html"),
    Report("junit", "Write JUnit XML.", "runfaults.report.junit"),
    Report(
        "github",
        "Print annotations; write to $GITHUB_STEP_SUMMARY if it is set.",
        "runfaults.report.github",
        to_file=False,
    ),
)
"""Every format, in the order of the options."""
