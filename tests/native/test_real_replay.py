"""Every scenario with real faults: the verdict is the one that the file expects."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from runfaults.campaign.confirm import confirm
from runfaults.campaign.replay import replay
from runfaults.explore.trial import Trial
from runfaults.model import Act, Fault, FaultPoint, Scenario, Schedule, Verdict, Violation
from runfaults.native.native import NativeSimulation
from runfaults.scenario.file import load_scenario
from runfaults.sqlite.kinds.full import Full
from runfaults.sqlite.kinds.ioerr_write import IoerrWrite
from runfaults.sqlite.kinds.lost_acknowledgement import LostAcknowledgement
from runfaults.sqlite.real.recipe import Recipe, Unavailable
from runfaults.sqlite.real.system_call import failing_system_call
from runfaults.sqlite.situation import Situation
from runfaults.sqlite.tabled_kind import TabledKind
from runfaults.targets import target_named
from runfaults.targets.optional import MissingPackageError

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "faults").rglob("*.toml"))

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scenario files name targets by paths from the root of the repository."""
    monkeypatch.chdir(ROOT)


def scenario(name: str) -> Scenario:
    return load_scenario(ROOT / "faults" / f"{name}.toml")


def for_real(known: Scenario) -> Trial:
    return replay(known, real=True)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_reality_agrees_with_every_scenario(file: Path) -> None:
    known = load_scenario(file)
    try:
        played = for_real(known)
    except MissingPackageError as missing:
        pytest.skip(str(missing))
    if played.execution.unavailable:
        pytest.skip(str(played.execution.unavailable))
    assert played.matches(known)
    assert bool(sum(played.execution.struck)) is bool(known.schedule.faults)


@pytest.mark.parametrize(
    "name", ["disk-full-while-recording", "commit-meets-a-reader", "commit-answer-lost"]
)
def test_a_real_fault_gives_the_same_history_byte_for_byte(name: str) -> None:
    emulated, real = replay(scenario(name)), for_real(scenario(name))
    assert sum(real.execution.struck)
    assert not real.execution.unavailable
    assert real.history.text() == emulated.history.text()


def test_emulated_on_demand_the_same_player_makes_no_cause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[str] = []

    def cannot() -> Recipe:
        made.append("a cause")
        raise Unavailable("there is no disk here")

    with_cause(monkeypatch, cannot)
    known = scenario("disk-full-while-recording")
    with NativeSimulation(target_named(known.target)) as player:
        with player.emulating():
            assert player.play(known.schedule).unavailable == ()
        assert not made
        assert player.play(known.schedule).unavailable
    assert made


def with_cause(monkeypatch: pytest.MonkeyPatch, cause: Callable[[], Recipe]) -> None:
    def instead(kind: TabledKind, situation: Situation) -> Recipe:
        del kind, situation
        return cause()

    for kind in (Full, LostAcknowledgement):
        monkeypatch.setattr(kind, "cause", instead)


def test_a_cause_that_cannot_be_had_is_named_and_gives_no_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def cannot() -> Recipe:
        raise Unavailable("there is no disk here")

    with_cause(monkeypatch, cannot)
    played = for_real(scenario("disk-full-while-recording"))
    assert played.verdict is Verdict.UNKNOWN
    assert not played.playable
    assert played.execution.unavailable[0] == "full at commit: there is no disk here"


def test_a_kind_without_a_known_cause_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (Full, IoerrWrite):
        monkeypatch.delattr(kind, "made_by")
    played = for_real(scenario("disk-full-while-recording"))
    assert played.execution.unavailable[0] == "full at commit: no real cause is known"


def test_a_cause_without_an_effect_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    with_cause(monkeypatch, lambda: lambda connection, operation: operation())
    played = for_real(scenario("commit-answer-lost"))
    assert played.verdict is Verdict.UNKNOWN
    told = played.execution.unavailable[0]
    assert "the cause was there, and the engine did not fail" in told


def test_a_cause_with_another_effect_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    with_cause(monkeypatch, lambda: failing_system_call("pwrite64", "pwrite", error=errno.EIO))
    played = for_real(scenario("disk-full-while-recording"))
    assert played.verdict is Verdict.UNKNOWN
    assert "instead" in played.execution.unavailable[0]


def violation(name: str) -> Violation:
    known = scenario(name)
    played = replay(known)
    return Violation(known, played.history, played.judgements)


def test_a_violation_is_shown_with_an_error_of_the_engine_itself() -> None:
    found = violation("controls/one-try-calls-success-failure")
    assert confirm(found) == (
        "shown with a real error of the engine (busy), inside of the simulation"
    )


def test_a_failing_sync_is_the_engines_own_on_a_connection_for_one_thread() -> None:
    known = scenario("controls/one-try-calls-success-failure")
    failing = Schedule(faults=(Fault.parse("ioerr-fsync at run commit #4"),))
    played = for_real(replace(known, schedule=failing))
    assert played.execution.unavailable == ()
    assert played.verdict is Verdict.BROKEN
    assert "SQLITE_IOERR_FSYNC" in played.history.text()


def test_a_violation_without_a_fault_needs_none() -> None:
    assert confirm(violation("controls/cancel-overwritten")) == (
        "shown on the real engine without a fault, inside of the simulation"
    )


def test_what_is_no_violation_is_not_confirmed() -> None:
    assert confirm(violation("commit-answer-lost")) is None


def test_a_violation_that_reality_does_not_show_is_not_confirmed() -> None:
    found = violation("controls/one-try-calls-success-failure")
    named = replace(found.scenario, rules=(*found.scenario.rules, "nothing-escapes"))
    assert confirm(replace(found, scenario=named)) == (
        "not confirmed: with real causes not broken: nothing-escapes"
    )


def test_a_violation_whose_cause_cannot_be_had_says_so() -> None:
    schedule = Schedule(faults=(Fault.parse("locked at run commit #4"),))
    assert confirm(struck_by(schedule)) == (
        "not confirmed: with real causes 'locked at run commit #4' could not strike: COMMIT in a "
        "shared cache was never seen to meet a lock"
    )


def test_a_violation_that_only_the_emulation_can_show_says_why() -> None:
    schedule = Schedule(faults=(Fault.parse("lost-acknowledgement at run execute UPDATE runs"),))
    assert confirm(struck_by(schedule)) == (
        "not confirmed: no real cause is available here: lost-acknowledgement at execute UPDATE "
        "runs: at which step a change is done depends on the statement"
    )


def test_an_act_that_the_target_lacks_confirms_nothing() -> None:
    schedule = Schedule(acts=(Act("cancel", FaultPoint.parse("run commit #2")),))
    told = confirm(
        struck_by(schedule, target="tests/controls/uncancellable.py:UncancellableTarget")
    )
    assert told == "not confirmed: the target offers no 'cancel at run commit #2'"


def struck_by(schedule: Schedule, target: str | None = None) -> Violation:
    """A violation that is said to come about by another schedule."""
    found = violation("controls/one-try-calls-success-failure")
    scenario = replace(found.scenario, schedule=schedule, target=target or found.scenario.target)
    return replace(found, scenario=scenario)
