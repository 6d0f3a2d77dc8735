"""Celery, a task queue, with results in SQLite by SQLAlchemy: https://docs.celeryq.dev."""

from __future__ import annotations

import itertools
import threading
import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from runfaults.targets.base import Adapter, Audit, Vocabulary, Work
from runfaults.targets.optional import package

_package = partial(package, extra="celery")

_ANSWER = 5.0
"""Virtual seconds that the worker has to answer a revocation: its loop waits for two at most."""


class Celery(Adapter):
    """The target `celery`: an application, and a worker with the pool `solo` in a thread.

    The broker is the one in memory: what is examined is how outcomes are recorded.
    """

    audit = Audit("celery_taskmeta", key="task_id", status="status")
    vocabulary = Vocabulary.of(("PENDING", "STARTED", "RETRY"), "SUCCESS", "FAILURE", "REVOKED")
    threads: Mapping[str, str] = {"worker": "worker", "Timer": "timer"}
    patience = 200.0  # longer than any fault that is lifted
    drains = True  # what is in the queue waits for a worker
    exempt: Mapping[str, str] = {
        "one-active-run": "a queue holds as many tasks as are put into it",
        "orphan-is-interrupted-not-failed": "the broker in memory is lost with its process",
    }

    def prepare(self, database: Path) -> None:
        """Let Celery create its tables."""
        _package("sqlalchemy")
        _package("celery.worker.consumer")
        # It warns of errors around a task with the whole traceback: thousands are provoked here,
        # and a warning that is made an error would take another way than in production.
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"celery\.app\.trace")
        application = _application(database)
        application.backend.ResultSession().close()
        application.close()

    def reset(self) -> None:
        """Empty the broker, and forget what is known of tasks."""
        memory: Any = _package("kombu.transport.memory")
        memory.Transport.global_state.clear()
        memory.Channel.queues.clear()
        state: Any = _package("celery.worker.state")
        state.reset_state()
        state.revoked.clear()
        self._begun: set[str] = set()
        self._numbers = itertools.count(1)

    def begin(self, database: Path, work: Work) -> None:
        """Start a worker, and wait until it has done a first task."""

        def job(task: Any) -> str:  # noqa: ANN401  # Celery has no types
            work(None, task.request.id)
            return "done"

        def ping() -> None:
            warm.set()

        self._is_warm = warm = threading.Event()
        self._application = _application(database)
        self._ping: Any = self._application.task(
            ping, name="ping", ignore_result=True, shared=False
        )
        self._job = self._application.task(job, name="job", bind=True, shared=False)
        self._name = f"worker{next(self._numbers)}@runfaults"
        ready = threading.Event()

        def is_ready(_: Any) -> None:  # noqa: ANN401  # the worker's consumer
            ready.set()

        self._worker: Any = _worker(self._begun)(
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
        ready.wait(self.patience)
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
        self._is_warm.wait(self.patience)

    def _serve(self) -> None:
        self._application.set_current()  # for this thread: the tracer asks for it
        self._worker.start()

    def start(self) -> str:
        """Send a task."""
        return self._job.apply_async().id

    def close(self) -> None:
        """Stop the worker by remote control."""
        self._application.control.shutdown(destination=[self._name])
        self._thread.join()
        self._application.close()

    def cancel(self, run: str) -> bool | None:
        """Revoke the task: accepted if the worker has confirmed it before it began the task."""
        confirmed = self._application.control.revoke(run, reply=True, timeout=_ANSWER)
        return True if confirmed and run not in self._begun else None


def _application(database: Path) -> Any:  # noqa: ANN401  # Celery has no types
    return _package("celery").Celery(
        "runfaults",
        broker="memory://",
        backend=f"db+sqlite:///{database}",
        set_as_current=False,
        config_source={"task_track_started": True, "worker_hijack_root_logger": False},
    )


def _worker(begun: set[str]) -> type[Any]:
    """A worker that notes which tasks it has begun."""
    base: Any = _package("celery.worker").WorkController

    class Worker(base):
        def _process_task(self, req: Any) -> None:  # noqa: ANN401  # a request
            begun.add(req.id)
            base._process_task(self, req)  # noqa: SLF001  # all that sees a request's beginning

    return Worker
