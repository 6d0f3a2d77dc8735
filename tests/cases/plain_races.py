"""Ways to decide a race between the work and a cancel, without SQL: wrong ones, and right twins.

Each function makes what decides for one manager: `decide(outcome)` is True for the first who asks.
No two lines of them have a lock, a query or a pause in between that a scheduler could switch at.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Decide = Callable[[str], bool]


# --- an attribute: checked, then set --------------------------------------------------------------


class CheckThenSet:
    def __init__(self) -> None:
        self.outcome: str | None = None

    def decide(self, outcome: str) -> bool:
        if self.outcome is None:
            self.outcome = outcome
            return True
        return False


def attribute() -> Decide:
    return CheckThenSet().decide


def attribute_under_lock() -> Decide:
    lock, checked = threading.Lock(), CheckThenSet()

    def decide(outcome: str) -> bool:
        with lock:
            return checked.decide(outcome)

    return decide


# --- an item: read and written in one line --------------------------------------------------------


def count() -> Decide:
    votes: dict[str, int] = {}

    def decide(outcome: str) -> bool:
        votes["all"] = votes.get("all", 0) + len(outcome[:1])
        return votes["all"] == 1

    return decide


def setdefault() -> Decide:
    votes: dict[str, object] = {}

    def decide(outcome: str) -> bool:
        mine = [outcome]
        return votes.setdefault("first", mine) is mine

    return decide


# --- a counter: += in one line --------------------------------------------------------------------


@dataclass(slots=True)
class Tickets:
    drawn: int = 0

    def draw(self) -> int:
        self.drawn += 1
        return self.drawn


def augmented() -> Decide:
    tickets = Tickets()
    return lambda _: tickets.draw() == 1


def queued() -> Decide:
    tickets: queue.Queue[int] = queue.Queue()
    tickets.put(1)

    def decide(_: str) -> bool:
        try:
            tickets.get_nowait()
        except queue.Empty:
            return False
        return True

    return decide


# --- a flag that is checked twice -----------------------------------------------------------------


class Flagged:
    __slots__ = ("decided", "lock")

    def __init__(self) -> None:
        self.decided = False
        self.lock = threading.Lock()


def checked_twice() -> Decide:
    flag = Flagged()

    def decide(_: str) -> bool:
        if not flag.decided and not flag.decided:
            flag.decided = True
            return True
        return False

    return decide


def checked_twice_under_lock() -> Decide:
    flag = Flagged()

    def decide(_: str) -> bool:
        if not flag.decided:
            with flag.lock:
                if not flag.decided:
                    flag.decided = True
                    return True
        return False

    return decide


# --- an object that the first who needs it makes --------------------------------------------------

the_one: Decide | None = None
the_lock = threading.Lock()


def _the_one() -> Decide:
    global the_one  # noqa: PLW0603 - the subject
    if the_one is None:
        the_one = attribute_under_lock()
    return the_one


def lazy_global() -> Decide:
    globals()["the_one"] = None

    def decide(outcome: str) -> bool:
        made = _the_one()
        return made(outcome)

    return decide


def lazy_global_under_lock() -> Decide:
    globals()["the_one"] = None

    def decide(outcome: str) -> bool:
        with the_lock:
            made = _the_one()
        return made(outcome)

    return decide


def lazy_closure() -> Decide:
    made: Decide | None = None

    def decide(outcome: str) -> bool:
        nonlocal made
        if made is None:
            made = attribute_under_lock()
        return made(outcome)

    return decide


def made_before() -> Decide:
    made = attribute_under_lock()

    def decide(outcome: str) -> bool:
        return made(outcome)

    return decide


# --- other places for an attribute ----------------------------------------------------------------


class Shared:
    outcome: str | None = None

    @classmethod
    def decide(cls, outcome: str) -> bool:
        if cls.outcome is None:
            cls.outcome = outcome
            return True
        return False


def class_attribute() -> Decide:
    Shared.outcome = None
    return Shared.decide


class Behind:
    """A property and its setter, which have one name."""

    def __init__(self) -> None:
        self._outcome: str | None = None

    @property
    def outcome(self) -> str | None:
        return self._outcome

    @outcome.setter
    def outcome(self, outcome: str) -> None:
        self._outcome = outcome

    def decide(self, outcome: str) -> bool:
        free = self.outcome is None
        if free:
            self.outcome = outcome
        return free


def behind_property() -> Decide:
    return Behind().decide


def in_generator() -> Decide:
    state: dict[str, str] = {}

    def attempts(outcome: str) -> Iterator[bool]:
        if "first" not in state:
            yield False
            state["first"] = outcome
            yield True

    return lambda outcome: any(attempts(outcome))


def in_context() -> Decide:
    state: list[str] = []

    @contextmanager
    def attempt(outcome: str) -> Iterator[bool]:
        free = not state
        try:
            yield free
        finally:
            state.append(outcome)

    def decide(outcome: str) -> bool:
        with attempt(outcome) as free:
            return free

    return decide


def in_lambda() -> Decide:
    state: dict[str, str] = {}
    return lambda outcome: (
        "first" not in state  # the next line is another
        and not state.update({"first": outcome})
    )


def in_comprehension() -> Decide:
    free = ["one"]
    return lambda outcome: bool(
        [
            free.clear()
            for _ in [outcome]
            if free
        ]
    )  # fmt: skip


def popped() -> Decide:
    free = ["one"]

    def decide(_: str) -> bool:
        try:
            free.pop()
        except IndexError:
            return False
        return True

    return decide


def of_the_thread() -> Decide:
    """A note that each thread makes for itself beside a right decision."""
    notes, right = threading.local(), attribute_under_lock()

    def decide(outcome: str) -> bool:
        if getattr(notes, "mine", None) is None:
            notes.mine = outcome
        return right(notes.mine)

    return decide


WRONG: tuple[Callable[[], Decide], ...] = (
    attribute,
    count,
    augmented,
    checked_twice,
    lazy_global,
    lazy_closure,
    class_attribute,
    behind_property,
    in_generator,
    in_context,
    in_lambda,
    in_comprehension,
)

RIGHT: tuple[Callable[[], Decide], ...] = (
    attribute_under_lock,
    setdefault,
    queued,
    checked_twice_under_lock,
    lazy_global_under_lock,
    made_before,
    popped,
    of_the_thread,
)
