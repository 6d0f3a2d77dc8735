"""Facts about an SQL statement that its text alone tells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from runfaults.model import Operation

_TOKEN = re.compile(
    r"""(?P<blank>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))
      | '(?:[^']|'')*'
      | "(?:[^"]|"")*" | `[^`]*` | \[[^\]]*\]
      | [?:@$]\w*
      | [\w$]+
      | ==|\|\||<>|<=|>=|!=|.""",
    re.VERBOSE | re.DOTALL,
)

ASSIGNMENT = "ASSIGN"
"""Verb of the COMMIT that CPython performs when `isolation_level` or `autocommit` is assigned."""

_UNFIT = re.compile(r"[#\s]+")

_CHANGES = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE"})
_NOT_PLAIN = frozenset({"OR", "NOT", "CASE", "BETWEEN", "SELECT", "LIMIT"})
"""Words that a `WHERE` whose equations all hold must not contain."""

# SQLite source, pragma.h: the pragmas with PragFlg_NeedSchema that job managers use; they read
# the schema of a fresh connection, hence the file.
_SCHEMA_PRAGMAS = frozenset(
    [
        "application_id",
        "cache_size",
        "foreign_key_check",
        "foreign_key_list",
        "freelist_count",
        "index_info",
        "index_list",
        "integrity_check",
        "journal_mode",
        "max_page_count",
        "optimize",
        "page_count",
        "quick_check",
        "schema_version",
        "synchronous",
        "table_info",
        "table_xinfo",
        "user_version",
        "wal_checkpoint",
    ]
)
# The ones that open a read transaction each time; the others only look at the connection.
_READING_PRAGMAS = frozenset(
    [
        "application_id",
        "foreign_key_check",
        "freelist_count",
        "integrity_check",
        "page_count",
        "quick_check",
        "schema_version",
        "user_version",
    ]
)
_PRAGMAS_OF_THE_CONNECTION = frozenset({"busy_timeout", "foreign_keys"})
_STORED_PRAGMAS = frozenset({"application_id", "user_version"})


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement, as far as fault injection needs to understand it.

    Attributes:
        text: The SQL.
        verb: First keyword, upper case, or the one behind a `WITH` clause; empty if no SQL reaches
            the engine. Where Python calls SQLite without SQL: `BACKUP`, `BLOBOPEN`.
        table: The table it is mainly about, or the name of the pragma; empty if there is none.
        subject: What a fault point calls it: `UPDATE runs`, `BEGIN IMMEDIATE`.
        operation: What performing it means at first sight. Releasing the outermost savepoint
            commits too, but only a connection knows which one is outermost.
        writes: It takes the database's write lock.
        reads: It reads the database file, and does not write.
        needs_schema: It reads the file if the connection has not loaded the schema yet.
        opens_implicitly: In legacy transaction mode CPython issues a `BEGIN` before it: behind
            `WITH` it does not.
        returns_rows: Executing it may leave rows to fetch.
        one_row: It inserts one row given as values, and replaces none.
        keys: Columns that its `WHERE` compares for equality, all joined by `AND`; none if it is not
            plain enough to tell.
        savepoint: Name that `SAVEPOINT`, `RELEASE` or `ROLLBACK TO` is about.
        temporary: It makes something temporary, which only the connection sees.
        argument: The value that a pragma is given, lower case; empty for none.
        row: Of `executemany`, the row of parameters that it is performed for first, from 1.
    """

    text: str
    verb: str = ""
    table: str = ""
    subject: str = ""
    operation: Operation = Operation.EXECUTE
    writes: bool = False
    reads: bool = False
    needs_schema: bool = False
    opens_implicitly: bool = False
    returns_rows: bool = False
    one_row: bool = False
    keys: frozenset[str] = frozenset()
    savepoint: str = ""
    temporary: bool = False
    argument: str = ""
    row: int = 1

    def for_row(self, row: int) -> Statement:
        """The same where it is performed for a later row of parameters."""
        return replace(self, subject=f"{self.subject} row {row}", row=row)

    @property
    def begins_writing(self) -> bool:
        """Whether it is a `BEGIN` that takes the write lock at once."""
        return self.writes and self.verb == "BEGIN"

    @property
    def defines(self) -> bool:
        """Whether it changes the schema."""
        return self.verb in {"CREATE", "DROP", "ALTER", "REINDEX", "ANALYZE"}

    @property
    def touches_file(self) -> bool:
        """Whether it reads or writes the file, whatever the connection's state."""
        return self.reads or self.writes

    @staticmethod
    def parse(sql: str) -> Statement:
        """Read a statement; only the first one of several. Results are cached."""
        return _parse(sql)


@lru_cache(maxsize=4096)
def _parse(sql: str) -> Statement:  # noqa: C901, PLR0911 - one case for each verb
    tokens = [match[0] for match in _TOKEN.finditer(sql) if match["blank"] is None]
    words = [token.upper() for token in tokens]
    if not words:
        return Statement(sql)
    start, common_tables = _behind_with(words)
    verb = words[start] if start < len(words) else words[0]
    match verb:
        case "BEGIN":
            kind = words[1] if words[1:] and words[1] in {"IMMEDIATE", "EXCLUSIVE"} else ""
            return Statement(sql, verb, subject=f"BEGIN {kind}".rstrip(), writes=bool(kind))
        case "COMMIT" | "END":
            return Statement(sql, verb, operation=Operation.COMMIT)
        case "ROLLBACK" if "TO" not in words:
            return Statement(sql, verb, operation=Operation.ROLLBACK)
        case "ROLLBACK" | "SAVEPOINT" | "RELEASE":
            subject = "ROLLBACK TO" if verb == "ROLLBACK" else verb
            return Statement(sql, verb, subject=subject, savepoint=_last_name(tokens))
        case "PRAGMA":
            return _pragma(sql, tokens)
        case "EXPLAIN":
            return Statement(sql, verb, subject=verb, needs_schema=True, returns_rows=True)
        case "SELECT" | "VALUES":
            table = _source(tokens, words, common_tables)
            return Statement(
                sql,
                verb,
                table,
                _subject(verb, table),
                reads=bool(table) and not _is_temporary(table),
                needs_schema=bool(table),
                returns_rows=True,
            )
        case "INSERT" | "UPDATE" | "DELETE" | "REPLACE":
            return _change(sql, tokens, words, start)
        case "CREATE" | "DROP" | "ALTER" | "REINDEX" | "ANALYZE":
            return _definition(sql, tokens, words)
        case _:
            return Statement(sql, verb, subject=verb)


def _behind_with(words: Sequence[str]) -> tuple[int, frozenset[str]]:
    """Index of the main verb, and the common tables that a `WITH` clause names before it."""
    if words[0] != "WITH":
        return 0, frozenset()
    names = {_plain(word) for word, following in pairwise(words) if following in {"AS", "("}}
    for index, word in _top_level(words):
        if word in _CHANGES or word in {"SELECT", "VALUES"}:
            return index, frozenset(names)
    return 0, frozenset()


def _top_level(words: Sequence[str], start: int = 0) -> Iterator[tuple[int, str]]:
    """The words outside of all brackets."""
    depth = 0
    for index in range(start, len(words)):
        word = words[index]
        depth += (word == "(") - (word == ")")
        if depth == 0:
            yield index, word


def _source(tokens: Sequence[str], words: Sequence[str], common_tables: frozenset[str]) -> str:
    """The first real table behind a `FROM` or `JOIN`."""
    for index, word in enumerate(words):
        if word in {"FROM", "JOIN"} and index + 1 < len(words) and words[index + 1] != "(":
            name, following = _qualified(tokens, index + 1)
            is_function = following < len(words) and words[following] == "("
            if not is_function and name.upper() not in common_tables:
                return name
    return ""


def _change(sql: str, tokens: Sequence[str], words: Sequence[str], start: int) -> Statement:
    verb = words[start]
    index = start + 1
    if verb == "UPDATE" and index < len(words) and words[index] == "OR":
        index += 2
    if verb != "UPDATE":
        marker = "FROM" if verb == "DELETE" else "INTO"
        index = next((at + 1 for at, word in _top_level(words, start) if word == marker), index)
    table, _ = _qualified(tokens, index)
    returning = "RETURNING" in words
    clauses = words[: words.index("RETURNING")] if returning else words
    temporary = _is_temporary(table)
    return Statement(
        sql,
        verb,
        table,
        _subject(verb, table),
        writes=not temporary,
        needs_schema=True,
        opens_implicitly=start == 0,
        returns_rows=returning,
        one_row=verb == "INSERT" and _has_one_tuple(clauses, start),
        keys=frozenset()
        if "FROM" in words and verb == "UPDATE"
        else _compared(tokens, clauses, start),
    )


def _has_one_tuple(words: Sequence[str], start: int) -> bool:
    rest = [word for _, word in _top_level(words, start)]
    if rest[1:3] == ["OR", "REPLACE"]:
        return False
    if rest[-1:] == [";"]:
        rest.pop()
    if "VALUES" in rest:
        return "," not in rest[rest.index("VALUES") :]
    return rest[-2:] == ["DEFAULT", "VALUES"]


def _compared(tokens: Sequence[str], words: Sequence[str], start: int) -> frozenset[str]:
    """Columns that a plain top-level `WHERE` compares for equality and that are not assigned."""
    if words[start] == "UPDATE" and "FROM" in words:
        return frozenset()
    top = list(_top_level(words, start))
    where = next((at for at, (_, word) in enumerate(top) if word == "WHERE"), None)
    if where is None or not _NOT_PLAIN.isdisjoint(words[top[where][0] :]):
        return frozenset()
    return frozenset(_equated(tokens, top[where:]) - _equated(tokens, top[:where]))


def _equated(tokens: Sequence[str], words: Sequence[tuple[int, str]]) -> set[str]:
    """Names on the left of an equals sign."""
    pairs = pairwise(words)
    return {_plain(tokens[at]).lower() for (at, _), (_, sign) in pairs if sign in {"=", "=="}}


def _definition(sql: str, tokens: Sequence[str], words: Sequence[str]) -> Statement:
    verb = words[0]
    temporary = any(word in {"TEMP", "TEMPORARY"} for word in words[1:2])
    # Whether `IF [NOT] EXISTS` writes cannot be told from the text: take the weaker, reading.
    perhaps = "IF" in words[:6]
    objects = {"TABLE", "INDEX", "TRIGGER", "VIEW"}
    index = next((at for at, word in enumerate(words[:5]) if word in objects), 0) + 1
    while index < len(words) and words[index] in {"IF", "NOT", "EXISTS"}:
        index += 1
    table, _ = _qualified(tokens, index)
    temporary |= _is_temporary(table)
    return Statement(
        sql,
        verb,
        table,
        _subject(verb, table),
        writes=not (temporary or perhaps),
        reads=perhaps and not temporary,
        needs_schema=True,
        temporary=temporary,
    )


def _pragma(sql: str, tokens: Sequence[str]) -> Statement:
    name, following = _qualified(tokens, 1)
    name = name.lower()
    if name.rpartition(".")[2] in _PRAGMAS_OF_THE_CONNECTION:
        name = name.rpartition(".")[2]  # whatever schema is named
    assigns = following < len(tokens) and tokens[following] in {"=", "("}
    writes = assigns and name in _STORED_PRAGMAS
    return Statement(
        sql,
        "PRAGMA",
        name,
        _subject("PRAGMA", name),
        writes=writes,
        reads=name in _READING_PRAGMAS and not writes,
        needs_schema=name in _SCHEMA_PRAGMAS,
        returns_rows=True,
        argument=_plain(tokens[following + 1]).lower()
        if assigns and tokens[following + 1 :]
        else "",
    )


def _qualified(tokens: Sequence[str], index: int) -> tuple[str, int]:
    """The name at an index, without its `main.`, and the index behind it."""
    if index >= len(tokens):
        return "", index
    name, index = _plain(tokens[index]), index + 1
    if index + 1 < len(tokens) and tokens[index] == ".":
        inner = _plain(tokens[index + 1])
        name = inner if name.lower() == "main" else f"{name}.{inner}"
        index += 2
    return name, index


def _is_temporary(table: str) -> bool:
    return table.lower().startswith(("temp.", "sqlite_temp_"))


def _subject(verb: str, table: str) -> str:
    # '#' introduces a fault point's ordinal, blanks its parts: neither belongs into a subject.
    return f"{verb} {_UNFIT.sub('_', table)}".rstrip()


def _last_name(tokens: Sequence[str]) -> str:
    last = tokens[-2] if tokens[-1] == ";" else tokens[-1]
    return _plain(last).lower()


def _plain(token: str) -> str:
    return token[1:-1] if token[0] in "\"`['" else token
