"""Every detector has a control: the planted bug is caught by its rule, its innocent twin passes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from planted_races import DOUBLE_START, LATE_CANCEL, LOCK_ORDER, PlantedRace
from runfaults.campaign.replay import replay
from runfaults.explore.job import Allowance, Scope
from runfaults.explore.runner import Runner
from runfaults.explore.search import Search
from runfaults.explore.strategy import Strategy
from runfaults.explore.sweep import Sweep
from runfaults.model import Act, CheckResult, Ending, EventKind, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.oracle.rules import RULES
from runfaults.sim.execution import Execution
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named
from small_checks import checked, run_whole

HERE = Path(__file__).parent


def sweep(
    *endings: Ending,
    kinds: tuple[str, ...] = (),
    counts: tuple[int | None, ...] = (1,),
    cancels: tuple[str, ...] = (),
) -> tuple[Strategy, ...]:
    """A few dozen schedules, up to two hundred where faults meet cancels."""
    scope = Scope(kinds, cancels, counts, endings or (Ending.SUCCEEDS,))
    if not cancels:
        return (Sweep(scope),)
    return (Search(scope, Allowance(1 if kinds else 0, 1, 0), reduce=True),)


@dataclass(frozen=True, slots=True)
class Control:
    """A planted bug, its twin, and where to look."""

    file: str
    bug: str
    twin: str
    rules: tuple[str, ...]
    sweep: tuple[Strategy, ...]

    def __str__(self) -> str:
        return self.bug

    def target(self, name: str) -> str:
        """The name of one of the two as of a system under test."""
        return f"{HERE / self.file}.py:{name}"


LOST = ("lost-acknowledgement",)
BUSY = ("busy",)

CONTROLS = [
    Control(
        "one_try",
        "OneTry",
        "RecordsApart",
        ("succeeded-never-failed", "cancelled-never-failed", "accepted-cancel-is-cancelled"),
        sweep(kinds=BUSY, cancels=("cancel",)),
    ),
    Control("self_lock", "SelfLock", "LetsGoFirst", ("eventually-terminal",), sweep(kinds=BUSY)),
    Control(
        "forgotten_cancel",
        "ForgottenCancel",
        "RememberedCancel",
        ("cancelled-never-failed", "accepted-cancel-is-cancelled"),
        sweep(kinds=BUSY, cancels=("cancel",)),
    ),
    Control(
        "unconditional_update",
        "UnconditionalUpdate",
        "ConditionalUpdate",
        ("terminal-is-final",),
        sweep(cancels=("cancel-api",)),
    ),
    Control(
        "api_cancel",
        "OverwritesApiCancel",
        "RespectsApiCancel",
        ("terminal-is-final",),
        sweep(cancels=("cancel-api",)),
    ),
    Control(
        "signal_first",
        "SignalFirst",
        "RecordFirst",
        ("signal-matches-record",),
        sweep(kinds=BUSY),
    ),
    Control(
        "late_subscriber",
        "LateSubscriber",
        "PunctualSubscriber",
        ("signal-matches-record",),
        sweep(cancels=("subscribe",)),
    ),
    Control(
        "gives_up",
        "GivesUp",
        "Persists",
        ("eventually-terminal",),
        sweep(kinds=BUSY, counts=(1, 2, 3)),
    ),
    Control(
        "swallowed_error",
        "SwallowedError",
        "ReportedError",
        ("failed-has-a-cause",),
        sweep(Ending.SUCCEEDS, Ending.RAISES),
    ),
    Control(
        "escaping_exit",
        "EscapingExit",
        "CaughtExit",
        ("nothing-escapes", "eventually-terminal"),
        sweep(*Ending),
    ),
    Control("leaks", "LeakedConnection", "ClosedConnection", ("nothing-leaks",), sweep()),
    Control("leaks", "LeakedTransaction", "ClosedConnection", ("nothing-leaks",), sweep()),
    Control("leaks", "LeakedLock", "ReleasedLock", ("nothing-leaks",), sweep(Ending.RAISES)),
    Control("leaks", "LeakedThread", "JoinedThread", ("nothing-leaks",), sweep()),
    Control("leaks", "LeakedSubscriber", "ForgottenSubscriber", ("nothing-leaks",), sweep()),
    Control(
        "accidental_commit",
        "AccidentalCommit",
        "RollsBackFirst",
        ("database-stays-sound",),
        sweep(Ending.RAISES_IN_TRANSACTION),
    ),
    Control(
        "lost_row",
        "LostRow",
        "TidiedRow",
        ("start-answers-truthfully", "eventually-terminal"),
        sweep(kinds=LOST),
    ),
    Control(
        "mistaken_cancel",
        "MistakenCancel",
        "LooksAgain",
        ("cancelled-has-a-cause",),
        sweep(kinds=LOST),
    ),
    Control(
        "late_cancel",
        "LateCancel",
        "DecidedCancel",
        ("accepted-cancel-is-cancelled",),
        sweep(cancels=("cancel",)),
    ),
    Control(
        "close_while_recording",
        "CloseWhileRecording",
        "RecordsBeforeClosing",
        ("eventually-terminal",),
        sweep(kinds=BUSY, cancels=("close",)),
    ),
    Control(
        "endless_polling",
        "EndlessPolling",
        "PatientPolling",
        ("eventually-terminal",),
        sweep(cancels=("cancel-api",)),
    ),
    Control(
        "refused_cancel",
        "ForgetsAtTheBeginning",
        "ForgetsAtTheEnd",
        ("cancel-refused-only-when-decided",),
        sweep(cancels=("cancel",)),
    ),
    Control(
        "never_again",
        "NeverAgain",
        "OnceMore",
        ("start-refused-only-while-active",),
        sweep(Ending.RAISES, cancels=("start",)),
    ),
    Control(
        "stale_answer",
        "StaleAnswer",
        "FreshAnswer",
        ("answers-match-the-database",),
        sweep(cancels=("read",)),
    ),
    Control(
        "raising_cancel",
        "RaisingCancel",
        "LenientCancel",
        ("calls-raise-only-for-cause",),
        sweep(cancels=("cancel",)),
    ),
    Control(
        "closed_client",
        "ClosedIsFailed",
        "ClosedIsCancelled",
        ("cancelled-never-failed",),
        sweep(Ending.RAISES_WHEN_CLOSED, cancels=("cancel",)),
    ),
    Control(
        "closed_client",
        "HalfIsCompleted",
        "HalfIsCancelled",
        ("failed-has-a-cause",),
        sweep(Ending.RETURNS_WHEN_CLOSED, cancels=("cancel",)),
    ),
    Control(
        "halfway",
        "HalfwayIsCompleted",
        "HalfwayIsCancelled",
        ("failed-has-a-cause",),
        sweep(Ending.NOTICES_CANCEL, cancels=("cancel",)),
    ),
    Control(
        "halfway",
        "HalfwayIsFailed",
        "HalfwayIsCancelled",
        ("cancelled-never-failed",),
        sweep(Ending.NOTICES_CANCEL, cancels=("cancel",)),
    ),
    Control(
        "given_away",
        "DurabilityGivenAway",
        "DurabilityKept",
        ("acknowledged-is-durable",),
        sweep(),
    ),
    Control(
        "by_the_wall",
        "TimedByTheWall",
        "TimedByItself",
        ("succeeded-never-failed",),
        sweep(cancels=("clock-forward",)),
    ),
    Control(
        "by_the_wall",
        "PatientByTheWall",
        "PatientByItself",
        ("nothing-escapes",),
        (Search(Scope(BUSY, ("clock-forward",)), Allowance(1, 1, 0), reduce=True),),
    ),
    Control(
        "failing_close",
        "CloseIsTheWorks",
        "CloseIsItsOwn",
        ("succeeded-never-failed",),
        sweep(kinds=("close-raises",)),
    ),
    Control(
        "told", "DropsTheEnd", "AsksFirst", ("signal-matches-record",), sweep(kinds=("queue-full",))
    ),
    Control(
        "told",
        "FullIsFailed",
        "MakesRoom",
        ("succeeded-never-failed",),
        sweep(kinds=("queue-full",)),
    ),
    Control(
        "told",
        "FirstOneRaises",
        "TellsAll",
        ("signal-matches-record",),
        sweep(kinds=("subscriber-raises",), cancels=("subscribe",)),
    ),
    Control("done_twice", "DoesAllAgain", "RecordsAgain", ("work-done-once",), sweep(kinds=BUSY)),
]


MEETINGS = {
    LATE_CANCEL: "cancel at run acquire lock",
    DOUBLE_START: "start at user acquire starting",
    LOCK_ORDER: "cancel at run acquire lock",
}
"""The bugs that no fault brings out, only two threads that meet: where they meet."""

TOLD_BY_A_CRASH = {
    "crash-loses-no-recorded-outcome",
    "orphan-is-interrupted-not-failed",
    "recovery-is-idempotent",
}
"""Rules about a process that dies: their controls need one."""


def assert_all_hold(target: str, strategies: tuple[Strategy, ...]) -> None:
    """Each schedule of each strategy holds, without a problem or a doubt."""
    with Simulation(target_named(target)) as simulation:
        runner = Runner(simulation)
        for strategy in strategies:
            found = run_whole(runner, strategy)
            assert (found.problems, found.doubts) == ([], [])
            assert set(found.verdicts) == {Verdict.HOLDS}, found.witnesses


def broken(result: CheckResult) -> set[str]:
    return {name for name, tally in result.rules.items() if tally.verdict is Verdict.BROKEN}


@pytest.mark.parametrize("control", CONTROLS, ids=str)
def test_a_planted_bug_is_caught_by_its_rule(control: Control) -> None:
    result = checked(control.target(control.bug), *control.sweep)
    assert result.verdict is Verdict.BROKEN
    assert broken(result) >= set(control.rules)
    assert not result.notes
    smallest = result.violations[0]
    again = replay(smallest.scenario)
    assert again.matches(smallest.scenario)
    assert again.history.text() == smallest.history.text()


LARGE = {"ForgottenCancel", "OneTry"}
"""Controls whose innocent twins run every night: their sweeps are the largest."""

SAMPLED = {"CloseWhileRecording", "LateSubscriber", "OverwritesApiCancel"}
"""Controls whose innocent twins are sampled by day: `tests/explore/test_sampling.py`."""

TWINS = [
    pytest.param(control, marks=pytest.mark.nightly if control.bug in LARGE | SAMPLED else ())
    for control in CONTROLS
]


@pytest.mark.parametrize("control", TWINS, ids=str)
def test_its_innocent_twin_passes(control: Control) -> None:
    assert_all_hold(control.target(control.twin), control.sweep)


def judged(race: PlantedRace, name: str) -> tuple[Execution, dict[str, Verdict]]:
    with Simulation(target_named(race.target(name))) as simulation:
        execution = simulation.play(Schedule(acts=(Act.parse(MEETINGS[race]),)))
    return execution, {each.rule: each.verdict for each in judge(execution.history)}


@pytest.mark.parametrize("race", MEETINGS, ids=str)
def test_a_planted_race_is_caught_where_its_threads_meet(race: PlantedRace) -> None:
    execution, verdicts = judged(race, race.bug)
    assert execution.unreached == ()
    assert verdicts[race.rule] is Verdict.BROKEN


@pytest.mark.parametrize("race", MEETINGS, ids=str)
def test_the_twin_of_a_race_passes_where_its_threads_meet(race: PlantedRace) -> None:
    execution, verdicts = judged(race, race.twin)
    assert execution.unreached == ()
    assert set(verdicts.values()) == {Verdict.HOLDS}


@pytest.mark.parametrize("race", MEETINGS, ids=str)
def test_no_fault_and_no_cancel_of_a_sweep_finds_a_race(race: PlantedRace) -> None:
    """Otherwise it would be no control for the search of interleavings."""
    assert_all_hold(race.target(race.bug), (Sweep(Scope((), ("cancel",))),))


def test_every_rule_has_a_control() -> None:
    controlled = {rule for control in CONTROLS for rule in control.rules}
    controlled |= {race.rule for race in MEETINGS}
    assert controlled == {rule.name for rule in RULES} - TOLD_BY_A_CRASH


def test_the_lock_order_is_reported_with_who_holds_what() -> None:
    execution, _ = judged(LOCK_ORDER, LOCK_ORDER.bug)
    (stuck,) = (e for e in execution.history.events if e.kind is EventKind.STUCK)
    assert stuck.subject == "deadlock"
    assert "run waits for lock lock, held by cancel" in stuck.value
    assert "cancel waits for lock noting, held by run" in stuck.value


def test_polling_for_ever_is_reported_as_a_livelock() -> None:
    (control,) = (each for each in CONTROLS if each.file == "endless_polling")
    cancelled = Schedule(acts=(Act.parse("cancel-api at run execute BEGIN IMMEDIATE"),))
    with Simulation(target_named(control.target(control.bug))) as simulation:
        history = simulation.play(cancelled).history
    (stuck,) = (e for e in history.events if e.kind is EventKind.STUCK)
    assert stuck.subject == "livelock"
