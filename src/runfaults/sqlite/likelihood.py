"""How likely a failure is where an ordinary program runs."""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

from runfaults.sqlite.gate import Call, FaultKind


class Likelihood(IntEnum):
    """The likelier one is the smaller one: findings are told in this order."""

    LIKELY = 1
    """Happens in healthy surroundings: another connection writes, a disk fills up."""
    POSSIBLE = 2
    """Happens to one installation in many: a broken disk, a wrong permission."""
    REMOTE = 3
    """Needs what ordinary programs do not have: no memory, an interrupt that no one can send."""
    MISTAKE = 4
    """Only the program itself does it."""


class CataloguedKind(FaultKind, Protocol):
    """A fault kind of the catalogue: it says what its failure means to a program."""

    @property
    def takes_effect(self) -> bool:
        """Whether the operation has had its effect although it raises."""
        ...

    @property
    def lasts(self) -> bool:
        """Whether its cause commonly stays for longer than one operation."""
        ...

    def likelihood_at(self, call: Call, /) -> Likelihood:
        """How likely the failure is at this call."""
        ...


def unless_interruptible(call: Call) -> Likelihood:
    """How likely an interrupt is: a progress handler sends one.

    That another thread may call `Connection.interrupt` is no sign that one does.
    """
    connection = call.connection
    handled = connection is not None and connection.progress[0] is not None
    return Likelihood.POSSIBLE if handled else Likelihood.REMOTE
