"""django-tasks-db, the database backend of Django's tasks, on SQLite.

Source: https://github.com/RealOrangeOne/django-tasks-db. Django has one configuration in a process,
so this target needs a process in which no other code has configured Django.
"""

from __future__ import annotations

import inspect
import threading
import time
import uuid
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from runfaults.targets.base import Adapter, Audit, Vocabulary, Work
from runfaults.targets.optional import package
from runfaults.targets.target import TargetError

_package = partial(package, extra="django-tasks")


class DjangoTasks(Adapter):
    """The target `django-tasks`: a project that enqueues tasks, and one `manage.py db_worker`.

    The worker works in a thread. It is started again a second after it died, as a service manager
    would.
    """

    audit = Audit("django_tasks_database_dbtaskresult", key="id", status="status")
    vocabulary = Vocabulary.of(("READY", "RUNNING"), "SUCCESSFUL", "FAILED")
    threads: Mapping[str, str] = {"worker": "worker"}
    patience = 200.0  # longer than any fault that is lifted
    drains = True  # what is in the queue waits for a worker
    exempt: Mapping[str, str] = {
        "one-active-run": "a queue holds as many tasks as are put into it",
        "orphan-is-interrupted-not-failed": "there is no status for a task whose worker died",
        "accepted-cancel-is-cancelled": "a task cannot be cancelled",
    }

    script: ClassVar[Work | None] = None
    task: ClassVar[Any] = None

    def prepare(self, database: Path) -> None:
        """Configure Django once, and migrate.

        Raises:
            TargetError: as `configure`.
        """
        configure()
        use(database)
        _package("django.core.management").call_command("migrate", verbosity=0)
        _package("django.db").connections.close_all()

    def begin(self, database: Path, work: Work) -> None:
        """Start a worker."""
        use(database)
        DjangoTasks.script = work
        self._stopping = False
        self._worker: Any = None
        self._thread = threading.Thread(target=self._serve, name="worker")
        self._thread.start()

    def start(self) -> uuid.UUID:
        """Enqueue a task."""
        try:
            return uuid.UUID(self.task.enqueue().id)
        finally:
            _package("django.db").connections.close_all()

    def close(self) -> None:
        """Stop the worker."""
        self._stopping = True
        if self._worker is not None:
            self._worker.running = False
        self._thread.join()

    def _serve(self) -> None:
        kind = _package("django_tasks_db.management.commands.db_worker").Worker
        while not self._stopping:
            self._worker = kind(**_options(kind))
            try:
                self._worker.run()
            except Exception:  # noqa: BLE001  # whatever it died of
                time.sleep(1.0)
            finally:
                _package("django.db").connections.close_all()


def job(context: Any) -> str:  # noqa: ANN401  # a `TaskContext`
    """The task: replaced by its `Task` once Django is configured, as the decorator does."""
    if DjangoTasks.script is not None:
        DjangoTasks.script(None, uuid.UUID(context.task_result.id))
    return "done"


def _next_id() -> uuid.UUID:
    """Django keeps the function in its settings, and `uuid4` is replaced in a simulation."""
    return uuid.uuid4()


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
    settings = _package("django.conf").settings
    _package("django_tasks_db")
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
        _package("django").setup()
        _package("django_tasks_db.management.commands.db_worker")
        # Either `django.tasks` or, before Django 6, `django_tasks`.
        tasks = _package("django_tasks_db.compat").Task.__module__.removesuffix(".base")
        globals()["job"] = DjangoTasks.task = _package(tasks).task(takes_context=True)(job)
    elif "django_tasks_db" not in settings.INSTALLED_APPS:
        raise TargetError("Django is configured already in this process, without django_tasks_db")


def use(database: Path) -> None:
    """Let every connection from now on be to this file."""
    connections = _package("django.db").connections
    connections.settings["default"]["NAME"] = str(database)
