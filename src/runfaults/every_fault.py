"""Public: every fault at every SQLite operation of a call, without a test runner.

In pytest there are the fixtures `every_fault` and `fault` instead.
"""

from runfaults.anomaly.experiment import Selection
from runfaults.anomaly.folders import every_fault
from runfaults.anomaly.observe import UnsuitableError
from runfaults.anomaly.outcome import Cause, Outcome, causes
from runfaults.anomaly.program import Program, ProgramBrokenError, Step, System
from runfaults.anomaly.promises import Broken
from runfaults.anomaly.report import report, summary
from runfaults.sqlite.likelihood import Likelihood
from runfaults.sqlite.numbering import Point
from runfaults.sqlite.strike import Strike

__all__ = [
    "Broken",
    "Cause",
    "Likelihood",
    "Outcome",
    "Point",
    "Program",
    "ProgramBrokenError",
    "Selection",
    "Step",
    "Strike",
    "System",
    "UnsuitableError",
    "causes",
    "every_fault",
    "report",
    "summary",
]
