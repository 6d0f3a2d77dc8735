"""Connection faults reach a SQLAlchemy application that knows nothing of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runfaults.sqlite import inject

sqlalchemy: Any = pytest.importorskip("sqlalchemy")
orm: Any = pytest.importorskip("sqlalchemy.orm")

Base: Any = orm.declarative_base()


class Job(Base):
    __tablename__ = "jobs"
    id: Any = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
    status: Any = sqlalchemy.Column(sqlalchemy.String, nullable=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "jobs.db"


@pytest.fixture
def engine(file: Path) -> Iterator[Any]:
    created = sqlalchemy.create_engine(f"sqlite:///{file}", connect_args={"timeout": 0})
    Base.metadata.create_all(created)
    created.dispose()
    yield created
    created.dispose()


def statuses(engine: Any) -> list[str]:
    with orm.Session(engine) as session:
        return list(session.scalars(sqlalchemy.select(Job.status)))


def test_a_session_sees_a_lock_at_its_commit_and_may_try_again(engine: Any) -> None:
    with inject("busy at main commit"), orm.Session(engine) as session:
        session.add(Job(status="done"))
        with pytest.raises(sqlalchemy.exc.OperationalError, match="database is locked") as raised:
            session.commit()
        assert raised.value.orig.sqlite_errorname == "SQLITE_BUSY"
        session.rollback()
        session.add(Job(status="done at the second try"))
        session.commit()
    assert statuses(engine) == ["done at the second try"]


def test_a_statement_of_a_connection_is_struck_by_its_verb_and_table(engine: Any) -> None:
    with inject("ioerr-write at main execute UPDATE jobs"), engine.connect() as connection:
        connection.execute(sqlalchemy.insert(Job).values(status="running"))
        connection.commit()
        with pytest.raises(sqlalchemy.exc.OperationalError, match="disk I/O error"):
            connection.execute(sqlalchemy.update(Job).values(status="done"))
    assert statuses(engine) == ["running"]


def test_a_pool_goes_on_with_the_connections_that_a_gate_watched(engine: Any) -> None:
    pooled = sqlalchemy.create_engine(engine.url, poolclass=sqlalchemy.pool.QueuePool, pool_size=1)
    with inject("interrupt at main execute SELECT jobs"):
        with (
            pytest.raises(sqlalchemy.exc.OperationalError, match="interrupted"),
            orm.Session(pooled) as session,
        ):
            session.scalars(sqlalchemy.select(Job)).all()
        with orm.Session(pooled) as session:
            session.add(Job(status="watched"))
            session.commit()
    with orm.Session(pooled) as session:  # the pool's connection is a plain one by now
        session.add(Job(status="plain"))
        session.commit()
    assert pooled.pool.checkedin() == 1
    pooled.dispose()
    assert statuses(engine) == ["watched", "plain"]


def test_a_pool_that_cannot_connect_says_so_and_recovers(engine: Any) -> None:
    with inject("cantopen at main connect"):
        with pytest.raises(sqlalchemy.exc.OperationalError, match="unable to open database file"):
            engine.connect()
        with engine.connect() as connection:
            assert connection.scalar(sqlalchemy.text("SELECT 1")) == 1


def test_a_lost_answer_looks_like_an_error_and_the_work_is_done(engine: Any) -> None:
    with inject("lost-acknowledgement at main commit"), orm.Session(engine) as session:
        session.add(Job(status="done"))
        with pytest.raises(sqlalchemy.exc.OperationalError):
            session.commit()
    assert statuses(engine) == ["done"]
