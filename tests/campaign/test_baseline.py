"""A project with known violations adopts the gate today; only new ones fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from planted_races import CONTROLS
from runfaults.campaign.baseline import Baseline, BaselineError, Known, load_baseline
from runfaults.campaign.causes import Group, Seen
from runfaults.campaign.running import Outcome
from runfaults.explore.mark import Mark, Sighting
from runfaults.model import CheckResult, Schedule, Verdict, Violation
from runfaults.model.listener import Listener
from small_checks import BROKEN, SOUND, concluded, explored, stop_after, undisturbed

TWO = CONTROLS / "two_causes.py"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "baseline.toml"


def checked(target: str, path: Path, *, update: bool = False) -> CheckResult:
    return concluded(target, undisturbed(target), baseline=load_baseline(path, update=update))


def adopt(target: str, path: Path) -> None:
    """Write the baseline that knows all that the target has: worked out once."""
    if target not in _ADOPTED:
        checked(target, path, update=True)
        _ADOPTED[target] = path.read_text()
    path.write_text(_ADOPTED[target])


_ADOPTED: dict[str, str] = {}


def test_what_is_known_does_not_fail(path: Path) -> None:
    assert concluded(BROKEN, undisturbed(BROKEN)).verdict is Verdict.BROKEN
    adopted = checked(BROKEN, path, update=True)
    assert adopted.verdict is Verdict.NOTHING_NEW
    written = path.read_text()
    result = checked(BROKEN, path)
    assert result.verdict is Verdict.NOTHING_NEW
    assert result.set_aside == concluded(BROKEN, undisturbed(BROKEN)).schedules.broken
    assert result.ran == adopted.ran == undisturbed(BROKEN).found.verdicts.total()
    assert result.violations == ()
    assert any("succeeded-never-failed is broken by" in remark for remark in result.remarks)
    assert "succeeded-never-failed" not in result.rules
    assert path.read_text() == written


def test_what_is_new_fails_and_only_that_is_shown(path: Path) -> None:
    adopt(f"{TWO}:TwoLeave", path)
    lost = next(each for each in load_baseline(path).known if "finish" in each.where[0])
    tables = path.read_text().split("\n\n")
    path.write_text("\n\n".join(table for table in tables if lost.where[0] not in table))
    assert lost not in load_baseline(path).known
    result = checked(f"{TWO}:TwoLeave", path)
    assert result.verdict is Verdict.BROKEN
    (violation,) = result.violations
    assert violation.cause is not None
    assert violation.cause.deed == "left running after the failure"
    assert result.set_aside == 0


GONE = """\
version = 2

[[known]]
rules = ["nothing-leaks"]
deed = "left behind a lock"
where = ["jobs.py: live"]
"""


def test_what_no_longer_occurs_is_told_and_removed_on_demand(path: Path) -> None:
    path.write_text(GONE)
    result = checked(SOUND, path)
    assert result.verdict is Verdict.HOLDS
    assert "no longer occurs: nothing-leaks, left behind a lock in jobs.py" in result.remarks[-1]
    checked(SOUND, path, update=True)
    assert load_baseline(path).known == frozenset()


def test_an_unfinished_check_neither_tells_nor_removes_what_it_did_not_see(path: Path) -> None:
    path.write_text(GONE)
    for update in (False, True):
        outcome = explored(SOUND, should_stop=stop_after(2))
        result = concluded(SOUND, outcome, baseline=load_baseline(path, update=update))
        assert not any("no longer" in remark for remark in result.remarks)
        assert len(load_baseline(path).known) == 1


class Hearing(Listener):
    """Notes the deeds that are told at once."""

    def __init__(self) -> None:
        self.deeds: list[str] = []

    def found(self, violation: Violation) -> None:
        assert violation.cause is not None
        self.deeds.append(violation.cause.deed)


def run_to_the_first(target: str, baseline: Baseline) -> tuple[Outcome, list[str]]:
    hearing = Hearing()
    outcome = explored(target, hearing, fail_fast=True, is_known=baseline.may_know)
    return outcome, hearing.deeds


def test_what_is_known_is_not_told_at_once_and_does_not_end_a_check(path: Path) -> None:
    adopt(BROKEN, path)
    outcome, told = run_to_the_first(BROKEN, load_baseline(path))
    assert told == []
    assert outcome.not_reached == ()
    assert outcome.found.verdicts == undisturbed(BROKEN).found.verdicts
    assert concluded(BROKEN, outcome, baseline=load_baseline(path)).verdict is Verdict.NOTHING_NEW


def test_what_is_new_among_what_is_known_is_told_at_once_and_ends_a_check(path: Path) -> None:
    target = f"{TWO}:TwoLeave"
    adopt(target, path)
    known, lost = (
        load_baseline(path).known,
        [each for each in load_baseline(path).known if "finish" in each.where[0]],
    )
    outcome, told = run_to_the_first(target, Baseline(path, known - set(lost)))
    assert outcome.not_reached
    assert told == ["left running after the failure"]


def test_while_a_baseline_is_written_anew_nothing_ends_a_check(path: Path) -> None:
    outcome, told = run_to_the_first(BROKEN, load_baseline(path, update=True))
    assert (told, outcome.not_reached) == ([], ())


@pytest.mark.parametrize("after", [3, 6, 9, 12])
def test_what_is_known_is_known_however_early_a_check_ends(path: Path, after: int) -> None:
    adopt(BROKEN, path)
    outcome = explored(BROKEN, should_stop=stop_after(after))
    result = concluded(BROKEN, outcome, baseline=load_baseline(path))
    assert result.violations == ()
    assert result.verdict is not Verdict.BROKEN


def known(line: str, *rules: str, deed: str = "recorded failed") -> Known:
    mark = Mark(rules, deed, "failed", line)
    seen = Seen(mark, frozenset({line}), Sighting(1, Schedule()))
    return Known.of(Group((seen,)), ("heavy", "light"))


LINE = "jobs/manager.py:12 in live: self.write(outcome)"
LOWER = "jobs/manager.py:29 in live: self.write(outcome)"
OTHER = "jobs/manager.py:13 in live: self.write('failed')"


def test_a_cause_is_recognised_when_lines_were_added_before_it() -> None:
    before = known(LINE, "light")
    assert before.covers(known(LOWER, "light"))
    assert not before.covers(known(OTHER, "light"))
    assert not before.covers(known(LINE, "light", deed="recorded completed"))


def test_a_known_cause_that_breaks_a_heavier_rule_is_new() -> None:
    assert not known(LINE, "light").covers(known(LINE, "heavy", "light"))
    assert known(LINE, "heavy", "light").covers(known(LINE, "light"))


def test_a_baseline_of_before_is_refused_with_its_version_and_converted_on_demand(
    path: Path,
) -> None:
    path.write_text('[[known]]\nrule = "nothing-leaks"\nschedule = "pipeline exits"\n')
    with pytest.raises(BaselineError, match=r"of version 1, this is 2.*--update-baseline"):
        load_baseline(path)
    checked(BROKEN, path, update=True)
    assert checked(BROKEN, path).verdict is Verdict.NOTHING_NEW


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "--update-baseline writes one"),
        ("version = 2\nknown = 1", "cannot be read"),
        ("version = 3", "of version 3"),
        ("version = 2\n[[known]]\nrules = ['x']", "needs `rules`, `deed` and `where`"),
        ("version = 2\n[[known]]\nrules = 1\ndeed = 'y'\nwhere = []", "lists of texts"),
        ("version = 2\n[[known]]\nrules = []\ndeed = 'y'\nwhere = []", "at least one"),
        ("[[knwon]]\nrule = 'x'", "unknown keys"),
        ("[[known", "cannot be read"),
    ],
)
def test_what_is_no_baseline_is_refused(path: Path, content: str | None, complaint: str) -> None:
    if content is not None:
        path.write_text(content)
    with pytest.raises(BaselineError, match=complaint):
        load_baseline(path)
