"""Applications with a planted bug, which has to be found, each beside an innocent twin."""

from __future__ import annotations

import queue
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from runfaults.every_fault import Likelihood, Outcome, UnsuitableError, causes, every_fault
from runfaults.model import Verdict

KINDS = "busy full ioerr-write ioerr-read"
TAKE = "UPDATE accounts SET balance = balance - 10 WHERE name = 'a'"
GIVE = "UPDATE accounts SET balance = balance + 10 WHERE name = 'b'"


@pytest.fixture(params=["delete", "wal"])
def make(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "db")) as connection:
            connection.execute(f"PRAGMA journal_mode={request.param}")
            connection.execute("CREATE TABLE accounts (name TEXT PRIMARY KEY, balance INTEGER)")
            connection.execute("INSERT INTO accounts VALUES ('a', 100), ('b', 0)")
            connection.execute("CREATE TABLE log (id INTEGER PRIMARY KEY, at TEXT, token BLOB)")
            connection.commit()
        with closing(sqlite3.connect(folder / "elsewhere")) as connection:
            connection.execute("CREATE TABLE notes (note)")

    return make


def path_in(folder: Path) -> Path:
    return folder / "db"


@contextmanager
def transaction(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as connection, connection:
        yield connection


# --- all in one transaction, or not -----------------------------------------------------------


def transfer(path: Path) -> None:
    with transaction(path) as connection:
        connection.execute(TAKE)
        connection.execute(GIVE)


def transfer_in_two_transactions(path: Path) -> None:
    with transaction(path) as connection:
        connection.execute(TAKE)
    with transaction(path) as connection:
        connection.execute(GIVE)


def command_in_two_transactions(path: Path) -> None:
    try:
        transfer_in_two_transactions(path)
    except sqlite3.Error:
        sys.exit(1)


def command(path: Path) -> None:
    try:
        transfer(path)
    except sqlite3.Error:
        sys.exit(1)


def transfer_swallowing(path: Path) -> None:
    with suppress(sqlite3.Error):
        transfer(path)


def transfer_telling(path: Path) -> bool:
    try:
        transfer(path)
    except sqlite3.Error:
        return False
    return True


def transfer_losing_the_cause(path: Path) -> None:
    if not transfer_telling(path):
        raise KeyError("a")


def transfer_naming_the_cause(path: Path) -> None:
    try:
        transfer(path)
    except sqlite3.Error as error:
        raise KeyError("a") from error


# --- an attached database, and reading ------------------------------------------------------------


def logs_elsewhere_in_a_transaction_of_its_own(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ATTACH ? AS elsewhere", (str(path.parent / "elsewhere"),))
        with connection:
            connection.execute("INSERT INTO elsewhere.notes VALUES ('taken')")
        with connection:
            connection.execute(TAKE)


def logs_elsewhere_in_the_same_transaction(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ATTACH ? AS elsewhere", (str(path.parent / "elsewhere"),))
        with connection:
            connection.execute(TAKE)
            connection.execute("INSERT INTO elsewhere.notes VALUES ('taken')")


def names(path: Path) -> list[str]:
    with transaction(path) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM accounts")]


def names_or_none_at_all(path: Path) -> list[str]:
    try:
        return names(path)
    except sqlite3.Error:
        return []


def names_or_no_answer(path: Path) -> list[str] | None:
    try:
        return names(path)
    except sqlite3.Error:
        return None


def transfer_and_names_or_no_answer(path: Path) -> list[str] | None:
    transfer(path)
    return names_or_no_answer(path)


def transfer_and_names_or_none_at_all(path: Path) -> list[str]:
    transfer(path)
    return names_or_none_at_all(path)


def sets_up(path: Path) -> None:
    with transaction(path) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS more (x)")


def sets_up_swallowing(path: Path) -> None:
    with suppress(sqlite3.Error):
        sets_up(path)


def saves_and_asks_for_its_id(path: Path) -> int:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # In a transaction of its own: the last fetch commits.
        insert = "INSERT INTO log (at) VALUES ('now') RETURNING id"
        return int(connection.execute(insert).fetchall()[0][0])


def notes(connection: sqlite3.Connection) -> None:
    connection.executemany("INSERT INTO log (at) VALUES (?)", [("now",), ("then",), ("later",)])


def notes_row_by_row(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        notes(connection)


def notes_together(path: Path) -> None:
    with transaction(path) as connection:
        notes(connection)


# --- trying again -----------------------------------------------------------------------------


def transfer_trying_thrice(path: Path) -> None:
    for _ in range(2):
        try:
            return transfer(path)
        except sqlite3.OperationalError:
            time.sleep(60)
    return transfer(path)


def transfer_giving_up_silently(path: Path) -> None:
    for _ in range(3):
        try:
            transfer(path)
        except sqlite3.OperationalError:
            time.sleep(60)
        else:
            return


def transfer_for_ever(path: Path) -> None:
    while True:
        try:
            return transfer(path)
        except sqlite3.OperationalError:
            time.sleep(0.1)


def count_trying_again(path: Path) -> None:
    for last in (False, True):
        try:
            with transaction(path) as connection:
                connection.execute("INSERT INTO log (at) VALUES ('now')")
            return
        except sqlite3.OperationalError:
            if last:
                raise


def count_once(path: Path) -> None:
    for last in (False, True):
        try:
            with transaction(path) as connection:
                connection.execute("INSERT OR IGNORE INTO log (id, at) VALUES (7, 'now')")
            return
        except sqlite3.OperationalError:
            if last:
                raise


# --- an object that lives on ------------------------------------------------------------------


class Ledger:
    """Keeps its connection."""

    def __init__(self, folder: Path) -> None:
        self.connection = sqlite3.connect(folder / "db", check_same_thread=False)

    def close(self) -> None:
        self.connection.close()


def kept_open(ledger: Ledger) -> None:
    """A COMMIT that fails leaves the transaction open, and its lock."""
    ledger.connection.execute(TAKE)
    ledger.connection.execute(GIVE)
    ledger.connection.commit()


def rolled_back(ledger: Ledger) -> None:
    try:
        kept_open(ledger)
    except BaseException:
        ledger.connection.rollback()
        raise


def closes_for_good(ledger: Ledger) -> None:
    try:
        rolled_back(ledger)
    except sqlite3.Error:
        ledger.connection.close()
        raise


class Writer(Ledger):
    """Has a thread do the work."""

    survives = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._work: queue.SimpleQueue[Future[None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while (answer := self._work.get()) is not None:
            try:
                rolled_back(self)
            except sqlite3.Error as error:
                if not self.survives:
                    raise
                answer.set_exception(error)
            else:
                answer.set_result(None)

    def transfer(self) -> None:
        answer: Future[None] = Future()
        self._work.put(answer)
        answer.result()

    def close(self) -> None:
        self._work.put(None)
        super().close()


class MortalWriter(Writer):
    """Its thread dies of a fault; who asks it waits for ever."""

    survives = False


# --- what they come to ------------------------------------------------------------------------

Outcomes = list[Outcome]


def promises(outcomes: Outcomes) -> set[str]:
    assert outcomes
    assert not [each for each in outcomes if each.verdict is Verdict.UNKNOWN]
    return {cause.promise for cause in causes(outcomes)}


PLANTED: list[tuple[Any, Any, str, str]] = [
    (path_in, transfer_in_two_transactions, KINDS, "is atomic"),
    (path_in, command_in_two_transactions, "busy", "is atomic"),
    (path_in, transfer_swallowing, KINDS, "tells the truth"),
    (path_in, transfer_losing_the_cause, KINDS, "raises the cause"),
    (path_in, transfer_giving_up_silently, KINDS, "tells the truth"),
    (path_in, transfer_for_ever, KINDS, "ends"),
    (path_in, logs_elsewhere_in_a_transaction_of_its_own, KINDS, "is atomic"),
    (path_in, names_or_none_at_all, KINDS, "answers rightly"),
    (path_in, transfer_and_names_or_none_at_all, "ioerr-read", "answers rightly"),
    (path_in, sets_up_swallowing, "ioerr-read", "tells the truth"),
    (path_in, count_trying_again, "lost-acknowledgement", "tells the truth"),
    (path_in, notes_row_by_row, "busy full", "is atomic"),
    (Ledger, kept_open, "busy readonly", "unlocks"),
    (Ledger, closes_for_good, KINDS, "recovers"),
]


@pytest.mark.parametrize(("opened", "call", "kinds", "promise"), PLANTED)
def test_a_planted_bug_is_found(
    make: Callable[[Path], None], opened: Any, call: Any, kinds: str, promise: str
) -> None:
    assert promises(list(every_fault(make, opened, call, kinds=kinds))) == {promise}


INNOCENT: list[tuple[Any, Any, str]] = [
    (path_in, transfer, "all"),
    (path_in, command, "busy"),
    (path_in, transfer_telling, KINDS),
    (path_in, transfer_naming_the_cause, KINDS),
    (path_in, transfer_trying_thrice, KINDS),
    (path_in, logs_elsewhere_in_the_same_transaction, KINDS),
    (path_in, names_or_no_answer, KINDS),
    (path_in, transfer_and_names_or_no_answer, "ioerr-read"),
    (path_in, sets_up, "ioerr-read"),
    (path_in, saves_and_asks_for_its_id, "all"),
    (path_in, count_once, "lost-acknowledgement busy"),
    (path_in, notes_together, "all"),
    (Ledger, rolled_back, "all"),
    (Writer, Writer.transfer, KINDS),
]


@pytest.mark.parametrize(("opened", "call", "kinds"), INNOCENT)
def test_its_innocent_twin_passes(
    make: Callable[[Path], None], opened: Any, call: Any, kinds: str
) -> None:
    closed: Any = getattr(opened, "close", lambda it: None)
    outcomes = list(every_fault(make, opened, call, kinds=kinds, closed=closed))
    assert promises(outcomes) == set(), [str(each) for each in outcomes if each.broken]


def test_what_no_fault_can_strike_is_refused(make: Callable[[Path], None]) -> None:
    def copies(path: Path) -> None:
        with closing(sqlite3.connect(path)) as one, closing(sqlite3.connect(f"{path}2")) as two:
            one.backup(two)

    told = r"by no operation that a fault can strike:\n +execute BACKUP \(.*test_planted.py:\d+\): "
    with pytest.raises(UnsuitableError, match=told):
        list(every_fault(make, path_in, copies))


def test_a_thread_that_dies_is_found(make: Callable[[Path], None]) -> None:
    outcomes = every_fault(
        make, MortalWriter, Writer.transfer, kinds="busy", closed=Writer.close, patience=0.2
    )
    first = next(outcomes)
    assert promises([first]) == {"ends"}
    assert "without an operation of SQLite" in first.broken[0].what
    assert "OperationalError: database is locked" in first.broken[0].details[0]


def test_who_promises_to_try_for_ever_has_to_come_to_an_end(make: Callable[[Path], None]) -> None:
    outcomes = list(every_fault(make, path_in, transfer_for_ever, kinds="busy", endless=True))
    assert any(each.strike.lasting for each in outcomes)
    assert promises(outcomes) == set()


def test_who_does_not_promise_to_be_atomic_may_leave_a_part(make: Callable[[Path], None]) -> None:
    def logs_then_transfers(path: Path) -> None:
        with transaction(path) as connection:
            connection.execute("INSERT OR IGNORE INTO log (id) VALUES (1)")
        transfer(path)

    def tried(**said: Any) -> Outcomes:
        return list(every_fault(make, path_in, logs_then_transfers, kinds="busy", **said))

    assert promises(tried()) == {"is atomic"}
    assert promises(tried(atomic=False)) == set()


def test_who_does_not_promise_to_recover_need_not(make: Callable[[Path], None]) -> None:
    outcomes = list(every_fault(make, Ledger, closes_for_good, kinds="busy", recovers=False))
    assert promises(outcomes) == set()


def test_what_differs_from_run_to_run_is_learnt(make: Callable[[Path], None]) -> None:
    def logs(path: Path) -> None:
        with transaction(path) as connection:
            connection.execute("INSERT INTO log (at, token) VALUES (?, randomblob(8))", (name(),))

    ticks = iter(range(10_000))

    def name() -> str:
        return f"{next(ticks) // 9}"  # the same for a while, as a clock with whole seconds

    assert promises(list(every_fault(make, path_in, logs, kinds=KINDS))) == set()


def test_a_swallowed_error_is_found_though_all_that_changes_is_volatile(
    make: Callable[[Path], None],
) -> None:
    def touches(path: Path) -> None:
        with suppress(sqlite3.Error), transaction(path) as connection:
            connection.execute("UPDATE accounts SET balance = random() WHERE name = 'a'")

    assert promises(list(every_fault(make, path_in, touches, kinds="busy"))) == {"tells the truth"}


def test_remote_faults_are_told_last(make: Callable[[Path], None]) -> None:
    outcomes = list(every_fault(make, Ledger, kept_open, kinds="all"))
    likelihoods = [outcome.likelihood for outcome in outcomes if not outcome.strike.lasting]
    assert likelihoods == sorted(likelihoods)
    assert set(likelihoods) == {Likelihood.LIKELY, Likelihood.POSSIBLE, Likelihood.REMOTE}


def test_a_point_that_does_not_come_again_is_unknown(make: Callable[[Path], None]) -> None:
    calls = iter(range(1000))

    def looks_now_and_then(path: Path) -> None:
        with transaction(path) as connection:
            if next(calls) not in {0, 1, 2}:
                connection.execute("SELECT * FROM log").fetchall()
            connection.execute(TAKE)

    outcomes = list(every_fault(make, path_in, looks_now_and_then, kinds="full"))
    assert {each.verdict for each in outcomes} == {Verdict.UNKNOWN}
    assert outcomes[0].unknown.startswith("the point was not reached again: operation #")


def test_what_only_the_first_run_in_a_process_does_is_left_out(
    make: Callable[[Path], None],
) -> None:
    calls = iter(range(1000))

    def warms_up(path: Path) -> None:
        with transaction(path) as connection:
            if next(calls) == 0:
                connection.execute("SELECT * FROM log").fetchall()
            connection.execute(TAKE)

    assert promises(list(every_fault(make, path_in, warms_up, kinds=KINDS))) == set()


def test_random_names_of_tables_come_again(make: Callable[[Path], None]) -> None:
    def stages(path: Path) -> None:
        with transaction(path) as connection:
            name = f"staging_{time.perf_counter_ns()}"
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"CREATE TABLE {name} (x)")
            connection.execute(f"INSERT INTO {name} VALUES (1)")

    assert promises(list(every_fault(make, path_in, stages, kinds=KINDS))) == set()
