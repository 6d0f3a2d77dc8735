"""The meanings of the statuses of a system under test."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words a target records, sorted by what they claim about the run.

    Attributes:
        active: Not over yet.
        completed: The work succeeded.
        cancelled: The user's cancel ended it.
        failed: The work, or its start, failed.
        interrupted: The process died; the outcome is unknown.
    """

    active: frozenset[str]
    completed: frozenset[str]
    cancelled: frozenset[str]
    failed: frozenset[str]
    interrupted: frozenset[str] = frozenset()

    @property
    def terminal(self) -> frozenset[str]:
        """The words after which nothing may follow."""
        return self.completed | self.cancelled | self.failed | self.interrupted

    @property
    def words(self) -> frozenset[str]:
        """Every word the target may record."""
        return self.active | self.terminal
