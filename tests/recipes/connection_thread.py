"""As aiosqlite does it: an event loop, and a connection that has a thread of its own."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from workers import outcome

from runfaults.targets import Adapter, Audit, Vocabulary, Work


class Database:
    """Every call is made in the connection's thread, and awaited."""

    def __init__(self, path: Path) -> None:
        self.thread = ThreadPoolExecutor(1)
        self.connection = self.thread.submit(sqlite3.connect, path).result()

    async def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.thread, function, *arguments)

    async def write(self, sql: str, *values: object) -> int | None:
        cursor = await self.call(self.connection.execute, sql, values)
        await self.call(self.connection.commit)
        return cursor.lastrowid


class ConnectionThread(Adapter):
    schema = "CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT)"
    audit = Audit("jobs", key="id", status="state")
    vocabulary = Vocabulary.of("running", "done", "error")
    exempt = {"one-active-run": "jobs run side by side"}  # noqa: RUF012

    def begin(self, database: Path, work: Work) -> None:
        self.database, self.work = Database(database), work
        self.closed = False
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="loop")
        self.thread.start()

    def start(self) -> int | None:
        if self.closed:
            raise RuntimeError("closed")
        return asyncio.run_coroutine_threadsafe(self.add(), self.loop).result()

    async def add(self) -> int | None:
        job = await self.database.write("INSERT INTO jobs (state) VALUES ('running')")
        self.task = asyncio.create_task(self.run(job))
        return job

    async def run(self, job: int | None) -> None:
        state = await asyncio.to_thread(outcome, self.work, None, job)
        await self.database.write("UPDATE jobs SET state = ? WHERE id = ?", state, job)

    async def ended(self) -> None:
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)

    def close(self) -> None:
        """A loop that is left open keeps sockets of this process."""
        self.closed = True
        asyncio.run_coroutine_threadsafe(self.ended(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.database.thread.submit(self.database.connection.close).result()
        self.database.thread.shutdown()
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
