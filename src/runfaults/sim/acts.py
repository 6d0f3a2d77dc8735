"""The catalogue of acts: what actors do besides the user who started the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import TypeVar

from runfaults.model import EventKind
from runfaults.model.element import CANCEL_TASK
from runfaults.model.vocabulary import word_of
from runfaults.sim import interruption
from runfaults.sim.actor import SimulationOver
from runfaults.sim.recorder import Recorder
from runfaults.sim.set_clock import CLOCK_BACK, CLOCK_FORWARD
from runfaults.sim.stage import ActKind, Stage, ask, relay
from runfaults.sim.visit import PROCESS_CANCELS, PROCESS_STARTS
from runfaults.targets.target import (
    Cancels,
    CancelsByRoute,
    CancelsInDatabase,
    Closes,
    Manager,
    Reads,
    Signals,
    offers,
)

Answer = TypeVar("Answer")

MANY_RUNS = 16
"""So many that a pool of the usual size has stopped to grow."""


def open_first(stage: Stage, actor: str) -> bool:
    """Open the manager; where that raises, there is no run."""
    return attempt(stage.recorder, actor, "open", stage.open_another) is not None


def attempt(
    recorder: Recorder, actor: str, subject: str, action: Callable[[], Answer]
) -> Answer | None:
    """Do it; an error is told to the user as any answer is, and None is returned."""
    try:
        return action()
    except SimulationOver:
        raise
    except BaseException as error:  # noqa: BLE001  # the answer may be any error
        recorder.add(actor, EventKind.REQUEST, subject)
        recorder.answer(actor, subject, error, None)
        return None


def start_first(stage: Stage, actor: str) -> int | None:
    """Start a run; returns its id, or None if there is none."""
    manager = stage.manager
    return (
        ask(stage, actor, "start", None, manager.start) if stage.ends.may_start(manager) else None
    )


def wait(stage: Stage, until_over: Callable[[], None]) -> None:
    """Wait until something has ended, or Ctrl-C comes."""
    try:
        until_over()
    except KeyboardInterrupt:
        if not interruption.has_come(stage.recorder):
            raise


def start(stage: Stage, actor: str) -> None:
    """Start a run."""
    start_first(stage, actor)


def again(stage: Stage, actor: str) -> None:
    """Start a run and wait until it has ended."""
    run = start_first(stage, actor)
    if run is not None:
        stage.ends.wait_for(run)


def again_and_again(stage: Stage, actor: str) -> None:
    """Start many runs, one after the other; what there is more of after each of them is a leak."""
    held = [stage.held()]
    for _ in range(MANY_RUNS):
        again(stage, actor)
        held.append(stage.held())
    for sort in held[-1]:
        counts = [each[sort] for each in held]
        if all(before < after for before, after in pairwise(counts)):
            told = (
                f"one more for each run that has ended: {counts[0]}, {counts[1]} ... {counts[-1]}"
            )
            stage.recorder.add("harness", EventKind.LEAK, sort, told)


def cancel(stage: Stage, actor: str) -> None:
    """Cancel the run through the manager."""
    manager, run = stage.manager, stage.await_run()
    if offers(manager, Cancels):
        ask(stage, actor, "cancel", run, lambda: manager.cancel(stage.numbers.id_of(run)))


def cancel_api(stage: Stage, actor: str) -> None:
    """Cancel as the application's API does."""
    manager, run = stage.manager, stage.await_run()
    if offers(manager, CancelsByRoute):

        def asked(which: object, question: Callable[[], object]) -> object:
            return relay(stage, actor, "cancel", stage.numbers.of(which), question)

        ask(
            stage,
            actor,
            "cancel-api",
            run,
            lambda: manager.cancel_by_route(stage.numbers.id_of(run), asked),
        )
        return
    cancel(stage, actor)
    if offers(manager, CancelsInDatabase):
        ask(
            stage,
            actor,
            "cancel-api",
            run,
            lambda: manager.cancel_in_database(stage.numbers.id_of(run)),
        )


def cancel_twice(stage: Stage, actor: str) -> None:
    """Cancel the run, and again."""
    cancel(stage, actor)
    cancel(stage, actor)


def cancel_unknown(stage: Stage, actor: str) -> None:
    """Cancel a run that does not exist."""
    manager, run = stage.manager, stage.await_run() + 1000
    if offers(manager, Cancels):
        ask(stage, actor, "cancel", run, lambda: manager.cancel(stage.numbers.id_of(run)))


def read(stage: Stage, actor: str) -> None:
    """Read the recorded status through the manager."""
    manager, run = stage.manager, stage.await_run()
    if offers(manager, Reads):
        ask(stage, actor, "read", run, lambda: manager.status(stage.numbers.id_of(run)))


def subscribe(stage: Stage, actor: str) -> None:
    """Subscribe to the run and wait for its completion signal."""
    manager, run = stage.manager, stage.await_run()
    if not offers(manager, Signals):
        return
    add = stage.recorder.add
    add(actor, EventKind.REQUEST, "subscribe", run=run)
    try:
        next_signal = manager.subscribe(stage.numbers.id_of(run))
    except SimulationOver:
        raise
    except BaseException as error:  # noqa: BLE001  # the subscriber is told, like any other user
        stage.recorder.answer(actor, "subscribe", error, run)
        return
    add(actor, EventKind.REPLY, "subscribe", actor, run)
    stage.touch_outcomes(change=False)  # who registers before the end is owed a signal
    if not callable(next_signal):
        raise TypeError(
            f"`subscribe` answered {next_signal!r}; it must return a function that waits for a "
            "signal"
        )
    while (status := next_signal()) is not None:
        add(actor, EventKind.SIGNAL, actor, word_of(status), run)


def close(stage: Stage, actor: str) -> None:
    """Close the manager, if it can be closed."""
    close_this(stage, actor, stage.manager)


def close_this(stage: Stage, actor: str, manager: Manager) -> None:
    """Close a manager, if it can be closed."""
    if isinstance(manager, Closes):
        stage.ends.drain(manager)
        ask(stage, actor, "close", None, manager.close)


def keyboard_interrupt(stage: Stage, actor: str) -> None:
    """Press Ctrl-C: the user's thread gets `KeyboardInterrupt`."""
    stage.recorder.add(actor, EventKind.REQUEST, interruption.NAME)
    stage.interrupt_user()


def cancel_task(stage: Stage, actor: str) -> None:
    """Cancel a task of an event loop: `CancelledError` is raised at the await where it is."""
    stage.cancel_task(actor)


def start_elsewhere(stage: Stage, actor: str) -> None:
    """Open a second manager on the same database, try to start a run there, and close it."""
    another: list[Manager] = []
    ask(stage, actor, "start-elsewhere", None, lambda: _open_and_start(stage, another))
    for manager in another:
        close_this(stage, actor, manager)


def reopen(stage: Stage, actor: str) -> None:
    """Open another manager, start a run with it, wait until that has ended, and close it."""
    another: list[Manager] = []
    user = f"{actor}@2"  # what the first manager did, such as to close, is nothing to this one
    run = ask(stage, user, "start", None, lambda: _open_and_start(stage, another))
    for manager in another:
        if run is not None:
            stage.ends.wait_for(run, manager)
        close_this(stage, user, manager)


def _open_and_start(stage: Stage, opened: list[Manager]) -> object:
    opened.append(stage.open_another())
    return opened[0].start()


_ALL = (
    ActKind(
        "cancel",
        "Cancel the run through the manager.",
        cancel,
        may_cancel=True,
        doors=(Cancels,),
    ),
    ActKind(
        "cancel-api",
        "Cancel as an API does: by its route, or ask the manager, then write the status oneself.",
        cancel_api,
        may_cancel=True,
        doors=(CancelsByRoute, CancelsInDatabase),
    ),
    ActKind("cancel-twice", "Cancel the run, and again.", cancel_twice, doors=(Cancels,)),
    ActKind(
        "cancel-unknown", "Cancel a run that does not exist.", cancel_unknown, doors=(Cancels,)
    ),
    ActKind("start", "Start a run.", start, needs_run=False),
    ActKind(
        "start-elsewhere",
        "Open a second manager on the same database, try to start a run there, and close it.",
        start_elsewhere,
        needs_run=False,
    ),
    ActKind("read", "Read the recorded status through the manager.", read, doors=(Reads,)),
    ActKind(
        "subscribe",
        "Subscribe to the run and wait for its completion signal.",
        subscribe,
        background=True,
        doors=(Signals,),
    ),
    ActKind(
        "again",
        "Start another run and wait until it ends; the user closes the manager after that.",
        again,
        needs_run=False,
        awaited=True,
    ),
    ActKind(
        "again-and-again",
        f"Do that {MANY_RUNS} times, and compare what is held after each of them.",
        again_and_again,
        needs_run=False,
        awaited=True,
    ),
    ActKind(
        "reopen",
        "Open another manager in the same process, start a run, wait until it ends, close it.",
        reopen,
        needs_run=False,
        awaited=True,
        doors=(Closes,),
    ),
    ActKind(
        "close", "Close the manager.", close, needs_run=False, may_cancel=True, doors=(Closes,)
    ),
    ActKind(
        interruption.NAME,
        "Press Ctrl-C: the user's thread gets KeyboardInterrupt, and closes the manager.",
        keyboard_interrupt,
        needs_run=False,
        may_cancel=True,
        at_user=True,
    ),
    ActKind(
        CANCEL_TASK,
        "Cancel a task of an event loop: CancelledError is raised at the await where it is.",
        cancel_task,
        needs_run=False,
        may_cancel=True,
        to_task=True,
    ),
    CLOCK_BACK,
    CLOCK_FORWARD,
    PROCESS_STARTS,
    PROCESS_CANCELS,
)

ACTS: Mapping[str, ActKind] = MappingProxyType({act.name: act for act in _ALL})
"""Every act by its name."""

MAY_CANCEL = tuple(act.name for act in _ALL if act.may_cancel)
"""The requests that can be why a run is cancelled."""


def act_named(name: str) -> ActKind:
    """The act of that name.

    Raises:
        LookupError: naming the acts there are.
    """
    if name not in ACTS:
        raise LookupError(f"there is no act {name!r}; acts are: {', '.join(ACTS)}")
    return ACTS[name]


def offered_by(manager: Manager, *, tasks: bool, processes: bool) -> tuple[str, ...]:
    """Names of the acts that can be done with a manager.

    Args:
        manager: What it is asked of.
        tasks: Whether there are tasks of an event loop.
        processes: Whether there can be other processes.
    """
    return tuple(
        act.name
        for act in _ALL
        if (tasks or not act.to_task)
        and (processes or not act.of_process)
        and (not act.doors or any(offers(manager, door) for door in act.doors))
    )
