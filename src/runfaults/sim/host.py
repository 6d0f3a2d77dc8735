"""A process beside this one that answers one request after the other.

A simulation moves the wall clock of its whole process and collects no garbage meanwhile, and a
process with several threads must not fork. So whatever talks to others on time, or wants to fork,
does it here. `multiprocessing` is of no use: a worker of a cluster is often a daemon, which may
have no children.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from runfaults.temporary import memory_backed_folder, prefix

Answering = Callable[..., AbstractContextManager[Callable[[Any], Any]]]
"""Prepares the process for its requests: is given what it was made with and a folder for files."""


class Host:
    """A process that one thread at a time asks.

    However it ends, and however the process ends that made it, no file is left.

    Args:
        answering: A function of a module that is an `Answering`.
        given: What it is given, besides the folder.
    """

    def __init__(self, answering: Answering, *given: object) -> None:
        self._folder = tempfile.mkdtemp(prefix=prefix(), dir=memory_backed_folder())
        self._connection, there = Pipe()
        begin = (
            f"import sys; sys.path[:] = {sys.path!r}; import runfaults.sim.time_machine_alone; "
            f"from {__name__} import serve; serve({there.fileno()})"
        )
        self._process = subprocess.Popen(  # noqa: S603  # nothing in it comes from outside
            [sys.executable, "-c", begin],
            pass_fds=[there.fileno()],
            stdin=subprocess.DEVNULL,
            process_group=0,  # what it forks ends with it
        )
        there.close()
        place = answering.__module__, answering.__name__
        self._connection.send((place, given, self._folder))

    def ask(self, request: object) -> Any:  # noqa: ANN401  # what was asked for
        """The answer to a request.

        Raises:
            EOFError, OSError: if the process died.
            BaseException: what the answering raised.
        """
        self._connection.send(request)
        answer = self._connection.recv()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def kill(self) -> None:
        """End the process, in the middle of a request if need be, and remove its files."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """End the process; to be called where `ask` is."""
        self.kill()
        self._connection.close()


def serve(descriptor: int) -> None:
    """Answer the process at the other end of a pipe until that closes it, or is gone."""
    # Ctrl-C is for the process that asks, though the terminal may send it to all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = Connection(descriptor)
    (module, name), given, folder = connection.recv()
    with contextlib.suppress(EOFError, OSError):  # the other end is closed
        try:
            _serve(connection, getattr(importlib.import_module(module), name), given, folder)
        except (EOFError, OSError):
            raise
        except Exception as error:  # noqa: BLE001  # it is raised in the process that asked
            error.add_note(traceback.format_exc())
            connection.send(error)
            connection.recv()
    shutil.rmtree(folder, ignore_errors=True)


def _serve(
    connection: Connection, answering: Answering, given: tuple[object, ...], folder: str
) -> None:
    with answering(*given, folder) as answer:
        while True:
            connection.send(answer(connection.recv()))
