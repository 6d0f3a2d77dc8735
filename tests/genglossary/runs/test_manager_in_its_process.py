"""What signals, forks and a changing file system do to a manager; each in a process of its own."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from genglossary.db.connection import get_connection
from genglossary.runs.manager import RunManager

PREAMBLE = """
import os, signal, sys, threading
from pathlib import Path
from genglossary.runs import manager as module
from genglossary.runs.executor import PipelineExecutor
from genglossary.runs.manager import RunManager

# A shell that starts a job in the background has it ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
begun, go_on = threading.Event(), threading.Event()

def execute(self, conn, scope, context, **_):
    begun.set()
    while not go_on.wait(0.01) and not context.cancel_event.is_set():
        pass

PipelineExecutor.execute = execute
database = sys.argv[1]
manager = RunManager(database)
"""

Script = Callable[[str], str]


@pytest.fixture
def script(db_path: Path) -> Script:
    """Run a script after the preamble; return what it prints."""

    def run(text: str) -> str:
        command = [sys.executable, "-c", PREAMBLE + text, str(db_path)]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=60
        ).stdout

    return run


def statuses(conn: sqlite3.Connection) -> list[str]:
    return [row["status"] for row in conn.execute("SELECT status FROM runs ORDER BY id").fetchall()]


INTERRUPT = """
start = threading.Thread.start

def interrupted(self):
    {before}
    start(self)
    {after}

threading.Thread.start = interrupted
try:
    manager.start_run("full")
except KeyboardInterrupt:
    print("interrupted")
threading.Thread.start = start
print(manager.close(), manager.get_active_run())
another = RunManager(database)
print(another.start_run("full"))
go_on.set()
another.close()
"""


def test_ctrl_c_before_the_thread_has_begun_leaves_a_failed_row(
    script: Script, conn: sqlite3.Connection
) -> None:
    text = INTERRUPT.format(before="signal.raise_signal(signal.SIGINT)", after="")
    assert script(text) == "interrupted\nTrue None\n2\n"
    assert statuses(conn)[0] == "failed"


def test_ctrl_c_while_the_pipeline_works_already_cancels_it(
    script: Script, conn: sqlite3.Connection
) -> None:
    text = INTERRUPT.format(before="", after="begun.wait(); signal.raise_signal(signal.SIGINT)")
    assert script(text) == "interrupted\nTrue None\n2\n"
    assert statuses(conn)[0] == "cancelled"


def test_ctrl_c_as_start_run_returns_cancels_the_run(
    script: Script, conn: sqlite3.Connection
) -> None:
    text = """
launch = manager._launch

def interrupted(run):
    launch(run)
    begun.wait()
    signal.raise_signal(signal.SIGINT)

manager._launch = interrupted
try:
    manager.start_run("full")
except KeyboardInterrupt:
    print(manager.close())
"""
    assert script(text) == "True\n"
    assert statuses(conn) == ["cancelled"]


def test_a_child_that_the_pipeline_forks_records_nothing_and_ends(
    script: Script, conn: sqlite3.Connection
) -> None:
    text = """
def execute(self, conn, scope, context, **_):
    conn.execute("INSERT INTO documents (file_name, content) VALUES ('parent.md', '')")
    child = os.fork()
    if child == 0:
        raise ValueError("in the child")
    print("child:", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)

PipelineExecutor.execute = execute
manager.start_run("full")
manager.close()
"""
    assert script(text) == "child: 1\n"
    assert statuses(conn) == ["completed"]
    assert conn.execute("SELECT file_name FROM documents").fetchone()[0] == "parent.md"
    assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_a_child_that_outlives_its_parent_does_not_keep_its_row_alive(
    db_path: Path, conn: sqlite3.Connection
) -> None:
    text = """
manager.start_run("full")
begun.wait()
if os.fork() == 0:
    print("forked", flush=True)
    sys.stdin.read()
    os._exit(0)
signal.pause()
"""
    command = [sys.executable, "-c", PREAMBLE + text, str(db_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"forked\n"
        parent.kill()
        parent.wait()
        assert RunManager(str(db_path)).get_active_run() is None
        assert statuses(conn) == ["interrupted"]


@pytest.mark.parametrize(("where", "closed"), [("_insert", True), ("_launch", False)])
def test_closing_in_a_signal_handler_while_a_run_starts(
    script: Script, conn: sqlite3.Connection, where: str, *, closed: bool
) -> None:
    text = f"""
signal.signal(signal.SIGTERM, lambda *_: print("closed", manager.close()))
real = manager.{where}

def signalled(run, *arguments):
    signal.raise_signal(signal.SIGTERM)
    return real(run, *arguments)

manager.{where} = signalled
try:
    manager.start_run("full")
except RuntimeError as error:
    print(error)
"""
    assert script(text) == f"closed {closed}\nThis run manager is closed: make another one.\n"
    assert set(statuses(conn)) <= {"failed"}


def test_closing_in_a_signal_handler_in_the_midst_of_the_threads_start_says_that_a_run_is_left(
    script: Script, conn: sqlite3.Connection
) -> None:
    text = """
signal.signal(signal.SIGTERM, lambda *_: print("closed", manager.close()))
start = threading.Thread.start

def signalled(self):
    signal.raise_signal(signal.SIGTERM)
    start(self)

threading.Thread.start = signalled
print(manager.start_run("full"))
go_on.set()
print(manager.close())
"""
    assert script(text) == "closed False\n1\nTrue\n"
    assert statuses(conn) == ["completed"]


def test_closing_while_another_threads_start_is_being_given_up_says_that_a_run_is_left(
    script: Script,
) -> None:
    text = """
import contextlib, sqlite3
writer = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
queues = []

def launch(run):
    queues.append(manager.register_subscriber(run.id))
    writer.execute("BEGIN IMMEDIATE")
    begun.set()
    raise RuntimeError("no thread")

def start():
    with contextlib.suppress(RuntimeError):
        manager.start_run("full")

manager._launch = launch
starting = threading.Thread(target=start)
starting.start()
begun.wait()
print(manager.close(), any("complete" in message for message in queues[0].queue))
writer.rollback()
starting.join()
while not (message := queues[0].get()).get("complete"):
    pass
print(message["db_status"], manager.close())
"""
    assert script(text) == "False False\nfailed True\n"


def test_closing_from_the_pipeline_itself_says_that_a_run_is_left(
    script: Script, conn: sqlite3.Connection
) -> None:
    text = """
PipelineExecutor.execute = lambda *_, **__: print(manager.close())
manager.start_run("full")
print(manager.close())
"""
    assert script(text) == "False\nTrue\n"
    assert statuses(conn) == ["completed"]


def test_a_relative_path_stays_the_same_after_a_chdir(
    script: Script, conn: sqlite3.Connection, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    text = f"""
os.chdir(Path(database).parent)
manager = RunManager(Path(database).name)
manager.start_run("full")
begun.wait()
os.chdir({str(elsewhere)!r})
go_on.set()
print(manager.close(), manager.get_run(1)["status"])
"""
    assert script(text) == "True completed\n"
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("replacement", ["nothing", "touch", "mkdir"])
def test_a_database_that_is_deleted_ends_the_run(
    script: Script, db_path: Path, replacement: str
) -> None:
    text = f"""
manager.start_run("full")
queue = manager.register_subscriber(1)
begun.wait()
Path(database).unlink()
if {replacement!r} != "nothing":
    Path(database).{replacement}()
go_on.set()
print(manager.close(30))
while not (message := queue.get()).get("complete"):
    pass
print(message)
"""
    signal = {"run_id": 1, "complete": True, "status_update_failed": True}
    assert script(text) == f"True\n{signal}\n"
    assert db_path.exists() is (replacement != "nothing")


@pytest.mark.parametrize("path", ["", ":memory:", "file:a.db?mode=memory", "file:///a.db"])
def test_what_is_no_file_is_refused_when_the_manager_is_made(path: str) -> None:
    with pytest.raises(ValueError, match="need the path of a database file"):
        RunManager(path)


def raising(error: str) -> str:
    """The part of a script that runs a pipeline which raises the error."""
    return f"""
def execute(*_, **__):
    raise {error}

PipelineExecutor.execute = execute
manager.start_run("full")
print(manager.close())
"""


@pytest.mark.parametrize("error", ["SystemExit(3)", "KeyboardInterrupt()", "RuntimeError()"])
def test_an_error_whose_text_raises_is_a_failure_like_any_other(
    script: Script, conn: sqlite3.Connection, error: str
) -> None:
    definition = f"""
class Mute(Exception):
    def __str__(self):
        raise {error}
"""
    assert script(definition + raising("Mute")) == "True\n"
    row = conn.execute("SELECT status, error_message FROM runs").fetchone()
    assert tuple(row) == ("failed", "Mute")


ASKED_FOR_ITS_CLASS = 'Bad = type("Bad", (Exception,), {"__class__": property(sys.exit)})'
ASKED_FOR_ANYTHING = 'Bad = type("Bad", (Exception,), {"__getattribute__": sys.exit})'
ASKED_FOR_ITS_NAME = (
    'Bad = type("Kind", (type,), {"__name__": property(sys.exit)})("Bad", (Exception,), {})'
)


@pytest.mark.parametrize(
    ("definition", "told"),
    [(ASKED_FOR_ITS_CLASS, "Bad"), (ASKED_FOR_ANYTHING, "Bad"), (ASKED_FOR_ITS_NAME, "Exception")],
)
def test_an_error_whose_attributes_raise_is_one_too(
    script: Script, conn: sqlite3.Connection, definition: str, told: str
) -> None:
    assert script(f"{definition}\n{raising('Bad')}") == "True\n"
    row = conn.execute("SELECT status, error_message FROM runs").fetchone()
    assert tuple(row) == ("failed", told)


def test_databases_that_others_furnished_stay_as_they_are(db_path: Path) -> None:
    conn = get_connection(db_path)
    conn.executescript("CREATE VIEW busy AS SELECT * FROM runs; PRAGMA user_version = 7")
    before = [tuple(row) for row in conn.execute("SELECT * FROM sqlite_master").fetchall()]
    manager = RunManager(str(db_path))
    manager.start_run("generate")
    manager.close()
    after = [tuple(row) for row in conn.execute("SELECT * FROM sqlite_master").fetchall()]
    assert after == before
    assert conn.execute("PRAGMA user_version").fetchone()[0] == 7
