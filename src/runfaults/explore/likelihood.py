"""Which schedules are the likeliest to break a rule: they are run first."""

from __future__ import annotations

from runfaults.explore.job import Job
from runfaults.model import Operation, Schedule

_LIKELY_KINDS = ("busy", "lost-acknowledgement")


def ranked(base: Schedule, begin: int = 0) -> Job:
    """The job of a schedule.

    Faults where a status is recorded come first, likely kinds and late points before others.
    """
    if base.acts:
        return Job(base, begin, rank=(2, 1, 0), group="an act, alone or with a fault after it")
    if not base.faults:
        return Job(base, begin, rank=(0, 1, 0), group="runs without any fault or act")
    fault = base.faults[0]
    order = fault.kind not in _LIKELY_KINDS, -fault.at.ordinal
    if fault.at.operation is Operation.COMMIT or fault.at.subject.startswith("UPDATE "):
        return Job(base, begin, rank=(1, *order), group="a fault at a COMMIT or at an UPDATE")
    return Job(base, begin, rank=(3, *order), group="a fault somewhere else")
