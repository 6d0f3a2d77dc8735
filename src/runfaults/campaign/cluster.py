"""Runs jobs on the workers of a Dask cluster; the job of a lost worker is run again.

The same protocol as the processes of this machine: `runfaults.campaign.workers`. Which worker runs
a job does not matter, nor whether it runs twice: a job always finds the same. A worker runs it in a
process beside itself, for a simulation disturbs the threads of its own.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
import uuid
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from runfaults.campaign.agenda import Agenda
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.fingerprint import code_in_development
from runfaults.campaign.workers import MAX_DEATHS, WorkersDiedError, dispatch
from runfaults.explore.findings import Findings
from runfaults.explore.job import Job
from runfaults.explore.versions import versions
from runfaults.model import Versions
from runfaults.sim.host import Host
from runfaults.user_code import redact

CONNECT_SECONDS = 10
"""Real seconds in which a scheduler must answer."""

IN_HAND = 3
"""Jobs for each thread of a worker at a time: what it runs, and what is on its way meanwhile."""


class ClusterError(ValueError):
    """A cluster cannot be used; the message says why and what to do."""


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


def run_on_cluster(
    campaign: Campaign,
    agenda: Agenda,
    address: str,
    should_stop: Callable[[], bool] = lambda: False,
) -> Generator[tuple[Job, Findings]]:
    """Run every job on a cluster; yields what each found, in the order in which they finish.

    Workers may come and go meanwhile. However it ends, the workers are left as they were.

    Args:
        campaign: What they belong to; a target's file must be at the same place on every worker.
        agenda: What to run; see `dispatch`.
        address: Of the scheduler, such as `tcp://10.0.0.1:8786`.
        should_stop: Asked again and again; True ends it early.

    Raises:
        ClusterError: if the cluster cannot be reached, or runs another version of anything.
        WorkersDiedError: if one job was with several workers when they died.
    """
    killed, client_of = _distributed()
    own = tuple(map(_anywhere, campaign.own))
    anywhere = replace(campaign, target=_anywhere(campaign.target), own=own)
    order = Order(uuid.uuid4().hex, anywhere, versions(), code_in_development())
    with contextlib.closing(client_of(address)) as client:
        _require_same(client, address)
        cluster = _Cluster(client, client.get_executor(pure=False), order)
        try:
            yield from dispatch(cluster, agenda, should_stop)
        except WorkersDiedError:
            raise
        except (CancelledError, OSError) as error:
            raise ClusterError(
                f"the connection to the scheduler at {address} was lost; what is done is kept "
                "if there is a --state folder: continue from there when it is back"
            ) from error
        except killed as error:
            raise WorkersDiedError(
                f"workers of the cluster at {address} died one after another, running the same "
                "job; run with --jobs 1 to see why"
            ) from error
        finally:
            if client.status == "running":
                client.run(_end, order.name, on_error="ignore")


@dataclass(frozen=True, slots=True)
class _Cluster:
    """Workers that are processes of a cluster.

    Attributes:
        client: Of the scheduler.
        executor: Of the scheduler too, as the standard library knows executors.
        order: What they are to do.
    """

    client: Any
    executor: Executor
    order: Order

    def capacity(self) -> int:
        """More if there are more of them by now; the scheduler keeps some if there is none yet."""
        threads: Mapping[str, int] = self.client.nthreads()
        return IN_HAND * max(1, sum(threads.values()))

    def submit(self, job: Job) -> Future[Findings]:
        """Have one of them run a job."""
        return self.executor.submit(run_in_worker, self.order, job)

    def cancel_running(self) -> None:
        """Take back what none of them has begun."""
        self.executor.shutdown(wait=False)


def _distributed() -> tuple[type[Exception], Callable[[str], Any]]:
    """The error for a job that kills its workers, and how to connect."""
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        raise ClusterError(
            f"--cluster needs the package distributed, which cannot be imported here ({error}); "
            "pip install 'runfaults[cluster]'"
        ) from error

    def client_of(address: str) -> Any:  # noqa: ANN401  # its package has no types
        try:
            return distributed.Client(
                address, timeout=CONNECT_SECONDS, set_as_default=False, name="runfaults"
            )
        except (OSError, ValueError, TypeError) as error:
            raise ClusterError(
                f"no Dask scheduler answers at {address} ({error}); "
                "an address is host:port or tcp://host:port, as `dask scheduler` prints it"
            ) from error

    return distributed.KilledWorker, client_of


def _require_same(client: Any, address: str) -> None:  # noqa: ANN401  # its package has no types
    """Compare Python and runfaults where that needs neither of them to be the same."""
    found: Any = client.get_versions(packages=["runfaults"])
    here = _packages(found["client"])
    others = {f"the scheduler at {address}": found["scheduler"]}
    others |= {f"the worker at {worker}": its for worker, its in found["workers"].items()}
    for who, its in others.items():
        for package, version in _packages(its).items():
            if version != here[package]:
                raise ClusterError(
                    f"{who} has {package} {version or '(none)'}, here it is {here[package]}; "
                    "give all of them the same environment"
                )


def _packages(found: Any) -> dict[str, str | None]:  # noqa: ANN401  # a document
    return {"Python": found["host"]["python"], "runfaults": found["packages"].get("runfaults")}


def _anywhere(name: str) -> str:
    """The name of a target or rule for a process whose working folder is another one."""
    place, colon, attribute = name.rpartition(":")
    return f"{Path(place).resolve()}{colon}{attribute}" if place.endswith(".py") else name


# --- in a worker ----------------------------------------------------------------------------------

_own = threading.Lock()
"""Held while the following changes."""

_hosts: dict[tuple[str, int], Host] = {}
"""The processes beside this worker, by campaign and by the worker's thread that asks it."""

_over: set[str] = set()
"""Campaigns that have ended."""


def run_in_worker(order: Order, job: Job) -> Findings:
    """Run a job on behalf of this worker, in a process beside it.

    Raises:
        ClusterError: if the results would not be comparable with those of who ordered it.
        WorkersDiedError: if the process died of this job `MAX_DEATHS` times.
        CancelledError: if the campaign has ended.
    """
    place = order.name, threading.get_ident()
    for _ in range(MAX_DEATHS):
        host = _host_at(place, order)
        try:
            return host.ask(job)
        except BaseException as error:
            with _own:
                _hosts.pop(place, None)
            host.close()
            if isinstance(error, OtherSurroundingsError):
                raise ClusterError(f"the worker at {_address()} {error}") from None
            if not isinstance(error, EOFError | OSError):
                raise
    raise WorkersDiedError(
        f"a process of the worker at {_address()} died {MAX_DEATHS} times, running the same job; "
        "run with --jobs 1 to see why"
    )


def _host_at(place: tuple[str, int], order: Order) -> Host:
    with _own:
        if order.name in _over:
            raise CancelledError
        if place not in _hosts:
            _hosts[place] = Host(running_jobs, order)
        return _hosts[place]


def _end(campaign: str) -> None:
    """End the processes of a campaign that has ended, whatever they are doing."""
    with _own:
        _over.add(campaign)
        ended = [_hosts.pop(place) for place in list(_hosts) if place[0] == campaign]
    for host in ended:
        host.kill()


def _address() -> str:
    distributed: Any = importlib.import_module("distributed")
    return str(distributed.get_worker().address)


# --- in a process beside it -----------------------------------------------------------------------


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
