"""SQLAlchemy: an engine with a pool, Core for single statements, ORM sessions, futures for ends."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from owner_lock import OwnerLock

from runfaults.model import Vocabulary
from runfaults.targets.optional import package
from runfaults.targets.target import Audit, Work

sqlalchemy: Any = package("sqlalchemy", "celery")
orm: Any = package("sqlalchemy.orm", "celery")

Base: Any = orm.declarative_base()
Result = TypeVar("Result")


class Job(Base):
    __tablename__ = "jobs"
    id: Any = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
    token: Any = sqlalchemy.Column(sqlalchemy.String(32), nullable=False)
    status: Any = sqlalchemy.Column(sqlalchemy.String(16), nullable=False)
    cancel_requested: Any = sqlalchemy.Column(sqlalchemy.Boolean, nullable=False, default=False)
    __table_args__ = (
        sqlalchemy.Index(
            "one_running", "status", unique=True, sqlite_where=sqlalchemy.text("status = 'running'")
        ),
    )


RUNNING = Job.status == "running"


def _status_of(number: int) -> Any:
    return sqlalchemy.select(Job.status).where(Job.id == number)


END_WITH_WORK = """
    UPDATE jobs SET status = CASE WHEN cancel_requested THEN 'cancelled' ELSE 'succeeded' END
    WHERE id = ? AND status = 'running'
"""
"""In the transaction that the work left open: the row says whether a COMMIT took effect."""


class Service:
    """The unique index sees to it that one job runs; the row says that its cancel was asked for."""

    def __init__(self, database: Path, work: Work) -> None:
        self._work = work
        self._owner = OwnerLock(database)
        self._engine = sqlalchemy.create_engine(
            f"sqlite:///{database}",
            poolclass=sqlalchemy.pool.QueuePool,
            pool_size=3,
            connect_args={"timeout": 1},
        )
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._ends: dict[int, Future[str | None]] = {}
        self._closing = self._closed = False
        self._insist(
            lambda c: c.execute(sqlalchemy.update(Job).where(RUNNING).values(status="lost"))
        )

    def _insist(self, action: Callable[[Any], Result]) -> Result:
        for attempt in itertools.count():
            try:
                with self._engine.begin() as connection:
                    return action(connection)
            except (sqlalchemy.exc.SQLAlchemyError, MemoryError):
                time.sleep(min(0.5 * 2 ** min(attempt, 10), 120))
        raise AssertionError("it counts without end")

    def start(self) -> int:
        with self._lock:
            self._require_open()
            if self._closing:
                raise RuntimeError("the service is being closed")
            number = self._insert(uuid4().hex)
            self._threads.append(threading.Thread(target=self._run, args=(number,)))
            self._threads[-1].start()
            return number

    def _require_open(self) -> None:
        """A connection that was taken from a disposed pool would stay open."""
        if self._closed:
            raise RuntimeError("the service was closed")

    def _insert(self, token: str) -> int:
        """Insert a row; where that raises, no row of this token is left running."""
        try:
            with orm.Session(self._engine, expire_on_commit=False) as session, session.begin():
                job = Job(token=token, status="running")
                session.add(job)
            return job.id
        except sqlalchemy.exc.IntegrityError:
            raise RuntimeError("a job is running") from None
        except BaseException:
            mine = sqlalchemy.update(Job).where(RUNNING, Job.token == token)
            self._insist(lambda connection: connection.execute(mine.values(status="failed")))
            raise

    def _run(self, number: int) -> None:
        outcome = self._perform(number)
        word = sqlalchemy.case((Job.cancel_requested, "cancelled"), else_=outcome)
        end = sqlalchemy.update(Job).where(RUNNING, Job.id == number).values(status=word)
        self._insist(lambda connection: connection.execute(end))
        status = self._insist(lambda connection: connection.scalar(_status_of(number)))
        with self._lock:
            self._ends.setdefault(number, Future()).set_result(status)

    def _perform(self, number: int) -> str:
        try:
            with contextlib.closing(self._engine.raw_connection()) as pooled:
                try:
                    self._work(
                        pooled.driver_connection, number, lambda: self._asked(number), KeyError
                    )
                    if pooled.driver_connection.in_transaction:
                        pooled.driver_connection.execute(END_WITH_WORK, (number,))
                        pooled.commit()
                except KeyError:
                    return "cancelled"
                except BaseException:  # noqa: BLE001 - however the work ended
                    return "failed"
                return "succeeded"
        except (sqlalchemy.exc.SQLAlchemyError, MemoryError):
            return "failed"

    def _asked(self, number: int) -> bool:
        with orm.Session(self._engine) as session:
            return session.get(Job, number).cancel_requested

    def cancel(self, run: int) -> bool:
        wish = sqlalchemy.update(Job).where(RUNNING, Job.id == run).values(cancel_requested=True)
        with self._lock:
            self._require_open()
            with self._engine.begin() as connection:
                return connection.execute(wish).rowcount == 1

    def status(self, run: int) -> str | None:
        with self._lock, orm.Session(self._engine) as session:
            self._require_open()
            return session.scalar(_status_of(run))

    def subscribe(self, run: int) -> Callable[[], str | None]:
        with self._lock:
            end = self._ends.setdefault(run, Future())
            if self._closed and not end.done():
                end.set_result(None)
        answers = iter((end.result, lambda: None))

        def next_signal() -> str | None:
            return next(answers)()

        return next_signal

    def wait(self, run: int) -> None:
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join()

    def close(self) -> None:
        with self._lock:
            self._closing = True
            threads = list(self._threads)
        for thread in threads:
            thread.join()
        with self._lock:
            self._closed = True
            for end in self._ends.values():
                if not end.done():
                    end.set_result(None)
            self._engine.dispose()
        self._owner.release()


class Innocent:
    name = "sqlalchemy-engine"
    vocabulary = Vocabulary(
        active=frozenset({"running"}),
        completed=frozenset({"succeeded"}),
        cancelled=frozenset({"cancelled"}),
        failed=frozenset({"failed"}),
        interrupted=frozenset({"lost"}),
    )
    audit = Audit(table="jobs", key="id", status="status")
    runner: type[Service] = Service

    def prepare(self, database: Path) -> None:
        engine = sqlalchemy.create_engine(f"sqlite:///{database}")
        Base.metadata.create_all(engine)
        engine.dispose()

    def open(self, database: Path, work: Work) -> Service:
        return self.runner(database, work)
