"""A death at every event of a life, and at every event of the recovery after it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.util import Finalize
from typing import NamedTuple

from runfaults.explore.crash.result import MOMENTS, cells, place_of, violations
from runfaults.explore.crash.story import Stage, Story
from runfaults.explore.findings import Findings
from runfaults.explore.pool import available_cores
from runfaults.explore.runner import rules_for
from runfaults.explore.trial import Trial
from runfaults.explore.versions import versions
from runfaults.model import (
    Act,
    CheckResult,
    Ending,
    Event,
    EventKind,
    FaultPoint,
    History,
    Operation,
    Region,
    Schedule,
    Verdict,
)
from runfaults.model.listener import Listener
from runfaults.oracle.judge import judge
from runfaults.sim.execution import Execution
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named


@dataclass(frozen=True, slots=True)
class CrashBound:
    """Which lives are lived, and where they end.

    Attributes:
        journals: SQLite journal modes.
        endings: How the scripted pipeline ends in a life that nobody cancels.
        cancelled_endings: How it ends in a life with an accepted cancel.
        cancels: Kinds of acts; each comes at the run's first operation, before the pipeline's
            work and after it, in lives of their own. Deaths are those after its answer.
        recoveries: Whether the life after a death also dies, at each event until its own run has
            started: once for each state that a death leaves an active run in.
        together: How many processes open the database at once after a death that leaves an
            active run; 0 for none.
    """

    journals: tuple[str, ...] = ("delete", "wal")
    endings: tuple[Ending, ...] = tuple(Ending)
    cancelled_endings: tuple[Ending, ...] = (Ending.SUCCEEDS, Ending.NOTICES_CANCEL)
    cancels: tuple[str, ...] = ("cancel", "cancel-api")
    recoveries: bool = True
    together: int = 3

    def describe(self) -> str:
        """The bound in words."""
        parts = [
            "a SIGKILL right before and after each fault point and answer of a life",
            f"pipeline {', '.join(self.endings)}; journal {', '.join(self.journals)}",
        ]
        if self.cancels:
            parts.append(f"with an accepted {' or '.join(self.cancels)}")
        if self.recoveries:
            parts.append("a second one at each of the recovery's, for each state left behind")
        if self.together:
            parts.append(f"{self.together} processes recovering at once")
        return "; ".join(parts)


class Verdicts(NamedTuple):
    """What came of the stories of one task.

    Attributes:
        findings: The verdicts.
        left: What the last death left, if it left an active run: stories that leave the same
            need only one sweep of their recovery. Empty otherwise.
    """

    findings: Findings
    left: str = ""


def crash(
    target: str, bound: CrashBound, progress: Listener, *, jobs: int | None = None
) -> CheckResult:
    """Kill a target wherever it can be killed, let it recover, and judge all lives as one history.

    Args:
        target: Name of the system under test.
        bound: Which lives are lived.
        progress: Hears how far it is.
        jobs: Number of worker processes, each of which forks the lives; None for one per core.

    Returns:
        The result; after Ctrl-C the result so far, with what was not reached.
    """
    began = time.perf_counter()
    sweep = _Sweep(target, bound, progress)
    try:
        with _Pool(target, jobs or len(available_cores())) as pool:
            sweep.run(pool)
    except KeyboardInterrupt:
        progress.note("interrupted")
    found = sweep.found
    return CheckResult(
        target=target,
        versions=versions(),
        regions=(Region(bound.describe(), found.verdicts.total()),),
        schedules=found.tally(),
        elapsed=time.perf_counter() - began,
        rules={rule.name: found.tally(rule.name) for rule in rules_for(target_named(target))},
        coverage=tuple(cells(found)),
        violations=tuple(violations(target, found)),
        notes=tuple(found.problems[:20]),
        not_reached=() if sweep.finished else ("some deaths: the sweep was interrupted",),
    )


@dataclass
class _Sweep:
    """The order of the work: surveys, deaths, then what follows from what the deaths left."""

    target: str
    bound: CrashBound
    progress: Listener
    found: Findings = field(default_factory=Findings)
    finished: bool = False

    def run(self, pool: ProcessPoolExecutor) -> None:
        """Run everything; results are taken in order, so the outcome is always the same."""
        bases = [base for journal in self.bound.journals for base in self._bases(pool, journal)]
        surveys = [(base, pool.submit(_survey, base)) for base in bases]
        deaths = [(base, death) for base, survey in surveys for death in survey.result()]
        self.progress.start(len(bases) + len(deaths))
        for future in [pool.submit(_undisturbed, base) for base in bases]:
            self._take(future)
        once = [(base, death, pool.submit(_die_once, base, death)) for base, death in deaths]
        follow: dict[tuple[str, str], tuple[Schedule, int]] = {}
        for base, death, future in once:
            left = self._take(future)
            if left:
                follow.setdefault((base.journal, left), (base, death))
        self._follow(pool, list(follow.values()))
        self.finished = True

    def _bases(self, pool: ProcessPoolExecutor, journal: str) -> Iterator[Schedule]:
        yield from (Schedule(ending, journal=journal) for ending in self.bound.endings)
        points: list[FaultPoint] = pool.submit(_milestones, Schedule(journal=journal)).result()
        for ending in self.bound.cancelled_endings:
            for cancel in self.bound.cancels:
                for point in points:
                    yield Schedule(ending, acts=(Act(cancel, point),), journal=journal)
        if points:
            yield Schedule(acts=(Act("start-elsewhere", points[-1]),), journal=journal)

    def _follow(self, pool: ProcessPoolExecutor, left: Sequence[tuple[Schedule, int]]) -> None:
        """Recovery after each state that a death left behind: several at once, and dying itself."""
        futures: list[Future[Verdicts]] = []
        if self.bound.together:
            futures += [pool.submit(_look, *each, self.bound.together) for each in left]
        if self.bound.recoveries:
            surveys = [(*each, pool.submit(_survey_recovery, *each)) for each in left]
            futures += [
                pool.submit(_die_twice, base, first, second)
                for base, first, survey in surveys
                for second in survey.result()
            ]
        self.progress.start(len(futures))
        for future in futures:
            self._take(future)

    def _take(self, future: Future[Verdicts]) -> str:
        verdicts = future.result()
        self.found.merge(verdicts.findings)
        self.progress.advance()
        self.progress.note(f"{self.found.verdicts.total():,} stories")
        return verdicts.left


# --- in a worker process --------------------------------------------------------------------------

_simulation: Simulation | None = None
_stage: Stage | None = None


class _Pool:
    """Worker processes without other threads: from those it is safe to fork."""

    def __init__(self, target: str, jobs: int) -> None:
        if not hasattr(os, "fork"):
            raise OSError("runfaults crash needs os.fork, which this system does not have")
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._executor = ProcessPoolExecutor(
            jobs, mp_context=context, initializer=_enter, initargs=(target,)
        )

    def __enter__(self) -> ProcessPoolExecutor:
        return self._executor

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)


def _enter(target_name: str) -> None:
    # Ctrl-C goes to the whole group: the one who conducts the sweep ends its workers in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    global _simulation, _stage  # noqa: PLW0603  # a worker has one of each, from birth to death
    target = target_named(target_name)
    _simulation = Simulation(target)
    context = contextlib.ExitStack()
    context.enter_context(_simulation)
    _stage = context.enter_context(Stage(target))
    # A worker ends without the interpreter's own ending: only these are called.
    Finalize(None, context.close, exitpriority=0)


def _play(schedule: Schedule, deaths: Sequence[int], together: int = 0) -> Story:
    if _stage is None:
        raise RuntimeError("a worker played a story before its stage was set up")
    return _stage.play(schedule, deaths, together=together)


def _milestones(schedule: Schedule) -> list[FaultPoint]:
    """Where a cancel may come: the run's first operation, the pipeline's beginning and end."""
    events = _play(schedule, ()).lives[0].events
    worker = next((e.actor for e in events if e.kind is EventKind.PIPELINE), None)
    if worker is None:
        return []
    first = next((e for e in events if e.kind is EventKind.INVOKE and e.actor == worker), None)
    points = [FaultPoint(worker, Operation.REACH, name) for name in ("pipeline-end", "pipeline")]
    if first is not None and worker != "user":
        points.append(FaultPoint.parse(first.subject))
    return points[::-1]


def _moments(events: Sequence[Event], after: int = -1) -> list[int]:
    return [e.number for e in events if e.kind in MOMENTS and e.number > after]


def _survey(schedule: Schedule) -> list[int]:
    """The moments of death: all, or those after the answer to the first act."""
    events = _play(schedule, ()).lives[0].events
    if not schedule.acts:
        return _moments(events)
    kind = schedule.acts[0].kind
    asked = (
        e.number for e in events if e.kind is EventKind.REQUEST and e.subject in {kind, "cancel"}
    )
    return _moments(events, next(asked, len(events)))


def _survey_recovery(schedule: Schedule, death: int) -> list[int]:
    """The moments until the next run has started: from there on it is as in a first life."""
    events = _play(schedule, (death,)).lives[1].events
    moments = _moments(events)
    answered = (e.number for e in events if e.kind is EventKind.REPLY and e.subject == "start")
    end = next(answered, len(events))
    return [moment for moment in moments if moment <= end]


def _undisturbed(schedule: Schedule) -> Verdicts:
    return _judge(_play(schedule, ()), ())


def _die_once(schedule: Schedule, death: int) -> Verdicts:
    return _judge(_play(schedule, (death,)), (death,))


def _die_twice(schedule: Schedule, first: int, second: int) -> Verdicts:
    return _judge(_play(schedule, (first, second)), (first, second))


def _look(schedule: Schedule, death: int, together: int) -> Verdicts:
    return _judge(_play(schedule, (death,), together), (death,))


def _judge(story: Story, deaths: tuple[int, ...]) -> Verdicts:
    findings = Findings()
    assert _simulation is not None
    judgements = judge(story.history, rules_for(_simulation.target))
    findings.add(Trial(Execution(story.history, (), (), (), (), ()), judgements))
    verdict = Verdict.worst(judgement.verdict for judgement in judgements)
    if deaths and story.reached:
        point, kind = place_of(story.lives[len(deaths) - 1].events, len(deaths))
        findings.cells[point, kind, verdict] += 1
    elif deaths:
        findings.problems.append(f"{story.history.schedule}: never died at events {deaths}")
    return Verdicts(findings, _left(story) if len(deaths) == 1 else "")


def _left(story: Story) -> str:
    """What the first death left for the next life; empty if no run was active."""
    remains, vocabulary = story.remains[0], story.history.vocabulary
    if not any(status in vocabulary.active for status in remains.statuses.values()):
        return ""
    return f"{remains.statuses}{' with a journal to roll back' * remains.journal}"


def play_one(target: str, schedule: Schedule, deaths: Sequence[int]) -> tuple[History, bool]:
    """Play one story in a process of its own; also tells whether every death came to pass."""
    with _Pool(target, 1) as pool:
        story = pool.submit(_play, schedule, tuple(deaths)).result()
    return story.history, story.reached
