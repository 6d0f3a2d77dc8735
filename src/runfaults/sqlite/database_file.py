"""Which file a connection opens."""

from __future__ import annotations

import os
from urllib.parse import parse_qs, unquote, urlsplit


def database_path(database: str, *, uri: bool) -> str:
    """The path of the file that `sqlite3.connect` opens; empty for a database in memory."""
    if not (uri and database.startswith("file:")):
        return "" if database in {"", ":memory:"} else _absolute(database)
    parts = urlsplit(database)
    options = parse_qs(parts.query)
    if options.get("mode") == ["memory"] or options.get("vfs") == ["memdb"]:
        return ""
    name = unquote(parts.path)
    return "" if name in {"", ":memory:"} else _absolute(name)


def takes_locks(database: str, *, uri: bool) -> bool:
    """Whether a connection takes locks on its file, and heeds those of others."""
    if not (uri and database.startswith("file:")):
        return True
    options = parse_qs(urlsplit(database).query)
    lockless = any(options.get(name, ["0"])[-1] not in _OFF for name in ("nolock", "immutable"))
    return not lockless and options.get("vfs") != ["unix-none"]


_OFF = {"0", "no", "false", "off"}


def _absolute(path: str) -> str:
    # Not resolved: SQLite follows symbolic links itself, and reports the name it was given.
    return os.path.abspath(path)  # noqa: PTH100
