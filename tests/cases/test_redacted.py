"""`--redact`: whatever a command prints or writes, no value of the user's data is in it."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

SECRET = "Zoe-Miller"
PROGRAM = """
import os
import sqlite3
import sys
from jobs import Jobs, JobsTarget
from runfaults.oracle import no_rows, rule

SECRET = "Zo" + "e-Miller"
print("while it is imported:", SECRET)
FAILING = os.environ.get("FAILING", "")

def fail(where):
    if where == FAILING:
        raise ValueError(f"{SECRET}; {SECRET} at a.py:1 in f: f(); {SECRET}")

fail("import")
no_owner = no_rows("no owner is left", "SELECT owner FROM owners")

class Talking(Jobs):
    def do(self, connection, job):
        os.write(1, f"to the file: {SECRET}\\n".encode())
        print("by print:", SECRET)
        try:
            connection.execute(f"INSERT INTO owners VALUES ('{SECRET}', 4111, NULL)")
            connection.execute("INSERT INTO owners VALUES (?, ?, NULL)", (SECRET, 4111))
            super().do(connection, job)
        except Exception as error:
            connection.execute("UPDATE owners SET message = ?", (f"{SECRET}: {error}",))
            raise ValueError(f"no more\\n of {SECRET}") from error

    def start(self):
        fail("start")
        return super().start()

    def close(self):
        fail("close")

    def leaks(self):
        fail("leaks")
        return ()

class Target(JobsTarget):
    jobs = Talking

    def prepare(self, database):
        super().prepare(database)
        with sqlite3.connect(database) as connection:
            connection.execute("CREATE TABLE owners (owner, card, message)")
            connection.execute(f"INSERT INTO owners VALUES ('{SECRET}', 1, '{SECRET}')")
        connection.close()
        fail("prepare")

    def open(self, database, work):
        fail("open")
        return super().open(database, work)

class Other(Target):
    jobs = Jobs

    def prepare(self, database):
        super().prepare(database)
        with sqlite3.connect(database) as connection:
            connection.execute("DELETE FROM owners")
        connection.close()

@rule(exercised=lambda history, facts: True)
def raising(history, facts):
    'It fails.'
    fail("rule")
    return ()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("redacted")
    (folder / "target.py").write_text(PROGRAM)
    (folder / "pyproject.toml").touch()
    (folder / "jobs.py").write_text(Path(__file__).with_name("jobs.py").read_text())
    return folder


def everything(folder: Path, command: str, codes: Collection[int] = (0, 1), **more: str) -> str:
    """All that a command prints and writes besides the program."""
    ended = subprocess.run(
        [sys.executable, "-m", "runfaults", *shlex.split(command)],
        cwd=folder,
        env={"GITHUB_STEP_SUMMARY": "summary.md", "PATH": "", **more},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode in codes, ended.stderr
    files = [each for each in folder.rglob("*") if each.is_file() and each.suffix != ".py"]
    texts = (each.read_text(errors="replace") for each in files if "__pycache__" not in each.parts)
    return "\n".join((ended.stdout, ended.stderr, *texts))


OF = "--target target.py:Target --rule target.py:no_owner"
CHECK = (
    f"check {OF} --bound single --only busy --only no-owner-is-left --jobs 1 --save saved --cache"
    " --html r.html --json r.json --junit r.xml --github --grid"
)
SAVED = "saved/Target-no-owner-is-left.toml"
OTHERS = {
    "compare target.py:Other target.py:Target --rule target.py:no_owner --bound 0,0,0 --jobs 2": (
        "holds -> broken: pipeline succeeds"
    ),
    f"chaos {OF} --seconds 1 --processes 2 --dir soak": "the query found (redacted)",
    "points --target target.py:Target": "run execute",
    "check --target target.py:Target --explain": "as its clean runs show it",
    "crash --target target.py:Target --schedule 'pipeline succeeds'": "pipeline returned",
}
"""What each command says of a target without its values."""


def test_no_file_and_no_output_has_the_value(folder: Path) -> None:
    text = everything(folder, f"{CHECK} --state state --redact")
    for report in ("the query found (redacted)", '"job": ', "<testsuite", "<html", "::error"):
        assert report in text
    for command in ("replay", "replay --history", "draw -o d.svg", "minimise -o m.toml"):
        text += everything(folder, f"{command} {SAVED} --redact")
    assert SECRET not in text


@pytest.mark.parametrize(("command", "said"), list(OTHERS.items()))
def test_no_other_command_has_the_value(command: str, said: str, folder: Path) -> None:
    text = everything(folder, f"{command} --redact")
    assert said in " ".join(text.split())  # lines are wrapped anywhere
    assert SECRET not in text
    assert not list(folder.glob("soak/*/database"))


def test_a_project_may_ask_for_it(folder: Path) -> None:
    settings = folder / "pyproject.toml"
    settings.write_text("[tool.runfaults]\nredact = true\n")
    try:
        assert SECRET not in everything(folder, "points --target target.py:Target")
        asked = everything(folder, "points --target target.py:Target --no-redact")
        stopped = everything(folder, "replay pyproject.toml --pdb", [2])
    finally:
        settings.write_text("")
    assert SECRET in asked
    assert "--no-redact" in stopped


JUDGED = "--target target.py:Target --rule target.py:raising --jobs 2 --bound 0,0,0 --redact"


@pytest.mark.parametrize("where", ["import", "prepare", "open", "start", "close", "leaks", "rule"])
def test_a_complaint_about_code_that_raises_has_not_what_it_says(where: str, folder: Path) -> None:
    text = everything(folder, f"check {JUDGED}", [2, 3], FAILING=where)
    assert "ValueError: (redacted)" in text
    assert SECRET not in text


@pytest.mark.parametrize("command", ["draw -o d.svg", "minimise", "replay", *OTHERS])
def test_no_command_says_what_an_import_raised(command: str, folder: Path) -> None:
    file = "" if "target.py" in command else "given.toml"
    (folder / "given.toml").write_text(GIVEN)
    text = everything(folder, f"{command} {file} --redact", [2], FAILING="import")
    assert "ValueError: (redacted)" in text
    assert SECRET not in text


GIVEN = """
name = "given"
symptom = "It fails."
target = "target.py:Target"
"""


def test_the_same_without_it_has_the_value(folder: Path) -> None:
    """A twin: the tests above would find it."""
    assert SECRET in everything(folder, CHECK)
    assert SECRET in everything(folder, f"check {JUDGED} --no-redact", [2], FAILING="prepare")
