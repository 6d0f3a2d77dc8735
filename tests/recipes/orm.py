"""SQLAlchemy, and what is built on it such as SQLModel: nothing has to be said of it."""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from workers import outcome

from runfaults.targets import Adapter, Audit, Vocabulary, Work


class Base(DeclarativeBase):
    """The tables."""


class Job(Base):
    __tablename__ = "jobs"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(default="running")


class Orm(Adapter):
    audit = Audit("jobs", key="id", status="state")
    vocabulary = Vocabulary.of("running", "done", "error")
    exempt = {"one-active-run": "jobs run side by side"}  # noqa: RUF012

    def prepare(self, database: Path) -> None:
        Base.metadata.create_all(create_engine(f"sqlite:///{database}"))

    def begin(self, database: Path, work: Work) -> None:
        self.engine, self.work = create_engine(f"sqlite:///{database}"), work

    def start(self) -> int:
        with Session(self.engine) as session:
            job = Job()
            session.add(job)
            session.commit()
            number = job.id
        threading.Thread(target=self.run, args=(number,)).start()
        return number

    def run(self, number: int) -> None:
        state = outcome(self.work, None, number)
        with Session(self.engine) as session:
            session.get_one(Job, number).state = state
            session.commit()
