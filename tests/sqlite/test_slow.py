"""What others see of a slow operation: the locks of a real process that waits in its middle."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from io import BufferedReader, FileIO
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from stages import STAGES, Stage
from test_conformance import Striking, locks, outcome, performed, rows

from runfaults.sqlite import Call, real_connect
from runfaults.sqlite.real.system_call import READ_CALLS, WRITE_CALLS, replaced
from runfaults.sqlite.slow import Slow

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")

Locks = dict[str, str]


class Told(NamedTuple):
    """How an operation ended, what is on disk then, and what others could do meanwhile."""

    ended: str
    disk: str
    meanwhile: list[Locks]


def slow_process(path: Path, journal: str, stage: Stage) -> Told:
    """Processes that wait, each before another system call or step of the operation.

    Each has a file of its own: a look of ours may truncate the log, which the next one would meet.
    """
    meanwhile: list[Locks] = []
    for moment in count(1):
        file = path.with_suffix(f".{moment}")
        with process(partial(perform_slowly, file, journal, stage, moment)) as (hear, say):
            if hear.peek(1)[:1] == b".":
                hear.read(1)
                meanwhile.append(locks(file, journal))
                say.write(b".")
                continue
            ended = json.loads(hear.read())
        return Told(ended, on_disk(file), meanwhile)
    raise AssertionError


@contextmanager
def process(job: Callable[[int, int], None]) -> Iterator[tuple[BufferedReader, FileIO]]:
    """A process that says something and waits for an answer; the pipes for both."""
    told_here, told = os.pipe()
    go, go_here = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            job(told, go)
        finally:
            os._exit(0)
    os.close(told)
    os.close(go)
    with os.fdopen(told_here, "rb") as hear, os.fdopen(go_here, "wb", buffering=0) as say:
        yield hear, say
    os.waitpid(pid, 0)


def perform_slowly(path: Path, journal: str, stage: Stage, moment: int, told: int, go: int) -> None:
    """Perform the operation; before this system call or step of it, wait until told to go on."""
    left = moment

    def pause() -> None:
        nonlocal left
        left -= 1
        if not left:
            os.write(told, b".")
            os.read(go, 1)

    def slow(original: Callable[..., int]) -> Callable[..., int]:
        def call(*arguments: int) -> int:
            pause()
            return original(*arguments)

        return call

    with performed(path, journal, stage, None) as connection:
        connection.set_progress_handler(pause, 1)
        with replaced(READ_CALLS + WRITE_CALLS, slow):
            ended = outcome(partial(stage.act, connection))
        outcome(partial(connection.set_progress_handler, None, 0))  # it may have been closed
    if left > 0:
        os.write(told, json.dumps(ended).encode())


def on_disk(path: Path) -> str:
    with closing(real_connect(path, timeout=0)) as reader:
        return rows(reader)


def emulated(path: Path, journal: str, stage: Stage, kind: type[Slow]) -> Told | None:
    """The same of the emulation; None where it strikes nothing."""
    meanwhile: list[Locks] = []

    def take_time(call: Call) -> None:
        meanwhile.append(locks(path, journal))

    gate = Striking(kind(take_time))
    with performed(path, journal, stage, gate) as connection:
        ended = outcome(partial(gate.strike, partial(stage.act, connection)))
    return Told(ended, on_disk(path), meanwhile) if gate.struck else None


def kept_out(seen: Locks) -> int:
    return sum("locked" in each or each == "1" for each in seen.values())


def differences(kind: type[Slow], name: str, journal: str, folder: Path) -> list[str]:
    """What others would see of the emulation and of no real process."""
    stage = STAGES[name]
    seen = emulated(folder / "emulated.db", journal, stage, kind)
    if seen is None:
        return []
    real = slow_process(folder / "real.db", journal, stage)
    strictest = max(map(kept_out, real.meanwhile))
    found = [f"ended: {seen.ended}, {real.ended}"] * (seen.ended != real.ended)
    found += [f"disk: {seen.disk}, {real.disk}"] * (seen.disk != real.disk)
    for each in seen.meanwhile:
        if each not in real.meanwhile:
            found.append(f"never seen: {each}")
        elif kept_out(each) < strictest and name not in LATER_STRICTER:
            found.append(f"less than the most: {each}")
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where the machine has such a place: the tests are about locks, not about disks."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


LATER_STRICTER = {
    "autocommit insert returning": "it commits as its cursor is dropped",
    "autocommit update with a cursor": "at the end it has the whole file, its own cursor included",
    "fetch of an insert": "at the end it has the whole file",
    "fetch of an update by its key": "at the end it has the whole file",
    "fetch of all changes": "at the end it has the whole file",
}
"""Where the emulation keeps the lock with which the operation begins, and why another is later."""

BY_DAY = (
    "autocommit update",
    "commit",
    "fetch of an insert",
    "first update",
    "rollback",
    "select",
)
"""A stage for each way in which it takes its locks."""


@pytest.mark.parametrize("journal", ["delete", "wal"])
@pytest.mark.parametrize(
    "stage",
    [name if name in BY_DAY else pytest.param(name, marks=pytest.mark.nightly) for name in STAGES],
)
def test_others_meet_the_locks_of_a_process_that_waits_in_the_middle(
    stage: str, journal: str, folder: Path
) -> None:
    assert not differences(Slow, stage, journal, folder)


class WithoutLocks(Slow):
    """The naive emulation: time passes before the operation has begun."""

    def strike(self, call: Call) -> object:
        self._take_time(call)
        return call.real()


class KeepingAllOut(Slow):
    """Another: the whole database is locked meanwhile."""

    def strike(self, call: Call) -> object:
        path = call.connection.path if call.connection else ""
        with closing(real_connect(path, isolation_level=None)) as other:
            outcome(lambda: other.execute("BEGIN EXCLUSIVE"))
            self._take_time(call)
        return call.real()


@pytest.mark.parametrize(
    ("naive", "stage", "journal"),
    [
        (WithoutLocks, "commit", "delete"),
        (KeepingAllOut, "select", "delete"),
        (KeepingAllOut, "select", "wal"),
    ],
)
def test_a_naive_emulation_is_found_out(
    naive: type[Slow], stage: str, journal: str, folder: Path
) -> None:
    assert differences(naive, stage, journal, folder)
