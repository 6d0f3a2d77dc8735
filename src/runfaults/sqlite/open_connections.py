"""The connections that have been opened, their state and their files: outside of the simulator."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import suppress
from sqlite3 import Error

from runfaults.model import Operation
from runfaults.sqlite.gate import Call
from runfaults.sqlite.observed import Observed

_CHANGES_FILES = {"ATTACH", "DETACH"}


class OpenConnections:
    """What a gate has heard of connections that are open yet; keeps none of them alive."""

    def __init__(self) -> None:
        self._files: weakref.WeakKeyDictionary[Observed, tuple[str, ...]] = (
            weakref.WeakKeyDictionary()
        )

    def __iter__(self) -> Iterator[Observed]:
        """The open ones, in the order in which they were opened."""
        return iter([one for one in list(self._files) if not one.closed])

    def hear(self, call: Call) -> tuple[str, ...]:
        """Hear of an operation that has been performed.

        Returns:
            The files of its connection, if it may have opened one; none if it has not.
        """
        connection = call.connection
        opens = call.operation is Operation.CONNECT or call.statement.verb in _CHANGES_FILES
        if connection is None or not opens:
            return ()
        self._files[connection] = files = connection.files
        return files

    @property
    def paths(self) -> list[str]:
        """Their database files, attached ones too, in the order in which they were opened."""
        return list(dict.fromkeys(path for one in self for path in self._files[one]))

    def transactions(self) -> list[Observed]:
        """The connections to files that have a transaction open.

        With `autocommit=False` one is always open: it counts when it has read or written.
        """
        return [
            one
            for one in self
            if self._files[one]
            and one.in_transaction
            and (not one.has_autocommit(on=False) or one.state.writing or one.state.snapshot)
        ]

    def close(self) -> None:
        """Close them, but for those of other threads."""
        for connection in self:
            with suppress(Error):
                connection.close()
