"""What `test_applications.py` has found, with real locks and a really full disk, without runfaults.

`python for_real.py FOLDER`: on a disk of half a megabyte, which
`mount -t tmpfs -o size=512k tmpfs FOLDER` makes.
"""

from __future__ import annotations

import gc
import shutil
import sqlite3
import sys
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any


def said(what: Any) -> str:
    """What a call comes to, in a line."""
    try:
        return f"returns {what()!r}"
    except Exception as error:
        return f"raises {type(error).__name__}: {' '.join(str(error).split())[:90]}"


def locked_at(connection: sqlite3.Connection, path: Path, statement: str) -> sqlite3.Connection:
    """Have another connection take the write lock when a statement is about to begin."""
    other = sqlite3.connect(path, isolation_level=None)

    def look(sql: str) -> None:
        if sql.lstrip().upper().startswith(statement) and not other.in_transaction:
            other.execute("BEGIN IMMEDIATE")

    connection.set_trace_callback(look)
    return other


def fill(folder: Path) -> Path:
    """Leave no room on the disk."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (4096, 1):
            with suppress(OSError):
                while True:
                    file.write(b"x" * size)
    return filler


def sqlitedict_meets_a_reader(folder: Path) -> None:
    mapping = import_module("sqlitedict").SqliteDict(str(folder / "d.sqlite"))
    mapping["a"] = 1
    mapping.commit()
    reader = sqlite3.connect(folder / "d.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM unnamed").fetchall()
    mapping["b"] = 2
    first = threading.Thread(target=lambda: print("  commit:", said(mapping.commit)), daemon=True)
    first.start()
    first.join(12)  # the engine waits for 5 s
    reader.close()
    get = lambda: print("  get:", said(lambda: mapping["a"]))  # noqa: E731
    second = threading.Thread(target=get, daemon=True)
    second.start()
    second.join(12)
    print(
        f"  the reader has gone: commit waits: {first.is_alive()}, get waits: {second.is_alive()}"
    )
    other = sqlite3.connect(folder / "d.sqlite", timeout=0)
    print("  another writer:", said(lambda: other.execute("BEGIN IMMEDIATE") and None))


def sqlite_utils_enables_search_while_another_writes(folder: Path) -> None:
    database = import_module("sqlite_utils").Database(str(folder / "u.db"))
    database["t"].insert_all([{"id": 1, "text": "word"}], pk="id")
    other = locked_at(database.conn, folder / "u.db", "INSERT INTO")
    print("  enable_fts:", said(lambda: database["t"].enable_fts(["text"]) and None))
    other.rollback()
    database.conn.set_trace_callback(None)
    print("  search:", said(lambda: list(database["t"].search("word"))))
    print("  enable_fts again:", said(lambda: database["t"].enable_fts(["text"]) and None))


def sqlite_utils_upserts_while_another_writes(folder: Path) -> None:
    database = import_module("sqlite_utils").Database(str(folder / "s.db"))
    database["t"].insert_all([{"id": 1, "text": "word"}], pk="id")
    database.close()
    database = import_module("sqlite_utils").Database(str(folder / "s.db"))
    other = locked_at(database.conn, folder / "s.db", "DROP TABLE")
    row = {"id": 1, "text": "x"}
    print("  upsert:", said(lambda: database["t"].upsert(row, pk="id") and None))
    other.rollback()
    tables = [each if each == "t" else "(a random name)" for each in database.table_names()]
    print("  tables:", tables)


def diskcache_rotates_until_the_disk_is_full(folder: Path) -> None:
    deque = import_module("diskcache").Deque(["x" * 500] * 5, str(folder / "deque"))
    outcome = "returns None"
    while outcome == "returns None" and len(deque) == 5:
        outcome = said(lambda: deque.rotate(1))
    print("  rotate:", outcome)
    print("  elements of 5 left:", len(deque))


def dataset_inserts_on_a_full_disk(folder: Path) -> None:
    database = import_module("dataset").connect(f"sqlite:///{folder}/d.db")
    database["t"].insert({"name": "a"})
    filler = fill(folder)
    print("  insert:", said(lambda: database["t"].insert({"name": "b" * 9000}) and None))
    filler.unlink()
    print("  room again, insert:", said(lambda: database["t"].insert({"name": "c"}) and None))
    print("  rollback:", said(database.rollback))
    print("  find:", said(lambda: len(list(database["t"].find()))))


def requests_cache_stores_on_a_full_disk(folder: Path) -> None:
    module = import_module("requests_cache.backends.sqlite")
    responses = module.SQLiteDict(str(folder / "r.sqlite"), "t", serializer=None)
    responses["a"] = b"1"
    fill(folder)
    print("  set:", said(lambda: responses.__setitem__("b", b"2" * 9000)))
    print("  get:", said(lambda: responses["b"]))


def sqlalchemy_commits_a_session_while_another_reads(folder: Path) -> None:
    sa, orm = import_module("sqlalchemy"), import_module("sqlalchemy.orm")
    names, base = folder / "n.db", orm.declarative_base()
    columns = {"id": sa.Column(sa.Integer, primary_key=True), "text": sa.Column(sa.String)}
    name = type("Name", (base,), {"__tablename__": "name", **columns})
    engine = sa.create_engine(f"sqlite:///{names}", connect_args={"timeout": 0.1})
    base.metadata.create_all(engine)

    def save(text: str) -> None:
        with orm.Session(engine) as session:
            session.add(name(text=text))
            session.commit()

    reader = sqlite3.connect(names, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM name").fetchall()
    print("  save 'x':", said(lambda: save("x")))
    reader.close()
    gc.collect()
    other = sqlite3.connect(names, timeout=0)
    print("  the reader has gone, another writes:", said(lambda: other.execute("BEGIN IMMEDIATE")))
    print("  save 'y':", said(lambda: save("y")))
    print("  rows:", other.execute("SELECT text FROM name").fetchall())


def python_writes_to_a_full_disk_with_autocommit_false(folder: Path) -> None:
    if sys.version_info < (3, 12):
        print("  autocommit is an argument from Python 3.12 on")
        return
    connection = sqlite3.connect(folder / "p.db", autocommit=False)
    with connection:
        connection.execute("CREATE TABLE t (x)")

    def insert(what: str) -> None:
        with connection:
            connection.execute("INSERT INTO t VALUES (?)", (what,))

    filler = fill(folder)
    print("  insert:", said(lambda: insert("x" * 9000)))
    filler.unlink()
    print("  room again, insert:", said(lambda: insert("y")))
    print("  rollback:", said(connection.rollback))
    print("  insert:", said(lambda: insert("y")))


REPRODUCTIONS = (
    sqlitedict_meets_a_reader,
    sqlite_utils_enables_search_while_another_writes,
    sqlite_utils_upserts_while_another_writes,
    diskcache_rotates_until_the_disk_is_full,
    dataset_inserts_on_a_full_disk,
    requests_cache_stores_on_a_full_disk,
    sqlalchemy_commits_a_session_while_another_reads,
    python_writes_to_a_full_disk_with_autocommit_false,
)

if __name__ == "__main__":
    for reproduce in REPRODUCTIONS:
        folder = Path(sys.argv[1]) / "database"
        folder.mkdir()
        print(reproduce.__name__.replace("_", " "), flush=True)
        reproduce(folder)
        shutil.rmtree(folder)
