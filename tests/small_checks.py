"""Small explorations of planted targets, for the tests of how explorations are done."""

from __future__ import annotations

import contextlib
import functools
import pickle
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, Self

from planted_races import CONTROLS
from runfaults.campaign.baseline import Baseline
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.conclude import check, conclude
from runfaults.campaign.running import Options, Outcome, run_campaign
from runfaults.explore.findings import Findings
from runfaults.explore.job import Allowance, Job, Scope
from runfaults.explore.runner import Runner
from runfaults.explore.search import Search
from runfaults.explore.strategy import Strategy
from runfaults.explore.sweep import Sweep
from runfaults.model import CheckResult
from runfaults.model.listener import Listener
from runfaults.user_code import heed_interruptions, interrupting

BROKEN = f"{CONTROLS / 'one_try.py'}:OneTry"
SOUND = f"{CONTROLS / 'plain_manager.py'}:Plain"

SWEEP = Sweep(Scope(kinds=("busy",), acts=()))
SEARCH = Search(Scope(acts=("cancel",)), Allowance(0, 0, 1), reduce=True)

SMALL = (SWEEP, SEARCH)
"""A dozen jobs that are known from the beginning, and a search of which more follow."""


@contextlib.contextmanager
def heeding() -> Iterator[None]:
    """Interruptions are heeded in the block as in a command, and count no more after it."""
    before = {number: signal.getsignal(number) for number in interrupting()}
    heed_interruptions()
    try:
        yield
    finally:
        heed_interruptions()
        sys.unraisablehook = sys.__unraisablehook__
        for number, handler in before.items():
            signal.signal(number, handler)


class InterruptedAfter(Listener):
    """Ctrl-C is pressed when so many jobs are done, where it is heeded."""

    def __init__(self, jobs: int) -> None:
        self.left = jobs

    def advance(self, count: int = 1, *_: object, **__: object) -> None:
        self.left -= count
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)


class Pressing:
    """Presses Ctrl-C, and has CI end the job at the same instant, at a call of this thread's.

    Args:
        at: Name of what is called; empty: anything.
        nth: Number of that call, from 1; 0 counts them alone.
    """

    def __init__(self, at: str = "", nth: int = 1) -> None:
        self.at = at
        self.nth = nth
        self.calls = 0
        self.pressed = False

    def __enter__(self) -> Self:
        sys.setprofile(self._called)
        return self

    def __exit__(self, *_: object, **__: object) -> None:
        sys.setprofile(None)

    def _called(self, frame: FrameType, event: str, _: object) -> None:
        if event != "call" or self.pressed or self.at not in {"", frame.f_code.co_qualname}:
            return
        self.calls += 1
        if self.calls == self.nth:
            self.pressed = True
            both = {signal.SIGINT, signal.SIGTERM}
            signal.pthread_sigmask(signal.SIG_BLOCK, both)
            for each in both:
                signal.raise_signal(each)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, both)


def stop_after(asked: int) -> Callable[[], bool]:
    """Enough when it was asked so often."""
    answers = iter([False] * asked)
    return lambda: next(answers, True)


def campaign_of(target: str, *strategies: Strategy) -> Campaign:
    return Campaign(target, strategies or SMALL)


def explored(target: str, listener: Listener | None = None, **options: Any) -> Outcome:
    """What comes of a small campaign in one process."""
    given = replace(Options(processes=1), **options)
    with heeding():
        return run_campaign(campaign_of(target), given, listener or Listener())


def undisturbed(target: str) -> Outcome:
    """What comes of a small campaign that nothing is in the way of: run once, each time a copy."""
    return pickle.loads(_undisturbed(target))


@functools.cache
def _undisturbed(target: str) -> bytes:
    return pickle.dumps(explored(target))


def checked(
    target: str, *strategies: Strategy, save_to: Path | None = None, **options: Any
) -> CheckResult:
    """The result of a campaign in one process."""
    given = replace(Options(processes=1), **options)
    return check(campaign_of(target, *strategies), given, Listener(), save_to=save_to)


def concluded(
    target: str, outcome: Outcome, *strategies: Strategy, baseline: Baseline | None = None
) -> CheckResult:
    """The result of what a campaign found."""
    return conclude(campaign_of(target, *strategies), outcome, baseline=baseline)


def comparable(target: str, outcome: Outcome, *strategies: Strategy) -> CheckResult:
    """The result without what may differ between two campaigns that found the same."""
    result = concluded(target, outcome, *strategies)
    return replace(result, elapsed=0.0, remarks=(), coverage=tuple(sorted(result.coverage)))


def run_whole(runner: Runner, strategy: Strategy) -> Findings:
    """Run all jobs of a strategy in this process."""
    campaign = Campaign("", (strategy,))
    found = Findings()
    jobs = dict.fromkeys(campaign.jobs(runner))
    done: set[Job] = set()
    while jobs:
        job, _ = jobs.popitem()
        done.add(job)
        its = campaign.run(runner, job)
        found.merge(its)
        jobs |= {each: None for each in its.follow_ups if each not in done}
    return found
