"""Where an act takes place, and what an act is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, Protocol

from runfaults.model import EventKind
from runfaults.model.vocabulary import word_of
from runfaults.sim.actor import SimulationOver
from runfaults.sim.ends import Ends
from runfaults.sim.recorder import Recorder
from runfaults.sim.run_numbers import RunNumbers
from runfaults.targets.target import Manager


class Stage(Protocol):
    """Where an act takes place."""

    @property
    def manager(self) -> Manager:
        """The manager that the user opened."""
        ...

    @property
    def numbers(self) -> RunNumbers:
        """What the runs are called."""
        ...

    @property
    def ends(self) -> Ends:
        """Waits for the ends of runs."""
        ...

    @property
    def recorder(self) -> Recorder:
        """Where requests and replies are written down."""
        ...

    def await_run(self) -> int:
        """The id of the run, once there is one."""
        ...

    def held(self) -> Counter[str]:
        """The number of connections, threads, locks ... that the target has at the moment."""
        ...

    def touch_outcomes(self, *, change: bool) -> None:
        """Note that what was just told depends on what had become of the runs, or decides it.

        That is no lock and no row, but what a user may expect hangs on it.
        """
        ...

    def interrupt_user(self) -> None:
        """Have Ctrl-C arrive in the thread of the user."""
        ...

    def cancel_task(self, actor: str) -> None:
        """Cancel the task that this actor's act is done to."""
        ...

    def set_clock(self, seconds: float) -> None:
        """Set the wall clock forward by so many seconds, or back; no other clock changes."""
        ...

    def visit(self, actor: str, act: str) -> None:
        """Have another process do an act, while this one stands still."""
        ...

    def open_another(self) -> Manager:
        """A second manager on the same database, as another process would open it."""
        ...


def ask(
    stage: Stage, actor: str, subject: str, run: int | None, question: Callable[[], object]
) -> int | None:
    """Record a request and what came of it; returns the run that it was about, or that it made."""
    try:
        answer = relay(stage, actor, subject, run, question)
    except SimulationOver:
        raise
    except BaseException:  # noqa: BLE001  # the answer to a request may be any error
        return run
    return _run_of(stage, subject, answer, run)


def relay(
    stage: Stage, actor: str, subject: str, run: int | None, question: Callable[[], object]
) -> object:
    """Record a request and what came of it, and hand that on.

    Raises:
        BaseException: Whatever the request was answered with.
    """
    add = stage.recorder.add
    add(actor, EventKind.REQUEST, subject, run=run)
    if subject == "close":
        stage.touch_outcomes(change=True)  # from now on a request may be refused
    try:
        answer = question()
    except SimulationOver:
        raise
    except BaseException as error:
        stage.recorder.answer(actor, subject, error, run)
        stage.touch_outcomes(change=False)
        raise
    method = getattr(type(stage.manager), {"read": "status"}.get(subject, subject), None)
    about = _run_of(stage, subject, answer, run)
    stage.recorder.reply(actor, subject, _shown(subject, answer), about, method)
    stage.touch_outcomes(change=False)
    return answer


def _run_of(stage: Stage, subject: str, answer: object, run: int | None) -> int | None:
    return stage.numbers.answered(answer) if subject.startswith("start") else run


def _shown(subject: str, answer: object) -> str:
    """An answer as text: what a read answers is a status."""
    return word_of(answer) if subject == "read" else str(answer)


class ActKind(NamedTuple):
    """Something that another actor can do at a point of a schedule.

    Attributes:
        name: How a schedule names it; the subject of its request, if that says nothing else.
        summary: One line for a list of acts.
        perform: Does it, as the actor of that name.
        needs_run: Whether it waits for a run; the others make sense as soon as there is a manager.
        background: Whether its actor may be left waiting when everything else has ended.
        awaited: Whether the user waits for it before the manager is closed.
        may_cancel: Whether a request of this name can be why a run is cancelled.
        at_user: Whether a strategy tries it at the points of the user alone, from the first request
            on: elsewhere it arrives when the user waits, which is a point of the user's too.
        to_task: Whether it is done to a task of an event loop, which has to be named.
        of_process: Whether another process does it.
        doors: Protocols of a manager, with one of which it can be done; with any if there are none.
    """

    name: str
    summary: str
    perform: Callable[[Stage, str], None]
    needs_run: bool = True
    background: bool = False
    awaited: bool = False
    may_cancel: bool = False
    at_user: bool = False
    to_task: bool = False
    of_process: bool = False
    doors: tuple[type[object], ...] = ()
