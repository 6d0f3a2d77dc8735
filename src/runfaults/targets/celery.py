"""Celery, a task queue, with results in SQLite by SQLAlchemy: https://docs.celeryq.dev."""

from __future__ import annotations

import itertools
import threading
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runfaults.model import Vocabulary
from runfaults.targets.optional import package
from runfaults.targets.target import Audit, Work

PATIENCE = 200.0
"""Virtual seconds that are waited for a worker to be done with a task."""

_ANSWER = 5.0
"""Virtual seconds that the worker has to answer a revocation: its loop waits for two at most."""


class _Progress:
    """The adapter's own notes on what the workers of one schedule have done."""

    def __init__(self) -> None:
        self.numbers: Iterator[int] = itertools.count(1)
        self.workers: Iterator[int] = itertools.count(1)
        self.begun: set[str] = set()
        self.finished: defaultdict[str, threading.Event] = defaultdict(threading.Event)


def _application(database: Path) -> Any:  # noqa: ANN401  # Celery has no types
    return package("celery", "celery").Celery(
        "runfaults",
        broker="memory://",
        backend=f"db+sqlite:///{database}",
        set_as_current=False,
        config_source={"task_track_started": True, "worker_hijack_root_logger": False},
    )


def _nothing() -> None:
    pass


def _observed_request(progress: _Progress) -> type[Any]:
    base: Any = package("celery.worker.request", "celery").Request

    class ObservedRequest(base):
        """A request that says when it was revoked."""

        def revoked(self) -> bool:
            gone = True
            try:
                gone = base.revoked(self)
            finally:
                if gone:
                    progress.finished[self.id].set()
            return gone

    return ObservedRequest


def _observed_worker(progress: _Progress) -> type[Any]:
    base: Any = package("celery.worker", "celery").WorkController

    class ObservedWorker(base):
        """A worker that says when it is done with a request."""

        def _process_task(self, req: Any) -> None:  # noqa: ANN401  # a request
            progress.begun.add(req.id)
            try:
                base._process_task(self, req)  # noqa: SLF001  # all that sees a request's end
            finally:
                progress.finished[req.id].set()

    return ObservedWorker


class CeleryManager:
    """An application that sends tasks, and a worker with the pool `solo` in a thread.

    The broker is the one in memory: what is examined is how outcomes are recorded.
    """

    def __init__(self, database: Path, work: Work, progress: _Progress) -> None:
        def job(run: int) -> str:
            work(None, run)
            return "done"

        self._progress = progress
        self._closed = False
        self._application = _application(database)
        self._job = self._application.task(
            job, name="job", Request=_observed_request(progress), shared=False
        )
        self._ping: Any = self._application.task(
            _nothing, name="ping", ignore_result=True, shared=False
        )
        self._name = f"worker{next(progress.workers)}@runfaults"
        ready = threading.Event()

        def is_ready(_: Any) -> None:  # noqa: ANN401  # the worker's consumer
            ready.set()

        self._worker: Any = _observed_worker(progress)(
            app=self._application,
            pool_cls="solo",
            concurrency=1,
            hostname=self._name,
            without_gossip=True,
            without_heartbeat=True,
            without_mingle=True,
            ready_callback=is_ready,
        )
        self._thread = threading.Thread(target=self._serve, name="worker")
        self._thread.start()
        ready.wait(PATIENCE)
        try:
            self._warm_up()
        except BaseException:
            self.close()
            raise

    def _warm_up(self) -> None:
        """Send a task without a result, as `celery.contrib.testing` does.

        A worker looks for its first task before it looks for revocations, later ones the other
        way round: without this no revocation would ever come in time.
        """
        self._ping.apply_async(task_id=self._name)
        self._progress.finished[self._name].wait(PATIENCE)

    def _serve(self) -> None:
        self._application.set_current()  # for this thread: the tracer asks for it
        self._worker.start()

    def start(self) -> int:
        """Send a task.

        Raises:
            RuntimeError: if the worker was told to stop: no worker would do the work.
        """
        if self._closed:
            raise RuntimeError("the worker was stopped")
        run = next(self._progress.numbers)
        _ = self._progress.finished[str(run)]
        self._job.apply_async((run,), task_id=str(run))
        return run

    def wait(self, run: int) -> None:
        """Wait until the worker is done with the task, or `PATIENCE` is over."""
        self._progress.finished[str(run)].wait(PATIENCE)

    def close(self) -> None:
        """Stop the worker by remote control when it is done with every task."""
        self._closed = True
        for finished in list(self._progress.finished.values()):
            finished.wait(PATIENCE)
        self._application.control.shutdown(destination=[self._name])
        self._thread.join()
        self._application.close()

    def cancel(self, run: int) -> bool | None:
        """Revoke the task: accepted if the worker has confirmed it before it began the task."""
        confirmed = self._application.control.revoke(str(run), reply=True, timeout=_ANSWER)
        return True if confirmed and str(run) not in self._progress.begun else None


class Celery:
    """The target `celery`: needs the extra of that name."""

    name = "celery"
    vocabulary = Vocabulary(
        active=frozenset({"PENDING", "STARTED", "RETRY"}),
        completed=frozenset({"SUCCESS"}),
        cancelled=frozenset({"REVOKED"}),
        failed=frozenset({"FAILURE"}),
    )
    # Celery's ids are texts; ours have digits only, but for that of the task that warms up.
    audit = Audit(table="celery_taskmeta", key="task_id", status="status")
    threads: Mapping[str, str] = {"worker": "worker", "Timer": "timer"}
    exempt: Mapping[str, str] = {
        "one-active-run": "a queue holds as many tasks as are put into it",
        "orphan-is-interrupted-not-failed": "the broker in memory is lost with its process",
    }

    def __init__(self) -> None:
        self._work: Work | None = None
        self._progress = _Progress()

    def prepare(self, database: Path) -> None:
        """Let Celery create its tables."""
        package("sqlalchemy", "celery")
        package("celery.worker.consumer", "celery")
        # It warns of errors around a task with the whole traceback: thousands are provoked here,
        # and a warning that is made an error would take another way than in production.
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"celery\.app\.trace")
        application = _application(database)
        application.backend.ResultSession().close()
        application.close()

    def open(self, database: Path, work: Work) -> CeleryManager:
        """Start a worker whose task plays the script."""
        if work is not self._work:  # a new schedule
            self._work, self._progress = work, _Progress()
            memory: Any = package("kombu.transport.memory", "celery")
            memory.Transport.global_state.clear()
            memory.Channel.queues.clear()
            state: Any = package("celery.worker.state", "celery")
            state.reset_state()
            state.revoked.clear()
        return CeleryManager(database, work, self._progress)
