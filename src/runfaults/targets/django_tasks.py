"""django-tasks-db, the database backend of Django's tasks, on SQLite.

Source: https://github.com/RealOrangeOne/django-tasks-db. Django has one configuration in a process,
so this target needs a process in which no other code has configured Django.
"""

from __future__ import annotations

import inspect
import itertools
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from runfaults.model import Vocabulary
from runfaults.targets.optional import package
from runfaults.targets.target import Audit, TargetError, Work

EXTRA = "django-tasks"

PATIENCE = 200.0
"""Virtual seconds that are waited for a worker to be done with a task."""


class _Script:
    """The work of this process's task."""

    work: Work | None = None
    numbers: Iterator[int] = iter(())
    finished: ClassVar[defaultdict[int, threading.Event]] = defaultdict(threading.Event)


def _next_id() -> uuid.UUID:
    return uuid.UUID(f"{next(_Script.numbers):032d}")


def job(run: int) -> str:
    """The task: replaced by its `Task` once Django is configured, as the decorator does."""
    if _Script.work is not None:
        _Script.work(None, run)
    return "done"


class DjangoTasksManager:
    """A project that enqueues tasks, and one worker of `manage.py db_worker` in a thread.

    The worker is started again a second after it died, as a service manager would.
    """

    def __init__(self) -> None:
        self._finished = _Script.finished
        self._closed = self._stopping = False
        self._worker: Any = None
        self._thread = threading.Thread(target=self._serve, name="worker")
        self._thread.start()

    def start(self) -> int:
        """Enqueue a task.

        Raises:
            RuntimeError: if the worker was told to stop: no worker would do the work.
        """
        if self._closed:
            raise RuntimeError("the worker was stopped")
        # The id is drawn in `enqueue`; the task is told the same number.
        run = next(_Script.numbers)
        _Script.numbers = itertools.chain([run], _Script.numbers)
        _ = self._finished[run]
        try:
            job_task: Any = job
            job_task.enqueue(run)
        finally:
            package("django.db", EXTRA).connections.close_all()
        return run

    def wait(self, run: int) -> None:
        """Wait until the worker is done with the task, or `PATIENCE` is over."""
        self._finished[run].wait(PATIENCE)

    def close(self) -> None:
        """Stop the worker when it is done with every task: one in the queue is no fault."""
        self._closed = True
        for finished in list(self._finished.values()):
            finished.wait(PATIENCE)
        self._stopping = True
        if self._worker is not None:
            self._worker.running = False
        self._thread.join()

    def _serve(self) -> None:
        finished = self._finished
        base: Any = package("django_tasks_db.management.commands.db_worker", EXTRA).Worker

        class Observed(base):
            """The worker, which says when it is done with a task."""

            def run_task(self, db_task_result: Any) -> None:  # noqa: ANN401  # a model
                try:
                    base.run_task(self, db_task_result)
                finally:
                    finished[db_task_result.args_kwargs["args"][0]].set()

        while not self._stopping:
            self._worker = Observed(**_options(base))
            try:
                self._worker.run()
            except Exception:  # noqa: BLE001  # whatever it died of
                time.sleep(1.0)
            finally:
                package("django.db", EXTRA).connections.close_all()


class DjangoTasks:
    """The target `django-tasks`: needs the extra of that name."""

    name = EXTRA
    vocabulary = Vocabulary(
        active=frozenset({"READY", "RUNNING"}),
        completed=frozenset({"SUCCESSFUL"}),
        cancelled=frozenset(),
        failed=frozenset({"FAILED"}),
    )
    # The ids are UUIDs; ours have decimal digits only.
    audit = Audit(table="django_tasks_database_dbtaskresult", key="id", status="status")
    threads: Mapping[str, str] = {"worker": "worker"}
    exempt: Mapping[str, str] = {
        "one-active-run": "a queue holds as many tasks as are put into it",
        "orphan-is-interrupted-not-failed": "there is no status for a task whose worker died",
        "accepted-cancel-is-cancelled": "a task cannot be cancelled",
    }

    def prepare(self, database: Path) -> None:
        """Configure Django once, and migrate.

        Raises:
            TargetError: as `configure`.
        """
        configure()
        use(database)
        package("django.core.management", EXTRA).call_command("migrate", verbosity=0)
        package("django.db", EXTRA).connections.close_all()

    def open(self, database: Path, work: Work) -> DjangoTasksManager:
        """Start a worker whose task plays the script."""
        use(database)
        if work is not _Script.work:  # a new schedule
            _Script.work, _Script.numbers = work, itertools.count(1)
            _Script.finished = defaultdict(threading.Event)
        return DjangoTasksManager()


def _options(worker: type[Any]) -> dict[str, Any]:
    """The defaults of `manage.py db_worker`, as far as this version has them."""
    options = {
        "queue_names": ["default"],
        "interval": 1.0,
        "batch": False,
        "backend_name": "default",
        "startup_delay": False,
        "max_tasks": None,
        "worker_id": "worker",
        "excluded_queue_names": [],
    }
    known = inspect.signature(worker).parameters
    return {name: value for name, value in options.items() if name in known}


def configure() -> None:
    """Configure Django, unless it is configured so already.

    Raises:
        TargetError: if it is configured otherwise: that can be done once in a process.
    """
    settings = package("django.conf", EXTRA).settings
    package("django_tasks_db", EXTRA)
    if not settings.configured:
        settings.configure(
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ""}},
            INSTALLED_APPS=["django_tasks_db"],
            TASKS={
                "default": {
                    "BACKEND": "django_tasks_db.DatabaseBackend",
                    "OPTIONS": {"id_function": _next_id},
                }
            },
            USE_TZ=True,
            LOGGING_CONFIG=None,
        )
        package("django", EXTRA).setup()
        package("django_tasks_db.management.commands.db_worker", EXTRA)
        # Either `django.tasks` or, before Django 6, `django_tasks`.
        tasks = package("django_tasks_db.compat", EXTRA).Task.__module__.removesuffix(".base")
        decorate = package(tasks, EXTRA).task
        globals()["job"] = decorate()(job)
    elif "django_tasks_db" not in settings.INSTALLED_APPS:
        raise TargetError("Django is configured already in this process, without django_tasks_db")


def use(database: Path) -> None:
    """Let every connection from now on be to this file."""
    connections = package("django.db", EXTRA).connections
    connections.settings["default"]["NAME"] = str(database)
