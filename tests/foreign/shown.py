"""What a run of foreign work shows to those who look at its status."""

from __future__ import annotations

from runfaults.model import EventKind, History


def statuses(history: History) -> list[str]:
    """Every status that the audit saw, in the order in which they came."""
    return [str(event.value) for event in history.events if event.kind is EventKind.STATUS]
