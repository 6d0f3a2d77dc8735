"""Runs jobs in a process of their own, on behalf of one that has other threads to care for.

A simulation moves the wall clock of its whole process and collects no garbage meanwhile. A process
that talks to others on time, as the worker of a cluster does, must not live through that.
`multiprocessing` is of no use here: such a worker is often a daemon, which may have no children.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from runfaults.explore.campaign import Campaign
from runfaults.explore.findings import Findings
from runfaults.explore.fingerprint import code_in_development
from runfaults.explore.job import Job
from runfaults.explore.players import open_player
from runfaults.explore.runner import Runner
from runfaults.explore.versions import versions
from runfaults.model import Versions
from runfaults.sim.database import memory_backed_folder


class OtherSurroundingsError(ValueError):
    """Results would be of another Python, another SQLite or other code than was ordered."""


@dataclass(frozen=True, slots=True)
class Order:
    """What has to be known of a campaign to run any job of it.

    Attributes:
        name: Tells it from all others.
        campaign: What is run.
        versions: What the results are to be measured with.
        code: Hashes of the code that it is about; see `code_in_development`.
    """

    name: str
    campaign: Campaign
    versions: Versions
    code: Mapping[str, str]


class Isolated:
    """A process with a player, from which one thread at a time gets what jobs find.

    However it ends, and however the process ends that made it, no file is left.

    Args:
        order: What its jobs belong to.
    """

    def __init__(self, order: Order) -> None:
        self.order = order
        self._folder = tempfile.mkdtemp(prefix="runfaults-", dir=memory_backed_folder())
        self._connection, there = Pipe()
        begin = (
            f"import sys; sys.path[:] = {sys.path!r}; "
            f"from runfaults.explore.isolated import serve; serve({there.fileno()})"
        )
        self._process = subprocess.Popen(  # noqa: S603  # nothing in it comes from outside
            [sys.executable, "-c", begin], pass_fds=[there.fileno()], stdin=subprocess.DEVNULL
        )
        there.close()
        self._connection.send((order, self._folder))

    def run(self, job: Job) -> Findings:
        """Run one job.

        Raises:
            OtherSurroundingsError: if it would find something else than was ordered.
            EOFError, OSError: if the process died; its jobs are to be run again elsewhere.
        """
        self._connection.send(job)
        answer: Findings | BaseException = self._connection.recv()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def kill(self) -> None:
        """End the process, in the middle of a job if need be, and remove its files."""
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """Likewise; to be called where `run` is."""
        self.kill()
        self._connection.close()


def serve(descriptor: int) -> None:
    """Run jobs for the process at the other end of a pipe until that closes it, or is gone."""
    # Ctrl-C is for whoever ordered this, though the terminal may send it to all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = Connection(descriptor)
    order, folder = connection.recv()
    with contextlib.suppress(EOFError, OSError):  # nobody is there any more
        try:
            _serve(connection, order, folder)
        except (EOFError, OSError):
            raise
        except Exception as error:  # noqa: BLE001  # it is raised where somebody can read it
            error.add_note(traceback.format_exc())
            connection.send(error)
            connection.recv()
    shutil.rmtree(folder, ignore_errors=True)


def _serve(connection: Connection, order: Order, folder: str) -> None:
    campaign = order.campaign
    with open_player(campaign.target, campaign.player, within=folder) as player:
        _require_as_ordered(order)
        runner = Runner(player)
        while True:
            job = connection.recv()
            connection.send(campaign.run(runner, job))


def _require_as_ordered(order: Order) -> None:
    wanted = asdict(order.versions)
    for name, version in asdict(versions()).items():
        if version != wanted[name]:
            raise OtherSurroundingsError(
                f"has {name} {version}, here it is {wanted[name]}; "
                "give all of them the same environment"
            )
    code = code_in_development()
    both = sorted(code.keys() & order.code.keys())
    if differing := [name for name in both if code[name] != order.code[name]]:
        names = ", ".join(differing)
        raise OtherSurroundingsError(
            f"has another {names} than there is here; give all of them the same files"
        )
