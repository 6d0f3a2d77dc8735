"""Runs jobs in a child process: a simulation disturbs the threads of a cluster worker."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Mapping
from dataclasses import asdict, dataclass

from runfaults.campaign.campaign import Campaign
from runfaults.campaign.fingerprint import code_in_development
from runfaults.explore.findings import Findings
from runfaults.explore.job import Job
from runfaults.explore.versions import versions
from runfaults.model import Versions
from runfaults.sim.host import Host
from runfaults.user_code import redact


class OtherSurroundingsError(ValueError):
    """Results would be of another Python, another SQLite or other code than was ordered."""


@dataclass(frozen=True, slots=True)
class Order:
    """A campaign as a process needs it to run any of its jobs.

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

    Args:
        order: What its jobs belong to.
    """

    def __init__(self, order: Order) -> None:
        self.order = order
        self._host = Host(running_jobs, order)

    def run(self, job: Job) -> Findings:
        """Run one job.

        Raises:
            OtherSurroundingsError: if it would find something else than was ordered.
            EOFError, OSError: if the process died; its jobs are to be run again elsewhere.
        """
        return self._host.ask(job)

    def kill(self) -> None:
        """End the process, in the middle of a job if need be, and remove its files."""
        self._host.kill()

    def close(self) -> None:
        """End the process; to be called where `run` is."""
        self._host.close()


@contextlib.contextmanager
def running_jobs(order: Order, folder: str) -> Generator[Callable[[Job], Findings]]:
    """Answers with what a job found; see `Host`."""
    campaign = order.campaign
    redact(wanted=campaign.redact)
    with campaign.open_player(within=folder) as player:
        _require_as_ordered(order)
        runner = campaign.runner(player)
        yield lambda job: campaign.run(runner, job)


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
