"""Conducts a soak: keeps the workers going, lets the nemeses act, and has it judged."""

from __future__ import annotations

import contextlib
import heapq
import json
import multiprocessing
import os
import random
import selectors
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from runfaults.chaos.audit import clock_offset, read_record, start_clock
from runfaults.chaos.conclude import Circumstances, conclude
from runfaults.chaos.journal import CONDUCTOR, ENDS, LAST, Entry, line_of, now, read_journals
from runfaults.chaos.nemeses.full import Full
from runfaults.chaos.nemeses.hold_lock import HoldLock
from runfaults.chaos.nemeses.kill import Kill
from runfaults.chaos.nemeses.nemesis import Nemesis, Scene, Victim
from runfaults.chaos.nemeses.pause import Pause
from runfaults.chaos.telling import tell
from runfaults.chaos.worker import Assignment, look, require_fit, work
from runfaults.explore.probe import probe
from runfaults.explore.versions import versions
from runfaults.model import CheckResult, Event, EventKind, History, Journal, Schedule, Verdict
from runfaults.model.listener import Listener
from runfaults.oracle.own import own_rules
from runfaults.oracle.rule import Rule, queries_of
from runfaults.report.redact import redacted
from runfaults.sim.acts import MAY_CANCEL
from runfaults.sim.commits import of_unwatched_commits
from runfaults.sim.database import DatabaseTemplate, rows_in
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named
from runfaults.targets.target import (
    RecoversLate,
    exemptions,
    remarks,
    works_in_processes,
)
from runfaults.temporary import memory_backed_folder
from runfaults.user_code import interruptions

NEMESES: tuple[Callable[[], Nemesis], ...] = (HoldLock, Kill, Full, Pause)
"""The conductor's. The fifth, the clock, is moved by each worker itself."""

PATIENCE = 120.0
"""Seconds that workers have to finish once all trouble is lifted; then they are called hung."""

_DATABASE = "database"
"""Folder for the database, and for whatever the target puts beside it."""

_LAST = -1
"""The number of the process that looks when all workers have finished."""

_CLOCK_TOLERANCE = 1_000_000
"""Nanoseconds by which the wall clock may drift from the monotonic one during a soak."""

_TROUBLE = ("hold-lock", "kill", "full", "pause", "clock")


@dataclass(frozen=True, slots=True)
class ChaosResult:
    """The outcome of a soak.

    Attributes:
        check: Its runs as the rules judge them, with how it went.
        history: All that happened.
        trouble: How often each nemesis struck.
        kept: Where database and journals are, if they were kept.
    """

    check: CheckResult
    history: History
    trouble: Counter[str]
    kept: Path | None = None

    @property
    def verdict(self) -> Verdict:
        """Broken if a rule was; unknown if anything is left open, or nothing ran."""
        return self.check.verdict


@dataclass(slots=True)
class _Worker:
    """A worker process, seen from the conductor."""

    victim: Victim
    process: ForkServerProcess
    pipe: Connection
    file: int
    rest: bytes = b""
    spoke: bool = False


def chaos(  # noqa: PLR0913  # what a soak is conducted with
    target: str,
    progress: Listener,
    *,
    seconds: float,
    processes: int,
    seed: int,
    journal: Journal = Journal.DELETE,
    folder: Path | None = None,
    own: Collection[str] = (),
    redact: bool = False,
    nemeses: Sequence[Callable[[], Nemesis]] = NEMESES,
) -> ChaosResult:
    """Let several processes use one database while everything around them goes wrong.

    Args:
        target: Name of the system under test.
        progress: Hears how far it is.
        seconds: How long trouble lasts.
        processes: How many workers there are at any time.
        seed: Decides what every nemesis and every worker does; the kernel decides when.
        journal: SQLite journal mode.
        folder: Where database and journals are put and kept; None: a temporary folder that is
            kept only if something is found.
        own: Addresses of rules of the user's own.
        redact: Whether no value of the user's data is told; then the database is not kept.
        nemeses: What goes wrong.

    Returns:
        The result; after Ctrl-C it is unknown unless a rule was broken before.

    Raises:
        OSError: on a system that is not Linux.
        LookupError: if there is no such target.
        TargetError: if it cannot be tested.
    """
    if not hasattr(os, "pidfd_open"):
        raise OSError("runfaults chaos needs Linux: here a process cannot be held by a descriptor")
    system, rules = target_named(target), own_rules(own)
    if not works_in_processes(system):
        with Simulation(system, own_rules=rules) as simulation:
            offered, ids = probe(simulation), simulation.play(Schedule()).ids
        require_fit(system, ids, closes="close" in offered)
    place = _place(folder, seed)
    keep = False
    try:
        soak = _Soak(target, place, seed, journal, processes, rules, redact)
        result = soak.run(progress, seconds, [make() for make in nemeses])
        keep = folder is not None or result.verdict is not Verdict.HOLDS
        return replace(result, kept=place if keep else None)
    finally:
        if redact or not keep:
            shutil.rmtree(place / _DATABASE if keep else place, ignore_errors=True)


def _place(folder: Path | None, seed: int) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="runfaults-chaos-", dir=memory_backed_folder()))
    place = folder / f"chaos-{seed}-{os.getpid()}"
    place.mkdir(parents=True)
    return place


@dataclass(slots=True)
class _Soak:
    """One soak in progress."""

    target: str
    place: Path
    seed: int
    journal: Journal
    processes: int
    own_rules: tuple[Rule, ...] = ()
    redact: bool = False
    trouble: Counter[str] = field(default_factory=Counter[str])
    problems: list[str] = field(default_factory=list[str])
    _workers: dict[int, _Worker] = field(default_factory=dict[int, _Worker])
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _born: Counter[int] = field(default_factory=Counter[int])
    _ended: Counter[str] = field(default_factory=Counter[str])
    _killed: set[str] = field(default_factory=set[str])
    _settled: bool = False
    _offset: int = 0
    _lasted: float = 0.0

    @property
    def database(self) -> Path:
        """The one database."""
        return self.place / _DATABASE / "runs.db"

    def run(self, progress: Listener, seconds: float, nemeses: Sequence[Nemesis]) -> ChaosResult:
        """Trouble, then quiet, then the accounts."""
        self._prepare()
        scene = Scene(self.database, self._victims, self._write)
        interruptions.asked_for = True
        try:
            self._trouble(progress, seconds, nemeses, scene)
            self._finish(progress)
        except KeyboardInterrupt:
            self.problems.append("interrupted before every run had ended")
        finally:
            self._end_all()
        return self._result()

    # --- the three parts ----------------------------------------------------------------------

    def _prepare(self) -> None:
        self.database.parent.mkdir()
        (self.place / "journals").mkdir()
        template = DatabaseTemplate(target_named(self.target), repetitions=True)
        start_clock(template.restore(self.database.parent, self.journal))
        self._offset = clock_offset()

    def _trouble(
        self, progress: Listener, seconds: float, nemeses: Sequence[Nemesis], scene: Scene
    ) -> None:
        """Let the nemeses act; the time counts from the first worker's birth."""
        rng = random.Random(self.seed)  # noqa: S311
        draws = [random.Random(rng.random()) for _ in nemeses]  # noqa: S311
        progress.start(round(seconds))
        while not self._ended["born"]:
            if self.problems:
                return
            self._respawn()
            self._listen(0.2)
        began = shown = moment = time.monotonic()
        due = [(began + rng.uniform(0.2, 1.0), place) for place in range(len(nemeses))]
        heapq.heapify(due)
        try:
            while (moment := time.monotonic()) < began + seconds:
                self._respawn()
                while due and due[0][0] <= moment:
                    _, place = heapq.heappop(due)
                    wait = nemeses[place].act(scene, draws[place])
                    heapq.heappush(due, (time.monotonic() + wait, place))
                self._listen(min(0.2, max(0.0, due[0][0] - time.monotonic())) if due else 0.2)
                if moment - shown >= 1:
                    progress.advance(int(moment - shown))
                    shown += int(moment - shown)
                    progress.note(self._news())
        finally:
            for nemesis in nemeses:
                nemesis.lift(scene)
            self._lasted = moment - began

    def _respawn(self) -> None:
        """A new process for each that has ended."""
        for number in range(self.processes):
            if number not in self._workers:
                self._spawn(number)

    def _finish(self, progress: Listener) -> None:
        """Everybody finishes what is begun; then a last process looks at the database."""
        progress.note("quiet: waiting for the workers to finish")
        for worker in self._workers.values():
            worker.victim.send(signal.SIGTERM)
        self._wait_for_all()
        self._spawn(_LAST, look)
        target = target_named(self.target)
        self._wait_for_all(target.recovers_within if isinstance(target, RecoversLate) else 0.0)
        self._settled = not self.problems

    def _result(self) -> ChaosResult:
        if abs(clock_offset() - self._offset) > _CLOCK_TOLERANCE:
            self._settled = False
            self.problems.append(
                "the machine's clock was set meanwhile: audit and journals cannot be put in order"
            )
        target = target_named(self.target)
        words = target.vocabulary
        record = read_record(self.database, self._offset)
        entries = read_journals(self.place / "journals")
        self.trouble.update(entry.what for entry in entries if entry.what == "clock")
        written = sum(entry.what == "work" for entry in entries)
        complaints = list(record.complaints)
        if record.work < written:
            complaints.append(
                f"{written:,} pipelines had committed their work, that of {record.work:,} is there"
            )
        events = tell(entries, of_unwatched_commits(record.transitions, words), words)
        last = events[-1].time if events else 0.0
        ends = [(EventKind.LEAK, "database", complaint) for complaint in complaints]
        if self._settled:
            found = rows_in(self.database, queries_of(self.own_rules))
            ends += [*((EventKind.ROWS, *each) for each in found), (EventKind.SETTLED, "", "")]
        for kind, subject, value in ends:
            events.append(Event(len(events), last, "harness", kind, subject, value))
        history = History(
            self.target, Schedule(journal=self.journal), words, tuple(events), MAY_CANCEL
        )
        if self.redact:
            history = redacted(history)
        trouble = Counter({name: self.trouble[name] for name in _TROUBLE})
        told = ", ".join(f"{count:,} {name}" for name, count in trouble.items())
        circumstances = Circumstances(
            f"what {self.processes} processes start in {self._lasted:.0f} s of real time, "
            f"seed {self.seed}, journal {self.journal}",
            self._lasted,
            versions(),
            tuple(self.problems),
            (*remarks(target), f"trouble: {told}"),
            reads=any(entry.what == "read" for entry in entries),
            exempt=exemptions(target),
        )
        result = conclude(history, circumstances, self.own_rules)
        return ChaosResult(result, history, trouble)

    # --- workers ------------------------------------------------------------------------------

    def _victims(self) -> list[Victim]:
        """Workers that have begun: what strikes an import says nothing about the manager."""
        return [
            worker.victim
            for _, worker in sorted(self._workers.items())
            if worker.spoke and worker.victim.name not in self._killed
        ]

    def _write(self, what: str, value: str) -> None:
        """Into the conductor's own journal."""
        self.trouble[what] += 1
        if what in ENDS:
            self._killed.add(value)
        path = self.place / "journals" / f"{CONDUCTOR}.jsonl"
        with path.open("ab") as file:
            file.write(line_of(Entry(now(), CONDUCTOR, what, value=value)))

    def _spawn(
        self, number: int, function: Callable[[Assignment, Connection], None] = work
    ) -> None:
        self._born[number] += 1
        name = LAST if number == _LAST else f"{number}.{self._born[number]}"
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(
            ["runfaults.sim.time_machine_alone", work.__module__, "runfaults.targets.genglossary"]
        )
        receiver, sender = context.Pipe(duplex=False)
        seed = f"{self.seed} {name}"
        assignment = Assignment(self.target, self.database, name, seed, self.redact)
        process = context.Process(target=function, args=(assignment, sender), daemon=True)
        process.start()
        sender.close()
        assert process.pid is not None
        victim = Victim(name, process.pid, os.pidfd_open(process.pid))
        path = self.place / "journals" / f"worker-{name}.jsonl"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._workers[number] = worker = _Worker(victim, process, receiver, file)
        self._selector.register(receiver, selectors.EVENT_READ, (number, worker))

    def _listen(self, timeout: float) -> None:
        """Take what workers say to their journals; bury those whose pipe has ended.

        Raises:
            KeyboardInterrupt: if the user has interrupted the soak.
        """
        if interruptions.count:
            raise KeyboardInterrupt
        for key, _ in self._selector.select(timeout):
            number, worker = key.data
            heard = os.read(worker.pipe.fileno(), 65_536)
            if heard:
                os.write(worker.file, heard)
                self._count(worker, heard)
            else:
                self._reap(number)

    def _count(self, worker: _Worker, heard: bytes) -> None:
        worker.spoke = True
        *lines, worker.rest = (worker.rest + heard).split(b"\n")
        for line in lines:
            entry = Entry(*json.loads(line))
            self._ended[entry.what] += entry.phase != "invoke"
            if entry.what == "crashed":
                self.problems.append(f"worker {entry.process} crashed: {entry.value}")

    def _reap(self, number: int) -> None:
        worker = self._workers.pop(number)
        self._selector.unregister(worker.pipe)
        worker.process.join()
        code, name = worker.process.exitcode, worker.victim.name
        # One that was told to stop before it could listen has done nothing yet.
        unborn = code == -signal.SIGTERM and not worker.spoke
        if code != 0:
            self._write("gone", name)
        if code != 0 and not unborn and name not in self._killed:
            self.problems.append(f"worker {name} exited unexpectedly with code {code}")
        worker.process.close()
        worker.pipe.close()
        os.close(worker.file)
        os.close(worker.victim.handle)

    def _wait_for_all(self, longer: float = 0.0) -> None:
        end = time.monotonic() + PATIENCE + longer
        while self._workers and time.monotonic() < end:
            self._listen(0.2)
        for worker in self._workers.values():
            patience = f"{PATIENCE + longer:.0f} s after the trouble"
            self.problems.append(f"worker {worker.victim.name} had not finished {patience}")
        self._end_all()

    def _end_all(self) -> None:
        for number, worker in list(self._workers.items()):
            self._write("end", worker.victim.name)
            worker.victim.send(signal.SIGKILL)  # also ends one that is stopped
            with contextlib.suppress(OSError):
                while heard := os.read(worker.pipe.fileno(), 65_536):
                    os.write(worker.file, heard)
            self._reap(number)

    def _news(self) -> str:
        said = ", ".join(f"{self.trouble[name]} {name}" for name in _TROUBLE[:4])
        return f"{self._ended['signal']:,} runs ended; {said}"
