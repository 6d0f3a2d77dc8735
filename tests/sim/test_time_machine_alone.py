"""A command does not pay for pytest, and nothing is kept from a process that has it."""

from __future__ import annotations

import subprocess
import sys

import pytest

TELL = "import sys, time_machine; print('pytest' in sys.modules, time_machine.HAVE_PYTEST)"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("import runfaults.sim.time_machine_alone, runfaults.campaign.campaign", "False False"),
        ("import pytest, runfaults.sim.time_machine_alone", "True True"),
        ("import runfaults.sim.time_machine_alone, pytest", "True False"),
    ],
)
def test_pytest_is_imported_only_if_the_process_has_it(lines: str, told: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", f"{lines}\n{TELL}"], check=True, capture_output=True, text=True
    )
    assert ended.stdout.strip() == told
