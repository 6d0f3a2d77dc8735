"""What a fault kind is: why it may not strike, and what it leaves when it does."""

from __future__ import annotations

from typing import NoReturn, Protocol

from runfaults.sqlite.gate import Call


class FaultKind(Protocol):
    """One way in which SQLite fails."""

    @property
    def name(self) -> str:
        """Lower case, hyphenated: how a schedule names it."""
        ...

    @property
    def summary(self) -> str:
        """One line for a list of kinds."""
        ...

    def refusal(self, call: Call) -> str | None:
        """Why the real engine could not fail in this way at this call, in this state.

        Returns:
            The reason, as a clause without a full stop; None if it can.
        """
        ...

    def waits(self, call: Call) -> bool:
        """Whether the real engine would have spent the busy timeout before it failed."""
        ...

    def strike(self, call: Call) -> NoReturn:
        """Leave what the real failure leaves, and raise what it raises."""
        ...
