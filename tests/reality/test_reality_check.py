"""Every kind at every point by its real cause, and causes that no kind stands for."""

from __future__ import annotations

import os

import pytest

from runfaults.explore.reality_check import CAUSES, check_for_real
from runfaults.model import Ending, Verdict
from runfaults.report.progress import SilentProgress

pytestmark = pytest.mark.timeout(180)


def test_the_corrected_manager_holds_under_real_faults() -> None:
    result = check_for_real(
        "genglossary",
        SilentProgress(),
        journals=("wal",),
        endings=(Ending.SUCCEEDS,),
        causes=("moved-away", "short-write", "no-descriptors"),
    )
    assert result.verdict is Verdict.HOLDS, [v.scenario.symptom for v in result.violations]
    assert result.notes == ()
    had = {cell.kind for cell in result.coverage if not cell.impossible}
    assert {"busy", "full", "ioerr-write", "short-write", "moved-away"} <= had


def test_what_cannot_be_had_is_said() -> None:
    causes = ("disk-full", "read-only-folder")
    result = check_for_real(
        "genglossary",
        SilentProgress(),
        journals=("delete",),
        endings=(Ending.SUCCEEDS,),
        causes=causes,
        kinds=("locked",),
    )
    had = {cell.kind for cell in result.coverage if not cell.impossible}
    reasons = {cell.kind: cell.impossible for cell in result.coverage if cell.impossible}
    assert had | reasons.keys() == set(causes)
    refused = "read-only-folder" if os.geteuid() == 0 else "disk-full"
    assert reasons[refused].startswith("not had here: ")


def test_one_try_at_recording_does_not_survive_a_short_write() -> None:
    result = check_for_real(
        "tests/controls/one_try.py:OneTry",
        SilentProgress(),
        journals=("delete",),
        endings=(Ending.SUCCEEDS,),
        causes=("short-write",),
        kinds=(),
    )
    assert result.verdict is Verdict.BROKEN
    assert "short-write at" in (result.violations[0].confirmed or "")


def test_every_cause_has_a_name_of_its_own() -> None:
    assert len(set(CAUSES)) == len(CAUSES) == 8
