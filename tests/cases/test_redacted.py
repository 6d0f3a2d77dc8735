"""`--redact`: whatever a command prints or writes, no value of the user's data is in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SECRET = "Zoe-Miller"
PROGRAM = """
import os
import sqlite3
import sys
from jobs import Jobs, JobsTarget
from runfaults.oracle import no_rows

SECRET = "Zo" + "e-Miller"
print("while it is imported:", SECRET)
no_owner = no_rows("no owner is left", "SELECT owner FROM owners")

class Talking(Jobs):
    def do(self, connection, job):
        os.write(1, f"to the file: {SECRET}\\n".encode())
        print("by print:", SECRET)
        try:
            connection.execute(f"INSERT INTO owners VALUES ('{SECRET}', 4111)")
            super().do(connection, job)
        except sqlite3.Error as error:
            raise ValueError(f"no more\\n of {SECRET}") from error

class Target(JobsTarget):
    jobs = Talking

    def prepare(self, database):
        super().prepare(database)
        with sqlite3.connect(database) as connection:
            connection.execute("CREATE TABLE owners (owner, card)")
        connection.close()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("redacted")
    (folder / "target.py").write_text(PROGRAM)
    (folder / "pyproject.toml").touch()
    (folder / "jobs.py").write_text(Path(__file__).with_name("jobs.py").read_text())
    return folder


def everything(folder: Path, command: str) -> str:
    """All that a command prints and writes besides the program."""
    ended = subprocess.run(
        [sys.executable, "-m", "runfaults", *command.split()],
        cwd=folder,
        env={"GITHUB_STEP_SUMMARY": "summary.md", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode in {0, 1}, ended.stderr
    files = [each for each in folder.rglob("*") if each.is_file() and each.suffix != ".py"]
    texts = (each.read_text(errors="replace") for each in files if "__pycache__" not in each.parts)
    return "\n".join((ended.stdout, ended.stderr, *texts))


OF = "--target target.py:Target --rule target.py:no_owner"
CHECK = (
    f"check {OF} --bound single --only busy --only no-owner-is-left --jobs 1 --save saved --cache"
    " --html r.html --json r.json --junit r.xml --github --grid"
)


def test_no_file_and_no_output_has_the_value(folder: Path) -> None:
    text = everything(folder, f"{CHECK} --state state --redact")
    for report in ("the query found (redacted)", '"job": ', "<testsuite", "<html", "::error"):
        assert report in text
    for command in ("replay", "replay --history", "draw -o d.svg", "minimise -o m.toml"):
        text += everything(folder, f"{command} saved/Target-no-owner-is-left.toml --redact")
    assert SECRET not in text


def test_the_same_without_it_has_the_value(folder: Path) -> None:
    """A twin: the test above would find it."""
    assert SECRET in everything(folder, CHECK)
