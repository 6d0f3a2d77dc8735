"""Well-known packages that keep data in SQLite, under every fault.

Not part of the suite: `docs/measured/applications.md` says how it is run, and what it has shown.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest


class TestSqliteUtils:
    @pytest.fixture
    def table(self, tmp_path: Path) -> Iterator[Any]:
        database = pytest.importorskip("sqlite_utils").Database(str(tmp_path / "x.db"))
        rows = [{"id": each, "text": f"row {each}"} for each in range(3)]
        database["t"].insert_all(rows, pk="id")
        yield database["t"]
        database.close()

    def test_insert(self, table: Any, every_fault: Any) -> None:
        every_fault(lambda: table.insert({"id": 9, "text": "x"}) and None)

    def test_insert_all(self, table: Any, every_fault: Any) -> None:
        rows = [{"id": 9 + each, "text": "x"} for each in range(300)]
        # It commits each hundred rows, as its documentation says.
        every_fault(lambda: table.insert_all(rows, ignore=True) and None, atomic=False)

    def test_upsert(self, table: Any, every_fault: Any) -> None:
        every_fault(lambda: table.upsert({"id": 1, "text": "x"}, pk="id") and None)

    def test_update(self, table: Any, every_fault: Any) -> None:
        every_fault(lambda: table.update(1, {"text": "x"}) and None)

    def test_delete(self, table: Any, every_fault: Any) -> None:
        every_fault(lambda: table.delete(1) and None)

    def test_transform(self, table: Any, every_fault: Any) -> None:
        every_fault(lambda: table.transform(rename={"text": "body"}) and None)

    def test_enable_fts(self, table: Any, every_fault: Any) -> None:
        every_fault(lambda: table.enable_fts(["text"]) and None)

    def test_add_column(self, table: Any, every_fault: Any) -> None:
        every_fault(lambda: table.add_column("n", int) and None)

    def test_create_index(self, table: Any, every_fault: Any) -> None:
        every_fault(lambda: table.create_index(["text"]) and None)


class TestDiskcache:
    @pytest.fixture
    def cache(self, tmp_path: Path) -> Iterator[Any]:
        cache = pytest.importorskip("diskcache").Cache(str(tmp_path / "cache"), timeout=1)
        cache["a"] = 1
        yield cache
        cache.close()

    @pytest.fixture
    def deque(self, tmp_path: Path) -> Iterator[Any]:
        deque = pytest.importorskip("diskcache").Deque([1, 2, 3], str(tmp_path / "deque"))
        yield deque
        deque.cache.close()

    def test_set(self, cache: Any, every_fault: Any) -> None:
        every_fault(lambda: cache.set("k", "v"))

    def test_incr(self, cache: Any, every_fault: Any) -> None:
        every_fault(lambda: cache.incr("a"))

    def test_delete(self, cache: Any, every_fault: Any) -> None:
        every_fault(lambda: cache.delete("a"))

    def test_push(self, cache: Any, every_fault: Any) -> None:
        every_fault(lambda: cache.push("v"))

    def test_transact(self, cache: Any, every_fault: Any) -> None:
        def two() -> None:
            with cache.transact():
                cache["x"], cache["y"] = 1, 2

        every_fault(two)

    # A deque tries again as long as a lock lasts, as its documentation says.

    def test_append(self, deque: Any, every_fault: Any) -> None:
        every_fault(lambda: deque.append(4), endless=True)

    def test_popleft(self, deque: Any, every_fault: Any) -> None:
        every_fault(deque.popleft, endless=True)

    def test_rotate(self, deque: Any, every_fault: Any) -> None:
        every_fault(lambda: deque.rotate(1), endless=True)


class TestPersistQueue:
    @pytest.fixture(params=["SQLiteQueue", "UniqueQ", "SQLiteAckQueue"])
    def queue(self, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
        module = pytest.importorskip("persistqueue")
        more = {} if request.param == "SQLiteAckQueue" else {"auto_commit": True}
        queue = getattr(module, request.param)(str(tmp_path / "q"), multithreading=True, **more)
        queue.put("one")
        queue.put("two")
        yield queue
        queue.close()

    @pytest.fixture
    def mapping(self, tmp_path: Path) -> Iterator[Any]:
        module = pytest.importorskip("persistqueue")
        mapping = module.PDict(str(tmp_path / "q"), "t", multithreading=True)
        mapping["a"] = 1
        yield mapping
        mapping.close()

    def test_put(self, queue: Any, every_fault: Any) -> None:
        every_fault(lambda: queue.put("x") and None)

    def test_get(self, queue: Any, every_fault: Any) -> None:
        every_fault(lambda: queue.get(block=False) and None)

    def test_set(self, mapping: Any, every_fault: Any) -> None:
        every_fault(lambda: mapping.__setitem__("b", 2))


class TestLitequeue:
    @pytest.fixture
    def queue(self, tmp_path: Path) -> Iterator[Any]:
        queue = pytest.importorskip("litequeue").LiteQueue(str(tmp_path / "q.db"))
        queue.put("one")
        queue.put("two")
        yield queue
        queue.close()

    def test_put(self, queue: Any, every_fault: Any) -> None:
        every_fault(lambda: queue.put("x") and None)

    def test_pop(self, queue: Any, every_fault: Any) -> None:
        every_fault(lambda: queue.pop() and None)

    def test_done(self, queue: Any, every_fault: Any) -> None:
        message = queue.pop()
        every_fault(lambda: queue.done(message.message_id) and None)


class TestSqlitedict:
    @pytest.fixture
    def mapping(self, tmp_path: Path) -> Iterator[Any]:
        mapping = pytest.importorskip("sqlitedict").SqliteDict(str(tmp_path / "d.sqlite"))
        mapping["a"] = 1
        mapping.commit()
        yield mapping
        mapping.close()

    def test_set_and_commit(self, mapping: Any, every_fault: Any) -> None:
        def both() -> None:
            mapping["b"] = 2
            mapping.commit()

        every_fault(both, kinds="likely")


class TestHuey:
    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[Any]:
        module = pytest.importorskip("huey.storage")
        storage = module.SqliteStorage("h", filename=str(tmp_path / "h.db"))
        storage.enqueue(b"one")
        storage.put_data("k", b"v")
        yield storage
        storage.close()

    def test_enqueue(self, storage: Any, every_fault: Any) -> None:
        every_fault(lambda: storage.enqueue(b"x") and None)

    def test_dequeue(self, storage: Any, every_fault: Any) -> None:
        every_fault(lambda: storage.dequeue() and None)

    def test_put_data(self, storage: Any, every_fault: Any) -> None:
        every_fault(lambda: storage.put_data("a", b"1") and None)

    def test_pop_data(self, storage: Any, every_fault: Any) -> None:
        every_fault(lambda: storage.pop_data("k") and None)

    def test_flush_all(self, storage: Any, every_fault: Any) -> None:
        every_fault(lambda: storage.flush_all() and None, atomic=False)


class TestPeewee:
    @pytest.fixture
    def account(self, tmp_path: Path) -> Iterator[Any]:
        peewee = pytest.importorskip("peewee")
        database = peewee.SqliteDatabase(str(tmp_path / "p.db"))

        class Account(peewee.Model):
            name = peewee.CharField(primary_key=True)
            balance = peewee.IntegerField()

            class Meta:
                pass

        Account.bind(database)
        database.create_tables([Account])
        Account.create(name="a", balance=100)
        Account.create(name="b", balance=0)
        yield Account
        database.close()

    def test_create(self, account: Any, every_fault: Any) -> None:
        every_fault(lambda: account.create(name="c", balance=1) and None)

    def test_atomic(self, account: Any, every_fault: Any) -> None:
        def transfer() -> None:
            with account._meta.database.atomic():
                self.add(account, "a", -10)
                with account._meta.database.atomic():
                    self.add(account, "b", 10)

        every_fault(transfer)

    def add(self, account: Any, name: str, amount: int) -> None:
        changed = account.update(balance=account.balance + amount)
        changed.where(account.name == name).execute()


class TestDataset:
    @pytest.fixture
    def database(self, tmp_path: Path) -> Iterator[Any]:
        database = pytest.importorskip("dataset").connect(f"sqlite:///{tmp_path}/d.db")
        database["t"].insert({"name": "a", "n": 1})
        yield database
        database.close()

    def test_insert(self, database: Any, every_fault: Any) -> None:
        every_fault(lambda: database["t"].insert({"name": "b", "n": 2}) and None)

    def test_update(self, database: Any, every_fault: Any) -> None:
        every_fault(lambda: database["t"].update({"name": "a", "n": 5}, ["name"]) and None)

    def test_with(self, database: Any, every_fault: Any) -> None:
        def two() -> None:
            with database as transaction:
                transaction["t"].insert({"name": "b", "n": 2})
                transaction["t"].insert({"name": "c", "n": 3})

        every_fault(two)


class TestRequestsCache:
    @pytest.fixture
    def responses(self, tmp_path: Path) -> Iterator[Any]:
        module = pytest.importorskip("requests_cache.backends.sqlite")
        responses = module.SQLiteDict(str(tmp_path / "r.sqlite"), "t", serializer=None)
        responses["a"] = b"1"
        yield responses
        responses.close()

    # It waits for the write lock as long as that takes.

    def test_set(self, responses: Any, every_fault: Any) -> None:
        every_fault(lambda: responses.__setitem__("b", b"2"), endless=True)

    def test_bulk(self, responses: Any, every_fault: Any) -> None:
        def two() -> None:
            with responses.bulk_commit():
                responses["x"] = b"1"
                responses["y"] = b"2"

        every_fault(two, endless=True)


class TestSqlalchemy:
    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[Any]:
        sqlalchemy = pytest.importorskip("sqlalchemy")
        engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/s.db")
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE t (x)")
        yield engine
        engine.dispose()

    def test_begin(self, engine: Any, every_fault: Any) -> None:
        def two() -> None:
            with engine.begin() as connection:
                connection.exec_driver_sql("INSERT INTO t VALUES (1)")
                connection.exec_driver_sql("INSERT INTO t VALUES (2)")

        every_fault(two)

    @pytest.fixture
    def session(self, engine: Any) -> Any:
        from sqlalchemy.orm import Session

        return Session(engine)

    def insert(self, session: Any) -> None:
        session.connection().exec_driver_sql("INSERT INTO t VALUES (1)")

    def test_session_commit(self, session: Any, every_fault: Any) -> None:
        def one() -> None:
            with session:
                self.insert(session)
                session.commit()

        every_fault(one)

    def test_session_begin(self, session: Any, every_fault: Any) -> None:
        def one() -> None:
            with session.begin():
                self.insert(session)

        every_fault(one)


class TestAiosqlite:
    def test_connect(self, tmp_path: Path, every_fault: Any) -> None:
        aiosqlite = pytest.importorskip("aiosqlite")
        path = tmp_path / "a.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE t (x)")

        async def two() -> None:
            async with aiosqlite.connect(path) as database:
                await database.execute("INSERT INTO t VALUES (1)")
                await database.execute("INSERT INTO t VALUES (2)")
                await database.commit()

        every_fault(lambda: asyncio.run(two()))
