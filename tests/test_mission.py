"""The mission's sentence, for schedules that Hypothesis draws."""

from __future__ import annotations

from hypothesis import given

from runfaults.model import Schedule
from runfaults.strategies import LOCK_ERRORS, bench_for, schedules


@given(schedules(faults=2, cancels=2, kinds=LOCK_ERRORS))
def test_no_succeeded_or_cancelled_run_is_ever_recorded_as_failed(schedule: Schedule) -> None:
    trial = bench_for("genglossary").run(schedule)
    trial.assert_holds("succeeded-never-failed", "cancelled-never-failed")
