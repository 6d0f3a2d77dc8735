"""`runfaults check` in CI: its exit codes, and what it leaves for other tools."""

from __future__ import annotations

import signal
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import runfaults.cli.check as check_command
from runfaults.campaign import bounds
from runfaults.campaign.bound import Bound
from runfaults.campaign.budget import Budget
from runfaults.campaign.campaign import Campaign
from runfaults.explore.job import Scope
from runfaults.explore.sweep import Sweep
from runfaults.report import REPORTS
from small_checks import heeding

Typed = Callable[..., int]

ROOT = Path(__file__).parents[2]
BROKEN = f"{ROOT / 'tests/controls/one_try.py'}:OneTry"
SOUND = f"{ROOT / 'tests/controls/plain_manager.py'}:Plain"
RANDOM = f"{ROOT / 'tests/planted.py'}:UsesRandomness"
ORDERED = f"{ROOT / 'tests/planted.py'}:Ordered"

TINY = Bound("tiny", (Sweep(Scope(acts=())),))
CLEAN = Bound("clean", (Sweep(Scope(kinds=(), acts=())),))


@pytest.fixture(autouse=True)
def _tiny_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bounds.BOUNDS, "tiny", TINY)
    monkeypatch.setitem(bounds.BOUNDS, "clean", CLEAN)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


def check(typed: Typed, target: str, *options: str) -> int:
    return typed("check", "--target", target, "--bound", "tiny", "--jobs", "1", *options)


def test_a_sound_target_is_0_and_a_broken_one_is_1(
    typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(typed, SOUND) == 0
    assert "holds under all" in capsys.readouterr().out
    assert check(typed, BROKEN) == 1
    assert list(Path(".runfaults").glob("*.toml"))


def test_only_the_rules_that_were_asked_for_decide(typed: Typed) -> None:
    assert check(typed, BROKEN, "--only", "terminal-is-final") == 0
    assert check(typed, BROKEN, "--only", "succeeded-never-failed") == 1


def test_a_cached_result_says_so(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    for options, recalled in ((("--cache",), False), (("--cache",), True), ((), False)):
        assert check(typed, SOUND, *options) == 0
        assert ("no schedule was run" in capsys.readouterr().out) is recalled


def test_a_budget_that_ends_is_no_failure_and_says_what_is_left(
    typed: Typed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = count()
    monkeypatch.setattr(check_command, "Budget", lambda seconds: Budget(seconds, ticks.__next__))
    assert check(typed, SOUND, "--budget", "5s") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Not reached" in told
    assert "jobs: a fault at a COMMIT or at an UPDATE" in told
    assert "no violation in the" in told


def test_a_budget_in_which_nothing_runs_tells_nothing(typed: Typed) -> None:
    assert check(typed, SOUND, "--budget", "0.000001s") == 3


def test_a_budget_that_suffices_changes_nothing(
    typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(typed, SOUND, "--budget", "1h") == 0
    assert "Not reached" not in capsys.readouterr().out


def test_a_budget_without_a_unit_is_refused(
    typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(typed, SOUND, "--budget", "60") == 2
    assert "such as 60s" in capsys.readouterr().err


def test_an_interrupted_check_is_3_with_the_result_so_far(
    typed: Typed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pressed = iter([None, None])

    def run(*given: Any) -> object:
        if next(pressed, "pressed"):
            signal.raise_signal(signal.SIGINT)
        return real(*given)

    real = Campaign.run
    monkeypatch.setattr(Campaign, "run", run)
    with heeding():
        assert check(typed, SOUND, "--state", "state") == 3
    assert "2 schedules" in capsys.readouterr().out
    monkeypatch.undo()
    monkeypatch.setitem(bounds.BOUNDS, "tiny", TINY)


def test_uncontrolled_nondeterminism_is_unknown_and_its_absence_is_not(
    typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(typed, RANDOM, "--bound", "clean") == 3
    assert "uncontrolled nondeterminism at event" in capsys.readouterr().out
    assert check(typed, ORDERED, "--bound", "clean") == 0
    assert "nondeterminism" not in capsys.readouterr().out


def test_a_baseline_lets_known_violations_pass_and_no_others(
    typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(typed, BROKEN, "--baseline", "known.toml") == 2
    assert "--update-baseline writes one" in capsys.readouterr().err
    assert check(typed, BROKEN, "--baseline", "known.toml", "--update-baseline") == 0
    assert check(typed, BROKEN, "--baseline", "known.toml") == 0
    assert "in ways listed in known.toml" in " ".join(capsys.readouterr().out.split())
    Path("known.toml").write_text("")
    assert check(typed, BROKEN, "--baseline", "known.toml") == 1


def test_an_update_needs_a_file(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(typed, BROKEN, "--update-baseline") == 2
    assert "needs --baseline" in capsys.readouterr().err


def test_github_gets_annotations_and_a_summary(
    typed: Typed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = Path("summary.md").absolute()
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert check(typed, BROKEN, "--github") == 1
    assert "\n::error file=.runfaults/" in capsys.readouterr().out
    assert summary.read_text().startswith("before\n## ")


def test_outside_of_github_only_annotations_are_printed(
    typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(typed, SOUND, "--github") == 0
    assert "::error" not in capsys.readouterr().out


def test_a_profile_is_printed_last(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(typed, SOUND, "--profile") == 0
    assert "Where the time went, in one process:" in capsys.readouterr().out


def test_every_report_is_written(typed: Typed) -> None:
    files = {"--json": "a.json", "--html": "a.html", "--junit": "a.xml"}
    check(typed, SOUND, *(word for pair in files.items() for word in pair))
    assert all(Path(name).stat().st_size for name in files.values())


@pytest.mark.parametrize("report", [each.name for each in REPORTS if each.to_file])
def test_a_report_that_cannot_be_written_is_told_before_the_work_begins(
    typed: Typed, capsys: pytest.CaptureFixture[str], report: str
) -> None:
    Path("file").touch()
    for place, told in (("nowhere/report", "No such file"), ("file/report", "Not a directory")):
        assert check(typed, BROKEN, f"--{report}", place) == 2
        said = capsys.readouterr()
        assert f"{place} cannot be written: {told}" in " ".join(said.err.split())
        assert said.out == ""
    assert not Path(".runfaults").exists()


def test_looking_whether_a_report_can_be_written_leaves_files_as_they_are(typed: Typed) -> None:
    Path("old.json").write_text("{}")
    assert check(typed, SOUND, "--json", "old.json", "--html", "new.html", "--junit", "no/x") == 2
    assert Path("old.json").read_text() == "{}"
    assert not Path("new.html").exists()
