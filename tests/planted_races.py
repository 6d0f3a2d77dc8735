"""The planted bugs that need an interleaving, each with its innocent twin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CONTROLS = Path(__file__).parent / "controls"


@dataclass(frozen=True, slots=True)
class PlantedRace:
    """A bug, its twin in the same file of tests/controls, and what shows the bug.

    Attributes:
        file: Their module's name.
        bug: Its target's name.
        twin: The twin's target's name.
        rule: What the bug breaks.
        act: What the bug needs at a bad moment.
    """

    file: str
    bug: str
    twin: str
    rule: str
    act: str

    def __str__(self) -> str:
        return self.bug

    def target(self, name: str) -> str:
        """The name of one of the two as of a system under test."""
        return f"{CONTROLS / self.file}.py:{name}"


LATE_CANCEL = PlantedRace(
    "late_cancel", "TooLateCancel", "DecidedCancel", "accepted-cancel-is-cancelled", "cancel"
)
API_CANCEL = PlantedRace(
    "api_cancel", "OverwritesApiCancel", "RespectsApiCancel", "terminal-is-final", "cancel-api"
)
DOUBLE_START = PlantedRace("double_start", "DoubleStart", "SingleStart", "one-active-run", "start")
CLOSE_WHILE_RECORDING = PlantedRace(
    "close_while_recording",
    "CloseWhileRecording",
    "RecordsBeforeClosing",
    "eventually-terminal",
    "close",
)
LATE_SUBSCRIBER = PlantedRace(
    "late_subscriber",
    "LateSubscriber",
    "PunctualSubscriber",
    "signal-matches-record",
    "subscribe",
)
LOCK_ORDER = PlantedRace(
    "lock_order", "CrossedLocks", "OrderedLocks", "eventually-terminal", "cancel"
)
