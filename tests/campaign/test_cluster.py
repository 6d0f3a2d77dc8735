"""A cluster comes to what one machine comes to, though one of its workers is killed."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from runfaults.campaign import cluster
from runfaults.campaign.cluster import ClusterError, Order, OtherSurroundingsError, running_jobs
from runfaults.campaign.fingerprint import code_in_development
from runfaults.campaign.workers import WorkersDiedError
from runfaults.cli import cli
from runfaults.explore.job import Job
from runfaults.explore.versions import versions
from runfaults.model import Schedule
from runfaults.model.listener import Listener
from runfaults.sim.host import Host
from small_checks import BROKEN, SOUND, InterruptedAfter, campaign_of, comparable, explored

# To import it here would have each simulation of the suite search its 300 modules.
if importlib.util.find_spec("distributed") is None:
    pytest.skip("needs the extra cluster", allow_module_level=True)
psutil = pytest.importorskip("psutil", reason="comes with distributed")

SECONDS = 60

DASK = """
import ctypes, runpy, sys
PR_SET_PDEATHSIG, SIGKILL = 1, 9
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)
sys.argv[0] = "dask"
runpy.run_module("dask", run_name="__main__")
"""
"""Dies with this process: a suite that is ended from outside cannot terminate what it started."""

ON_MACHINES = pytest.mark.xdist_group("cluster")
"""Tests that share one scheduler and two workers."""


@dataclass(frozen=True)
class Machines:
    address: str
    workers: list[subprocess.Popen[bytes]]
    files: Path
    folder: Path

    def left_behind(self) -> list[str]:
        """Processes beside the workers, and files."""
        alive = [each for each in self.workers if each.poll() is None]
        children = [each for worker in alive for each in psutil.Process(worker.pid).children()]
        files = [path.name for path in self.files.iterdir()]
        return [*map(str, children), *files]


@contextmanager
def process(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", DASK, *arguments],
        env=os.environ | environment,
        stderr=subprocess.PIPE,
    ) as started:
        try:
            yield started
        finally:
            started.terminate()
            started.communicate()


def told(started: subprocess.Popen[bytes], what: str) -> str:
    """What stands behind these words in a line of its log."""
    assert started.stderr is not None
    lines = (line.decode() for line in started.stderr)
    return next(line.partition(what)[2].strip() for line in lines if what in line)


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Generator[Machines]:
    files, folder = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("code")
    with ExitStack() as stack:
        scheduler = process("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        address = told(stack.enter_context(scheduler), "Scheduler at:")
        found = Machines(address, [], files, folder)
        for worker in [stack.enter_context(worker_of(found)) for _ in range(2)]:
            told(worker, "Registered to:")
            found.workers.append(worker)
        yield found


@contextmanager
def worker_of(machines: Machines) -> Iterator[subprocess.Popen[bytes]]:
    here = ("--host", "127.0.0.1", "--local-directory", str(machines.folder))
    one = ("--nthreads", "2", "--no-nanny", "--no-dashboard")
    environment = {"RUNFAULTS_TMPDIR": str(machines.files), "PYTHONPATH": str(machines.folder)}
    with process("worker", machines.address, *here, *one, **environment) as worker:
        yield worker


class After(Listener):
    """Does something when so many parts are done."""

    def __init__(self, parts: int, do: Callable[[], None]) -> None:
        self.left, self.do = parts, do

    def advance(self, count: int = 1, *_: object, **__: object) -> None:
        self.left -= count
        if self.left == 0:
            self.do()


@pytest.mark.nightly
@ON_MACHINES
def test_it_finds_the_same_though_a_worker_is_killed_in_the_middle(machines: Machines) -> None:
    beside: list[object] = []
    with worker_of(machines) as victim:
        told(victim, "Registered to:")

        def kill() -> None:
            beside.extend(psutil.Process(victim.pid).children())
            victim.kill()

        found = explored(BROKEN, After(6, kill), cluster=machines.address)
        assert victim.wait(SECONDS) == -signal.SIGKILL
    assert not found.not_reached
    assert comparable(BROKEN, found) == comparable(BROKEN, explored(BROKEN))
    assert beside
    assert psutil.wait_procs(beside, SECONDS)[1] == []
    assert machines.left_behind() == []


@pytest.mark.nightly
@ON_MACHINES
def test_after_ctrl_c_nothing_is_left_and_what_is_done_is_kept(
    machines: Machines, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    first = explored(BROKEN, InterruptedAfter(5), cluster=machines.address, state=state)
    assert first.interrupted
    assert machines.left_behind() == []
    second = explored(BROKEN, cluster=machines.address, state=state)
    assert second.remarks[0].startswith("5 of ")
    assert comparable(BROKEN, second) == comparable(BROKEN, explored(BROKEN))


@pytest.mark.nightly
@ON_MACHINES
def test_the_worker_itself_lives_on_real_time_with_real_locks(machines: Machines) -> None:
    distributed = importlib.import_module("distributed")
    began = time.time()
    seen: dict[str, tuple[float, str]] = {}

    def ask() -> None:
        with closing(distributed.Client(machines.address, set_as_default=False)) as client:
            seen.update(client.run(clock_and_lock))

    def clock_and_lock() -> tuple[float, str]:  # inside: the workers do not have this module
        import threading
        import time

        return time.time(), threading.Lock.__name__

    explored(SOUND, After(3, ask), cluster=machines.address)
    assert len(seen) == len(machines.workers)
    assert all(clock >= began for clock, _ in seen.values())
    assert {lock for _, lock in seen.values()} == {"allocate_lock"}


def planted(name: str, machines: Machines, here: Path, more: str) -> str:
    """A target of which the workers have a version that says more."""
    text = (
        f"import sys\nsys.path.append({str(Path(SOUND).parent)!r})\n"
        "from plain_manager import Plain\n\nclass Planted(Plain):\n    pass\n"
    )
    (here / f"{name}.py").write_text(text)
    (machines.folder / f"{name}.py").write_text(text + more)
    return f"{name}:Planted"


@pytest.mark.nightly
@ON_MACHINES
def test_a_worker_with_another_target_is_refused(
    machines: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    target = planted("planted_other", machines, tmp_path, "# changed\n")
    with pytest.raises(ClusterError, match=r"the worker at .* has another planted_other than"):
        explored(target, cluster=machines.address)
    assert machines.left_behind() == []


@pytest.mark.nightly
@ON_MACHINES
def test_a_worker_with_the_same_target_is_accepted(
    machines: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    target = planted("planted_same", machines, tmp_path, "")
    assert not explored(target, cluster=machines.address).not_reached


def test_an_address_where_nobody_answers_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.1)
    with pytest.raises(ClusterError, match=r"no Dask scheduler answers at 127\.0\.0\.1:9"):
        explored(SOUND, cluster="127.0.0.1:9")


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"pip install 'runfaults\[cluster\]'"):
        explored(SOUND, cluster="127.0.0.1:9")


class Reporting:
    """A client whose machines report these versions."""

    def __init__(self, scheduler: str, worker: str) -> None:
        self.reported = {"client": "3.11 1.0", "scheduler": scheduler, "workers": worker}

    def get_versions(self, packages: list[str]) -> dict[str, object]:
        found = {}
        for who, text in self.reported.items():
            python, runfaults = text.split()
            document = {"host": {"python": python}, "packages": {packages[0]: runfaults}}
            found[who] = {"tcp://w:1": document} if who == "workers" else document
        return found


@pytest.mark.parametrize(
    ("scheduler", "worker", "complaint"),
    [
        ("3.11 1.0", "3.12 1.0", "the worker at tcp://w:1 has Python 3.12, here it is 3.11"),
        ("3.11 1.0", "3.11 2.0", "the worker at tcp://w:1 has runfaults 2.0, here it is 1.0"),
        ("3.11 2.0", "3.11 1.0", "the scheduler at tcp://s:1 has runfaults 2.0"),
        ("3.11 1.0", "3.11 1.0", ""),
    ],
)
def test_other_versions_are_refused(scheduler: str, worker: str, complaint: str) -> None:
    client = Reporting(scheduler, worker)
    if not complaint:
        cluster._require_same(client, "tcp://s:1")
        return
    with pytest.raises(ClusterError, match=complaint):
        cluster._require_same(client, "tcp://s:1")


@contextmanager
def beside(order: Order) -> Iterator[Host]:
    with closing(Host(running_jobs, order)) as one:
        yield one


ORDER = Order("of a test", campaign_of(SOUND), versions(), code_in_development())


def test_another_sqlite_is_refused() -> None:
    other = replace(ORDER, versions=replace(ORDER.versions, sqlite="3.0.0"))
    with beside(other) as one, pytest.raises(OtherSurroundingsError, match=r"here it is 3\.0\.0"):
        one.ask(Job(Schedule()))


def test_the_same_surroundings_are_accepted() -> None:
    with beside(ORDER) as one:
        assert one.ask(Job(Schedule())).verdicts.total() == 1


def test_a_target_that_is_not_there_is_told() -> None:
    lost = replace(ORDER, campaign=campaign_of("nowhere:None"))
    with beside(lost) as one, pytest.raises(LookupError, match="cannot be imported"):
        one.ask(Job(Schedule()))


DYING = "import os\nfrom runfaults.targets import target_named\n\ndef Dying():\n    os._exit(9)\n"


def test_a_job_that_kills_its_process_ends_the_exploration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "dying.py"
    target.write_text(DYING)
    monkeypatch.setattr(cluster, "_address", lambda: "here")
    order = replace(ORDER, campaign=campaign_of(f"{target}:Dying"))
    with pytest.raises(WorkersDiedError, match="died 3 times, running the same job"):
        cluster.run_in_worker(order, Job(Schedule()))


@pytest.mark.parametrize("other", [["--jobs", "2"], ["--profile"]])
def test_options_of_this_machine_do_not_go_with_a_cluster(other: list[str]) -> None:
    from click.testing import CliRunner

    result = CliRunner().invoke(cli, ["check", "--cluster", "127.0.0.1:9", *other])
    assert result.exit_code == 2
    assert "--cluster cannot be combined with" in result.output
