from __future__ import annotations

import sqlite3
import time
import weakref
from typing import Any

import pytest

from genglossary.runs.retry import RetryPolicy, TransientError, is_transient, persist


def quiet(number: int, error: Any) -> None:
    pass


@pytest.mark.parametrize(
    ("name", "kind", "transient"),
    [
        ("SQLITE_BUSY", sqlite3.OperationalError, True),
        ("SQLITE_BUSY_SNAPSHOT", sqlite3.OperationalError, True),
        ("SQLITE_IOERR_WRITE", sqlite3.OperationalError, True),
        ("SQLITE_FULL", sqlite3.OperationalError, True),
        ("SQLITE_CANTOPEN", sqlite3.OperationalError, True),
        ("SQLITE_INTERRUPT", sqlite3.OperationalError, True),
        ("SQLITE_CORRUPT", sqlite3.DatabaseError, True),
        ("SQLITE_NOTADB", sqlite3.DatabaseError, False),
        ("SQLITE_ERROR", sqlite3.OperationalError, False),
        ("SQLITE_CONSTRAINT_UNIQUE", sqlite3.IntegrityError, False),
        ("SQLITE_AUTH", sqlite3.DatabaseError, False),
    ],
)
def test_which_database_errors_may_pass(error: Any, name: str, kind: Any, transient: Any) -> None:
    assert is_transient(error(name, kind)) is transient


@pytest.mark.parametrize(
    ("raised", "transient"),
    [
        (sqlite3.OperationalError("database is locked"), True),
        (sqlite3.ProgrammingError("Cannot operate on a closed database."), True),
        (MemoryError(), True),
        (OSError(24, "Too many open files"), True),
        (TransientError("soon"), True),
        (RuntimeError("run 3 is running"), False),
        (ValueError("no"), False),
    ],
)
def test_which_other_errors_may_pass(raised: BaseException, transient: Any) -> None:
    assert is_transient(raised) is transient


class Flaky:
    def __init__(self, *errors: Any) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> Any:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def test_an_action_is_repeated_until_it_returns(retry: RetryPolicy) -> None:
    heard = []
    action = Flaky(OSError("a"), OSError("b"))
    result = persist(
        action,
        retry,
        again=is_transient,
        attempts=3,
        on_trouble=lambda number, error: heard.append((number, str(error))),
    )
    assert (result, heard) == ("done", [(1, "a"), (2, "b")])


def test_attempts_are_limited(retry: RetryPolicy) -> None:
    action = Flaky(*[OSError(str(n)) for n in range(9)])
    with pytest.raises(OSError, match="2"):
        persist(action, retry, again=is_transient, attempts=3, on_trouble=quiet)
    assert action.calls == 3


def test_without_a_limit_there_is_no_giving_up(retry: RetryPolicy) -> None:
    action = Flaky(*[ValueError(str(n)) for n in range(500)])
    assert persist(action, retry, again=lambda _: True, on_trouble=quiet) == "done"
    assert action.calls == 501


def test_an_error_that_will_not_pass_is_raised_at_once(retry: RetryPolicy) -> None:
    action = Flaky(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        persist(action, retry, again=is_transient, attempts=8, on_trouble=quiet)
    assert action.calls == 1


def test_what_is_no_exception_is_never_repeated(retry: RetryPolicy) -> None:
    action = Flaky(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        persist(action, retry, again=lambda _: True, on_trouble=quiet)
    assert action.calls == 1


def test_waits_double_up_to_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    policy = RetryPolicy(initial=0.05, cap=0.5, jitter=0)
    persist(Flaky(*[OSError()] * 6), policy, again=is_transient, on_trouble=quiet)
    assert waits == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.5, 0.5])


def test_waits_are_jittered(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    policy = RetryPolicy(initial=1, cap=1, jitter=0.5)
    persist(Flaky(*[OSError()] * 50), policy, again=is_transient, on_trouble=quiet)
    assert all(1 <= wait <= 1.5 for wait in waits)
    assert len(set(waits)) > 1


def test_nothing_of_a_failed_attempt_is_alive_while_waiting(retry: RetryPolicy) -> None:
    class Cursor:
        pass

    alive = []

    def fail() -> None:
        try:
            {}["inner"]
        except KeyError as inner:
            raise OSError("outer") from inner

    def action() -> None:
        cursor = Cursor()
        alive.append(weakref.ref(cursor))
        if len(alive) == 1:
            fail()

    persist(action, retry, again=is_transient, on_trouble=lambda *_: alive.append(alive[0]()))
    assert alive[1] is None
