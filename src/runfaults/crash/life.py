"""One life of the system under test: a child process, which may be killed at any event."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import traceback
from _thread import allocate_lock
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from typing import IO, Any, NoReturn, cast

from runfaults.crash.moments import Moments
from runfaults.model import Death, Ending, Event, EventKind, Fault, Operation, Schedule
from runfaults.model.vocabulary import word_of
from runfaults.process_end import HungError, end_after, end_when_hung, how_it_hung
from runfaults.sim import acts
from runfaults.sim.database import AuditReader
from runfaults.sim.lines import LinesOf
from runfaults.sim.pipeline import ScriptedPipeline
from runfaults.sim.printing import printing_apart
from runfaults.sim.recorder import Recorder
from runfaults.sim.user import let_pollers_end, use
from runfaults.sim.wall_clock import EPOCH, controlled_wall_clock
from runfaults.sim.world import World
from runfaults.sqlite.hook import unwatch
from runfaults.targets.target import Closes, Manager, Reads, Target
from runfaults.user_code import spelt

BETWEEN_LIVES = 3600.0
"""Virtual seconds between the beginnings of two lives."""


RECOVERY_SECONDS = 60
"""Real seconds after which a recovery on real threads has hung."""


class ChildFailedError(RuntimeError):
    """A child process exited unexpectedly; the message has its status."""


class Chronicle(Recorder):
    """Writes each event to a pipe the moment it happens, so that it outlives the process.

    Threads of real time may write at once.

    Args:
        pipe: File descriptor to write to.
        deaths: When the process is killed.
        with_places: See `Recorder`.

    Attributes:
        last_words: Told before the process is killed.
    """

    def __init__(
        self, pipe: int, deaths: Iterable[Death] = (), *, with_places: bool = False
    ) -> None:
        super().__init__(with_places=with_places)
        self.last_words: Callable[[], object] = dict[str, object]
        self._pipe = pipe
        self._deaths = {death.moment for death in deaths}
        self._moments = Moments()
        self._lock = allocate_lock()

    def add(
        self,
        actor: str,
        kind: EventKind,
        subject: str = "",
        value: str = "",
        run: int | None = None,
    ) -> None:
        """Append an event; perhaps it is the last."""
        with self._lock:
            number = len(self.events)
            super().add(actor, kind, subject, value, run)
            if len(self.events) == number:
                return
            self.tell(self.events[-1])
        if self._deaths:
            death = self._moments.after(self.events[-1])
            if death is not None and death.moment in self._deaths:
                self.tell(self.last_words())
                os.kill(os.getpid(), signal.SIGKILL)

    def tell(self, something: object) -> None:
        """Write a line of JSON."""
        os.write(self._pipe, json.dumps(something).encode() + b"\n")


@dataclass(frozen=True, slots=True)
class LifeScript:
    """The orders of a life.

    Attributes:
        number: From 1.
        schedule: What happens in it.
        with_places: Whether it is noted where each operation was called from.
        known: The runs that the database has already.
        seen: How many transitions the audit has already.
    """

    number: int
    schedule: Schedule
    with_places: bool = False
    known: tuple[int, ...] = ()
    seen: int = 0


@dataclass(frozen=True, slots=True)
class LifeResult:
    """The outcome of a life.

    Attributes:
        events: What happened, numbered from 0 and timed from the life's beginning.
        killed: Whether it was killed.
        unreached: Elements of its schedule whose moment never came, as text.
        refused: Faults that cannot strike where the schedule wants them, with the reason.
        struck: Strikes per fault of its schedule.
        places: Where each operation was called from, by number of its event.
        undone: What work wrote into a transaction that was open when it raised.
        seen: How many rows of the audit it has told of, and those before it; 0 for one that tells
            of none.
        printed: What it printed, if places were asked for.
    """

    events: tuple[Event, ...]
    killed: bool
    unreached: tuple[str, ...] = ()
    refused: tuple[tuple[Fault, str], ...] = ()
    struck: tuple[int, ...] = ()
    places: tuple[tuple[int, str], ...] = ()
    undone: tuple[str, ...] = ()
    seen: int = 0
    printed: str = ""


def _recover(known: tuple[int, ...], world: World) -> None:
    """The user of a life after a death: reads every run that is there, then starts another."""
    if not acts.open_first(world, "user"):
        return
    for run in known:
        read(world.recorder, world.manager, world.audit, run)
    acts.start(world, "user")
    world.scheduler.reach(Operation.REACH, "started")
    run = _started(world.recorder.events)
    if run is not None:
        acts.wait(world, partial(world.ends.wait_for, run))
    world.scheduler.reach(Operation.REACH, "settled")
    acts.close(world, "user")
    let_pollers_end(world)


def _started(events: Sequence[Event]) -> int | None:
    replies = (e for e in reversed(events) if e.kind is EventKind.REPLY and e.subject == "start")
    return next((event.run for event in replies), None)


def read(recorder: Recorder, manager: Manager, audit: AuditReader, run: int) -> None:
    """Ask what is recorded: the manager, or the database itself if the manager does not tell."""
    actor = "user"
    recorder.add(actor, EventKind.REQUEST, "read", run=run)
    try:
        if isinstance(manager, Reads):
            answer = manager.status(audit.numbers.id_of(run))
        else:
            answer = audit.last_status(run)
    except Exception as error:  # noqa: BLE001  # the answer to a request may be any error
        answer = f"raised {spelt(error)}"
    recorder.add(actor, EventKind.REPLY, "read", word_of(answer), run)


def run_life(target: Target, database: Path, life: LifeScript) -> LifeResult:
    """Live it in a child process.

    Must be called inside a `Simulation`, in a process that has no other thread.

    Raises:
        ChildFailedError: if the child neither ended by itself nor by our own signal.
        HungError: if a thread of it kept the interpreter's lock.
    """
    with _child(lambda pipe: _play(target, database, life, pipe), end_when_hung) as child:
        return child.outcome()


def _play(target: Target, database: Path, life: LifeScript, pipe: int) -> None:
    schedule = life.schedule
    # Each process draws from the system's own source: no life repeats what another has drawn.
    random.seed(schedule.seed if life.number == 1 else f"{schedule.seed}, life {life.number}")
    chronicle = Chronicle(pipe, schedule.deaths, with_places=life.with_places)
    user = partial(_recover, life.known) if life.number > 1 else use
    with controlled_wall_clock(EPOCH + (life.number - 1) * BETWEEN_LIVES) as clock:
        world = World(target, schedule, database, clock, None, None, chronicle, seen=life.seen)
        if schedule.lines:
            world.scheduler.lines = LinesOf(target)
            world.scheduler.lines.stop_at(schedule.lines)
        chronicle.last_words = lambda: _account(world, chronicle)
        with printing_apart(chronicle.hear):
            world.play(user)
    chronicle.tell(_account(world, chronicle))


def _account(world: World, chronicle: Chronicle) -> dict[str, object]:
    """The outcome of the elements of a life's schedule."""
    return {
        "unreached": world.unreached,
        "refused": [(str(fault), reason) for fault, reason in world.refused],
        "struck": world.struck,
        "places": chronicle.places,
        "printed": chronicle.printed,
        "undone": world.undone,
        "seen": world.audit.seen,
    }


def recover_concurrently(
    target: Target, database: Path, known: tuple[int, ...], count: int
) -> list[LifeResult]:
    """Let several processes open the database at the same moment, read every run, and close.

    Outside the simulation: real threads, real locks, real time.

    Raises:
        ChildFailedError: if one of them did not end by itself.
        HungError: if one of them did not end in time.
    """
    barrier, release = os.pipe()
    audit = AuditReader(database, sys.maxsize, target.name)
    audit.close()

    def look(pipe: int) -> None:
        os.close(release)
        unwatch()
        sys.stdout = sys.stderr = StringIO()  # no schedule decides what they print
        recorder = Chronicle(pipe)
        os.read(barrier, 1)
        work = _ToldWork(Ending.SUCCEEDS, recorder)
        manager = acts.attempt(recorder, "user", "open", lambda: target.open(database, work))
        if manager is None:  # it leaves the database to the others
            return
        for run in known:
            read(recorder, manager, audit, run)
        if isinstance(manager, Closes):
            acts.attempt(recorder, "user", "close", manager.close)

    with contextlib.ExitStack() as stack:
        stack.callback(os.close, barrier)
        in_time = partial(end_after, RECOVERY_SECONDS)
        children = [stack.enter_context(_child(look, in_time)) for _ in range(count)]
        os.close(release)
        late = f"has not recovered after {RECOVERY_SECONDS} s"
        return [child.outcome(late) for child in children]


class _ToldWork(ScriptedPipeline):
    """Work outside of the simulation, for a recovery that does it again: at once, and told."""

    def __call__(
        self, connection: object, run: int | None, *given: object, **named: object
    ) -> None:
        """Succeed; see `targets.target.Work`."""
        del connection, given, named
        for how in ("started", "returned"):
            self._recorder.add("run", EventKind.PIPELINE, how, run=run)


class _Child:
    """A forked process whose events arrive through a pipe."""

    def __init__(self, pid: int, pipe: int, told: IO[bytes]) -> None:
        self._pid: int | None = pid
        self._pipe = pipe
        self._told = told

    def outcome(self, late: str = "") -> LifeResult:
        """Wait for its end.

        Args:
            late: What to say of one that was ended; see `how_it_hung`.
        """
        with os.fdopen(self._pipe, "rb", closefd=False) as pipe:
            lines = pipe.read().splitlines()
        assert self._pid is not None
        _, status = os.waitpid(self._pid, 0)
        self._pid = None
        self._told.seek(0)
        if hung := how_it_hung(self._told.read().decode(errors="replace"), late):
            raise HungError(f"a life hung: the target {hung}")
        events: list[Event] = []
        account: dict[str, Any] = {}
        for line in lines:
            told = json.loads(line)
            match told:
                case str(failure):
                    raise ChildFailedError(f"a life failed in the harness:\n{failure}")
                case dict():
                    account = cast("dict[str, Any]", told)
                case [number, time, actor, kind, *rest]:
                    events.append(Event(number, time, actor, EventKind(kind), *rest))
                case other:
                    raise ChildFailedError(f"a life sent what is not an event: {other!r}")
        killed = os.WIFSIGNALED(status)
        if (os.WTERMSIG(status) if killed else os.WEXITSTATUS(status)) != killed * signal.SIGKILL:
            raise ChildFailedError(f"the process of a life ended with status {status}")
        return LifeResult(
            tuple(events),
            killed,
            tuple(account.get("unreached", ())),
            tuple((Fault.parse(fault), why) for fault, why in account.get("refused", ())),
            tuple(account.get("struck", ())),
            tuple((number, place) for number, place in account.get("places", ())),
            tuple(account.get("undone", ())),
            account.get("seen", 0),
            account.get("printed", ""),
        )

    def end(self) -> None:
        """Kill and reap it, if it is not reaped yet."""
        os.close(self._pipe)
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)


@contextlib.contextmanager
def _child(
    function: Callable[[int], None], end_if_hung: Callable[[int], None]
) -> Generator[_Child]:
    """Fork; the child calls the function with a pipe's write end and has ended."""
    read_end, write_end = os.pipe()
    with tempfile.TemporaryFile() as told:
        pid = os.fork()
        if pid == 0:
            os.close(read_end)
            end_if_hung(told.fileno())
            _be_child(function, write_end)
        os.close(write_end)
        child = _Child(pid, read_end, told)
        try:
            yield child
        finally:
            child.end()


def _be_child(function: Callable[[int], None], pipe: int) -> NoReturn:
    try:
        function(pipe)
    except BaseException:  # noqa: BLE001  # a forked child must not return into its parent's code
        os.write(pipe, json.dumps(traceback.format_exc()).encode() + b"\n")
    finally:
        os._exit(0)
