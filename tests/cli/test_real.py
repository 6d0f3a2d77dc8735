"""`--real`: the engine itself fails."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from runfaults.cli import cli
from runfaults.cli.exit_codes import BROKEN, HOLDS


def test_a_scenario_is_replayed_with_real_faults() -> None:
    played = CliRunner().invoke(
        cli, ["replay", "--real", "faults/locked-while-recording-a-cancel.toml"]
    )
    assert played.exit_code == HOLDS, played.output
    assert "holds (as expected; with " in played.output


def test_a_planted_bug_is_broken_for_real_too() -> None:
    played = CliRunner().invoke(
        cli, ["replay", "--real", "faults/controls/one-try-calls-success-failure.toml"]
    )
    assert played.exit_code == BROKEN, played.output
    assert (
        "broken (as expected; with a real error of the engine (busy), inside of the simulation)"
        in played.output
    )


@pytest.mark.timeout(120)
def test_a_check_provokes_each_fault_for_real() -> None:
    checked = CliRunner().invoke(
        cli, ["check", "--real", "--only", "busy", "--target", "tests/controls/one_try.py:OneTry"]
    )
    assert checked.exit_code == BROKEN, checked.output
    assert "succeeded-never-failed" in checked.output
