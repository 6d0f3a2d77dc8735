"""Where a system under test records the status of its runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Audit:
    """Where the status of a run is recorded: rows of a table.

    `key`, `status` and `deleted` are SQL expressions, in which the columns of the row have their
    names: `state`, `json_extract(data, '$.state')`, `iif(ended IS NULL, 'active', 'ended')`.

    Attributes:
        table: Table with a row per run, or with several rows of a run, such as one per attempt.
        key: The run's id, as `start` answers it: a number, a text, a UUID in whatever form, bytes;
            several columns as a tuple, if `start` answers a tuple.
        status: The status: a text or a number. Of a row in which it is NULL nothing is recorded.
        deleted: The status of a run whose row is deleted: `"'done'"`. Empty: none.
    """

    table: str
    key: str | tuple[str, ...]
    status: str
    deleted: str = ""


@dataclass(frozen=True, slots=True)
class AuditScript:
    """Where the status of a run is recorded, when no expression can tell it.

    Attributes:
        sql: Triggers on the target's tables. Each inserts into `runfaults_audit (run, old, new)`:
            the run's id, its old status (NULL: none yet) and its new one (NULL: row deleted).
            They need no functions but SQLite's own, and are part of the target's transactions.
    """

    sql: str


Audits = Audit | AuditScript | tuple[Audit, ...]
"""One place; or several tables, whose rows of the same key tell of the same run."""
