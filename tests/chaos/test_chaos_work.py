"""What a soak's pipeline says of its work."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from collections.abc import Iterator

import pytest

from runfaults.chaos.journal import Writer
from runfaults.chaos.worker import _Pipeline  # pyright: ignore[reportPrivateUsage]


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE runfaults_work (step)")
    yield connection
    connection.close()


def told(connection: sqlite3.Connection) -> list[str]:
    """What its journal has of a pipeline that succeeds."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        seed = next(each for each in range(99) if random.Random(each).random() > 0.5)
        _Pipeline(Writer(writing, "0.1"), random.Random(seed))(connection, 1)
        os.close(writing)
        return [json.loads(line)[2] for line in pipe]


def test_work_is_committed_by_who_has_begun_its_transaction(
    connection: sqlite3.Connection,
) -> None:
    """What the target has still to commit may be rolled back, and is no promise."""
    assert told(connection) == ["pipeline", "work", "pipeline"]
    connection.execute("BEGIN")
    assert told(connection) == ["pipeline", "pipeline"]
    assert connection.in_transaction
