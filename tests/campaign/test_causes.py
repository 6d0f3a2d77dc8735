"""One entry for each defect: two on one line are two, one that is reached by two lines is one."""

from __future__ import annotations

from collections import Counter
from linecache import getline

import pytest

from planted_races import CONTROLS
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.causes import Causes, Group, Seen, deed_of, described, find_causes
from runfaults.campaign.choices import Choices
from runfaults.campaign.conclude import conclude
from runfaults.campaign.findings_file import from_document, to_document
from runfaults.campaign.lines import place_of
from runfaults.campaign.replay import replay
from runfaults.campaign.running import Options, run_campaign
from runfaults.campaign.violations import Names
from runfaults.explore.findings import Findings
from runfaults.explore.job import Allowance, Scope
from runfaults.explore.mark import Mark, Sighting, mark_of
from runfaults.explore.runner import Runner
from runfaults.explore.search import Search
from runfaults.explore.shrink import shrink
from runfaults.explore.sweep import Sweep
from runfaults.model import Cause, CheckResult, Ending, Fault, FaultPoint, Place, Schedule, Verdict
from runfaults.model.listener import Listener
from runfaults.oracle import RULES
from runfaults.scenario.file import load_scenario
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named
from small_checks import BROKEN, SOUND

SCENARIOS = CONTROLS.parents[1] / "faults/controls"
TWO = f"{CONTROLS / 'two_causes.py'}"

ENDINGS = (Ending.SUCCEEDS, Ending.NOTICES_CANCEL)
STRUCK = (
    Sweep(Scope(("busy",), (), (1, 3), ENDINGS)),
    Search(Scope((), ("cancel",), endings=ENDINGS), Allowance(0, 1, 0), reduce=True),
)


def checked_for(target: str, *rules: str) -> CheckResult:
    campaign = Campaign(target, STRUCK, rules or None)
    outcome = run_campaign(campaign, Options(processes=1), Listener())
    assert outcome.found.causes.keys() == from_document(to_document(outcome.found)).causes.keys()
    return conclude(campaign, outcome)


def causes(result: CheckResult) -> list[Cause]:
    return [each.cause for each in result.violations if each.cause is not None]


def test_two_defects_on_one_line_are_two_causes() -> None:
    result = checked_for(f"{TWO}:TwoInOneLine")
    lost, forgotten = causes(result)
    assert lost.decided_at is not None
    assert lost.decided_at == forgotten.decided_at
    assert lost.decided_at.code == "self.signal(job, self.record(job, outcome))"
    assert (lost.deed, forgotten.deed) == ("recorded failed", "recorded completed")
    assert lost.rules[0] == "succeeded-never-failed"
    assert forgotten.rules[0] == "accepted-cancel-is-cancelled"
    assert lost.schedules + forgotten.schedules == result.schedules.broken


def test_one_defect_that_is_reached_and_recorded_through_several_lines_is_one_cause() -> None:
    result = checked_for(f"{TWO}:OneThroughTwoLines")
    (cause,) = causes(result)
    assert cause.deed == "recorded failed"
    assert cause.decided_at is not None
    assert cause.decided_at.code == 'status = self.put(job, "failed")'
    assert cause.decided_at.file == "tests/controls/two_causes.py"
    assert cause.statement_at is not None
    assert cause.statement_at.function == "write"
    assert cause.struck_at is not None
    assert cause.schedules == result.schedules.broken > 1
    assert "can change it" in cause.contract
    assert cause.page.endswith("#succeeded-never-failed")


def test_runs_that_two_functions_leave_through_a_third_one_are_two_causes() -> None:
    pending, running = causes(checked_for(f"{TWO}:TwoLeave", "eventually-terminal"))
    assert {pending.deed, running.deed} == {
        "left pending after the failure",
        "left running after the failure",
    }


def test_runs_that_one_function_leaves_for_two_others_are_one_cause() -> None:
    result = checked_for(f"{TWO}:OneLeaves", "eventually-terminal")
    (cause,) = causes(result)
    assert cause.schedules == result.schedules.broken > 1


@pytest.mark.parametrize(
    ("scenario", "sort"),
    [
        ("retry-waits-for-its-own-lock", "livelock left by a lock of its own"),
        ("recording-gives-up", "left"),
        ("signal-before-the-record", "told subscribers"),
    ],
)
def test_what_a_fault_and_what_a_lock_of_its_own_made_fail_are_two_deeds(
    scenario: str, sort: str
) -> None:
    mark = mark_of(replay(load_scenario(SCENARIOS / f"{scenario}.toml")))
    assert mark is not None
    assert mark.deed == sort


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("terminal-is-final", 'self.record("cancelled")  # the mistake: it may be over'),
        ("succeeded-never-failed", 'self.record("error")  # the mistake: the work had succeeded'),
        ("nothing-escapes", "raise ValueError from None  # the mistake: the thread dies of it"),
    ],
)
def test_the_line_that_decided_is_none_of_the_adapter(rule: str, code: str) -> None:
    """The first line of a thread is no adapter's, though the harness calls it too."""
    strategy = Sweep(Scope(("busy",), ("cancel",), (1,), (Ending.SUCCEEDS, Ending.RAISES)))
    campaign = Campaign(f"{CONTROLS / 'adapted.py'}:Adapted", (strategy,), (rule,))
    result = conclude(campaign, run_campaign(campaign, Options(processes=1), Listener()))
    assert code in [cause.decided_at.code for cause in causes(result) if cause.decided_at]


def test_a_right_manager_has_no_cause() -> None:
    assert checked_for(SOUND).violations == ()


def test_each_rule_that_is_broken_is_among_those_of_a_cause() -> None:
    result = checked_for(BROKEN)
    broken = {rule for rule, tally in result.rules.items() if tally.broken}
    assert {rule for cause in causes(result) for rule in cause.rules} == broken


def test_the_contract_is_that_of_the_rule_that_the_shown_history_breaks() -> None:
    trial = replay(load_scenario(SCENARIOS / "recording-gives-up.toml"))
    mark = mark_of(trial)
    assert mark is not None
    heavier = mark._replace(rules=("succeeded-never-failed", *mark.rules))
    sighting = Sighting(1, trial.schedule)
    group = Group(tuple(Seen(each, frozenset(), sighting) for each in (mark, heavier)))
    order = tuple(rule.name for rule in RULES)
    with Simulation(target_named(BROKEN)) as simulation:
        found = Causes((group,), Choices(), order)
        cause = described(group, trial.witness(), found, Runner(simulation))
    assert cause.rules[0] == "succeeded-never-failed"
    assert cause.page.endswith("#eventually-terminal")


def test_words_that_lead_to_a_place_are_said_only_where_one_is_known() -> None:
    witness = replay(load_scenario(SCENARIOS / "recording-gives-up.toml")).witness()
    assert deed_of(witness, Place("runs.py", 1, "live")) == "left running after the failure"
    assert deed_of(witness, None) == "left running"


def test_an_answer_that_asked_no_database_has_the_place_of_its_method() -> None:
    mark = mark_of(replay(load_scenario(SCENARIOS / "cancel-accepted-too-late.toml")).witness())
    assert mark is not None
    assert mark.deed == "answered cancel"
    place = place_of(mark.stack)
    assert place is not None
    assert (place.function, place.code[:10]) == ("cancel", "def cancel")


def test_a_schedule_is_not_shrunk_to_one_of_another_cause() -> None:
    schedule = Schedule.parse("pipeline succeeds; fault busy at run commit #4 x3")
    with Simulation(target_named(BROKEN)) as simulation:
        runner = Runner(simulation)
        assert shrink(runner, schedule).schedule.faults[0].times == 1
        kept = shrink(runner, schedule, alike=lambda trial: trial.schedule.faults[0].times == 3)
    assert kept.schedule == schedule
    assert kept.tried > 0


# --- grouping, mark by mark -----------------------------------------------------------------------

BOTH = ("succeeded-never-failed", "failed-has-a-cause")
CANCELLED = ("cancelled-never-failed",)
CALLER = "runs/manager.py:10 in live: record('failed')"
OTHER = "runs/manager.py:20 in live: record('failed')"
SHARED = "runs/store.py:5 in write: execute(sql)"
FIRST = "runs/manager.py:30 in finish: first()"
SECOND = "runs/manager.py:31 in finish: second()"
RETRY = "runs/manager.py:40 in retry: finish()"


def recorded(status: str, *stack: str, rules: tuple[str, ...] = BOTH) -> Mark:
    return Mark(rules, f"recorded {status}", status, "\n".join(stack))


def other(deed: str, *stack: str) -> Mark:
    return Mark(BOTH, deed, "", "\n".join(stack))


FAILED = recorded("failed", CALLER)


def sizes(*marks: Mark) -> list[int]:
    """How many marks each cause has."""
    broken = Counter((rule, Verdict.BROKEN) for each in marks for rule in each.rules)
    found = Findings(rules=broken)
    for number, each in enumerate(marks, 1):
        fault = Fault("busy", FaultPoint.parse(f"run commit #{number}"))
        found.sight(each, Sighting(1, Schedule(faults=(fault,))))
    with Simulation(target_named(SOUND)) as simulation:
        causes = find_causes((), Runner(simulation), found, lambda: True)
    return [len(group.seen) for group in causes.groups]


def group_of(*marks: Mark) -> Group:
    return Group(tuple(Seen(each, frozenset(), Sighting(1, Schedule())) for each in marks))


def test_a_name_that_was_told_stays_with_what_it_was_told_of() -> None:
    left, other_left = other("left running", FIRST), other("left running", OTHER)
    names = Names({"t-rule": FAILED, "t-rule-2": left, "t-rule-3": other_left})
    assert names.give("t-rule", group_of(recorded("failed", OTHER))) == "t-rule-4"
    assert names.give("t-rule", group_of(other_left, left)) == "t-rule-2"
    assert names.give("t-rule", group_of(FAILED)) == "t-rule"
    assert names.give("t-rule") == "t-rule-5"
    assert names.give("../t:new") == "..-t-new"


@pytest.mark.parametrize(
    ("one", "another", "expected"),
    [
        (FAILED, recorded("failed", CALLER, rules=(*BOTH, "terminal-is-final")), [2]),
        (FAILED, recorded("failed", CALLER, rules=CANCELLED), [1, 1]),
        (FAILED, recorded("failed", OTHER), [1, 1]),
        (FAILED, recorded("completed", CALLER), [1, 1]),
        (other("left running", CALLER, FIRST), other("left running", CALLER, SECOND, SHARED), [2]),
        (other("left running", CALLER, FIRST), other("left running", OTHER, SHARED), [1, 1]),
        (other("left", CALLER, FIRST), other("left", CALLER, RETRY, FIRST, SHARED), [2]),
        (other("left", CALLER, RETRY), other("left", CALLER, FIRST), [1, 1]),
        (other("told subscribers", CALLER), other("told subscribers", SHARED), [2]),
        (other("cancel raised Oops", FIRST), other("cancel raised Oops", SHARED), [2]),
        (other("cancel raised Oops", FIRST), other("cancel raised Other", FIRST), [1, 1]),
    ],
    ids=[
        "more-rules",
        "no-rule-in-common",
        "other-line",
        "other-status",
        "one-function-and-what-it-calls",
        "other-function",
        "one-function-and-what-calls-it",
        "two-functions-of-one",
        "subscribers-told-anywhere",
        "a-call-that-raised-anywhere",
        "another-error",
    ],
)
def test_marks_are_one_cause_or_two(one: Mark, another: Mark, expected: list[int]) -> None:
    assert sizes(one, another) == expected
    assert sizes(another, one) == expected


def test_the_line_that_decides_records_the_fewest_statuses() -> None:
    choices = Choices()
    stack = f"{FIRST}\n{CALLER}\n{SHARED}"
    assert choices.deciding(stack) == CALLER
    choices.note(f"{CALLER}\n{SHARED}", "completed")
    choices.note(stack, "failed")
    assert choices.deciding(stack) == FIRST
    choices.note(FIRST, "cancelled")
    choices.note(FIRST, "completed")
    choices.note(CALLER, "cancelled")
    assert choices.deciding(stack) == SHARED
    assert choices.deciding("") == ""


def test_the_base_class_decides_where_the_line_that_calls_it_records_every_status() -> None:
    choices = Choices()
    derived = "jobs/derived.py:5 in live: super().live(job)"
    for status in ("completed", "failed"):
        choices.note(derived, status)
    choices.note(f"{CALLER}\n{SHARED}", "failed")
    assert choices.deciding(f"{derived}\n{CALLER}\n{SHARED}") == CALLER


def test_a_line_is_read_as_it_is_written() -> None:
    place = place_of("runs/manager.py:30 in finish: a: b")
    assert place is not None
    assert place == ("runs/manager.py", 30, "finish", "a: b")
    assert str(place) == "runs/manager.py:30 in finish"
    assert place_of("") is None


def test_a_file_of_the_project_is_named_as_one_would_type_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = getline(str(CONTROLS / "adapted_job.py"), 3).strip()
    line = f"controls/adapted_job.py:3 in <module>: {code}"
    monkeypatch.chdir(CONTROLS.parent / "campaign")
    assert place_of(line) == Place("../controls/adapted_job.py", 3, "<module>", code)
