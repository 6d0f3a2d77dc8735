"""With nothing armed, a watched connection behaves as a plain one."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

# What of CPython's own suite sees the difference, and why it must.
_EXCLUDED = {
    "test_dbapi.OpenTests.test_database_keyword": "compares the connection's exact class",
    "test_dbapi.OpenTests.test_factory_database_arg": (
        "its factory returns exact sqlite3.Connection objects, which cannot be watched"
    ),
}
_WARNINGS_POINT_INTO_US = {
    # A DeprecationWarning's file name is that of the Python frame above the C method: ours.
    "test_dbapi.ConnectionTests.test_connect_positional_arguments": "3.13",
    "test_dbapi.CursorTests.test_execute_named_param_and_sequence": "3.12",
    "test_types.DateTimeTests.test_sqlite_date": "3.12",
    "test_types.DateTimeTests.test_sqlite_timestamp": "3.12",
}


def test_the_standard_librarys_own_suite_passes_with_every_connection_watched() -> None:
    if (
        importlib.util.find_spec("test") is None
        or importlib.util.find_spec("test.test_sqlite3") is None
    ):
        pytest.skip("this interpreter comes without its test suite (package 'test')")
    program = Path(__file__).with_name("standard_library_suite.py")
    source = Path(__file__).parents[2] / "src"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", program, *_EXCLUDED, *_WARNINGS_POINT_INTO_US],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(source)},
    )
    assert done.returncode == 0, done.stderr
    tests, operations = map(int, done.stdout.splitlines()[-1].split())
    assert tests > 400, done.stdout
    assert operations > 3000, done.stdout
