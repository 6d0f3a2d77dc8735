"""What is said on the command line, and told at the end of a session."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from runfaults.anomaly.experiment import Selection

MARKER = "every_fault"
SUMMARY = "runfaults_every_fault"
"""Attribute of a test report that brings its summary from the workers of pytest-xdist."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options on the command line."""
    group = parser.getgroup("runfaults", "schedules of faults, cancels and preemptions")
    group.addoption(
        "--every-fault",
        metavar="WHAT",
        default="",
        help="what `every_fault` tries instead of all: one fault, such as 'busy at #3', or so many "
        "that are drawn, such as sample:50",
    )
    group.addoption(
        "--every-fault-budget",
        metavar="TIME",
        default="",
        help="when `every_fault` stops in each test, such as 10s or 2m; the summary counts "
        "what was not tried",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the summary; refuse an option that cannot be read."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(kinds): run the whole test again with each fault at each SQLite operation of "
        "it: it has to end, to leave no lock behind, and to keep databases sound",
    )
    config.pluginmanager.register(_Summary(), "runfaults-every-fault-summary")
    if _option(config, "every_fault") or _option(config, "every_fault_budget"):
        try:
            selection_of(config)
        except ValueError as error:
            raise pytest.UsageError(f"--every-fault: {error}") from error


def _option(config: pytest.Config, name: str) -> str:
    return cast("str", config.getoption(name))


def selection_of(config: pytest.Config) -> Selection:
    """Which faults are tried.

    Raises:
        ValueError: if an option cannot be read.
    """
    from runfaults.anomaly.experiment import Selection
    from runfaults.campaign.budget import Budget, parse_duration
    from runfaults.sqlite.strike import Strike

    what, time = _option(config, "every_fault"), _option(config, "every_fault_budget")
    selection = Selection()
    if time:
        selection = replace(selection, is_spent=Budget(parse_duration(time)).spent)
    if what.startswith("sample:"):
        number = what.removeprefix("sample:")
        if not number.isdecimal() or int(number) == 0:
            raise ValueError(f"{what!r} has no number of faults; write sample:50")
        return replace(selection, sample=int(number))
    return replace(selection, only=Strike.parse(what)) if what else selection


class _Summary:
    """Tells what was tried, in this process or in the workers of pytest-xdist."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hear of one phase of one test."""
        told = getattr(report, SUMMARY, "")
        if told:
            self._lines.append(f"{report.nodeid}: {told}")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how many faults each test has borne."""
        if self._lines:
            terminalreporter.section("every fault")
        for line in self._lines:
            terminalreporter.line(line)
