"""What results are measured with."""

from __future__ import annotations

import platform
import sqlite3
from importlib.metadata import version

from runfaults.model import Versions


def versions() -> Versions:
    """The versions of Python, SQLite and runfaults in this process."""
    return Versions(platform.python_version(), sqlite3.sqlite_version, version("runfaults"))
