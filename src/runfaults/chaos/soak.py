"""Conducts a soak: keeps the workers going, lets the nemeses act, and has it judged."""

from __future__ import annotations

import heapq
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from runfaults.chaos.audit import clock_offset, read_record, start_clock
from runfaults.chaos.conclude import Circumstances, conclude
from runfaults.chaos.crew import Crew
from runfaults.chaos.journal import read_journals
from runfaults.chaos.nemeses.full import full
from runfaults.chaos.nemeses.hold_lock import hold_lock
from runfaults.chaos.nemeses.kill import kill
from runfaults.chaos.nemeses.nemesis import Nemesis, Scene
from runfaults.chaos.nemeses.pause import pause
from runfaults.chaos.telling import tell
from runfaults.chaos.worker import Assignment, require_fit
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
from runfaults.targets.target import remarks, traits
from runfaults.temporary import memory_backed_folder
from runfaults.user_code import interruptions

NEMESES: tuple[Nemesis, ...] = (hold_lock, kill, full, pause)
"""The conductor's. The fifth, the clock, is moved by each worker itself."""

_DATABASE = "database"
"""Folder for the database, and for whatever the target puts beside it."""

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
    nemeses: Sequence[Nemesis] = NEMESES,
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
    if not traits(system).processes:
        with Simulation(system, own_rules=rules) as simulation:
            offered, ids = probe(simulation), simulation.play(Schedule()).ids
        require_fit(system, ids, closes="close" in offered)
    place = _place(folder, seed)
    keep = False
    try:
        assignment = Assignment(target, place / _DATABASE / "runs.db", "", str(seed), redact)
        crew = Crew(assignment, place / "journals")
        soak = _Soak(seed, journal, processes, crew, rules)
        result = soak.run(progress, seconds, nemeses)
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
    """One soak in progress.

    Attributes:
        seed: Decides what every nemesis does.
        journal: SQLite journal mode.
        processes: How many workers there are at any time.
        crew: The workers.
        own_rules: Rules of the user's own.
    """

    seed: int
    journal: Journal
    processes: int
    crew: Crew
    own_rules: tuple[Rule, ...] = ()
    _settled: bool = False
    _offset: int = 0
    _lasted: float = 0.0

    @property
    def database(self) -> Path:
        """The one database."""
        return self.crew.assignment.database

    @property
    def target(self) -> str:
        """Name of the system under test."""
        return self.crew.assignment.target

    def run(self, progress: Listener, seconds: float, nemeses: Sequence[Nemesis]) -> ChaosResult:
        """Trouble, then quiet, then the accounts."""
        self._prepare()
        scene = Scene(self.database, self.crew.victims, self.crew.write)
        interruptions.asked_for = True
        try:
            self._trouble(progress, seconds, nemeses, scene)
            self._finish(progress)
        except KeyboardInterrupt:
            self.crew.problems.append("interrupted before every run had ended")
        finally:
            self.crew.end_all()
        return self._result()

    # --- the three parts ----------------------------------------------------------------------

    def _prepare(self) -> None:
        self.database.parent.mkdir()
        self.crew.journals.mkdir()
        template = DatabaseTemplate(target_named(self.target), repetitions=True)
        start_clock(template.restore(self.database.parent, self.journal))
        self._offset = clock_offset()

    def _trouble(
        self, progress: Listener, seconds: float, nemeses: Sequence[Nemesis], scene: Scene
    ) -> None:
        """Let the nemeses act; the time counts from the first worker's birth."""
        rng = random.Random(self.seed)  # noqa: S311
        acting = [each(scene, random.Random(rng.random())) for each in nemeses]  # noqa: S311
        progress.start(round(seconds))
        while not self.crew.ended["born"]:
            if self.crew.problems:
                return
            self.crew.fill(self.processes)
            self.crew.listen(0.2)
        began = shown = moment = time.monotonic()
        due = [(began + rng.uniform(0.2, 1.0), place) for place in range(len(acting))]
        heapq.heapify(due)
        try:
            while (moment := time.monotonic()) < began + seconds:
                self.crew.fill(self.processes)
                while due and due[0][0] <= moment:
                    _, place = heapq.heappop(due)
                    wait = next(acting[place])
                    heapq.heappush(due, (time.monotonic() + wait, place))
                self.crew.listen(min(0.2, max(0.0, due[0][0] - time.monotonic())) if due else 0.2)
                if moment - shown >= 1:
                    progress.advance(int(moment - shown))
                    shown += int(moment - shown)
                    progress.note(self._news())
        finally:
            for nemesis in acting:
                nemesis.close()
            self._lasted = moment - began

    def _finish(self, progress: Listener) -> None:
        """Everybody finishes what is begun; then a last process looks at the database."""
        progress.note("quiet: waiting for the workers to finish")
        self.crew.dismiss()
        self.crew.wait_for_all()
        self.crew.spawn_last()
        target = target_named(self.target)
        self.crew.wait_for_all(traits(target).recovers_within)
        self._settled = not self.crew.problems

    def _result(self) -> ChaosResult:
        if abs(clock_offset() - self._offset) > _CLOCK_TOLERANCE:
            self._settled = False
            self.crew.problems.append(
                "the machine's clock was set meanwhile: audit and journals cannot be put in order"
            )
        target = target_named(self.target)
        words = target.vocabulary
        record = read_record(self.database, self._offset)
        entries = read_journals(self.crew.journals)
        self.crew.trouble.update(entry.what for entry in entries if entry.what == "clock")
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
        if self.crew.assignment.redact:
            history = redacted(history)
        trouble = Counter({name: self.crew.trouble[name] for name in _TROUBLE})
        told = ", ".join(f"{count:,} {name}" for name, count in trouble.items())
        circumstances = Circumstances(
            f"what {self.processes} processes start in {self._lasted:.0f} s of real time, "
            f"seed {self.seed}, journal {self.journal}",
            self._lasted,
            versions(),
            tuple(self.crew.problems),
            (*remarks(target), f"trouble: {told}"),
            reads=any(entry.what == "read" for entry in entries),
            exempt=tuple(traits(target).exempt),
        )
        result = conclude(history, circumstances, self.own_rules)
        return ChaosResult(result, history, trouble)

    def _news(self) -> str:
        said = ", ".join(f"{self.crew.trouble[name]} {name}" for name in _TROUBLE[:4])
        return f"{self.crew.ended['signal']:,} runs ended; {said}"
