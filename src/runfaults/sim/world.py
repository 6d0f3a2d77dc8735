"""One schedule while it runs: the target, its database, the actors, and what is seen of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from runfaults.model import Act, Ending, EventKind, Fault, History, Operation, Schedule
from runfaults.sim import acts
from runfaults.sim.actor import Actor, Wait
from runfaults.sim.aftermath import Aftermath
from runfaults.sim.database import AuditReader
from runfaults.sim.director import Director, ScheduleDirector
from runfaults.sim.execution import Execution
from runfaults.sim.exits import elsewhere, escapes, what_left
from runfaults.sim.gate import Survey, WorldGate
from runfaults.sim.interruption import has_come, interrupt
from runfaults.sim.leftovers import Leftovers
from runfaults.sim.meter import Phase, border
from runfaults.sim.misfortunes import SIMULATED_KINDS
from runfaults.sim.patience import Patience
from runfaults.sim.pipeline import OUTCOMES, ScriptedPipeline
from runfaults.sim.recorder import Recorder
from runfaults.sim.recurrence import Recurrence
from runfaults.sim.run_numbers import RunNumbers
from runfaults.sim.scheduler import Scheduler
from runfaults.sim.visit import Receives, Visit, same_run, tell
from runfaults.sqlite.gate import FaultKind
from runfaults.sqlite.observed import Observed
from runfaults.sqlite.plan import FaultPlan
from runfaults.targets.shape import misshapen
from runfaults.targets.target import (
    Closes,
    Manager,
    NamesThreads,
    Signals,
    Target,
    Waits,
    drains,
    offers,
    patience_of,
    single_process,
)

EPOCH = 1_767_225_600.0
"""The wall clock when a schedule begins: 2026-01-01 00:00:00 UTC."""


WALL_CLOCK = "wall clock"
"""As a thing that actors use."""


class World:
    """One schedule in progress: who is on stage and what has been seen.

    Args:
        target: The system under test.
        schedule: What is to happen.
        database: Where; prepared and audited.
        director: Chooses the next actor where the schedule is silent.
        survey: Asked at each fault point, if given.
        recorder: Takes the events; a fresh one if None.
        seen: Transitions that the audit has already and that an earlier life has told of.
        kinds: What faults strike with, by name.
    """

    def __init__(  # what a schedule is played with
        self,
        target: Target,
        schedule: Schedule,
        database: Path,
        director: Director | None,
        survey: Survey | None,
        recorder: Recorder | None = None,
        *,
        seen: int = 0,
        kinds: Mapping[str, FaultKind] = SIMULATED_KINDS,
    ) -> None:
        self._target = target
        self.queries: tuple[str, ...] = ()
        self._schedule = schedule
        self._database = database
        self._recorder = Recorder() if recorder is None else recorder
        self.wall_clock: Callable[[float], None] = lambda _: None
        self._director = ScheduleDirector(schedule, self._enter, director)
        self._set_by = 0.0
        self.scheduler = Scheduler(self._recorder, self._director, self._show_time)
        self._recurrence = Recurrence(self._circumstances, self._news)
        self._hours = max([f.lifted_after for f in schedule.faults if f.hours], default=0.0)
        patience = patience_of(target)
        self._patience = Patience(
            self.scheduler, self._recorder, None if patience is None else patience + self._hours
        )
        livelock = self.scheduler.livelock
        # A director may choose otherwise in the same state.
        livelock.goes_round = director is None
        livelock.recurrence = None if director or self._patience.seconds else self._recurrence
        livelock.is_idle = self._is_idle
        livelock.trouble = lambda: max([f.lifted_after for f in self._plan.to_be_lifted], default=0)
        livelock.still_to_come = self._still_to_come
        self._plan = FaultPlan(schedule.faults, lambda: self.scheduler.clock, kinds)
        self.gate = WorldGate(
            self.scheduler, self._recorder, self._plan, self._observe, database, survey
        )
        self.scheduler.gate = self.gate
        self.scheduler.use = self.gate.use
        self.scheduler.actor_names = target.threads if isinstance(target, NamesThreads) else {}
        self._audit = AuditReader(database, seen, target.name)
        self._work = ScriptedPipeline(schedule.pipeline, self._recorder, self._audit.numbers)
        self.gate.has_work_begun = self._has_work_begun
        self._run: int | None = None
        self._shown: dict[int, str] = {}
        self._managers: list[Manager] = []
        self._aftermath = Aftermath(
            self._recorder,
            target.vocabulary,
            self._audit,
            self._work,
            Leftovers(self.scheduler, self.gate, self._recorder),
            self._managers,
            # A fresh database has none; one that an earlier life has used may.
            self._audit.steps_of_work() if seen else (),
        )
        self._awaited: list[Actor] = []
        self._acts: dict[str, Act] = {}
        self._drained: list[Manager] = []
        self.receives: Receives | None = None
        self._is_closed = False
        self._visits = 0
        self._kept_out: list[str] = []

    @border(Phase.SWITCHING, Phase.EXPLORING)
    def play(self) -> Execution:
        """Run to the end, look at what is left, unwind."""
        try:
            what_left()  # what an earlier schedule's threads did afterwards
            elsewhere.clear()
            self._observe()
            self.scheduler.run("user", self._user)
            self._observe()
            self._aftermath.look(self._run)
            abandoned = () if has_come(self._recorder) else self.gate.abandoned()
            self._aftermath.ask(self.queries)
            if self._recorder.stuck <= {"deadlock"}:
                self._recorder.add("harness", EventKind.SETTLED)
            self._recorder.closed = True
        finally:
            self.scheduler.unwind()
            self._audit.close()
        events = tuple(self._recorder.events)
        if self._visits and (run := same_run(events)) is not None:
            self._kept_out.append(f"two starts made run {run}: have ids come from the database")
        target = self._target
        history = History(
            target.name,
            self._schedule,
            target.vocabulary,
            events,
            acts.MAY_CANCEL,
            tuple(self._recorder.places),
            self._recorder.printed,
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
            ids=self._audit.numbers.ids,
            shortened=self.scheduler.livelock.shortened,
            elsewhere=tuple(elsewhere.items()),
            given=tuple(self._work.given.items()),
            tasks=self.scheduler.tasks.steps,
            used=tuple(self.scheduler.used),
        )

    def forget(self) -> None:
        """Let go of what an execution has told: no collection of garbage has to look through it."""
        self.scheduler.steps.clear()
        self.scheduler.segments.clear()
        self.scheduler.used.clear()
        self._recorder.events.clear()

    def _offered(self) -> tuple[str, ...]:
        if not self._managers:
            return ()
        found = acts.offered_by(
            self.manager,
            tasks=bool(self.scheduler.tasks.steps),
            processes=self.receives is not None and not single_process(self._target),
        )
        if self._work.has_client:
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
            *self._kept_out,
        )

    @property
    def refused(self) -> tuple[tuple[Fault, str], ...]:
        """Faults that cannot strike where the schedule wants them, with the reason."""
        return tuple(self._plan.refused)

    # --- the stage of the acts ----------------------------------------------------------------

    @property
    def recorder(self) -> Recorder:
        """See `Stage`."""
        return self._recorder

    @property
    def manager(self) -> Manager:
        """The manager that the user opened, once it is open."""
        while not self._managers:
            self._await("manager")
        return self._managers[0]

    @property
    def numbers(self) -> RunNumbers:
        """See `Stage`."""
        return self._audit.numbers

    def await_end(self, run: int, manager: Manager | None = None) -> None:
        """See `Stage`."""
        manager = manager or self.manager
        if offers(manager, Waits):
            manager.wait(self.numbers.id_of(run))
            return
        end = Wait(_end_of(run))
        self._patience.until(lambda: self._is_over(run), end)
        self.touch_outcomes(change=False)

    def drain(self, manager: Manager) -> None:
        """See `Stage`."""
        if drains(self._target):
            self._drained.append(manager)
            self._patience.until_answered()
            for run in sorted({*self._shown, *self._answered()}):
                self.await_end(run)

    def may_start(self, manager: Manager) -> bool:
        """See `Stage`."""
        return all(each is not manager for each in self._drained)

    def _answered(self) -> Iterator[int]:
        for event in self._recorder.events:
            if event.kind is EventKind.REPLY and event.subject.startswith("start"):
                yield from () if event.run is None else (event.run,)

    def _has_work_begun(self) -> bool:
        """Whether that of every run has."""
        begun = {each.run or -each.number for each in self._work.attempts}
        return len(begun) >= max(1, len(self._shown))

    def _is_over(self, run: int) -> bool:
        return self._shown.get(run) in self._target.vocabulary.terminal

    def _is_idle(self) -> bool:
        """Whether no run is active, and only threads of the target are left."""
        alive = [actor for actor in self.scheduler.all_actors if actor.alive]
        return not self._target.vocabulary.active & set(self._shown.values()) and all(
            actor.of_target or actor.background for actor in alive
        )

    def open_another(self) -> Manager:
        """See `Stage`."""
        manager = self._target.open(self._database, self._work)
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
        interrupt(self.scheduler.all_actors[0], self.scheduler, self._recorder)

    def cancel_task(self, actor: str) -> None:
        """See `Stage`."""
        act = self._acts[actor]
        self._recorder.add(actor, EventKind.REQUEST, act.kind, act.task)
        if not self.scheduler.tasks.cancel(act.task):
            self._director.ignored.append(act)

    def visit(self, actor: str, act: str) -> None:
        """See `Stage`."""
        if self.receives is None or not self._observe():
            self._kept_out.append(f"{self._acts[actor]} (the database is locked)")
            return
        self._visits += 1
        number = 1 + self._visits
        visited = self.receives(
            Visit(
                act,
                number,
                self._schedule.base,
                str(self._database),
                self.scheduler.clock,
                self.seen,
                tuple(sorted(self._shown)),
                self._run,
                self._recorder.with_places,
            )
        )
        if visited.kept_out:
            self._kept_out.append(f"{self._acts[actor]} ({visited.kept_out})")
        tell(self._recorder, visited, number)
        for run, _, new, _ in self._audit.transitions() or ():
            self._take_note(run, new)
        self.scheduler.advance(self.scheduler.clock + visited.seconds)
        self.scheduler.touch("database", change=True)
        self.scheduler.wake("database")

    def set_clock(self, seconds: float) -> None:
        """See `Stage`."""
        self.scheduler.touch(WALL_CLOCK, change=True)
        self._set_by += seconds
        self._show_time(self.scheduler.clock)

    def _show_time(self, now: float) -> None:
        self.wall_clock(EPOCH + now + self._set_by)

    def held(self) -> Counter[str]:
        """See `Stage`."""
        return self._aftermath.held(self._run)

    def await_run(self) -> int:
        """See `Stage`."""
        while self._run is None:
            self._await("run")
        return self._run

    def _await(self, what: str) -> None:
        """As an actor, wait for what may never come: that is no deadlock."""
        actor = self.scheduler.running
        background, actor.background = actor.background, True
        self.scheduler.block(Wait(what))
        actor.background = background

    # --- what the target's memory does not show -----------------------------------------------

    def _news(self) -> list[object]:
        """What the target has written and told."""
        files = (each for each in sorted(self._database.parent.rglob("*")) if each.is_file())
        return [self._patience.told(), [each.read_bytes() for each in files]]

    def _circumstances(self) -> list[object]:
        """All else that decides what happens next, but for the elements still to come."""
        counted = zip(self._schedule.faults, self.struck, strict=True)
        return [
            [struck for fault, struck in counted if fault.times is not None],
            list(map(str, self._plan.to_be_lifted)),
            self._news(),
            [connection for _, connection in self.gate.left_open()],
            random.getstate(),
        ]

    def _still_to_come(self) -> list[int]:
        """How often the points of what is still to come have been reached, by other ordinals."""
        pending = [fault.at for fault in self._plan.unreached()] + self._director.pending()
        return [self.scheduler.reached(point) for point in pending]

    # --- actors -------------------------------------------------------------------------------

    def _user(self) -> None:
        """Open, start, wait, close: what every schedule has."""
        if not acts.open_first(self, "user"):
            return
        own = acts.start_first(self, "user")
        self._know(own)
        for act in self._schedule.acts:
            if act.at is None:
                self._enter(act)
        self.scheduler.reach(Operation.REACH, "started")
        if own is not None:  # a user who was told of no run has none to wait for
            acts.wait(self, partial(self.await_end, own))
        self.scheduler.reach(Operation.REACH, "settled")
        acts.wait(self, self._await_acts)
        acts.close(self, "user")
        self._is_closed = True
        self.scheduler.reach(Operation.REACH, "closed")
        if self._hours:
            self._recover()
        self._let_pollers_end()

    def _recover(self) -> None:
        """Open a manager anew where one has given up: what lasted for hours has ended by now."""
        active = [run for run in self._shown if not self._is_over(run)]
        if not active:
            return
        another = acts.attempt(self._recorder, "user", "open", self.open_another)
        if another is not None:
            for run in active:
                end = Wait(f"{_end_of(run)}, recovered")
                self._patience.until(partial(self._is_over, run), end)
            acts.close_this(self, "user", another)

    def _let_pollers_end(self) -> None:
        """See soon that threads which are never stopped look for work that never comes."""
        if offers(self.manager, Closes):
            return
        livelock = self.scheduler.livelock
        if self._patience.seconds is not None:
            self.scheduler.running.background = True
            self._patience.until(lambda: False, Wait("pollers"))
            livelock.end_if_idle()
            livelock.give_up(f"no news in {self._patience.seconds:g} virtual seconds")
        else:
            livelock.recurrence = self._recurrence
            self._recurrence.begin_anew(len(self.scheduler.steps))

    def _await_acts(self) -> None:
        for actor in tuple(self._awaited):
            while actor.alive:
                self.scheduler.block(Wait(f"thread {actor.name}"))

    def _enter(self, act: Act) -> str:
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
    def _observe(self, keeper: Observed | None = None) -> bool:
        """Take the newly committed status transitions into the history; False if locked out.

        Args:
            keeper: See `AuditReader.transitions`.
        """
        transitions = self._audit.transitions(keeper)
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
            self._recorder.add("database", EventKind.STATUS, old, new, run)
            self._take_note(run, new)
        return True

    def _take_note(self, run: int, new: str) -> None:
        self._shown[run] = new
        if self._is_over(run):
            self.touch_outcomes(change=True)
            self.scheduler.wake(_end_of(run))
        if self.numbers.is_known(run):
            self._know(run)

    def _know(self, run: int | None) -> None:
        """Take note of the run: by its first status, or by the answer where that comes first."""
        if self._run is None and run is not None and self._managers:
            self._run = run
            if offers(self.manager, Signals) and not self._is_closed:
                self._enter(Act("subscribe"))
            self.scheduler.wake("run")

    @property
    def seen(self) -> int:
        """How many rows of the audit have been told of."""
        return self._audit.seen

    @property
    def undone(self) -> list[str]:
        """What work wrote into a transaction that was open when it raised."""
        return [each.second for each in self._work.attempts if each.uncommitted and each.raised]


def _end_of(run: int) -> str:
    """What a wait for a run's end is called."""
    return f"the end of run {run}"
