"""What differs from one clean run to the next: times, random ids and names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from runfaults.anomaly.database_state import DatabaseState, Table

Column = tuple[str, str]
"""The names of a table and of one of its columns; an empty table stands for all."""


@dataclass(frozen=True, slots=True)
class Volatile:
    """What is not compared.

    Attributes:
        columns: Columns whose values differ.
        tables: Tables, indices, views and triggers whose names differ: the next run has others.
        stable: Names that came again; only they are compared where others did not.
    """

    columns: frozenset[Column] = frozenset()
    tables: frozenset[str] = frozenset()
    stable: frozenset[str] = frozenset()

    def __or__(self, other: Volatile) -> Volatile:
        return Volatile(
            self.columns | other.columns, self.tables | other.tables, self.stable | other.stable
        )

    def __str__(self) -> str:
        columns = [f"{table}.{column}" if table else column for table, column in self.columns]
        return ", ".join(sorted([*columns, *self.tables]))

    def lifted_from(self, state: DatabaseState) -> DatabaseState:
        """The state without it."""
        if not self.columns and not self.tables:
            return state
        return replace(
            state,
            schema={key: sql for key, sql in state.schema.items() if self._is_compared(key[1])},
            tables={
                name: table.without(self._columns_of(name))
                for name, table in state.tables.items()
                if self._is_compared(name)
            },
        )

    def _is_compared(self, name: str) -> bool:
        return not self.tables or name in self.stable

    def _columns_of(self, table: str) -> frozenset[str]:
        return frozenset(column for of, column in self.columns if of in {table, ""})

    @classmethod
    def parse(cls, text: str) -> Volatile:
        """Read what an author says: `updated_at accounts.token`."""
        parts = [each.rpartition(".") for each in text.replace(",", " ").split()]
        return cls(frozenset((table, column) for table, _, column in parts))


def differing(one: DatabaseState, two: DatabaseState) -> Volatile:
    """What is volatile, as two clean runs show."""
    here, there = ({name for _, name in state.schema} for state in (one, two))
    return Volatile(
        frozenset(
            (name, column)
            for name in one.tables.keys() & two.tables.keys()
            for column in _differing(one.tables[name], two.tables[name])
        ),
        frozenset(here ^ there),
        frozenset(here & there),
    )


def _differing(one: Table, two: Table) -> Iterator[str]:
    if len(one.rows) != len(two.rows):
        return  # no column's doing: it is told as a difference
    for index, column in enumerate(one.columns):
        values = (Counter(repr(row[index]) for row in table.rows) for table in (one, two))
        if column not in two.columns or next(values) != next(values):
            yield column
