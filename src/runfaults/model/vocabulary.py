"""The meanings of the statuses of a system under test."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import Enum

Word = str | int | Enum
"""A status as a program has it: a text, a number, a member of an enum that is either."""


def word_of(status: object) -> str:
    """A status as the database shows it, as text: of an enum's member its value."""
    value = status.value if isinstance(status, Enum) else status
    return str(int(value)) if isinstance(value, bool) else str(value)


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

    active: frozenset[str] = frozenset()
    completed: frozenset[str] = frozenset()
    cancelled: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    interrupted: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        active: Word | Iterable[Word] = (),
        completed: Word | Iterable[Word] = (),
        failed: Word | Iterable[Word] = (),
        cancelled: Word | Iterable[Word] = (),
        interrupted: Word | Iterable[Word] = (),
    ) -> Vocabulary:
        """Each sort as one word or as several; `of("running", "done", ("error", "timeout"))`."""
        return cls(
            active=_words(active),
            completed=_words(completed),
            cancelled=_words(cancelled),
            failed=_words(failed),
            interrupted=_words(interrupted),
        )

    @property
    def terminal(self) -> frozenset[str]:
        """The words after which nothing may follow."""
        return self.completed | self.cancelled | self.failed | self.interrupted

    @property
    def words(self) -> frozenset[str]:
        """Every word the target may record."""
        return self.active | self.terminal

    @property
    def ambiguous(self) -> frozenset[str]:
        """Words that claim two things at once."""
        seen: set[str] = set()
        twice: set[str] = set()
        for sort in (getattr(self, each.name) for each in fields(self)):
            twice |= seen & sort
            seen |= sort
        return frozenset(twice)


def _words(given: Word | Iterable[Word]) -> frozenset[str]:
    several = (given,) if isinstance(given, Word) else given
    return frozenset(word_of(each) for each in several)
