"""The nouns of the project as plain frozen data: no behaviour beyond text and comparison."""

from runfaults.model.element import Act, Death, Element, Preemption
from runfaults.model.fault import Fault
from runfaults.model.fault_point import ENDING, FaultPoint, Operation
from runfaults.model.history import Event, EventKind, History
from runfaults.model.result import (
    Cause,
    Cell,
    CheckResult,
    EarlyEnd,
    Place,
    Region,
    Tally,
    Versions,
    Violation,
)
from runfaults.model.scenario import Scenario
from runfaults.model.schedule import Ending, Journal, Schedule
from runfaults.model.verdict import Judgement, Verdict
from runfaults.model.vocabulary import Vocabulary

__all__ = [
    "ENDING",
    "Act",
    "Cause",
    "Cell",
    "CheckResult",
    "Death",
    "EarlyEnd",
    "Element",
    "Ending",
    "Event",
    "EventKind",
    "Fault",
    "FaultPoint",
    "History",
    "Journal",
    "Judgement",
    "Operation",
    "Place",
    "Preemption",
    "Region",
    "Scenario",
    "Schedule",
    "Tally",
    "Verdict",
    "Versions",
    "Violation",
    "Vocabulary",
]
