"""Tells why a schedule does not end: who waits for what, and where every thread is."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable

from runfaults.model import Ending, EventKind, History
from runfaults.sim.actor import Actor, State
from runfaults.targets.target import TargetError
from runfaults.user_code import line_of

MAY_RAISE = (
    "only `open`, `start`, `cancel`, `status`, `subscribe` and `close` may raise, to tell the user "
    "what the target told it"
)

_LOOKS = 4
"""How often it is looked within the time in which there must be progress."""


class HangError(TargetError):
    """A target that hangs though nothing is in its way."""


def hang_in(history: History) -> str:
    """What to say of a history that took the whole limit of real time; empty if it did not."""
    for event in history.events:
        if event.kind is EventKind.STUCK and event.subject == "hang":
            return f"it never ends: {event.subject}: {event.value}"
    return ""


def in_a_clean_run(target: str, ending: Ending, complaint: str) -> str:
    """A complaint about what a target does while nothing is in its way."""
    return f"target {target}, in a clean run (pipeline {ending}): {complaint}"


def deadlock_among(actors: Iterable[Actor]) -> str | None:
    """Who waits for what, where none can run any more.

    None if all who wait are listeners, or idle threads of the target: those are leaks.
    """
    waiting = [actor for actor in actors if actor.state is State.BLOCKED]
    if all(actor.background or (actor.of_target and not _holder(actor)) for actor in waiting):
        return None
    return "; ".join(map(_who_waits, waiting))


def ends_while_it_progresses(
    ends: Callable[[float], bool], progress: Callable[[], int], seconds: float
) -> bool:
    """Wait for the end of a schedule; False once it makes no progress.

    A schedule that reaches points does not hang, however slow the machine is: its limits are steps
    and virtual time.

    Args:
        ends: Waits for the end, so many real seconds at most; False if it has not come.
        progress: How far the schedule is.
        seconds: Of real time, without progress, after which it hangs.
    """
    last, looks = progress(), 0
    while not ends(seconds / _LOOKS):
        now = progress()
        looks = looks + 1 if now == last else 0
        last = now
        if looks == _LOOKS:
            return False
    return True


def who_hangs(actors: Iterable[Actor], seconds: float) -> str:
    """Where the thread is that had its turn and does not come back from it.

    Args:
        actors: All that there are.
        seconds: Of real time, for which it has been there.
    """
    frames = sys._current_frames()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the documented way to see all stacks
    return "\n".join(
        f"{actor.name} reached no operation that is under control for {seconds:g} s; it is at "
        f"{line_of(frame) or ''.join(traceback.format_stack(frame))}"
        for actor in actors
        if actor.thread
        for frame in [frames.get(actor.thread.ident or 0)]
        if frame is not None and frame.f_code is not Actor.park.__code__
    )


def _who_waits(actor: Actor) -> str:
    subject = actor.wait.subject if actor.wait is not None else "nothing"
    holder = _holder(actor)
    held = f", held by {holder}" if holder and subject != f"thread {holder}" else ""
    return f"{actor.name} waits for {subject}{held}"


def _holder(actor: Actor) -> str | None:
    """The other actor that could end the wait; None if it waits to be notified."""
    ask = actor.wait.holder if actor.wait is not None else None
    holder = ask() if ask is not None else None
    return None if holder == actor.name else holder
