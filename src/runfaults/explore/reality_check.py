"""Every fault kind at every point by its real cause, and causes that no kind stands for."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from runfaults.explore.check import Progress, versions
from runfaults.explore.findings import Findings
from runfaults.explore.reality import RealFaults, RealReplay
from runfaults.model import (
    Cell,
    CheckResult,
    Ending,
    Fault,
    History,
    Region,
    Scenario,
    Schedule,
    Tally,
    Verdict,
    Violation,
)
from runfaults.oracle.judge import judge
from runfaults.oracle.rules import RULES
from runfaults.sim.actor import current_actor
from runfaults.sim.scheduler import outside
from runfaults.sim.simulation import Simulation
from runfaults.sqlite.gate import Call, FaultKind, Gate
from runfaults.sqlite.kinds import KINDS
from runfaults.sqlite.real.descriptor_limit import descriptor_limit
from runfaults.sqlite.real.file_size_limit import file_size_limit
from runfaults.sqlite.real.moved_file import moved_away, replaced_by_copy
from runfaults.sqlite.real.page_limit import page_limit
from runfaults.sqlite.real.recipe import Recipe, Unavailable
from runfaults.sqlite.real.small_disk import filled, small_disk
from runfaults.sqlite.real.system_call import short_write
from runfaults.targets import target_named

CAUSES: dict[str, Callable[[Path], Recipe]] = {
    "moved-away": moved_away,
    "replaced-by-copy": replaced_by_copy,
    "no-descriptors": lambda _: descriptor_limit(),
    "no-file-may-grow": lambda _: file_size_limit(),
    "no-page-left": lambda _: page_limit(),
    "short-write": lambda _: short_write(),
    "disk-full": lambda database: filled(database.parent),
    "read-only-folder": lambda database: _read_only(database.parent),
}
"""Causes that no fault kind stands for, each made for a database file. They last for one
operation."""


def check_for_real(
    target: str,
    progress: Progress,
    *,
    journals: Sequence[str] = ("delete", "wal"),
    endings: Sequence[Ending] = (Ending.SUCCEEDS, Ending.RAISES),
    causes: Sequence[str] = tuple(CAUSES),
    kinds: Sequence[str] = tuple(KINDS),
) -> CheckResult:
    """Provoke every fault for real, wherever it can be had, and judge what the target does.

    Each kind strikes once at each point where it can; the same schedule with the emulated fault
    must give the same history, or the result says so in a note. Then the causes that no kind
    stands for, around each operation.

    Args:
        target: Name of the system under test.
        progress: Hears how far it is.
        journals: SQLite journal modes.
        endings: How the scripted pipeline ends.
        causes: Names of `CAUSES`.
        kinds: Names of fault kinds.
    """
    began = time.perf_counter()
    work = _RealCheck(target, progress)
    bases = [Schedule(ending, journal=journal) for journal in journals for ending in endings]
    finished = False
    try:
        work.kinds(bases, kinds)
        work.causes(bases, causes)
        finished = True
    except KeyboardInterrupt:
        progress.note("interrupted")
    found = work.found
    return CheckResult(
        target=target,
        versions=versions(),
        regions=(
            Region(
                "every fault kind once at every point, by its real cause; "
                f"{', '.join(causes)} around every operation; pipeline {', '.join(endings)}; "
                f"journal {', '.join(journals)}",
                found.verdicts.total(),
            ),
        ),
        schedules=found.tally(),
        elapsed=time.perf_counter() - began,
        rules={rule.name: found.tally(rule.name) for rule in RULES},
        coverage=tuple(work.cells()),
        violations=tuple(work.violations),
        notes=tuple(found.problems[:20]),
        not_reached=() if finished else ("some faults: the check was interrupted",),
    )


@dataclass
class _RealCheck:
    """A check in progress."""

    target: str
    progress: Progress
    found: Findings = field(default_factory=Findings)
    violations: list[Violation] = field(default_factory=list[Violation])
    not_had: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def kinds(self, bases: Sequence[Schedule], kinds: Sequence[str]) -> None:
        """Every kind, emulated and for real."""
        todo: list[tuple[Schedule, History]] = []
        with Simulation(target_named(self.target)) as simulation:
            for base in bases:
                _, survey = simulation.survey(base, kinds)
                for point, _, refusals in survey:
                    for kind, refusal in refusals:
                        if refusal is None:
                            schedule = Schedule(
                                base.pipeline, (Fault(kind, point),), journal=base.journal
                            )
                            todo.append((schedule, simulation.run(schedule).history))
        self.progress.start(len(todo))
        with RealFaults() as faults, faults.simulation(self.target) as simulation:
            for schedule, emulated in todo:
                scenario = self._scenario(schedule)
                self._take(faults.play(simulation, scenario), emulated)
                self.progress.advance()

    def _take(self, played: RealReplay, emulated: History) -> None:
        (fault,) = played.scenario.schedule.faults
        if played.not_had:
            self.not_had[str(fault.at), fault.kind] = f"not had here: {played.not_had[0]}"
            return
        self.found.add(played.history, played.judgements)
        self._note_violation(played.scenario, played.history, f"a real cause of {fault.kind}")
        if played.history.text() != emulated.text():
            self.found.problems.append(
                f"{played.scenario.schedule}: the real fault and the emulated one differ"
            )

    def causes(self, bases: Sequence[Schedule], causes: Sequence[str]) -> None:
        """Every other cause, around every operation."""
        for cause in causes:
            try:
                with _place_for(cause) as within:
                    self._one_cause(cause, bases, within)
            except Unavailable as reason:
                self.not_had["every point", cause] = f"not had here: {reason}"

    def _one_cause(self, cause: str, bases: Sequence[Schedule], within: str | None) -> None:
        around = _Around(cause)
        with Simulation(target_named(self.target), within=within, around=around.gate) as simulation:
            for base in bases:
                around.aim(None)
                simulation.run(base)
                points = list(around.points)
                self.progress.start(len(points))
                for number, point in enumerate(points):
                    around.aim(number)
                    history = simulation.run(base).history
                    self._judge(history, cause, point)
                    self.progress.advance()
                    self.progress.note(cause)

    def _judge(self, history: History, cause: str, point: str) -> None:
        judgements = judge(history)
        self.found.add(history, judgements)
        verdict = Verdict.worst(judgement.verdict for judgement in judgements)
        self.found.cells[point, cause, verdict] += 1
        self._note_violation(self._scenario(history.schedule), history, f"{cause} at {point}")

    def _scenario(self, schedule: Schedule) -> Scenario:
        return Scenario("real-fault", str(schedule), self.target, schedule)

    def _note_violation(self, scenario: Scenario, history: History, cause: str) -> None:
        judgements = judge(history)
        verdict = Verdict.worst(judgement.verdict for judgement in judgements)
        rules = tuple(each.rule for each in judgements if each.verdict is verdict)
        known = {rule for each in self.violations for rule in each.scenario.rules}
        if verdict is Verdict.HOLDS or known >= set(rules):
            return
        symptom = next(each.reason for each in judgements if each.verdict is verdict)
        named = Scenario(
            f"{self.target.rpartition(':')[2]}-real-{rules[0]}",
            f"{symptom}; {cause}",
            self.target,
            scenario.schedule,
            verdict,
            rules,
        )
        confirmed = f"on the real engine: {cause}"
        self.violations.append(Violation(named, history, judgements, confirmed=confirmed))

    def cells(self) -> Iterator[Cell]:
        """The grid: what ran, and what could not be had."""
        for point, kind in dict.fromkeys((point, kind) for point, kind, _ in self.found.cells):
            counts = [
                self.found.cells[point, kind, verdict]
                for verdict in (Verdict.HOLDS, Verdict.BROKEN, Verdict.UNKNOWN)
            ]
            yield Cell(point, kind, Tally(*counts))
        for (point, kind), reason in self.not_had.items():
            yield Cell(point, kind, impossible=reason)


class _Around:
    """A gate that lets a cause last for one chosen operation, whatever comes of it."""

    def __init__(self, cause: str) -> None:
        self._cause = cause
        self._inner: Gate | None = None
        self._aim: int | None = None
        self.points: list[str] = []

    def gate(self, inner: Gate) -> Gate:
        """Put it around another one."""
        self._inner = inner
        return self

    def aim(self, number: int | None) -> None:
        """Choose the operation, counted from 0; None for none."""
        self._aim = number
        self.points.clear()

    def before(self, call: Call) -> FaultKind | None:
        """See `Gate`."""
        assert self._inner is not None
        kind = self._inner.before(call)
        actor = current_actor()
        if actor is None or kind is not None:
            return kind
        self.points.append(f"{actor.name} {call.operation} {call.statement.subject}".rstrip())
        chosen = len(self.points) - 1 == self._aim
        return cast("FaultKind", _Lasting(self._cause)) if chosen else None

    def after(self, call: Call, error: BaseException | None) -> None:
        """See `Gate`."""
        assert self._inner is not None
        self._inner.after(call, error)

    def busy(self, call: Call, waited: int) -> bool:
        """See `Gate`."""
        assert self._inner is not None
        return self._inner.busy(call, waited)


class _Lasting:
    """Performs the operation under the cause; it may well succeed."""

    def __init__(self, cause: str) -> None:
        self._cause = cause

    def strike(self, call: Call) -> Any:  # noqa: ANN401 - what the operation returns
        """See `FaultKind`."""
        connection = call.connection
        if connection is None or not connection.path or connection.closed:
            return call.real()
        recipe = CAUSES[self._cause](Path(connection.path))
        with outside():
            return recipe(connection, call.real)


@contextlib.contextmanager
def _place_for(cause: str) -> Generator[str | None]:
    """Where the database must be for the cause.

    Raises:
        Unavailable: if this machine has no such place.
    """
    if cause == "read-only-folder" and os.geteuid() == 0:
        raise Unavailable("root may write to a read-only folder")
    if cause == "disk-full":
        with small_disk() as folder:
            yield str(folder)
    else:
        yield None


def _read_only(folder: Path) -> Recipe:
    def recipe(connection: Any, operation: Callable[[], object]) -> object:  # noqa: ANN401, ARG001
        mode = folder.stat().st_mode
        folder.chmod(0o555)
        try:
            return operation()
        finally:
            folder.chmod(mode)

    return recipe
