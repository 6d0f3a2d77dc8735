"""The scripted pipeline: its true outcome is known because we wrote it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from runfaults.model import Ending, EventKind, Operation
from runfaults.model.history import TOLD_TO
from runfaults.sim.actor import SimulationOver, current_actor
from runfaults.sim.execution import Departure
from runfaults.sim.recorder import Recorder
from runfaults.sim.run_numbers import RunNumbers
from runfaults.targets.client import Client
from runfaults.targets.target import RunId
from runfaults.user_code import spelt

OUTCOMES = "outcomes"
"""What has become of the runs, as a thing that actors use."""

_ANSWER_SECONDS = 60.0
_HOUR = 3600.0


def _never() -> bool:
    return False


class ScriptedError(RuntimeError):
    """The failure that a script raises on purpose."""


@dataclass(eq=False, slots=True)
class Attempt:
    """One time that the work was done, and what became of its second step.

    Attributes:
        number: Which one it was in this life, from 1.
        run: Whose work it was, if the target says so.
        wrote: It wrote its second step.
        committed: That was committed, or it cannot be told whether it was.
        raised: It ended by an exception.
        within: It was given a connection with an open transaction: that is the target's to commit.
    """

    number: int
    run: int | None
    wrote: bool = False
    committed: bool = False
    raised: bool = False
    within: bool = False

    @property
    def second(self) -> str:
        """Its second step, as it writes it."""
        return "second" if self.number == 1 else f"second of attempt {self.number}"

    @property
    def uncommitted(self) -> bool:
        """Whether it ended with its second step in an open transaction."""
        return self.wrote and not self.committed


class ClientClosedError(RuntimeError):
    """What a client raises in the work that was asking it when it was closed."""


class _HalfDoneError(Exception):
    """The work returns early, for this reason if it has one; no target sees it."""


class ScriptedPipeline:
    """Work that writes, commits, looks at the cancel event and ends as the schedule says.

    Args:
        ending: How it ends.
        recorder: Hears what it does.
        numbers: How runs are numbered.
        steps: The yield points that there have been.

    Attributes:
        departures: Endings with which it would have done otherwise, and from when on.
        attempts: Each time that it was done on a connection, in order.
        has_client: It was given a client of its own.
        given: What it can be given, a phrase each, and whether it was.
        done_before: How often it was done elsewhere: no two times write the same.
    """

    def __init__(
        self,
        ending: Ending,
        recorder: Recorder,
        numbers: RunNumbers | None = None,
        steps: Sequence[object] = (),
    ) -> None:
        self._numbers = numbers or RunNumbers()
        self._ending = ending
        self._recorder = recorder
        self._steps = steps
        self._alike = {each for each in Ending if each is not ending}
        self.departures: list[Departure] = []
        self.attempts: list[Attempt] = []
        self.has_client = False
        self.given: dict[str, bool] = {}
        self.done_before = 0

    def __call__(
        self,
        connection: sqlite3.Connection | None,
        run: RunId | None,
        cancelled: Callable[[], bool] = _never,
        cancel_exception: type[BaseException] | None = None,
        instead: Callable[[], None] | None = None,
        client: Client | None = None,
    ) -> None:
        """Play the script; see `targets.target.Work`."""
        self.has_client |= client is not None
        self.given |= {
            "a connection": connection is not None,
            "the run's id": run is not None,
            "a way to see that it was cancelled": cancelled is not _never,
            "an exception to say so": cancel_exception is not None,
            "a client": client is not None,
        }
        actor = current_actor()
        if actor is None or actor.turns.over:
            return
        add, name = self._recorder.add, actor.name
        run = self._numbers.of(run)
        number = self.done_before + len(self.attempts) + 1
        attempt = Attempt(number, run, within=is_begun_for(connection))
        self.attempts.append(attempt)
        add(name, EventKind.PIPELINE, "started", run=run)
        actor.turns.reach(Operation.REACH, "pipeline")
        try:
            if instead is not None:
                instead()
            else:
                self._play(attempt, connection, cancelled, cancel_exception, client)
        except SimulationOver:
            raise
        except _HalfDoneError as reason:
            add(name, EventKind.PIPELINE, "stopped", str(reason), run)
        except BaseException as error:
            attempt.raised = True
            attempt.committed |= not _in_transaction(connection)
            how = ending_by(error, cancel_exception)
            add(name, EventKind.PIPELINE, how, spelt(error), run)
            raise
        else:
            value = "transaction open" * attempt.uncommitted
            add(name, EventKind.PIPELINE, "returned", value, run)
        finally:
            actor.turns.touch(OUTCOMES, change=True)
        actor.turns.reach(Operation.REACH, "pipeline-end")

    def _play(
        self,
        attempt: Attempt,
        connection: sqlite3.Connection | None,
        cancelled: Callable[[], bool],
        cancel_exception: type[BaseException] | None,
        client: Client | None,
    ) -> None:
        if connection is not None:
            connection.execute("INSERT INTO runfaults_work (step) VALUES ('first')")
            self._commit(attempt, connection)
        if self._notices(cancelled):
            # Without an exception to say so it returns, as if it had done all.
            raise (
                _HalfDoneError(TOLD_TO)
                if cancel_exception is None
                else cancel_exception("the work noticed the cancel")
            )
        self._let_time_pass(client)
        if self._is(Ending.RAISES):
            raise ScriptedError("the script says so")
        if connection is not None:
            self._write_second(attempt, connection)
        if self._notices(cancelled) and cancel_exception is not None:
            raise cancel_exception("the work noticed the cancel")
        if self._is(Ending.EXITS):
            raise SystemExit("the script says so")

    def _is(self, *endings: Ending) -> bool:
        """Whether its ending is one of these: those with which the answer is another depart."""
        answer = self._ending in endings
        self._depart(each for each in self._alike if (each in endings) != answer)
        return answer

    def _notices(self, cancelled: Callable[[], bool]) -> bool:
        """Whether it is an ending that asks whether it was cancelled, and it was.

        The others depart, unless the answer is no and nothing else came of the question.
        """
        if self._ending is not Ending.NOTICES_CANCEL:
            return self._is(Ending.NOTICES_CANCEL)
        before = self._now()
        noticed = cancelled()
        if noticed or self._now() != before:
            self._depart(self._alike, before)
        return noticed

    def _now(self) -> tuple[int, int]:
        """Yield points and events that there have been."""
        return len(self._steps), len(self._recorder.events)

    def _depart(self, endings: Iterable[Ending], moment: tuple[int, int] | None = None) -> None:
        for ending in sorted(endings, key=list(Ending).index):
            self._alike.remove(ending)
            self.departures.append(Departure(ending, *(moment or self._now())))

    def _let_time_pass(self, client: Client | None) -> None:
        if self._is(Ending.TAKES_AN_HOUR):
            time.sleep(_HOUR)
        if client is None or not self._is(Ending.RAISES_WHEN_CLOSED, Ending.RETURNS_WHEN_CLOSED):
            return
        if client.is_closed_within(_ANSWER_SECONDS):
            if self._is(Ending.RETURNS_WHEN_CLOSED):
                raise _HalfDoneError
            raise ClientClosedError("the client was closed")

    def _write_second(self, attempt: Attempt, connection: sqlite3.Connection) -> None:
        connection.execute(f"INSERT INTO runfaults_work (step) VALUES ('{attempt.second}')")  # noqa: S608
        attempt.wrote = True
        attempt.committed = not connection.in_transaction
        if self._is(Ending.RAISES_IN_TRANSACTION):
            raise ScriptedError("the script says so, in the middle of a transaction")
        if not attempt.within and not self._is(Ending.LEAVES_TRANSACTION_OPEN):
            self._commit(attempt, connection)

    def _commit(self, attempt: Attempt, connection: sqlite3.Connection) -> None:
        """Commit, but for what is the target's own transaction."""
        if not attempt.within:
            connection.commit()
            attempt.committed = attempt.wrote


def ending_by(error: BaseException, cancel_exception: type[BaseException] | None) -> str:
    """The ending of a pipeline that raised this; see `EventKind.PIPELINE`."""
    if isinstance(error, ClientClosedError):
        return "stopped"
    noticed = cancel_exception is not None and isinstance(error, cancel_exception)
    return "cancelled" if noticed else "raised"


def _in_transaction(connection: sqlite3.Connection | None) -> bool:
    if connection is None:
        return False
    try:
        return connection.in_transaction
    except sqlite3.ProgrammingError:
        return False  # closed


def is_begun_for(connection: sqlite3.Connection | None) -> bool:
    """Whether the target has begun a transaction; with `autocommit=False` one is always open."""
    return _in_transaction(connection) and getattr(connection, "autocommit", None) is not False
