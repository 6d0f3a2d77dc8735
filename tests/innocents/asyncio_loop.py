"""An asyncio loop in a thread: a task for each run, SQLite in `to_thread`, an event for the end."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import certain_commit
from owner_lock import OwnerLock

from runfaults.model import Vocabulary
from runfaults.targets.target import Audit, Work

Result = TypeVar("Result")


class Halted(Exception):  # noqa: N818 - what happened, not what went wrong
    """The work noticed that it was cancelled."""


class Loop:
    """All that is shared is touched by the loop's thread alone, so nothing needs a lock."""

    def __init__(self, database: Path, work: Work) -> None:
        self._database = database
        self._work = work
        self._owner = OwnerLock(database)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._halted: set[int] = set()
        self._decided: set[int] = set()
        self._outcomes: dict[int, str] = {}
        self._starting: asyncio.Lock | None = None
        self._changed: asyncio.Condition | None = None
        self._closing = self._over = self._stopped = False
        self._gate = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        self._send(self._begin).result()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        while tasks := asyncio.all_tasks(self._loop):  # sent before it was told to stop
            self._loop.run_until_complete(asyncio.wait(tasks))
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def _send(
        self, function: Callable[..., Coroutine[Any, Any, Result]], *arguments: int
    ) -> Future[Result]:
        with self._gate:
            if self._stopped:
                raise RuntimeError("the loop was stopped")
            return asyncio.run_coroutine_threadsafe(function(*arguments), self._loop)

    async def _begin(self) -> None:
        self._starting, self._changed = asyncio.Lock(), asyncio.Condition()
        await self._insist("UPDATE runs SET status = 'interrupted' WHERE status = 'running'")

    def _once(self, sql: str, values: tuple[object, ...]) -> Any:
        with contextlib.closing(sqlite3.connect(self._database, timeout=1)) as connection:
            cursor = connection.execute(sql, values)
            row = cursor.fetchone() if cursor.description else None
            cursor.close()
            connection.commit()
            return row

    async def _insist(self, sql: str, *values: object) -> Any:
        pause = 1
        while True:
            try:
                return await asyncio.to_thread(self._once, sql, values)
            except (sqlite3.Error, MemoryError):
                await asyncio.sleep(pause)
                pause = min(3 * pause, 1000)

    # --- a run --------------------------------------------------------------------------------

    async def _start(self) -> int:
        assert self._starting is not None
        async with self._starting:
            if self._closing:
                raise RuntimeError("closing")
            if any(not task.done() for task in self._tasks.values()):
                raise RuntimeError("a run is active")
            (number,) = await self._insist("SELECT coalesce(max(id), 0) + 1 FROM runs")
            await self._insist(
                "INSERT INTO runs (id, status) VALUES (?, 'running') ON CONFLICT DO NOTHING", number
            )
            self._tasks[number] = asyncio.create_task(self._live(number))
            return number

    async def _live(self, number: int) -> None:
        assert self._changed is not None
        ending = await asyncio.to_thread(self._perform, number)
        self._decided.add(number)
        outcome = "cancelled" if number in self._halted else ending
        await self._insist(
            "UPDATE runs SET status = ? WHERE id = ? AND status = 'running'", outcome, number
        )
        self._outcomes[number] = outcome
        async with self._changed:
            self._changed.notify_all()

    def _perform(self, number: int) -> str:
        try:
            with contextlib.closing(sqlite3.connect(self._database, timeout=1)) as connection:
                return self._work_on(connection, number)
        except (sqlite3.Error, MemoryError):
            return "failed"

    def _work_on(self, connection: sqlite3.Connection, number: int) -> str:
        try:
            self._work(connection, number, lambda: number in self._halted, Halted)
            if connection.in_transaction:
                certain_commit.commit(connection, self._database, number)
        except Halted:
            return "cancelled"
        except BaseException:  # noqa: BLE001 - whatever it is, it is how the work ended
            return "failed"
        return "completed"

    # --- what users ask for -------------------------------------------------------------------

    async def _cancel(self, number: int) -> bool:
        if number not in self._tasks or number in self._decided:
            return False
        self._halted.add(number)
        return True

    async def _ended(self, number: int) -> str | None:
        assert self._changed is not None
        async with self._changed:
            await self._changed.wait_for(lambda: self._over or number in self._outcomes)
        return self._outcomes.get(number)

    async def _join(self, number: int) -> None:
        await asyncio.wait([self._tasks[number]])

    async def _close(self) -> None:
        assert self._starting is not None
        assert self._changed is not None
        self._closing = True
        async with self._starting:
            pass
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()))
        self._over = True
        async with self._changed:
            self._changed.notify_all()

    def start(self) -> int:
        return self._send(self._start).result()

    def cancel(self, run: int) -> bool:
        return self._send(self._cancel, run).result()

    def status(self, run: int) -> str | None:
        row = self._once("SELECT status FROM runs WHERE id = ?", (run,))
        return row[0] if row else None

    def subscribe(self, run: int) -> Callable[[], str | None]:
        try:
            ended = self._send(self._ended, run)
        except RuntimeError:
            return lambda: None
        told: list[bool] = []

        def next_signal() -> str | None:
            if told:
                return None
            told.append(True)
            return ended.result()

        return next_signal

    def wait(self, run: int) -> None:
        with contextlib.suppress(RuntimeError):  # a stopped loop has nothing left to do
            self._send(self._join, run).result()

    def close(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._send(self._close).result()
            with self._gate:
                if not self._stopped:
                    self._loop.call_soon_threadsafe(self._loop.stop)
                self._stopped = True
        self._thread.join()
        self._owner.release()


class Innocent:
    name = "asyncio-loop"
    vocabulary = Vocabulary(
        active=frozenset({"running"}),
        completed=frozenset({"completed"}),
        cancelled=frozenset({"cancelled"}),
        failed=frozenset({"failed"}),
        interrupted=frozenset({"interrupted"}),
    )
    audit = Audit(table="runs", key="id", status="status")
    runner: type[Loop] = Loop

    def prepare(self, database: Path) -> None:
        asyncio.run(asyncio.to_thread(int))  # what asyncio imports late
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute(certain_commit.SCHEMA)
            connection.execute("CREATE TABLE runs (id INTEGER PRIMARY KEY, status TEXT NOT NULL)")

    def open(self, database: Path, work: Work) -> Loop:
        return self.runner(database, work)
