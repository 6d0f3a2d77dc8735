"""Hears how far a campaign is."""

from __future__ import annotations

from collections.abc import Mapping

from runfaults.model.result import Violation

Sort = tuple[int, str]
"""Pieces that take about as long: the number of their strategy, and what they have in common."""
ONE_SORT: Sort = (0, "")


class Listener:
    """Hears how far a campaign is; this one does nothing with it."""

    def start(self, total: int | None, left: Mapping[Sort, int] | None = None) -> None:
        """The work begins: so many pieces, so many of each sort; None if that is not known."""

    def advance(
        self,
        count: int = 1,
        left: Mapping[Sort, int] | None = None,
        sort: Sort = ONE_SORT,
        tries: int = 0,
    ) -> None:
        """So many more pieces of a sort are done.

        Args:
            count: How many.
            left: How many of each sort are left now: more than before, if some were not known of.
            sort: Of what sort they are.
            tries: How many tries they took, such as schedules.
        """

    def note(self, text: str) -> None:
        """The present activity, in a few words."""

    def found(self, violation: Violation) -> None:
        """The first one that breaks a rule, or by another deed: neither shrunk nor the smallest."""
