"""Connection faults reach Django's ORM, which brings a cursor class of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from runfaults.sqlite import inject
from runfaults.targets.django_tasks import configure, use

django: Any = pytest.importorskip("django")
pytest.importorskip("django_tasks_db", reason="needs the extra django-tasks")
db: Any = pytest.importorskip("django.db")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A project of one model in one module: this one."""
    file = tmp_path_factory.mktemp("django") / "jobs.db"
    configure()  # Django can be configured once in a process: let both be of one mind
    use(file)
    default = db.connections.settings["default"]
    options, default["OPTIONS"] = default["OPTIONS"], {"timeout": 0}

    class Job(db.models.Model):
        status: Any = db.models.CharField(max_length=20)

        class Meta:
            app_label = "jobs"

        def __str__(self) -> str:
            return str(self.status)

    with db.connection.schema_editor() as editor:
        editor.create_model(Job)
    db.connection.close()
    yield Job
    db.connection.close()
    default["OPTIONS"] = options


@pytest.fixture
def job(models: Any) -> Iterator[Any]:
    """The model, with an empty table and no connection: faults strike those opened inside."""
    models.objects.all().delete()
    db.connection.close()
    yield models
    db.connection.close()


def statuses(job: Any) -> list[str]:
    return list(job.objects.order_by("id").values_list("status", flat=True))


def test_saving_an_object_meets_a_lock(job: Any) -> None:
    with inject("busy at main execute INSERT jobs_job"):
        with pytest.raises(db.OperationalError, match="database is locked") as raised:
            job.objects.create(status="running")
        assert raised.value.__cause__.sqlite_errorname == "SQLITE_BUSY"
        job.objects.create(status="second try")
    assert statuses(job) == ["second try"]


def test_an_atomic_block_is_undone_when_its_commit_fails(job: Any) -> None:
    with (
        inject("ioerr-fsync at main commit"),
        pytest.raises(db.OperationalError, match="disk I/O error"),
        db.transaction.atomic(),
    ):
        job.objects.create(status="never")
    assert statuses(job) == []


def test_rows_are_fetched_through_djangos_own_cursor_class(job: Any) -> None:
    backend: Any = pytest.importorskip("django.db.backends.sqlite3.base")
    job.objects.create(status="there")
    db.connection.close()
    with inject("ioerr-read at main execute SELECT jobs_job"):
        with db.connection.cursor() as cursor:
            assert isinstance(cursor.cursor, backend.SQLiteCursorWrapper)
        with pytest.raises(db.OperationalError, match="disk I/O error"):
            statuses(job)
        assert statuses(job) == ["there"]


def test_without_a_fault_nothing_changes(job: Any) -> None:
    with inject():
        created = job.objects.create(status="running")
        job.objects.filter(pk=created.pk, status="running").update(status="done")
    assert statuses(job) == ["done"]
