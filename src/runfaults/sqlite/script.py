"""A script of several SQL statements."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from runfaults.sqlite.statement import Statement


def statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one; what follows the last semicolon comes last."""
    begin = end = 0
    while (end := script.find(";", end) + 1) > 0:
        if sqlite3.complete_statement(script[begin:end]):
            yield script[begin:end]
            begin = end
    if Statement.parse(script[begin:]).verb:
        yield script[begin:]
