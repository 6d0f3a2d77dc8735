"""The adapter by which the harness drives a system under test."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import cache
from inspect import isfunction
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, TypeGuard, TypeVar, cast, runtime_checkable

from runfaults.model import Vocabulary
from runfaults.targets.audit import Audit, Audits, AuditScript
from runfaults.targets.client import Client

__all__ = ["Audit", "AuditScript", "Manager", "Target", "Work"]


_Door = TypeVar("_Door")


def offers(manager: object, door: type[_Door]) -> TypeGuard[_Door]:
    """Whether a manager has all methods that a protocol asks for.

    So does `isinstance`, which in Python 3.11 looks up that list each time.
    """
    return all(hasattr(manager, name) for name in _methods(door))


@cache
def _methods(door: type[object]) -> tuple[str, ...]:
    return tuple(
        name for name, value in vars(door).items() if isfunction(value) and not name.startswith("_")
    )


RunId = Any
"""A run's id: a whole number, a text, a UUID, bytes, or a tuple of such."""


class Work(Protocol):
    """The scripted pipeline that a target must run as its work function."""

    def __call__(
        self,
        connection: sqlite3.Connection | None,
        run: RunId | None,
        cancelled: Callable[[], bool] = ...,
        cancel_exception: type[BaseException] | None = ...,
        instead: Callable[[], None] | None = ...,
        client: Client | None = ...,
    ) -> None:
        """Play the script.

        Args:
            connection: The connection that the target hands to its work; None if it has none.
            run: The run's id, if the work is told.
            cancelled: Asks whether the work was told to stop.
            cancel_exception: What the work raises to say that it noticed; None if the target
                knows no such exception.
            instead: Work of the target's own to do in the script's place; how it ends is noted
                as the truth.
            client: What the work asks for answers; None if the target closes nothing under it.
        """
        ...


@runtime_checkable
class Manager(Protocol):
    """One life of the system under test: from opening to closing."""

    def start(self) -> RunId:
        """Start a run; returns its id."""
        ...


@runtime_checkable
class Waits(Protocol):
    """A manager that knows when it has nothing left to do for a run.

    Of any other, a run has ended when the database says so, or nothing can happen any more.
    """

    def wait(self, run: RunId) -> None:
        """Return when the target has nothing left to do for the run."""
        ...


@runtime_checkable
class Closes(Protocol):
    """A manager that ends by being closed.

    Any other is there as long as its process: what it keeps, such as idle threads, is no leak.
    """

    def close(self) -> None:
        """End this life in good order."""
        ...


@runtime_checkable
class Cancels(Protocol):
    """A manager whose runs can be cancelled."""

    def cancel(self, run: RunId) -> bool | None:
        """Ask for the run's end.

        Returns:
            True if the cancel was accepted: the target promises that the run ends as cancelled.
            False if it was refused: the target promises that it changed nothing. None if the
            target promises neither.
        """
        ...


@runtime_checkable
class CancelsInDatabase(Protocol):
    """A manager beside which an API writes `cancelled` on a connection of its own."""

    def cancel_in_database(self, run: RunId) -> None:
        """Write the status as the API does, without asking the manager."""
        ...


Ask = Callable[[RunId, Callable[[], object]], object]
"""Records that the manager is asked to cancel that run, asks, and gives or raises its answer."""


@runtime_checkable
class CancelsByRoute(Protocol):
    """A manager in front of which an API has a route that cancels a run."""

    def cancel_by_route(self, run: RunId, ask: Ask) -> None:
        """Do all that the route does, in its order; ask the manager through `ask`."""
        ...


@runtime_checkable
class Signals(Protocol):
    """A manager that tells subscribers when a run is complete."""

    def subscribe(self, run: RunId) -> Callable[[], str | None]:
        """Register a subscriber.

        Returns:
            A function that waits for the next completion signal and returns its status, or
            None when the subscription has ended.
        """
        ...


@runtime_checkable
class Reads(Protocol):
    """A manager that answers what is recorded."""

    def status(self, run: RunId) -> str | None:
        """The recorded status of the run; None if there is no such run."""
        ...


@runtime_checkable
class Inspectable(Protocol):
    """A manager that can be asked what it still holds."""

    def leaks(self) -> Iterable[tuple[str, str]]:
        """The things that outlive their run, as (sort, which one): (`subscriber`, `run 1`)."""
        ...


class TargetError(ValueError):
    """A target cannot be tested: its adapter or its code breaks the protocol; no violation."""


class Traits:
    """What an adapter may say of its system, each as an attribute of its own; else it is as here.

    Attributes:
        exempt: The rules that make no sense for it: why, in a phrase, by their names.
        remarks: What a reader of a result has to know of it, a sentence each.
        recovers_within: Where it sees a death of a process only after a while, by a lease that runs
            out: real seconds after which no run of a dead process is active, if another process
            has the database open.
        patience: Where its threads keep polling when there is nothing to do: virtual seconds
            without news after which none comes; work has as long as it takes.
        drains: Whether it is closed only when every run has ended, and no run is started after
            that: where its close may leave in its queue, for a later process, what is there.
        threads: Where it has threads of several sorts, which points and histories should tell
            apart: what to call one, in a word, by the beginning of its own name. A thread that is
            not among them is `run`; the second of a sort is `run-2`.
        processes: Those of its own in which it does its work, where no schedule reaches, in a
            phrase: `a prefork pool`. Empty: it does it in threads of this one.
        single_process: Why no second process opens its database, in a phrase: `the service runs
            with one worker`. Empty: others may.
        packages: Where it is installed, the packages that it is, by the names of their imports:
            its lines are theirs, and not those of files of the user.
        cancellable: The qualified names of coroutines, `Jobs.handle`, whose tasks other code may
            cancel, as a server cancels a handler. None: those tasks that were begun from outside
            of the loop, by `run_coroutine_threadsafe` for example, and that no thread waits for.
    """

    exempt: Mapping[str, str] = MappingProxyType({})
    remarks: tuple[str, ...] = ()
    recovers_within: float = 0.0
    patience: float | None = None
    drains: bool = False
    threads: Mapping[str, str] = MappingProxyType({})
    processes: str = ""
    single_process: str = ""
    packages: tuple[str, ...] = ()
    cancellable: tuple[str, ...] | None = None


def traits(target: Target) -> Traits:
    """What a target says of its system; it is asked for each when that is looked at."""
    return cast("Traits", _Asked(target))


class _Asked:
    def __init__(self, target: Target) -> None:
        self._target = target

    def __getattr__(self, name: str) -> object:
        return getattr(self._target, name, getattr(Traits, name))


@runtime_checkable
class Entered(Protocol):
    """A target with an import path of its own, on which it is only inside of a block."""

    def entered(self) -> AbstractContextManager[None]:
        """The block: it is prepared and opened inside, and leaves nothing imported behind."""
        ...


class Target(Protocol):
    """A system under test.

    An adapter may also have any of the `Traits`, and be `Entered`.

    Attributes:
        name: As given to `--target`.
        vocabulary: What its statuses mean.
        audit: Where they are recorded.
    """

    name: str

    @property
    def vocabulary(self) -> Vocabulary:
        """See above."""
        ...

    @property
    def audit(self) -> Audits:
        """See above."""
        ...

    def prepare(self, database: Path) -> None:
        """Create the schema in a new database file."""
        ...

    def open(self, database: Path, work: Work) -> Manager:
        """Begin a life on the database; its runs do `work`."""
        ...


def require_threads(target: Target) -> None:
    """See that a target does its work where a schedule can be kept.

    Raises:
        TargetError: if it does it in processes of its own; the message says what to do.
    """
    if processes := traits(target).processes:
        raise TargetError(
            f"target {target.name} does its work in processes of its own ({processes}), "
            "and a schedule orders the threads of one process: let its adapter work in threads, if "
            "the system can, or strike inside of its processes with runfaults.sqlite.arm"
        )


def remarks(target: Target) -> tuple[str, ...]:
    """The sentences that a reader of a result has to know of the target."""
    said = traits(target)
    alone = f"no other process is tried beside it: {said.single_process}"
    return (
        *said.remarks,
        *[alone] * bool(said.single_process),
        *(f"{rule} does not judge this target: {why}" for rule, why in said.exempt.items()),
    )
