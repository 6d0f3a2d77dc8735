"""Hears how far a campaign is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from runfaults.model.result import Violation


class Listener(Protocol):
    """Hears how far a campaign is."""

    def start(self, total: int | None, sorts: Mapping[int, int] | None = None) -> None:
        """The work begins: so many pieces, so many of each sort; None if that is not known."""
        ...

    def advance(self, count: int = 1, more: int = 0, sort: int = 0) -> None:
        """So many more pieces of a sort are done, and so many that were not known of are added."""
        ...

    def note(self, text: str) -> None:
        """The present activity, in a few words."""
        ...

    def found(self, violation: Violation) -> None:
        """The first one that breaks a rule, or by another deed: neither shrunk nor the smallest."""
        ...


class Silence:
    """Tells nothing of what it hears."""

    def start(self, total: int | None, sorts: Mapping[int, int] | None = None) -> None:
        """See `Listener`."""

    def advance(self, count: int = 1, more: int = 0, sort: int = 0) -> None:
        """See `Listener`."""

    def note(self, text: str) -> None:
        """See `Listener`."""

    def found(self, violation: Violation) -> None:
        """See `Listener`."""
