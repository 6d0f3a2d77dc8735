"""Right programs in styles of their own are never called broken, and every rule judges some."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runfaults.campaign.bound import EVERYTHING
from runfaults.campaign.bounds import bound_named
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.conclude import check
from runfaults.campaign.running import Options
from runfaults.crash.lives import Lives
from runfaults.crash.moments import deaths_in
from runfaults.explore.job import CANCELS, JOURNALS, Allowance, Scope
from runfaults.explore.processes import Processes
from runfaults.explore.repeats import AGAIN, Repeats
from runfaults.explore.runner import Runner
from runfaults.explore.samples import Samples
from runfaults.explore.search import Search
from runfaults.explore.strategy import Strategy
from runfaults.explore.sweep import Sweep
from runfaults.explore.trial import Trial
from runfaults.model import CheckResult, Death, EventKind, History, Schedule, Verdict
from runfaults.model.listener import Listener
from runfaults.oracle.rules import RULES
from runfaults.sqlite.kinds import KINDS
from runfaults.targets import target_named
from runfaults.targets.target import traits

HERE = Path(__file__).parent

PROGRAMS = (
    "asyncio_loop",
    "autocommit_threads",
    "polling_worker",
    "pooled_wal",
    "shared_connection",
    "sqlalchemy_engine",
    "text_ids",
)

CHEAP = (
    Sweep(Scope(("busy", "lost-acknowledgement"), ())),
    Search(Scope((), ("cancel", "read", "start")), Allowance(0, 1, 0), reduce=True),
    Samples(replace(EVERYTHING, kinds=tuple(KINDS)), 6, orders=2),
    Repeats(Scope((), (*AGAIN, *CANCELS))),
    Processes(Scope(acts=("process-starts",))),
)
"""Each lock and lost answer once, a cancel, read and start at each moment that makes a difference,
a little of all that SQLite can do, more runs, and a second process that starts one.

That no thread can be started is not among it: only two of the programs bear that.
"""

# One worker runs them all: the table of the rules is made of the results of the others.
pytestmark = pytest.mark.xdist_group("innocents")

programs = pytest.mark.parametrize("program", PROGRAMS)


def target_of(program: str) -> str:
    if program == "sqlalchemy_engine":
        pytest.importorskip("sqlalchemy", reason="the program uses it")
    return f"{HERE / program}.py:Innocent"


def checked(program: str, *strategies: Strategy, processes: int = 1) -> CheckResult:
    campaign = Campaign(target_of(program), strategies)
    return check(campaign, Options(processes=processes), Listener())


@functools.cache
def explored(program: str) -> CheckResult:
    return checked(program, *CHEAP)


@functools.cache
def died(program: str) -> tuple[Trial, ...]:
    """The trials in which it dies: at work, and before and after it records how that ended."""
    with Lives(target_of(program)) as lives:
        runner = Runner(lives)
        history = runner.run(Schedule()).history
        return tuple(runner.run(Schedule(deaths=(death,))) for death in some_deaths(history))


def some_deaths(history: History) -> Iterator[Death]:
    events = history.events
    started = next(e.number for e in events if e.kind is EventKind.PIPELINE)
    recorded = next(
        e.number
        for e in events
        if e.kind is EventKind.STATUS and e.value in history.vocabulary.terminal
    )
    deaths = dict(deaths_in(events))
    before = max(number for number in deaths if number < recorded)
    after = min(number for number in deaths if number > recorded)
    for moment in (started, before, after):
        yield deaths[moment]._replace(successors=2)


@programs
def test_it_holds_whatever_strikes(program: str) -> None:
    result = explored(program)
    assert (result.notes, result.doubts) == ((), ())
    assert result.verdict is Verdict.HOLDS, [v.scenario for v in result.violations]


@programs
def test_it_holds_when_its_process_dies(program: str) -> None:
    for trial in died(program):
        trial.require_playable(program)
        assert trial.failing() == (), trial.schedule


@pytest.mark.nightly
def test_at_least_two_of_them_put_every_rule_to_the_test() -> None:
    table = {rule.name: {p for p in PROGRAMS if rule.name in exercised(p)} for rule in RULES}
    assert {rule: those for rule, those in table.items() if len(those) < 2} == {}


def exercised(program: str) -> set[str]:
    """The rules that judge the program, and whose question came up."""
    swept = {rule for rule, tally in explored(program).rules.items() if tally.exercised}
    exempt = traits(target_named(target_of(program))).exempt
    of_deaths = {j.rule for trial in died(program) for j in trial.judgements if j.exercised}
    return swept | of_deaths - {*exempt}


@programs
@pytest.mark.nightly
def test_it_holds_where_an_operation_takes_long_and_a_lock_lasts_for_hours(program: str) -> None:
    slow = Sweep(Scope(("slow",), ("cancel", "read", "start"), journals=JOURNALS))
    lasting = Sweep(Scope(("busy",), (), (None,), hours=2))
    result = checked(program, slow, lasting)
    assert (result.notes, result.doubts) == ((), ())
    assert result.verdict is Verdict.HOLDS, [v.scenario for v in result.violations]


@programs
@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("bound", ["default", "crash"])
def test_it_holds_in_all_of_a_bound(program: str, bound: str) -> None:
    result = checked(program, *bound_named(bound).strategies, processes=2)
    assert (result.notes, result.doubts) == ((), ())
    assert result.verdict is Verdict.HOLDS, [v.scenario for v in result.violations]
