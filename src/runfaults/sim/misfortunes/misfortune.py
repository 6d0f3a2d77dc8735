"""A fault that is none of SQLite."""

from __future__ import annotations

from abc import ABC, abstractmethod

from runfaults.sqlite.gate import Call
from runfaults.sqlite.real.recipe import Recipe, Unavailable


class Misfortune(ABC):
    """Something else fails than the database: see `FaultKind`.

    Attributes:
        name: How a schedule names it.
        summary: One line for a list of kinds.
        unavailable: Why nothing makes it for real.
    """

    name: str
    summary: str
    unavailable: str

    @abstractmethod
    def refusal(self, call: Call) -> str | None:
        """Why it could not happen at this call; None if it could."""

    def waits(self, call: Call) -> bool:  # noqa: ARG002  # the same everywhere
        """No: there is no lock of the database to wait for."""
        return False

    @abstractmethod
    def strike(self, call: Call) -> object:
        """Leave what it leaves; raise what it raises, or answer the call."""

    def real(self, call: Call) -> Recipe:  # noqa: ARG002  # the same everywhere
        """None: what fails is the harness's own.

        Raises:
            Unavailable: always.
        """
        raise Unavailable(self.unavailable)
