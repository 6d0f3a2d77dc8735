"""A player whose processes die: each death where the schedule says, the next life after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runfaults.campaign.replay import replay
from runfaults.crash.lives import Lives
from runfaults.crash.moments import deaths_in
from runfaults.explore.runner import Runner
from runfaults.explore.shrink import needs, shrink
from runfaults.explore.trial import NotPlayableError, Trial
from runfaults.model import (
    Death,
    Ending,
    EventKind,
    FaultPoint,
    History,
    Journal,
    Scenario,
    Schedule,
    Verdict,
)
from runfaults.scenario.file import dump_scenario, load_scenario

CONTROLS = Path(__file__).with_name("controls")


def lines(history: History, *kinds: EventKind) -> list[str]:
    return [
        f"{e.actor} {e.kind} {e.subject} {e.value}".strip()
        for e in history.events
        if e.kind in kinds
    ]


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Lives("genglossary") as lives:
        yield Runner(lives)


def died(runner: Runner, *deaths: str, schedule: Schedule | None = None) -> Trial:
    given = schedule or Schedule()
    trial = runner.run(replace(given, deaths=tuple(map(Death.parse, deaths))))
    trial.require_playable("the schedule")
    return trial


def test_an_orphan_becomes_interrupted_and_the_next_run_completes(runner: Runner) -> None:
    trial = died(runner, "after run reach pipeline-started")
    assert lines(trial.history, EventKind.STATUS) == [
        "database status  pending",
        "database status pending running",
        "database status running interrupted",
        "database status  pending",
        "database status pending running",
        "database status running completed",
    ]
    assert "user@2 reply read interrupted" in lines(trial.history, EventKind.REPLY)
    assert trial.verdict is Verdict.HOLDS
    assert len(trial.execution.left) == 1
    assert trial.execution.left[0]


def test_what_was_committed_unheard_is_told_by_the_audit(runner: Runner) -> None:
    trial = died(runner, "after run commit #4")
    death = next(e.number for e in trial.history.events if e.subject == "died")
    assert trial.history.events[death - 1].value == "completed"
    assert "user@2 reply read completed" in lines(trial.history, EventKind.REPLY)
    assert trial.execution.left == ("",)


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_death_right_before_the_commit_undoes_what_it_would_have_committed(
    journal: Journal, runner: Runner
) -> None:
    trial = died(runner, "before run commit #4", schedule=Schedule(journal=journal))
    assert "database status running interrupted" in lines(trial.history, EventKind.STATUS)
    assert trial.verdict is Verdict.HOLDS


def test_the_same_schedule_is_the_same_history_in_another_process(runner: Runner) -> None:
    deaths = ("before run commit", "after user@2 execute SELECT runs")
    first = died(runner, *deaths, schedule=Schedule(Ending.RAISES))
    with Lives("genglossary") as other:
        second = died(Runner(other), *deaths, schedule=Schedule(Ending.RAISES))
    assert first.history.text() == second.history.text()
    assert first.history.text().count("process thread died") == 2


def test_every_moment_has_a_name_and_dies_there(runner: Runner) -> None:
    """The death after each of a few events leaves exactly the events until then."""
    clean = runner.run(Schedule()).history
    moments = list(deaths_in(clean.events))
    assert len({death for _, death in moments}) == len(moments) > 60
    for number, death in moments[::9]:
        history = died(runner, str(death)).history
        died_at = next(e.number for e in history.events if e.subject == "died")
        told = [str(e) for e in history.events[:died_at] if e.kind is not EventKind.STATUS]
        expected = [str(e) for e in clean.events[: number + 1] if e.kind is not EventKind.STATUS]
        assert [line.partition(" ")[2] for line in told] == [
            line.partition(" ")[2] for line in expected
        ], death


def test_a_later_life_has_faults_and_acts_of_its_own(runner: Runner) -> None:
    schedule = Schedule.parse(
        "fault busy at user@2 execute BEGIN IMMEDIATE; act cancel at run@2 commit; "
        "death before run commit #2"
    )
    trial = runner.run(schedule)
    trial.require_playable("the schedule")
    assert trial.execution.struck == (1,)
    assert "cancel@2 request cancel" in lines(trial.history, EventKind.REQUEST)
    assert trial.verdict is Verdict.HOLDS


def test_ctrl_c_ends_the_wait_of_a_later_life_as_of_the_first(runner: Runner) -> None:
    text = "act keyboard-interrupt at user@2 join run; death after run commit"
    trial = runner.run(Schedule.parse(text))
    trial.require_playable("genglossary")
    assert trial.failing() == ()
    assert not lines(trial.history, EventKind.STUCK)


def test_successors_open_the_database_at_once(runner: Runner) -> None:
    trial = died(runner, "after run reach pipeline-started with 2 successors")
    actors = {event.actor for event in trial.history.events}
    assert {"user@2.1", "user@2.2", "user@2.3"} <= actors
    assert lines(trial.history, EventKind.STATUS)[-1] == "database status running interrupted"
    assert trial.verdict is Verdict.HOLDS


@pytest.mark.parametrize(
    "text",
    [
        "death before run commit #99",
        "death before run commit; death before user@3 connect",
        "death before run commit; fault busy at run commit #3",
        "death before run commit; act cancel at run@2 commit #99",
    ],
)
def test_what_never_came_is_no_pass(runner: Runner, text: str) -> None:
    with pytest.raises(NotPlayableError, match="never reached"):
        runner.run(Schedule.parse(text)).require_playable("the schedule")


def test_places_in_the_code_are_told_of_every_life(runner: Runner) -> None:
    schedule = Schedule.parse("death before run commit #2")
    history = runner.run(schedule, with_places=True).history
    placed = {history.events[number].actor for number, _ in history.places}
    assert {"user", "run", "user@2", "run@2"} <= placed


# --- what breaks a rule is an ordinary scenario ---------------------------------------------------

ORPHAN = f"{CONTROLS / 'orphan_marked_failed.py'}:Planted"


@pytest.fixture
def _controls_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(CONTROLS)


@pytest.mark.usefixtures("_controls_can_be_imported")
def test_a_violation_with_a_death_is_shrunk_saved_and_replayed(tmp_path: Path) -> None:
    large = Schedule.parse(
        "pipeline raises; act read at run reach begin; death after run reach pipeline-started; "
        "journal wal"
    )
    with Lives(ORPHAN) as lives:
        runner = Runner(lives)
        small = shrink(runner, large, {"orphan-is-interrupted-not-failed"})
        (need,) = needs(runner, small.schedule)
    assert str(small.schedule) == "pipeline succeeds; death after run reach pipeline-started"
    assert need.without is Verdict.HOLDS
    rules = tuple(each.rule for each in small.trial.failing())
    scenario = Scenario("orphan", "An orphan.", ORPHAN, small.schedule, Verdict.BROKEN, rules)
    path = tmp_path / "orphan.toml"
    path.write_text(dump_scenario(scenario))
    assert load_scenario(path) == scenario
    assert replay(load_scenario(path)).matches(scenario)


def test_a_death_has_a_text_form() -> None:
    point = FaultPoint.parse("user reach reply-cancel #2")
    for death in (Death(point), Death(point, after=True), Death(point, successors=3)):
        assert Death.parse(str(death)) == death
        schedule = Schedule(deaths=(death,))
        assert Schedule.parse(str(schedule)) == schedule
    with pytest.raises(ValueError, match="is not a death"):
        Death.parse("at run commit")


def test_a_life_has_its_own_elements() -> None:
    schedule = Schedule.parse(
        "fault busy at run commit; fault full at run@2 commit; act cancel; "
        "act close at user@2 connect; switch run@2 commit to user@2; death before run commit #2; "
        "death after user@2 commit; journal wal; seed 3"
    )
    first = "fault busy at run commit; act cancel; death before run commit #2; journal wal; seed 3"
    second = (
        "fault full at run commit; act close at user connect; switch run commit to user; "
        "death after user commit; journal wal; seed 3"
    )
    assert schedule.life(1) == Schedule.parse(first)
    assert schedule.life(2) == Schedule.parse(second)
    assert schedule.life(3) == Schedule(journal=Journal.WAL, seed=3)
