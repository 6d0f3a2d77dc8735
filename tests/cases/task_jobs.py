"""Job runners on an event loop: wrong ones, which only tasks show, and right twins."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from runfaults.targets.target import Work

Answer = TypeVar("Answer")


async def finished(awaited: Awaitable[Answer]) -> Answer:
    """Its answer, whoever is cancelled meanwhile."""
    task = asyncio.ensure_future(awaited)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
    return task.result()


class TaskJobs:
    """Each job is a task, which does the work in a thread and records how it went."""

    def __init__(self, database: Path, work: Work) -> None:
        self.database, self.work = database, work
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.ask(self.begin())

    def ask(self, coroutine: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    async def begin(self) -> None:
        self.lock = asyncio.Lock()
        self.states: dict[int, str] = {}

    async def end(self) -> None:
        async with self.lock:
            pass

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.database)

    def start(self) -> int:
        with closing(self.connect()) as connection:
            job = connection.execute("INSERT INTO jobs (state) VALUES ('running')").lastrowid
            connection.commit()
        assert job is not None
        asyncio.run_coroutine_threadsafe(self.handle(job), self.loop)
        return job

    async def handle(self, job: int) -> None:
        await finished(self.whole(job))

    async def whole(self, job: int) -> None:
        self.record(job, await self.perform(job))

    async def perform(self, job: int) -> str:
        return await finished(asyncio.to_thread(self.outcome, job))

    def outcome(self, job: int) -> str:
        with closing(self.connect()) as connection:
            try:
                self.work(connection, job)
            except BaseException:  # noqa: BLE001 - whatever it is, it is how the work ended
                return "error"
            connection.commit()
            return "done"

    def record(self, job: int, state: str) -> None:
        with closing(self.connect()) as connection:
            connection.execute(
                "UPDATE jobs SET state = ? WHERE id = ? AND state = 'running'", (state, job)
            )
            connection.commit()

    def close(self) -> None:
        self.ask(self.end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        while tasks := asyncio.all_tasks(self.loop):
            self.loop.run_until_complete(asyncio.wait(tasks))
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


# --- the end is told before the outcome is there --------------------------------------------------


class ToldTooEarly(TaskJobs):
    """The task that records takes more turns of the loop to wake up than the outcome takes."""

    async def whole(self, job: int) -> None:
        ended = asyncio.Event()
        recording = asyncio.ensure_future(self.recorded(job, ended))
        state = await self.perform(job)
        ended.set()
        await asyncio.sleep(0)
        self.states[job] = state
        await recording

    async def recorded(self, job: int, ended: asyncio.Event) -> None:
        await asyncio.gather(ended.wait())
        self.record(job, self.states.get(job, "error"))


class ToldInTime(ToldTooEarly):
    async def whole(self, job: int) -> None:
        ended = asyncio.Event()
        recording = asyncio.ensure_future(self.recorded(job, ended))
        self.states[job] = await self.perform(job)
        ended.set()
        await recording


# --- looked at, awaited, then taken ---------------------------------------------------------------


class CheckedThenAwaited(TaskJobs):
    """Two workers: the second one looks when the first one has taken the job, as a rule."""

    def __init__(self, database: Path, work: Work) -> None:
        super().__init__(database, work)
        self.waiting: list[int] = []

    async def whole(self, job: int) -> None:
        self.waiting.append(job)
        await asyncio.gather(self.quick(), asyncio.gather(self.slow()))

    async def quick(self) -> None:
        await self.serve()

    async def slow(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        await self.serve()

    async def serve(self) -> None:
        if self.waiting:
            job = self.waiting[0]
            await asyncio.sleep(0)
            self.waiting = [each for each in self.waiting if each != job]
            self.record(job, await self.perform(job))


class Taken(CheckedThenAwaited):
    async def serve(self) -> None:
        if self.waiting:
            job = self.waiting.pop(0)
            await asyncio.sleep(0)
            self.record(job, await self.perform(job))


# --- cancelled ------------------------------------------------------------------------------------


class ExceptException(TaskJobs):
    """`CancelledError` is no `Exception`."""

    async def handle(self, job: int) -> None:
        try:
            state = await asyncio.to_thread(self.outcome, job)
        except Exception:  # noqa: BLE001 - not enough, on purpose
            state = "error"
        self.record(job, state)


class AwaitedInFinally(TaskJobs):
    """The outcome is kept, but another await can be cancelled before it is recorded."""

    async def handle(self, job: int) -> None:
        state = "error"
        try:
            state = await self.perform(job)
        finally:
            await asyncio.sleep(0)
            self.record(job, state)


class ShieldedInFinally(AwaitedInFinally):
    async def handle(self, job: int) -> None:
        state = "error"
        try:
            state = await self.perform(job)
        finally:
            await finished(asyncio.sleep(0))
            self.record(job, state)


class CalledAFailure(TaskJobs):
    """The work goes on in its thread, whatever happens to the task that waits for it."""

    async def handle(self, job: int) -> None:
        try:
            self.record(job, await asyncio.to_thread(self.outcome, job))
        except asyncio.CancelledError:
            self.record(job, "error")
            raise


class Held(TaskJobs):
    """The lock that `end` takes is not released by who is cancelled."""

    async def handle(self, job: int) -> None:
        await super().handle(job)
        await self.lock.acquire()
        await asyncio.sleep(0)
        self.lock.release()


class Released(TaskJobs):
    async def handle(self, job: int) -> None:
        await super().handle(job)
        async with self.lock:
            await asyncio.sleep(0)


class LostByGather(TaskJobs):
    """What was cancelled counts as done: `gather` returns an error that is no `Exception`."""

    async def whole(self, job: int) -> None:
        results = await asyncio.gather(self.tried(job), asyncio.sleep(0), return_exceptions=True)
        self.record(job, "error" if isinstance(results[0], Exception) else "done")

    async def tried(self, job: int) -> None:
        await asyncio.sleep(0)
        if await self.perform(job) == "error":
            raise RuntimeError("the work failed")


class SeenByGather(LostByGather):
    async def whole(self, job: int) -> None:
        results = await asyncio.gather(self.tried(job), asyncio.sleep(0), return_exceptions=True)
        self.record(job, "error" if isinstance(results[0], BaseException) else "done")


# --- a locked database, and a cancel while it is waited for ---------------------------------------


class CancelledBetweenAttempts(TaskJobs):
    """Only the wait before another attempt to record can be cancelled."""

    async def handle(self, job: int) -> None:
        await self.recorded(job, await finished(self.perform(job)))

    async def recorded(self, job: int, state: str) -> None:
        while True:
            try:
                self.record(job, state)
            except sqlite3.OperationalError:
                await asyncio.sleep(1)
            else:
                return

    def outcome(self, job: int) -> str:
        try:
            with closing(self.connect()) as connection:
                self.work(connection, job)
        except BaseException:  # noqa: BLE001 - whatever it is, it is how the work ended
            return "error"
        return "done"


class AttemptedToTheEnd(CancelledBetweenAttempts):
    async def handle(self, job: int) -> None:
        await finished(super().handle(job))


# --- all that a loop has --------------------------------------------------------------------------


class Everything(TaskJobs):
    """A queue, a semaphore, a condition, a group, a deadline: none of them counts on an order."""

    async def begin(self) -> None:
        await super().begin()
        self.queue: asyncio.Queue[int] = asyncio.Queue()
        self.changed = asyncio.Condition()
        self.serving = [asyncio.create_task(self.serve()) for _ in range(2)]

    async def end(self) -> None:
        await super().end()
        for task in self.serving:
            task.cancel()
        await asyncio.gather(*self.serving, return_exceptions=True)

    async def serve(self) -> None:
        while True:
            job = await self.queue.get()
            await finished(self.serve_one(job))

    async def serve_one(self, job: int) -> None:
        async with asyncio.timeout(7200), asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(1))
            working = group.create_task(self.perform(job))
        async with self.changed:
            self.states[job] = working.result()
            self.changed.notify_all()

    async def whole(self, job: int) -> None:
        await self.queue.put(job)
        async with self.changed:
            await self.changed.wait_for(lambda: job in self.states)
        self.record(job, self.states[job])
