"""A death at every moment of a life, and at every moment of the recovery after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from runfaults.crash.moments import deaths_in
from runfaults.explore.findings import Findings
from runfaults.explore.job import NOTHING, Job, Measured, Scope
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.model import (
    Act,
    Death,
    Ending,
    EventKind,
    FaultPoint,
    History,
    Journal,
    Operation,
    Schedule,
)


@dataclass(frozen=True, slots=True)
class Deaths:
    """A process dies at each moment of a life, and the next life recovers.

    A job is a schedule without deaths, with all deaths of its life; or one with a death that left a
    run active, with all deaths of the recovery: one job for each state that deaths leave.

    Attributes:
        scope: The cancels and the surroundings. Each cancel comes at the run's first operation,
            before the pipeline's work and after it, in lives of their own; the deaths are those
            after its answer.
        cancelled_endings: How the pipeline ends in a life with an accepted cancel.
        recoveries: Whether the life after a death also dies, at each moment until its own run has
            started.
        successors: How many processes open the database at once after a death that leaves an
            active run; 0 for none.
    """

    player: ClassVar = PlayerKind.LIVES

    scope: Scope
    cancelled_endings: tuple[Ending, ...] = (Ending.SUCCEEDS, Ending.NOTICES_CANCEL)
    recoveries: bool = True
    successors: int = 3

    @property
    def strikes(self) -> tuple[str, ...]:
        """The kinds of the faults in its schedules."""
        return ()

    def describe(self, measured: Measured = NOTHING) -> str:  # noqa: ARG002  # it takes no samples
        """The schedules in words."""
        parts = [
            "a SIGKILL right before and after each fault point and answer of a life",
            self.scope.describe_surroundings(),
        ]
        if self.scope.acts:
            parts.append(f"with an accepted {' or '.join(self.scope.acts)}")
        if self.recoveries:
            parts.append("a second one at each of the recovery's, for each state left behind")
        if self.successors:
            parts.append(f"{self.successors} processes recovering at once")
        return "; ".join(parts)

    def jobs(self, runner: Runner) -> Iterator[Job]:
        """The lives without a death, each of which is to die at each moment."""
        bases = [base for journal in self.scope.journals for base in self._bases(runner, journal)]
        for number, base in enumerate(bases):
            group = "deaths after a cancel or a second start" if base.acts else "deaths"
            yield Job(base, rank=(1, number), group=group)

    def run(self, runner: Runner, job: Job, found: Findings) -> None:
        """Run a life and each death of it, or each death of a recovery."""
        if job.base.deaths:
            self._recover(runner, job.base, found)
            return
        trial = runner.run(job.base)
        found.add(trial)
        for number, death in _first_deaths(trial.history):
            dead = runner.run(job.base.adding(death))
            found.add(dead)
            (left,) = dead.execution.left or ("",)
            if left:
                found.follow(
                    Job(
                        dead.schedule,
                        rank=(2, *job.rank[1:], number),
                        group="recoveries, several at once or dying too",
                        wave=1,
                        alike=f"{job.base.journal} {left}",
                    )
                )

    def _bases(self, runner: Runner, journal: Journal) -> Iterator[Schedule]:
        scope = replace(self.scope, journals=(journal,))
        yield from scope.bases()
        clean = runner.player.play(Schedule(journal=journal)).history
        points = list(_milestones(clean))
        for ending in self.cancelled_endings:
            for cancel in scope.acts:
                for point in points:
                    yield Schedule(ending, acts=(Act(cancel, point),), journal=journal)
        if points:
            yield Schedule(acts=(Act("start-elsewhere", points[-1]),), journal=journal)

    def _recover(self, runner: Runner, base: Schedule, found: Findings) -> None:
        (death,) = base.deaths
        if self.successors:
            together = death._replace(successors=self.successors)
            found.add(runner.run(base.replacing(death, together)))
        if self.recoveries:
            history = runner.player.play(base).history
            for second in _deaths_of_recovery(history):
                found.add(runner.run(base.adding(second)))


def _milestones(history: History) -> Iterator[FaultPoint]:
    """The points for a cancel: the run's first operation, the pipeline's beginning and end."""
    events = history.events
    worker = next((e.actor for e in events if e.kind is EventKind.PIPELINE), None)
    if worker is None:
        return
    first = next((e for e in events if e.kind is EventKind.INVOKE and e.actor == worker), None)
    if first is not None and worker != "user":
        yield FaultPoint.parse(first.subject)
    for name in ("pipeline", "pipeline-end"):
        yield FaultPoint(worker, Operation.REACH, name)


def _first_deaths(history: History) -> Iterator[tuple[int, Death]]:
    """All deaths of a life, or those after the first act was asked for."""
    events, acts = history.events, history.schedule.acts
    after = -1
    if acts:
        wanted = {acts[0].kind, "cancel"}
        asked = (e.number for e in events if e.kind is EventKind.REQUEST and e.subject in wanted)
        after = next(asked, len(events))
    yield from ((number, death) for number, death in deaths_in(events) if number > after)


def _deaths_of_recovery(history: History) -> Iterator[Death]:
    """Those until the second life has started a run: from there on it is as in a first life."""
    second = [event for event in history.events if event.actor.endswith("@2")]
    answered = (e.number for e in second if e.kind is EventKind.REPLY and e.subject == "start")
    end = next(answered, len(history.events))
    yield from (death for number, death in deaths_in(second) if number <= end)
