"""How two states of a database differ, row by row."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.anomaly.database_state import DatabaseState, Table
from runfaults.user_code import LEFT_OUT, redacting

_ROWS = 4
"""So many rows of each sort are shown of a table."""
_WIDTH = 110


def differences(expected: DatabaseState, found: DatabaseState) -> list[str]:
    """Lines: `- row` is missing, `+ row` should not be there."""
    return [*_of_schema(expected, found), *_of_tables(expected, found)]


def _of_schema(expected: DatabaseState, found: DatabaseState) -> Iterator[str]:
    for kind, name in sorted(expected.schema.keys() | found.schema.keys()):
        one, two = expected.schema.get((kind, name)), found.schema.get((kind, name))
        if one is not None and two is None:
            yield f"- {kind} {name}"
        elif one is None:
            yield f"+ {kind} {name}"
        elif one != two:
            yield f"! {kind} {name}: another definition"


def _of_tables(expected: DatabaseState, found: DatabaseState) -> Iterator[str]:
    empty = Table((), ())
    for name in sorted(expected.tables.keys() | found.tables.keys()):
        one, two = expected.tables.get(name, empty), found.tables.get(name, empty)
        missing, more = one.counted() - two.counted(), two.counted() - one.counted()
        if not missing and not more:
            continue
        yield f"table {name} ({', '.join((one if one.columns else two).columns)})"
        yield from _some("-", sorted(missing.elements()))
        yield from _some("+", sorted(more.elements()))


def _some(sign: str, rows: list[str]) -> Iterator[str]:
    for row in rows[:_ROWS]:
        shown = row if len(row) <= _WIDTH else f"{row[: _WIDTH - 3]}..."
        yield f"  {sign} {LEFT_OUT if redacting() else shown}"
    if len(rows) > _ROWS:
        yield f"  {sign} and {len(rows) - _ROWS:,} rows more"
