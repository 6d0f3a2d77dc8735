"""Small explorations of planted targets, for the tests of how explorations are done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from planted_races import CONTROLS
from runfaults.explore.bound import Bound, SearchBound
from runfaults.explore.check import conclude
from runfaults.explore.exploration import Exploration, Manner, explore
from runfaults.model import CheckResult, Ending

BROKEN = f"{CONTROLS / 'one_try.py'}:OneTry"
SOUND = f"{CONTROLS / 'plain_manager.py'}:Plain"

SMALL = Bound(
    "small",
    endings=(Ending.SUCCEEDS,),
    journals=("delete",),
    kinds=("busy", "lost-acknowledgement"),
    counts=(1,),
    cancels=(),
    cancelled_counts=(),
    searches=(SearchBound(faults=0, acts=1, preemptions=1, act_kinds=("cancel",), reduce=True),),
)
"""Some twenty parts that are known from the beginning, and a search of which more come up."""


class Silence:
    """A progress that says nothing."""

    def start(self, total: int | None) -> None:
        pass

    def advance(self, count: int = 1, more: int = 0) -> None:
        pass

    def note(self, text: str) -> None:
        pass


class InterruptedAfter(Silence):
    """Somebody presses Ctrl-C when so many parts are done."""

    def __init__(self, parts: int) -> None:
        self.left = parts

    def advance(self, count: int = 1, more: int = 0) -> None:
        self.left -= count
        if self.left == 0:
            raise KeyboardInterrupt


def stop_after(asked: int) -> Callable[[], bool]:
    """Enough when it was asked so often."""
    answers = iter([False] * asked)
    return lambda: next(answers, True)


def explored(target: str, progress: Silence | None = None, **manner: object) -> Exploration:
    given = replace(Manner(jobs=1), **manner)
    return explore(target, SMALL, progress or Silence(), given)


def comparable(exploration: Exploration) -> CheckResult:
    """The result without what may differ between two explorations that found the same."""
    result = conclude(exploration)
    return replace(result, elapsed=0.0, remarks=(), coverage=tuple(sorted(result.coverage)))
