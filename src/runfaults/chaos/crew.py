"""The worker processes of a soak: born, heard, buried, and what each said is in its journal."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import selectors
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from runfaults.chaos.journal import CONDUCTOR, ENDS, LAST, Entry, line_of, now
from runfaults.chaos.nemeses.nemesis import Victim
from runfaults.chaos.worker import Assignment, look, work
from runfaults.user_code import interruptions

PATIENCE = 120.0
"""Seconds that workers have to finish once all trouble is lifted; then they are called hung."""

_LAST = -1
"""The number of the process that looks when all workers have finished."""


@dataclass(slots=True)
class _Worker:
    """A worker process, seen from the conductor."""

    victim: Victim
    process: ForkServerProcess
    pipe: Connection
    file: int
    rest: bytes = b""
    spoke: bool = False


@dataclass(slots=True)
class Crew:
    """All that there are at a time, each with a number; one that has died is replaced by another.

    Attributes:
        assignment: What each is to do; its seed begins that of each.
        journals: The folder of the journals.
        trouble: How often what has happened to them, or around them.
        problems: What kept the soak from finishing, a sentence each.
        ended: How often what they did, by its name in the journals.
    """

    assignment: Assignment
    journals: Path
    trouble: Counter[str] = field(default_factory=Counter[str])
    problems: list[str] = field(default_factory=list[str])
    ended: Counter[str] = field(default_factory=Counter[str])
    _workers: dict[int, _Worker] = field(default_factory=dict[int, _Worker])
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _born: Counter[int] = field(default_factory=Counter[int])
    _killed: set[str] = field(default_factory=set[str])

    def victims(self) -> list[Victim]:
        """Workers that have begun: what strikes an import says nothing about the manager."""
        return [
            worker.victim
            for _, worker in sorted(self._workers.items())
            if worker.spoke and worker.victim.name not in self._killed
        ]

    def write(self, what: str, value: str) -> None:
        """Into the conductor's own journal."""
        self.trouble[what] += 1
        if what in ENDS:
            self._killed.add(value)
        path = self.journals / f"{CONDUCTOR}.jsonl"
        with path.open("ab") as file:
            file.write(line_of(Entry(now(), CONDUCTOR, what, value=value)))

    def fill(self, processes: int) -> None:
        """Have so many: a new process for each that has ended."""
        for number in range(processes):
            if number not in self._workers:
                self._spawn(number, work)

    def dismiss(self) -> None:
        """Tell all to finish what is begun."""
        for worker in self._workers.values():
            worker.victim.send(signal.SIGTERM)

    def spawn_last(self) -> None:
        """Have a process look when all the others have ended."""
        self._spawn(_LAST, look)

    def _spawn(self, number: int, function: Callable[[Assignment, Connection], None]) -> None:
        self._born[number] += 1
        name = LAST if number == _LAST else f"{number}.{self._born[number]}"
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(
            ["runfaults.sim.time_machine_alone", work.__module__, "runfaults.targets.genglossary"]
        )
        receiver, sender = context.Pipe(duplex=False)
        assignment = replace(self.assignment, name=name, seed=f"{self.assignment.seed} {name}")
        process = context.Process(target=function, args=(assignment, sender), daemon=True)
        process.start()
        sender.close()
        assert process.pid is not None
        victim = Victim(name, process.pid, os.pidfd_open(process.pid))
        path = self.journals / f"worker-{name}.jsonl"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._workers[number] = worker = _Worker(victim, process, receiver, file)
        self._selector.register(receiver, selectors.EVENT_READ, (number, worker))

    def listen(self, timeout: float) -> None:
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
            self.ended[entry.what] += entry.phase != "invoke"
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
            self.write("gone", name)
        if code != 0 and not unborn and name not in self._killed:
            self.problems.append(f"worker {name} exited unexpectedly with code {code}")
        worker.process.close()
        worker.pipe.close()
        os.close(worker.file)
        os.close(worker.victim.handle)

    def wait_for_all(self, longer: float = 0.0) -> None:
        """Wait until all have ended, and end them if they do not.

        Args:
            longer: Seconds besides the usual patience.
        """
        end = time.monotonic() + PATIENCE + longer
        while self._workers and time.monotonic() < end:
            self.listen(0.2)
        for worker in self._workers.values():
            patience = f"{PATIENCE + longer:.0f} s after the trouble"
            self.problems.append(f"worker {worker.victim.name} had not finished {patience}")
        self.end_all()

    def end_all(self) -> None:
        """Kill those that are there."""
        for number, worker in list(self._workers.items()):
            self.write("end", worker.victim.name)
            worker.victim.send(signal.SIGKILL)  # also ends one that is stopped
            with contextlib.suppress(OSError):
                while heard := os.read(worker.pipe.fileno(), 65_536):
                    os.write(worker.file, heard)
            self._reap(number)
