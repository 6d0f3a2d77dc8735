"""What is known of a schedule's runs: their statuses, and which is the user's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeGuard

from runfaults.model import Vocabulary


@dataclass(slots=True)
class KnownRuns:
    """The runs of one schedule.

    Attributes:
        vocabulary: The target's.
        own: The run that the user started, once it is known.
        shown: The latest status of each, as the database has it.
        before: Those that there were before the user came.
    """

    vocabulary: Vocabulary
    own: int | None = None
    shown: dict[int, str] = field(default_factory=dict[int, str])
    before: frozenset[int] = frozenset()

    def is_over(self, run: int) -> bool:
        """Whether the database says that it has ended."""
        return self.shown.get(run) in self.vocabulary.terminal

    def are_active(self) -> bool:
        """Whether the database says so of any."""
        return bool(self.vocabulary.active & set(self.shown.values()))

    def may_be_own(self, run: int | None) -> TypeGuard[int]:
        """Whether that is the run that the user started, and was not known."""
        return self.own is None and run is not None and run not in self.before
