"""One schedule while it runs: the target, its database, the actors, and what is seen of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from runfaults.model import Act, Ending, EventKind, Fault, History, Schedule
from runfaults.sim import acts
from runfaults.sim.actor import Actor, Wait
from runfaults.sim.aftermath import Aftermath
from runfaults.sim.circumstances import Circumstances
from runfaults.sim.commits import Transition
from runfaults.sim.database import AuditReader
from runfaults.sim.director import Director, ScheduleDirector
from runfaults.sim.ends import Ends, end_of
from runfaults.sim.execution import Execution
from runfaults.sim.exits import elsewhere, escapes, what_left
from runfaults.sim.gate import Survey, WorldGate
from runfaults.sim.interruption import has_come, interrupt
from runfaults.sim.known_runs import KnownRuns
from runfaults.sim.leftovers import Leftovers
from runfaults.sim.meter import Phase, border
from runfaults.sim.misfortunes import SIMULATED_KINDS
from runfaults.sim.patience import Patience
from runfaults.sim.pipeline import OUTCOMES, ScriptedPipeline
from runfaults.sim.recorder import Recorder
from runfaults.sim.recurrence import Recurrence
from runfaults.sim.scheduler import Scheduler
from runfaults.sim.visits import Visits
from runfaults.sim.wall_clock import WALL_CLOCK, WallClock
from runfaults.sqlite.gate import FaultKind
from runfaults.sqlite.observed import Observed
from runfaults.sqlite.plan import FaultPlan
from runfaults.targets.shape import misshapen
from runfaults.targets.target import (
    Manager,
    Signals,
    Target,
    offers,
    traits,
)


class World:
    """One schedule in progress: who is on stage and what has been seen.

    Args:
        target: The system under test.
        schedule: What is to happen.
        database: Where; prepared and audited.
        clock: The wall clock.
        director: Chooses the next actor where the schedule is silent.
        survey: Asked at each fault point, if given.
        recorder: Takes the events; a fresh one if None.
        seen: Transitions that the audit has already and that an earlier life has told of.
        kinds: What faults strike with, by name.

    Attributes:
        queries: The user's own, asked when all has settled.
        recorder: Takes the events.
        scheduler: Has the actors take turns.
        gate: Asked at each operation.
        audit: Reads the database.
        numbers: What the runs are called.
        work: What the target is given to do.
        runs: What is known of the runs.
        ends: Waits for their ends.
        visits: Those of another process.
        patience: Tells when nothing more can come.
        recurrence: Notices that the schedule goes round.
        hours: Virtual seconds that the longest of the faults lasts which last for hours.
        is_closed: Whether the user has closed the manager.
    """

    def __init__(  # noqa: PLR0913  # what a schedule is played with
        self,
        target: Target,
        schedule: Schedule,
        database: Path,
        clock: WallClock,
        director: Director | None,
        survey: Survey | None,
        recorder: Recorder | None = None,
        *,
        seen: int = 0,
        kinds: Mapping[str, FaultKind] = SIMULATED_KINDS,
    ) -> None:
        self._target = target
        self.queries: tuple[str, ...] = ()
        self.schedule = schedule
        self._database = database
        self.recorder = Recorder() if recorder is None else recorder
        self._clock = clock
        self._director = ScheduleDirector(schedule, self.enter, director)
        self.scheduler = Scheduler(self.recorder, self._director, clock.show)
        self._plan = FaultPlan(schedule.faults, lambda: self.scheduler.clock, kinds)
        self.gate = WorldGate(
            self.scheduler, self.recorder, self._plan, self._observe, database, survey
        )
        self.scheduler.gate = self.gate
        self.scheduler.use = self.gate.use
        self.scheduler.actor_names = traits(target).threads
        self.audit = AuditReader(database, seen, target.name)
        self.numbers = self.audit.numbers
        self.work = ScriptedPipeline(
            schedule.pipeline, self.recorder, self.numbers, self.scheduler.steps
        )
        self.gate.has_work_begun = self._has_work_begun
        self.runs = KnownRuns(target.vocabulary)
        self.visits = Visits(
            schedule, database, self.recorder, self.scheduler, self.audit, self.runs
        )
        self._managers: list[Manager] = []
        self.hours = max([f.lifted_after for f in schedule.faults if f.hours], default=0.0)
        self._have_it_end(traits(target).patience, chosen=director is not None)
        self.ends = Ends(
            target,
            self._managers,
            self.runs,
            self.numbers,
            self.scheduler,
            self.recorder,
            self.patience,
        )
        self._aftermath = Aftermath(
            self.recorder,
            target.vocabulary,
            self.audit,
            self.work,
            Leftovers(self.scheduler, self.gate, self.recorder),
            self._managers,
            # A fresh database has none; one that an earlier life has used may.
            self.audit.steps_of_work() if seen else (),
        )
        self._awaited: list[Actor] = []
        self._acts: dict[str, Act] = {}
        self.is_closed = False

    def _have_it_end(self, patience: float | None, *, chosen: bool) -> None:
        """Have a schedule end that goes nowhere.

        Args:
            patience: Of the target.
            chosen: Whether a director may choose otherwise in the same state.
        """
        seconds = None if patience is None else patience + self.hours
        self.patience = Patience(self.scheduler, self.recorder, seconds)
        circumstances = Circumstances(
            self.schedule,
            self._database,
            self.scheduler,
            self._director,
            self._plan,
            self.gate,
            self.patience,
        )
        self.recurrence = Recurrence(circumstances.now, circumstances.news)
        livelock = self.scheduler.livelock
        livelock.goes_round = not chosen
        livelock.recurrence = None if chosen or seconds else self.recurrence
        livelock.is_idle = self._is_idle
        livelock.trouble = circumstances.trouble
        livelock.still_to_come = circumstances.still_to_come

    @border(Phase.SWITCHING, Phase.EXPLORING)
    def play(self, user: Callable[[World], None]) -> Execution:
        """Run to the end, look at what is left, unwind.

        Args:
            user: The first actor: what it does.
        """
        try:
            what_left()  # what an earlier schedule's threads did afterwards
            elsewhere.clear()
            self._observe()
            self.scheduler.run("user", partial(user, self))
            self._observe()
            self._aftermath.look(self.runs.own)
            abandoned = () if has_come(self.recorder) else self.gate.abandoned()
            self._aftermath.ask(self.queries)
            if self.recorder.stuck <= {"deadlock"}:
                self.recorder.add("harness", EventKind.SETTLED)
            self.recorder.closed = True
        finally:
            self.scheduler.unwind()
            self.audit.close()
        events = tuple(self.recorder.events)
        self.visits.look_back(events)
        target = self._target
        history = History(
            target.name,
            self.schedule,
            target.vocabulary,
            events,
            acts.MAY_CANCEL,
            tuple(self.recorder.places),
            self.recorder.printed,
        )
        return Execution(
            history,
            tuple(self.scheduler.steps),
            tuple(self.scheduler.segments),
            self.struck,
            self.unreached,
            self.refused,
            offered=self._offered(),
            abandoned=abandoned,
            ids=self.numbers.ids,
            shortened=self.scheduler.livelock.shortened,
            elsewhere=tuple(elsewhere.items()),
            given=tuple(self.work.given.items()),
            tasks=self.scheduler.tasks.steps,
            used=tuple(self.scheduler.used),
            departures=tuple(self.work.departures),
        )

    def forget(self) -> None:
        """Let go of what an execution has told: no collection of garbage has to look through it."""
        self.scheduler.steps.clear()
        self.scheduler.segments.clear()
        self.scheduler.used.clear()
        self.recorder.events.clear()

    def _offered(self) -> tuple[str, ...]:
        if not self._managers:
            return ()
        found = acts.offered_by(
            self.manager,
            tasks=bool(self.scheduler.tasks.steps),
            processes=self.visits.receives is not None and not traits(self._target).single_process,
        )
        if self.work.has_client:
            found += tuple(ending for ending in Ending if ending.needs_client)
        return found

    @property
    def struck(self) -> tuple[int, ...]:
        """Strikes per fault of the schedule."""
        return self._plan.struck

    @property
    def unreached(self) -> tuple[str, ...]:
        """Elements of the schedule whose moment has not come, as text."""
        return (
            *map(str, self._plan.unreached()),
            *self._director.unreached(),
            *self.visits.kept_out,
        )

    @property
    def refused(self) -> tuple[tuple[Fault, str], ...]:
        """Faults that cannot strike where the schedule wants them, with the reason."""
        return tuple(self._plan.refused)

    # --- the stage of the acts ----------------------------------------------------------------

    @property
    def manager(self) -> Manager:
        """The manager that the user opened, once it is open."""
        while not self._managers:
            self._await("manager")
        return self._managers[0]

    def _has_work_begun(self) -> bool:
        """Whether that of every run has."""
        begun = {each.run or -each.number for each in self.work.attempts}
        return len(begun) >= max(1, len(self.runs.shown))

    def _is_idle(self) -> bool:
        """Whether no run is active, and only threads of the target are left."""
        alive = [actor for actor in self.scheduler.all_actors if actor.alive]
        return not self.runs.are_active() and all(
            actor.of_target or actor.background for actor in alive
        )

    def open_another(self) -> Manager:
        """See `Stage`."""
        manager = self._target.open(self._database, self.work)
        if told := misshapen(type(manager)):
            self.scheduler.leave(told)
        self._managers.append(manager)
        self.scheduler.wake("manager")
        return manager

    def touch_outcomes(self, *, change: bool) -> None:
        """See `Stage`."""
        self.scheduler.touch(OUTCOMES, change=change)

    def interrupt_user(self) -> None:
        """See `Stage`."""
        interrupt(self.scheduler.all_actors[0], self.scheduler, self.recorder)

    def cancel_task(self, actor: str) -> None:
        """See `Stage`."""
        act = self._acts[actor]
        self.recorder.add(actor, EventKind.REQUEST, act.kind, act.task)
        if not self.scheduler.tasks.cancel(act.task):
            self._director.ignored.append(act)

    def visit(self, actor: str, act: str) -> None:
        """See `Stage`."""
        asked = self._acts[actor]
        if not self._observe(by_lock=True):
            self.visits.refuse(asked, "the database is locked")
            return
        self.visits.pay(asked, act)
        for run, _, new, _ in self.audit.transitions() or ():
            self._take_note(run, new)

    def set_clock(self, seconds: float) -> None:
        """See `Stage`."""
        self.scheduler.touch(WALL_CLOCK, change=True)
        self._clock.set_by(seconds)
        self._clock.show(self.scheduler.clock)

    def held(self) -> Counter[str]:
        """See `Stage`."""
        return self._aftermath.held(self.runs.own)

    def await_run(self) -> int:
        """See `Stage`."""
        while self.runs.own is None:
            self._await("run")
        return self.runs.own

    def _await(self, what: str) -> None:
        """As an actor, wait for what may never come: that is no deadlock."""
        actor = self.scheduler.running
        background, actor.background = actor.background, True
        self.scheduler.block(Wait(what))
        actor.background = background

    # --- actors -------------------------------------------------------------------------------

    def await_acts(self) -> None:
        """As the user, wait for the acts that are awaited."""
        for actor in tuple(self._awaited):
            while actor.alive:
                self.scheduler.block(Wait(f"thread {actor.name}"))

    def enter(self, act: Act) -> str:
        """Bring the actor of an act on stage; returns its name."""
        kind = acts.act_named(act.kind)
        name = self._unique_name(act.kind)
        self._acts[name] = act
        perform = partial(kind.perform, self, name)
        actor = self.scheduler.spawn(name, perform, background=kind.background)
        self._awaited += [actor] * kind.awaited
        return name

    def _unique_name(self, kind: str) -> str:
        taken = {actor.name for actor in self.scheduler.all_actors}
        names = (f"{kind}-{number}" if number > 1 else kind for number in range(1, len(taken) + 2))
        return next(name for name in names if name not in taken)

    # --- what the harness sees ----------------------------------------------------------------

    @border(Phase.WATCHING)
    def _observe(self, keeper: Observed | None = None, *, by_lock: bool = False) -> bool:
        """Take the newly committed status transitions into the history; False if locked out.

        Args:
            keeper: See `AuditReader.transitions`.
            by_lock: Whether to look where nothing is new too, which shows who is locked out.
        """
        if keeper is None and not by_lock and self.audit.is_unchanged():
            transitions: list[Transition] | None = []
        else:
            transitions = self.audit.transitions(keeper)
        if transitions is None:
            return False
        accounted = self.gate.account_for_writes()
        for run, old, new, _ in transitions:
            if not accounted:
                escapes.add(
                    f"run {run} became {new or 'no row'} by no watched operation; open "
                    "every connection by sqlite3.connect inside of the adapter's `open`, or later, "
                    "and do not attach the database to another one: no fault strikes there"
                )
            self.recorder.add("database", EventKind.STATUS, old, new, run)
            self._take_note(run, new)
        return True

    def _take_note(self, run: int, new: str) -> None:
        self.runs.shown[run] = new
        if self.runs.is_over(run):
            self.touch_outcomes(change=True)
            self.scheduler.wake(end_of(run))
        if self.numbers.is_known(run):
            self.know(run)

    def know(self, run: int | None) -> None:
        """Take note of the run: by its first status, or by the answer where that comes first."""
        if self.runs.may_be_own(run) and self._managers:
            self.runs.own = run
            if offers(self.manager, Signals) and not self.is_closed:
                self.enter(Act("subscribe"))
            self.scheduler.wake("run")

    @property
    def undone(self) -> list[str]:
        """What work wrote into a transaction that was open when it raised."""
        return [each.second for each in self.work.attempts if each.uncommitted and each.raised]
