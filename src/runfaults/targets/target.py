"""The adapter by which the harness drives a system under test."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import cache
from inspect import isfunction
from pathlib import Path
from typing import Any, Protocol, TypeGuard, TypeVar, runtime_checkable

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


@runtime_checkable
class Exempt(Protocol):
    """A target for which some rules make no sense.

    Attributes:
        exempt: Why, in a phrase, for each such rule by name.
    """

    exempt: Mapping[str, str]


@runtime_checkable
class HasRemarks(Protocol):
    """A target of which a reader of a result has to know something.

    Attributes:
        remarks: A sentence each.
    """

    remarks: tuple[str, ...]


@runtime_checkable
class RecoversLate(Protocol):
    """A target that sees only after a while that a process died: by a lease that runs out.

    Attributes:
        recovers_within: Real seconds after which no run of a dead process is active, if another
            process has the database open.
    """

    recovers_within: float


@runtime_checkable
class Patient(Protocol):
    """A target whose threads keep polling when there is nothing to do.

    Attributes:
        patience: Virtual seconds without news after which none comes; work has as long as it takes.
    """

    patience: float


@runtime_checkable
class Drains(Protocol):
    """A target whose close may leave in its queue, for a later process, what is there.

    Attributes:
        drains: Whether it is closed only when every run has ended; no run is started after that.
    """

    drains: bool


@runtime_checkable
class NamesThreads(Protocol):
    """A target with threads of several sorts, which points and histories should tell apart.

    Attributes:
        threads: What to call a thread, one word, by the beginning of its own name. A thread that
            is not among them is `run`; the second of a sort is `run-2`.
    """

    threads: Mapping[str, str]


@runtime_checkable
class WorksInProcesses(Protocol):
    """A target that does its work in processes of its own, where no schedule reaches.

    A target that does not say so does its work in threads of this process.

    Attributes:
        processes: What they are, in a phrase: `a prefork pool`. Empty: threads after all.
    """

    processes: str


@runtime_checkable
class SingleProcess(Protocol):
    """A target whose database no second process opens.

    Attributes:
        single_process: Why, in a phrase: `the service runs with one worker`. Empty: others may.
    """

    single_process: str


@runtime_checkable
class Entered(Protocol):
    """A target with an import path of its own, on which it is only inside of a block."""

    def entered(self) -> AbstractContextManager[None]:
        """The block: it is prepared and opened inside, and leaves nothing imported behind."""
        ...


@runtime_checkable
class LivesInPackages(Protocol):
    """A target that is installed: its lines are those of packages, not of files of the user.

    Attributes:
        packages: Their names, as they are imported.
    """

    packages: tuple[str, ...]


@runtime_checkable
class NamesCancellable(Protocol):
    """A target with tasks of an event loop that others may cancel, as a server cancels a handler.

    Of a target that does not name them it is those that were begun from outside of the loop, by
    `run_coroutine_threadsafe` for example, and that no thread waits for.

    Attributes:
        cancellable: The qualified names of their coroutines: `Jobs.handle`.
    """

    cancellable: tuple[str, ...]


class Target(Protocol):
    """A system under test.

    An adapter may also be `Exempt`, `HasRemarks`, `Patient`, `Drains`, `NamesThreads`,
    `WorksInProcesses`, `SingleProcess`, `Entered`, `LivesInPackages` and `NamesCancellable`.

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


def works_in_processes(target: Target) -> str:
    """The processes in which a target does its work, in a phrase; empty if there are none."""
    return target.processes if isinstance(target, WorksInProcesses) else ""


def single_process(target: Target) -> str:
    """Why no second process opens its database, in a phrase; empty if others may."""
    return target.single_process if isinstance(target, SingleProcess) else ""


def require_threads(target: Target) -> None:
    """See that a target does its work where a schedule can be kept.

    Raises:
        TargetError: if it does it in processes of its own; the message says what to do.
    """
    if processes := works_in_processes(target):
        raise TargetError(
            f"target {target.name} does its work in processes of its own ({processes}), "
            "and a schedule orders the threads of one process: let its adapter work in threads, if "
            "the system can, or strike inside of its processes with runfaults.sqlite.arm"
        )


def patience_of(target: Target) -> float | None:
    """Virtual seconds without news after which none comes of a target; None: it does not say."""
    return target.patience if isinstance(target, Patient) else None


def drains(target: Target) -> bool:
    """Whether a target is closed only when every run has ended."""
    return isinstance(target, Drains) and target.drains


def exemptions(target: Target) -> tuple[str, ...]:
    """Names of the rules that make no sense for the target."""
    return tuple(target.exempt) if isinstance(target, Exempt) else ()


def remarks(target: Target) -> tuple[str, ...]:
    """The sentences that a reader of a result has to know of the target."""
    told = target.remarks if isinstance(target, HasRemarks) else ()
    exempt: Mapping[str, str] = target.exempt if isinstance(target, Exempt) else {}
    if alone := single_process(target):
        told += (f"no other process is tried beside it: {alone}",)
    return (*told, *(f"{rule} does not judge this target: {why}" for rule, why in exempt.items()))
