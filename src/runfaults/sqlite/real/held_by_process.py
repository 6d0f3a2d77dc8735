"""A lock that another process holds while the operation runs."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from typing import Self

from runfaults.sqlite.real.held_lock import LOCK_STATEMENTS
from runfaults.sqlite.real.recipe import Recipe, Unavailable, main_file

_PROGRAM = """
import sqlite3, sys
held = None
for line in sys.stdin:
    path, _, script = line.rstrip("\\n").partition("\\t")
    if held is not None:
        held.close()
        held = None
    if path:
        held = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            for sql in script.split(";"):
                held.execute(sql).fetchall()
        except sqlite3.Error as error:
            held.close()
            held = None
            print(error, flush=True)
            continue
    print("", flush=True)
"""


class OtherProcess:
    """A process that holds locks on demand; it ends with the context."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def hold(self, level: str) -> Recipe:
        """The process holds the lock while the operation runs.

        Args:
            level: As for `held_lock`.
        """

        def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:
            refusal = self._ask(f"{main_file(connection)}\t{';'.join(LOCK_STATEMENTS[level])}")
            if refusal:
                raise Unavailable(f"another process cannot get the {level} lock: {refusal}")
            try:
                return operation()
            finally:
                self._ask("")

        return recipe

    def _ask(self, line: str) -> str:
        """Say a line and hear the answer; empty if all went well."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line + "\n")
        process.stdin.flush()
        return process.stdout.readline().rstrip("\n")
