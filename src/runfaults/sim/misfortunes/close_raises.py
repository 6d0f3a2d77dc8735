"""A client that raises when it is closed."""

from __future__ import annotations

import errno
import os
from typing import NoReturn

from runfaults.sim.misfortunes.misfortune import Misfortune
from runfaults.sqlite.gate import Call
from runfaults.targets.client import Client


class CloseRaises(Misfortune):
    """The system reports an error as the connections of a client of the work are closed.

    They are closed nevertheless, and work that waited for an answer is woken: Linux releases the
    descriptor before anything is reported (manual of close(2), "Dealing with error returns from
    close()"). Since Python 3.6 `socket.close` raises what is reported (`socket` documentation).
    """

    name = "close-raises"
    summary = "the client of the work is closed, and its close raises: Input/output error"
    unavailable = "the client is the harness's own and has no sockets"

    def refusal(self, call: Call) -> str | None:
        """Why it could not happen at this call; None if it could."""
        client = call.thing
        if not isinstance(client, Client):
            return "only the close of a client of the work fails so"
        if not call.begun:
            return "no work has used the client yet, so no connection is there to be closed"
        return "the client was closed before" if client.is_closed else None

    def strike(self, call: Call) -> NoReturn:
        """Close the client, and raise."""
        call.real()
        raise OSError(errno.EIO, os.strerror(errno.EIO))
