"""Which operations a program performs, and what can strike each: outside of the simulator."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from types import ModuleType
from typing import NamedTuple

from runfaults.model import FaultPoint
from runfaults.sqlite.gate import Call, FaultKind
from runfaults.sqlite.hook import connections_through, modules_with_connect
from runfaults.sqlite.inject import ThreadGate
from runfaults.sqlite.kinds import KINDS
from runfaults.sqlite.likelihood import Likelihood
from runfaults.user_code import calling_line


class Surveyed(NamedTuple):
    """An operation that was performed.

    Attributes:
        point: Where `inject` strikes it.
        place: The line of the user's code that performed it; empty if there is none.
        kinds: The fault kinds that can strike it, and how likely each is.
    """

    point: FaultPoint
    place: str
    kinds: dict[str, Likelihood]


class _Surveying(ThreadGate):
    """Strikes nothing, and notes what it could have."""

    def __init__(self, kinds: Iterable[str]) -> None:
        super().__init__(())
        self.found: list[Surveyed] = []
        self._kinds = tuple(kinds)

    def reach(self, point: FaultPoint, call: Call) -> FaultKind | None:
        """Note a point and what can strike there."""
        possible = {
            name: KINDS[name].likelihood_at(call)
            for name in self._kinds
            if KINDS[name].refusal(call) is None
        }
        self.found.append(Surveyed(point, calling_line(), possible))
        return None


@contextmanager
def survey(
    kinds: Iterable[str] = tuple(KINDS), captured: tuple[ModuleType, ...] = ()
) -> Generator[list[Surveyed]]:
    """Note each SQLite operation inside of the block, on connections that are opened there.

    Args:
        kinds: Names of the fault kinds that are asked for.
        captured: As for `inject`; modules that keep `connect` under a name of their own are found.

    Yields:
        The operations, as they come.
    """
    gate = _Surveying(kinds)
    modules = dict.fromkeys((*captured, *modules_with_connect()))
    with connections_through(gate, *modules, in_forks=False):
        yield gate.found
