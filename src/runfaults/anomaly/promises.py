"""What a call promises under every fault, one function each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from runfaults.anomaly.clean_runs import CleanRuns, told_difference
from runfaults.anomaly.ending import Endless, Raised, Returned
from runfaults.anomaly.observation import Databases, Observation
from runfaults.anomaly.options import Options
from runfaults.user_code import LEFT_OUT, redacting

_SHOWN = 60
_NOTHING_IN_IT = {"[]", "{}", "()", "''", "b''", "set()", "frozenset()"}
_EMPTY = _NOTHING_IN_IT | {"0", "0.0"}


class Evidence(NamedTuple):
    """What a repetition is judged by.

    Attributes:
        clean: What the call does when nothing strikes.
        seen: What it did when the fault struck.
        options: What its author promises.
        takes_effect: The struck operation has had its effect, though it raised.
    """

    clean: CleanRuns
    seen: Observation
    options: Options
    takes_effect: bool

    @property
    def as_before(self) -> bool:
        """Whether nothing has changed."""
        return self.clean.is_as_before(self.seen)

    @property
    def done(self) -> bool:
        """Whether all is done, once."""
        return self.clean.is_done(self.seen)

    @property
    def says_not_done(self) -> bool:
        """Whether the answer is another one than that of the clean runs: `False`, an error."""
        ending = self.seen.ending
        return (
            isinstance(ending, Returned)
            and self.clean.answer is not None
            and ending.answer != self.clean.answer
        )

    def difference(self, found: Databases, expected: Databases | None = None) -> tuple[str, ...]:
        """From what is expected, in lines."""
        wanted = self.clean.done if expected is None else expected
        return tuple(told_difference(self.clean, wanted, found))


class Broken(NamedTuple):
    """A promise that a repetition has broken.

    Attributes:
        promise: Its name: what findings are grouped by.
        what: What happened instead.
        details: Lines, such as the rows that differ.
    """

    promise: str
    what: str
    details: tuple[str, ...] = ()


def ends(of: Evidence) -> Broken | None:
    """The call ends."""
    for words, ending in (("the call", of.seen.ending), ("the same call again", of.seen.again)):
        if isinstance(ending, Endless):
            return Broken("ends", f"{words} does not end: {ending.why}", of.seen.deaths)
    return None


def unlocks(of: Evidence) -> Broken | None:
    """It leaves no lock that it does not leave when nothing strikes."""
    left, usual = of.seen.left, of.clean.left
    if len(left.locked) <= len(usual.locked):
        return None
    transaction = left.transactions > usual.transactions
    how = "a transaction is left open" if transaction else "a lock is left behind"
    return Broken(
        "unlocks", f"{how}: no other connection can write to {Path(left.locked[-1]).name}"
    )


def keeps_sound(of: Evidence) -> Broken | None:
    """The database stays sound."""
    usual = {state.integrity for state in (*of.clean.before, *of.clean.done)}
    for state in (*(of.seen.now or ()), *(of.seen.final or ())):
        if state.integrity not in usual | {"ok"}:
            return Broken("keeps sound", f"integrity_check says: {state.integrity}")
    return None


def tells_the_truth(of: Evidence) -> Broken | None:
    """What it returned for is done, and done once."""
    now = of.seen.now
    if not isinstance(of.seen.ending, Returned) or now is None or of.done:
        return None
    if of.as_before:
        if of.says_not_done:
            return None
        return Broken(
            "tells the truth",
            "it returned as if all were done, but the database is as before",
            of.difference(now),
        )
    doubled = of.clean.doubled
    if doubled is not None and of.clean.same(now, doubled):
        return Broken("tells the truth", "it returned, and has done it twice", of.difference(now))
    if not of.options.atomic:
        return None
    return Broken(
        "tells the truth",
        "it returned, but the database differs from the expected one",
        of.difference(now),
    )


def answers_rightly(of: Evidence) -> Broken | None:
    """Where it only reads, it does not return something else as if that were there.

    `None`, `False` and other values may say that it could not read: what is empty, and a collection
    of other things, do not. Where it has changed all, numbers and what is in a collection may tell
    how: what is empty tells nothing.
    """
    ending, usual = of.seen.ending, of.clean.answer
    if not isinstance(ending, Returned) or not usual or not ending.answer:
        return None
    answer = ending.answer
    if answer == usual or usual in {"None", "False", "True"}:
        return None
    if of.clean.changes:
        if not of.done or answer not in _NOTHING_IN_IT:
            return None
    elif answer not in _EMPTY and (answer[0] != usual[0] or answer[0] not in "[{"):
        return None
    return Broken(
        "answers rightly",
        f"it returned {_short(answer)}, as if that were all; without a fault it returns "
        f"{_short(usual)}",
    )


def _short(text: str) -> str:
    if redacting() and text not in _NOTHING_IN_IT:
        return LEFT_OUT
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def raises_the_cause(of: Evidence) -> Broken | None:
    """It raises the fault's error, or one that is chained to it."""
    ending = of.seen.ending
    if not isinstance(ending, Raised) or ending.of_fault or of.seen.struck_elsewhere:
        return None
    return Broken(
        "raises the cause",
        f"it raised {ending.what}, which is not chained to the fault: the cause is lost "
        "(`raise ... from error`)",
        tuple(ending.place.strip().splitlines()),
    )


def is_atomic(of: Evidence) -> Broken | None:
    """What raised has changed nothing."""
    now, ending = of.seen.now, of.seen.ending
    if not isinstance(ending, Raised) or now is None or not of.options.atomic or of.as_before:
        return None
    if of.done:
        if of.takes_effect:
            return None
        return Broken(
            "is atomic",
            f"it raised {ending.what}, but all is done: a retry does it twice",
            of.difference(now, of.seen.before),
        )
    return Broken(
        "is atomic",
        f"it raised {ending.what}, but a part is done",
        of.difference(now, of.seen.before),
    )


def recovers(of: Evidence) -> Broken | None:
    """The same call on the same object works when the fault has ended."""
    ending, again = of.seen.ending, of.seen.again
    if not isinstance(ending, Raised) or not of.options.recovers:
        return None
    if isinstance(again, Raised):
        if of.done and not of.as_before:
            return None  # it was done already
        return Broken(
            "recovers",
            f"after the fault, the same call on the same object raises {again.what}",
            (f"it had raised {ending.what}", *again.place.strip().splitlines(), *of.seen.deaths),
        )
    final = of.seen.final
    partial = not of.options.atomic and not of.done
    if not isinstance(again, Returned) or not (of.as_before or partial) or final is None:
        return None
    if of.clean.same(of.clean.padded(final), of.clean.done):
        return None
    return Broken(
        "recovers",
        "after the fault, the same call on the same object leaves a different database",
        (f"it had raised {ending.what}", *of.difference(final)),
    )


def leaves_the_test_right(of: Evidence) -> Broken | None:
    """What the test says behind the call holds, and its fixtures can be torn down."""
    for phase, text in (of.seen.afterwards or {}).items():
        told = "the test's own assertion fails" if phase == "call" else f"the {phase} fails"
        return Broken("leaves the test right", told, tuple(text.splitlines()))
    return None


Promise = Callable[[Evidence], Broken | None]

PROMISES: tuple[Promise, ...] = (
    ends,
    unlocks,
    keeps_sound,
    tells_the_truth,
    answers_rightly,
    raises_the_cause,
    is_atomic,
    recovers,
    leaves_the_test_right,
)
"""In an order in which one that is broken explains those behind it."""


OF_A_WHOLE_TEST = 3
"""So many of them a test keeps that sets up, calls and checks, and is no unit of its own."""


def broken(of: Evidence) -> Iterator[Broken]:
    """The promises that a repetition has broken, the first cause first."""
    for promise in PROMISES[:OF_A_WHOLE_TEST] if of.options.whole else PROMISES:
        found = promise(of)
        if found is not None:
            yield found
