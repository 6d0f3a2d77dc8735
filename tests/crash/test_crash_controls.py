"""Each crash rule catches the bug planted for it and passes its innocent twin."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from runfaults.explore.crash.sweep import CrashBound, crash
from runfaults.model import CheckResult, Ending, Verdict
from runfaults.report.progress import SilentProgress

CONTROLS = Path(__file__).with_name("controls")

CAUGHT_BY = {
    "orphan_marked_failed": "orphan-is-interrupted-not-failed",
    "orphan_stolen": "orphan-is-interrupted-not-failed",
    "double_recovery": "recovery-is-idempotent",
    "outcome_before_data": "database-stays-sound",
}

BOUND = CrashBound(
    journals=("delete",),
    endings=(Ending.LEAVES_TRANSACTION_OPEN,),
    cancelled_endings=(),
    cancels=(),
    recoveries=False,
    together=2,
)


@pytest.fixture(autouse=True)
def controls_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(CONTROLS)
    monkeypatch.setattr(sys, "path", [path, *sys.path])
    monkeypatch.setenv("PYTHONPATH", path)


def swept(control: str, twin: str) -> CheckResult:
    target = f"{CONTROLS / control}.py:{twin}"
    return crash(target, BOUND, SilentProgress(), jobs=2)


@pytest.mark.parametrize("control", CAUGHT_BY)
def test_a_planted_crash_bug_is_caught_by_its_rule(control: str) -> None:
    result = swept(control, "Planted")
    assert result.notes == ()
    assert result.verdict is Verdict.BROKEN
    assert result.rules[CAUGHT_BY[control]].verdict is Verdict.BROKEN
    proving = [v for v in result.violations if CAUGHT_BY[control] in v.scenario.rules]
    assert proving
    assert "runfaults crash --target" in (proving[0].confirmed or "")


@pytest.mark.parametrize("control", CAUGHT_BY)
def test_its_innocent_twin_passes(control: str) -> None:
    result = swept(control, "Innocent")
    assert result.notes == ()
    assert result.verdict is Verdict.HOLDS, [v.scenario.symptom for v in result.violations]
    assert result.schedules.holds > 50
