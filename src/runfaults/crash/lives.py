"""A player for schedules with deaths: a process for each life."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Generator
from typing import Any, Self, Unpack

from runfaults.crash.sequence import LifeSequence
from runfaults.model import Schedule
from runfaults.oracle.own import own_rules
from runfaults.oracle.rule import queries_of
from runfaults.sim.execution import Execution
from runfaults.sim.host import Host
from runfaults.sim.simulation import How, Simulation
from runfaults.targets import target_named
from runfaults.targets.target import Target


class Lives:
    """Plays each life in a process of its own, which a process without other threads forks.

    Args:
        target: Name of the system under test.
        own: Addresses of rules of the user's own, whose queries are asked.
        first: Whether the target has done nothing at all in the process of a first life; by
            default it has done what it does only once in a process.
    """

    def __init__(self, target: str, own: Collection[str] = (), *, first: bool = False) -> None:
        self._name = target
        self._first = first
        self.own_rules = own_rules(own)
        self._host: Host | None = None

    def __enter__(self) -> Self:
        self._host = Host(playing_lives, self._name, queries_of(self.own_rules), self._first)
        return self

    def __exit__(self, *_: object) -> None:
        if self._host is not None:
            self._host.close()

    @property
    def target(self) -> Target:
        """The system under test."""
        return target_named(self._name)

    def play(self, schedule: Schedule, **how: Unpack[How]) -> Execution:
        """Run one schedule to its end; no fault point is surveyed, and none grows at a line."""
        if self._host is None:
            raise RuntimeError("lives are played in a process that was not started: enter it")
        if how.get("director") is not None:
            raise ValueError("a schedule with deaths leaves no choice to a director")
        return self._host.ask((schedule, how.get("with_places", False)))


@contextlib.contextmanager
def playing_lives(
    target: str,
    queries: tuple[str, ...],
    first: bool,  # noqa: FBT001  # a request has positions only
    folder: str,
) -> Generator[Callable[[Any], Execution]]:
    """Answers with the outcome of a schedule; see `Host`."""
    system = target_named(target)
    with Simulation(system, within=folder, warm=not first) as simulation:
        sequence = LifeSequence(system, folder, queries)

        def play(asked: tuple[Schedule, bool]) -> Execution:
            schedule, with_places = asked
            simulation.warm_up(schedule.pipeline)  # here, and not in every life
            return sequence.play(schedule, with_places=with_places)

        yield play
