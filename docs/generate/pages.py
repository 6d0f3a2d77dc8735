"""The generated pages: each is made from what the code says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from acts_and_endings import acts_and_endings_page
from adoption import adoption_page
from command_line import command_line_page
from cost import cost_page
from fault_kinds import fault_kinds_page
from pytest_options import pytest_options_page
from scenario_format import scenario_format_page
from strategies import strategies_page
from violation import violation_picture

from runfaults.oracle.reference import rules_page

REFERENCE = Path(__file__).parents[1] / "reference"

PAGES: Mapping[str, Callable[[], str]] = {
    "acts-and-endings.md": acts_and_endings_page,
    "adoption.md": adoption_page,
    "command-line.md": command_line_page,
    "cost.md": cost_page,
    "fault-kinds.md": fault_kinds_page,
    "pytest-options.md": pytest_options_page,
    "rules.md": rules_page,
    "scenario-format.md": scenario_format_page,
    "strategies.md": strategies_page,
    "violation.svg": violation_picture,
}
"""What writes each file of docs/reference that is not written by hand."""
