"""The base of an adapter: what most systems have in common."""

from __future__ import annotations

import copy
import re
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Self

from runfaults.model import Vocabulary
from runfaults.targets.audit import Audit, Audits
from runfaults.targets.target import RunId, Work

__all__ = ["Adapter", "Audit", "RunId", "Vocabulary", "Work"]


class Adapter(ABC):
    """A target, and each life of it too: `begin` and `start` are called on a copy.

    Whatever else the system can do is a method more, and is tried then: `cancel`, `status`,
    `subscribe`, `wait`, `close`; see `runfaults.targets.target`. A system that has no `wait` is
    waited for by its audit; one that has no `close` is left to poll.

    Attributes:
        name: As reports call it; by default the class's name: `MyTarget` is `my-target`.
        schema: SQL that creates the tables, where the system does not do it itself: see `prepare`.
        audit: Where the status of a run is recorded.
        vocabulary: What each status claims about the run.
        exempt: Rules that make no sense for the system, each with the reason in a phrase.
    """

    name: str = ""
    schema: str = ""
    audit: Audits
    vocabulary: Vocabulary = Vocabulary()
    exempt: Mapping[str, str] = {}

    _work: Work | None = None

    def __init_subclass__(cls, **options: Any) -> None:  # noqa: ANN401  # as `object` has it
        super().__init_subclass__(**options)
        if "name" not in vars(cls):
            cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()

    def prepare(self, database: Path) -> None:
        """Create the tables in a new database file; import what the system imports late."""
        with closing(sqlite3.connect(database)) as connection:
            connection.executescript(self.schema)

    def open(self, database: Path, work: Work) -> Self:
        """Begin a life on the database; its runs do `work`."""
        if work is not self._work:
            self._work = work
            self.reset()
        life = copy.copy(self)
        life.begin(database, work)
        return life

    def reset(self) -> None:  # noqa: B027  # most leave nothing
        """Forget what the last schedule has left in this process: registries, counters, pools."""

    @abstractmethod
    def begin(self, database: Path, work: Work) -> None:
        """Open the system, which must call `work` as its work function, in a thread of its own."""

    @abstractmethod
    def start(self) -> RunId:
        """Start a run; returns its id, as the audit's `key` has it."""
