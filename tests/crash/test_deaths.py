"""The corrected manager dies everywhere and loses nothing; planted bugs are caught."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runfaults.campaign.bounds import bound_named
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.conclude import check
from runfaults.campaign.replay import replay
from runfaults.campaign.running import Options
from runfaults.crash.deaths import Deaths
from runfaults.crash.lives import Lives
from runfaults.explore.job import AT_ONCE, JOURNALS, Scope
from runfaults.explore.runner import Runner
from runfaults.model import CheckResult, Ending, EventKind, Journal, Schedule, Verdict
from runfaults.model.listener import Listener
from runfaults.scenario.file import load_scenario

CONTROLS = Path(__file__).with_name("controls")

CAUGHT_BY = {
    "orphan_marked_failed": "orphan-is-interrupted-not-failed",
    "orphan_stolen": "orphan-is-interrupted-not-failed",
    "double_recovery": "recovery-is-idempotent",
    "outcome_before_data": "database-stays-sound",
}

PLANTED = [
    # Its rule has another one by day.
    pytest.param(control, marks=pytest.mark.nightly if control == "orphan_stolen" else ())
    for control in CAUGHT_BY
]

OPEN = Deaths(
    Scope((), (), endings=(Ending.LEAVES_TRANSACTION_OPEN,)), (), recoveries=False, successors=2
)


def checked(
    target: str, deaths: Deaths, save_to: Path | None = None, processes: int = 1
) -> CheckResult:
    campaign = Campaign(target, (deaths,))
    return check(campaign, Options(processes=processes), Listener(), save_to=save_to)


@pytest.fixture
def _controls_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(CONTROLS)
    monkeypatch.setenv("PYTHONPATH", str(CONTROLS))


@pytest.mark.usefixtures("_controls_can_be_imported")
@pytest.mark.parametrize("control", PLANTED)
def test_a_planted_crash_bug_is_caught_by_its_rule(control: str, tmp_path: Path) -> None:
    result = checked(f"{CONTROLS / control}.py:Planted", OPEN, tmp_path)
    assert result.notes == ()
    assert result.verdict is Verdict.BROKEN
    assert result.rules[CAUGHT_BY[control]].verdict is Verdict.BROKEN
    proving = next(v for v in result.violations if CAUGHT_BY[control] in v.scenario.rules)
    assert proving.saved_to is not None
    scenario = load_scenario(Path(proving.saved_to))
    assert scenario.schedule.size <= 2
    # A second manager that opens the database steals a run from the first: nothing needs to die.
    assert bool(scenario.schedule.deaths) is (control != "orphan_stolen")
    assert ("real deaths" in (proving.evidence or "")) is bool(scenario.schedule.deaths)
    assert replay(scenario).matches(scenario)


@pytest.mark.nightly  # by day `tests/innocents` dies
@pytest.mark.usefixtures("_controls_can_be_imported")
@pytest.mark.parametrize("control", CAUGHT_BY)
def test_its_innocent_twin_passes(control: str) -> None:
    result = checked(f"{CONTROLS / control}.py:Innocent", OPEN)
    assert result.notes == ()
    assert result.verdict is Verdict.HOLDS, [v.scenario.symptom for v in result.violations]
    assert result.schedules.holds > 50


@pytest.mark.nightly
@pytest.mark.usefixtures("_controls_can_be_imported")
def test_a_rule_that_the_target_is_exempt_from_is_not_reported(tmp_path: Path) -> None:
    path = tmp_path / "exempted.py"
    path.write_text(
        "from orphan_marked_failed import Planted\n"
        "class Exempted(Planted):\n"
        "    exempt = {'orphan-is-interrupted-not-failed': 'it is known to'}\n"
    )
    rule = "orphan-is-interrupted-not-failed"
    result = checked(f"{path}:Exempted", OPEN)
    assert rule not in result.rules
    assert not any(rule in violation.scenario.rules for violation in result.violations)
    assert any(rule in remark for remark in result.remarks)


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("journal", "acts"),
    [
        (Journal.DELETE, ()),
        pytest.param(Journal.DELETE, ("cancel",), marks=pytest.mark.nightly),
        pytest.param(Journal.WAL, ("cancel",), marks=pytest.mark.nightly),
    ],
)
def test_no_death_breaks_a_rule(journal: Journal, acts: tuple[str, ...]) -> None:
    scope = Scope((), acts, endings=(Ending.SUCCEEDS,), journals=(journal,))
    deaths = Deaths(scope, (Ending.SUCCEEDS,), recoveries=False, successors=2)
    result = checked("genglossary", deaths)
    assert result.verdict is Verdict.HOLDS, [v.scenario.symptom for v in result.violations]
    assert result.notes == ()
    assert result.finished
    with Lives("genglossary") as lives:
        events = Runner(lives).run(Schedule(journal=journal)).history.events
    points = [e.subject for e in events if e.kind is EventKind.INVOKE]
    assert len(points) > 25
    covered = {(cell.point, cell.kind) for cell in result.coverage}
    kinds = ("sigkill-before", "sigkill-after")
    assert {(point, kind) for point in points for kind in kinds} <= covered


@pytest.mark.nightly
@pytest.mark.timeout(120)
def test_a_recovery_that_dies_too_breaks_no_rule() -> None:
    scope = Scope((), (), endings=(Ending.RAISES_IN_TRANSACTION,))
    result = checked("genglossary", Deaths(scope, (), successors=0))
    assert result.verdict is Verdict.HOLDS, [v.scenario.symptom for v in result.violations]
    assert any(cell.point.startswith("user@2 ") for cell in result.coverage)


@pytest.mark.nightly
def test_what_deaths_leave_alike_is_recovered_from_once() -> None:
    """And from the first of them, whatever the number of processes."""
    scope = Scope((), (), endings=(Ending.SUCCEEDS,))
    deaths = Deaths(scope, (), recoveries=False, successors=2)
    one, two = (checked("genglossary", deaths, processes=processes) for processes in (1, 2))
    assert one.schedules == two.schedules
    assert one.coverage == two.coverage


def test_the_bound_has_both_journals_and_every_ending_that_takes_no_time() -> None:
    (deaths,) = bound_named("crash").strategies
    assert isinstance(deaths, Deaths)
    assert deaths.scope.journals == JOURNALS
    assert deaths.scope.endings == AT_ONCE
    assert deaths.recoveries
    assert deaths.successors == 3


RUN = """
import signal
from runfaults.cli import main

if __name__ == "__main__":
    # Whoever runs the tests in the background may have told all its children to ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
"""


def test_after_an_interrupt_the_result_is_unknown_and_no_file_is_left(tmp_path: Path) -> None:
    environment = {**os.environ, "RUNFAULTS_TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", RUN, "crash", "--jobs", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    ) as sweep:
        while not list(tmp_path.glob("runfaults-*/life/runs.db")):
            assert sweep.poll() is None
        sweep.send_signal(signal.SIGINT)
        output, _ = sweep.communicate()
    assert sweep.returncode == 3
    assert "Not reached" in output or "interrupted" in output
    assert not list(tmp_path.glob("runfaults-*"))
