"""A program of several operations with faults between them, held against itself without them.

No model is needed. A step that raised has changed nothing, so the program ends as it ends
without that step: the same code does so on a copy of the same files, and nothing strikes it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from runfaults.anomaly.database_state import DatabaseState, read_state
from runfaults.anomaly.difference import differences
from runfaults.anomaly.ending import Ending, Endless, Raised, Returned
from runfaults.anomaly.folders import nothing, opened_under
from runfaults.anomaly.observation import Observation
from runfaults.anomaly.observe import Order, observe, tried
from runfaults.anomaly.volatile import Volatile, differing
from runfaults.anomaly.watch import Orders, Watch
from runfaults.sqlite.kinds import KINDS
from runfaults.sqlite.strike import Strike
from runfaults.temporary import memory_backed_folder
from runfaults.user_code import LEFT_OUT, redacting

_LIMIT = 10_000
"""Operations of SQLite, after which a step does not end."""
_LIFTED_AFTER = 20
"""So many operations a fault strikes that lasts."""


class Step(NamedTuple):
    """An operation of a program.

    Attributes:
        call: What is called, with the object that was opened before the arguments.
        arguments: The other ones.
        strike: What strikes meanwhile: the first operation of SQLite from its number on that its
            kind can strike. None: nothing does.
    """

    call: Callable[..., object]
    arguments: tuple[object, ...] = ()
    strike: Strike | None = None

    def __str__(self) -> str:
        name = getattr(self.call, "__name__", repr(self.call))
        struck = f"  # {self.strike}" if self.strike else ""
        return f"{name}({', '.join(map(repr, self.arguments))}){struck}"


class ProgramBrokenError(AssertionError):
    """A step has not done what it says, or has left something behind."""


@dataclass(frozen=True, slots=True)
class System:
    """What programs run on.

    Attributes:
        make: Makes the databases in an empty folder.
        opened: Opens an object on them.
        closed: Closes it.
        volatile: Columns that are not compared, besides those that differ between clean runs.
        patience: Seconds without an operation of SQLite, after which a step hangs.
    """

    make: Callable[[Path], object]
    opened: Callable[[Path], Any]
    closed: Callable[[Any], object] = nothing
    volatile: str = ""
    patience: float = 2.0


@dataclass(frozen=True, slots=True)
class Program:
    """Steps on one object.

    Attributes:
        steps: In their order.
    """

    steps: tuple[Step, ...]

    def __repr__(self) -> str:
        return "\n".join(["Program:", *(f"    {step}" for step in self.steps)])

    def run(self, system: System) -> None:
        """Run it: each step is done or not done, says which, and leaves nothing locked.

        Raises:
            ProgramBrokenError: naming the first step that is not so.
            UnsuitableError: if a step cannot be judged: it returns what has not run.
        """
        with tempfile.TemporaryDirectory(
            dir=memory_backed_folder(), ignore_cleanup_errors=True
        ) as folder:
            _Trial(system, Path(folder)).judge(self.steps)


class _Trial:
    """A program in progress."""

    def __init__(self, system: System, folder: Path) -> None:
        self.system = system
        self.volatile = Volatile.parse(system.volatile)
        self._folder = folder
        self._copies = count()
        (folder / "original").mkdir()
        system.make(folder / "original")

    def copy(self) -> Path:
        """A fresh copy of the files."""
        return shutil.copytree(self._folder / "original", self._folder / str(next(self._copies)))

    def judge(self, steps: Sequence[Step]) -> None:
        """Raise what is wrong with the first step with which something is."""
        folder = self.copy()
        reference = _Reference(self, ())
        for number, (step, seen) in enumerate(
            zip(steps, self._struck(folder, steps), strict=False), start=1
        ):
            wrong = _left_behind(seen) or reference.compare(folder, step, seen)
            if wrong:
                raise ProgramBrokenError(f"step {number}, {step}: {wrong}")
        reference.close()

    def _struck(self, folder: Path, steps: Sequence[Step]) -> list[Observation]:
        """What each step does while its fault strikes, up to one behind which no other can go."""
        watch, found = Watch(), list[Observation]()
        with opened_under(watch, folder, self.system.opened, self.system.closed) as it:
            for step in steps:
                watch.renew()
                orders = Orders(
                    step.strike, limit=_LIMIT, lifted_after=_LIFTED_AFTER, or_later=True
                )
                order = Order(orders, recovers=False, patience=self.system.patience)
                call = partial(step.call, it, *step.arguments)
                found.append(observe(call, watch, order))
                if found[-1].left.transactions or _left_behind(found[-1]):
                    break  # without a lock it is no finding, and what follows cannot be told
        return found


def _left_behind(seen: Observation) -> str:
    if isinstance(seen.ending, Endless):
        return f"it does not end: {seen.ending.why}"
    if seen.now is None or seen.left.locked:
        return "it leaves a lock behind: no other connection can write"
    unsound = [state.integrity for state in seen.now if state.integrity != "ok"]
    return f"integrity_check says: {unsound[0]}" if unsound else ""


class _Reference:
    """The object without faults: it does the steps that were done."""

    def __init__(self, trial: _Trial, done: Sequence[Step]) -> None:
        self._trial, self._done = trial, list(done)
        self._open()

    def _open(self) -> None:
        self._folder = self._trial.copy()
        self._it = self._trial.system.opened(self._folder)
        for step in self._done:
            self._do(step)

    def close(self) -> None:
        """Close the object."""
        self._trial.system.closed(self._it)

    def compare(self, folder: Path, step: Step, seen: Observation) -> str:
        """What is wrong with a step; empty if nothing is."""
        as_before = seen.now == seen.before
        if isinstance(seen.ending, Raised) and seen.struck and as_before:
            return ""
        expected = self._do(step)
        files = [Path(path).relative_to(folder) for path in seen.paths if _is_in(path, folder)]
        now = [state for path, state in _pairs(seen) if _is_in(path, folder)]
        wrong = self._difference(files, now)
        if (wrong or seen.ending != expected) and not isinstance(expected, Endless):
            differs = self._learn(files, step) != expected
            wrong = self._difference(files, now)
            expected = seen.ending if differs and _both_returned(seen, expected) else expected
        if wrong and as_before and seen.struck and seen.ending != expected:
            self.close()  # the step has said that it was not done: undo it here too
            self._open()
            return ""
        self._done.append(step)
        return _wrongly_ended(step, seen, expected, wrong) or wrong

    def _do(self, step: Step) -> Ending:
        patience = self._trial.system.patience
        return tried(partial(step.call, self._it, *step.arguments), Watch(), patience)

    def _states(self, files: Sequence[Path]) -> list[DatabaseState]:
        return [read_state(str(self._folder / file)) for file in files]

    def _difference(self, files: Sequence[Path], now: Sequence[DatabaseState]) -> str:
        lift = self._trial.volatile.lifted_from
        lines = [
            line
            for one, two in zip(self._states(files), now, strict=True)
            for line in differences(lift(one), lift(two))
        ]
        return "\n".join(
            ["the database differs from the one without faults:", *lines] if lines else []
        )

    def _learn(self, files: Sequence[Path], step: Step) -> Ending:
        """See what differs by itself, the answer too: the same steps again, on fresh files."""
        again = _Reference(self._trial, self._done)
        ending = again._do(step)
        for one, two in zip(self._states(files), again._states(files), strict=True):
            self._trial.volatile |= differing(one, two)
        again.close()
        return ending


def _wrongly_ended(step: Step, seen: Observation, expected: Ending, wrong: str) -> str:
    ending = seen.ending
    raised = isinstance(ending, Raised)
    if raised and seen.struck:
        if wrong:
            return f"it raised {ending.what}, but a part is done; {wrong}"
        if step.strike is not None and KINDS[step.strike.kind].takes_effect:
            return ""
        return f"it raised {ending.what}, but all is done: a retry does it twice"
    if raised != isinstance(expected, Raised):
        return f"it {_told(ending)}; without the faults it {_told(expected)}"
    if _both_returned(seen, expected) and not seen.struck and ending != expected:
        return f"it {_told(ending)}; without the faults before it {_told(expected)}"
    return ""


def _both_returned(seen: Observation, expected: Ending) -> bool:
    return isinstance(seen.ending, Returned) and isinstance(expected, Returned)


def _told(ending: Ending) -> str:
    match ending:
        case Raised(what=what):
            return f"raised {what}"
        case Endless(why=why):
            return f"does not end: {why}"
        case _ if redacting():
            return f"returned {LEFT_OUT}"
        case _:
            return f"returned {ending.answer or 'an object'}"


def _pairs(seen: Observation) -> list[tuple[str, DatabaseState]]:
    return list(zip(seen.paths, seen.now or (), strict=False))


def _is_in(path: str, folder: Path) -> bool:
    return Path(path).is_relative_to(folder)
