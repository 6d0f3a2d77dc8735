"""Which operations a program performs, and what can strike each: outside of the simulator."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from types import ModuleType
from typing import NamedTuple

from runfaults.model import FaultPoint, Operation
from runfaults.sqlite.gate import Call, FaultKind
from runfaults.sqlite.hook import connections_through, modules_with_connect
from runfaults.sqlite.inject import ThreadGate
from runfaults.sqlite.kinds import KINDS
from runfaults.sqlite.likelihood import Likelihood
from runfaults.sqlite.numbering import Point
from runfaults.sqlite.situation import situation_of
from runfaults.user_code import calling_line


def shape_of(operation: Operation, subject: str) -> str:
    """An operation and the verb of its subject."""
    return f"{operation} {subject.partition(' ')[0]}".strip()


class Surveyed(NamedTuple):
    """An operation that was performed.

    Attributes:
        point: Where `inject` strikes it, by its name.
        number: Where it does so by its number.
        place: The line of the user's code that performed it; empty if there is none.
        kinds: The fault kinds that can strike it, and how likely each is.
        refusal: Why no fault of the engine can strike it; empty if one can.
        in_memory: Its database has no file.
        writes: It changes a database, or may: `CREATE TABLE IF NOT EXISTS`.
    """

    point: FaultPoint
    number: Point
    place: str
    kinds: dict[str, Likelihood]
    refusal: str
    in_memory: bool
    writes: bool

    def __str__(self) -> str:
        """What is performed, as `execute INSERT jobs`."""
        operation, subject = str(self.point.operation), self.point.subject
        return operation if subject.lower() in {"", operation} else f"{operation} {subject}"

    @property
    def shape(self) -> str:
        """Operation and verb: what stays the same where names are random."""
        return shape_of(self.point.operation, self.point.subject)

    @classmethod
    def of(cls, call: Call, point: FaultPoint, number: Point, kinds: Iterable[str]) -> Surveyed:
        """See what can strike a call that is about to be performed."""
        situation = situation_of(call)
        connection = call.connection
        return cls(
            point,
            number,
            calling_line(),
            {
                name: KINDS[name].likelihood_at(call)
                for name in kinds
                if KINDS[name].refusal(call) is None
            },
            situation if isinstance(situation, str) else "",
            connection is not None and not connection.path,
            call.statement.writes or (call.statement.defines and not call.statement.temporary),
        )


class _Surveying(ThreadGate):
    """Strikes nothing, and notes what it could have."""

    def __init__(self, kinds: Iterable[str]) -> None:
        super().__init__(())
        self.found: list[Surveyed] = []
        self._kinds = tuple(kinds)

    def reach(self, point: FaultPoint, number: Point, call: Call) -> FaultKind | None:
        """Note a point and what can strike there."""
        self.found.append(Surveyed.of(call, point, number, self._kinds))
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
