"""A project with known violations adopts the gate today; only new ones fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from runfaults.campaign.baseline import BaselineError, Known, load_baseline
from runfaults.model import CheckResult, Journal, Schedule, Verdict
from small_checks import BROKEN, SOUND, concluded, explored, stop_after


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "baseline.toml"


def checked(target: str, path: Path, *, update: bool = False) -> CheckResult:
    return concluded(target, explored(target), baseline=load_baseline(path, update=update))


def test_what_is_known_does_not_fail(path: Path) -> None:
    assert concluded(BROKEN, explored(BROKEN)).verdict is Verdict.BROKEN
    adopted = checked(BROKEN, path, update=True)
    assert adopted.verdict is Verdict.NOTHING_NEW
    written = path.read_text()
    result = checked(BROKEN, path)
    assert result.verdict is Verdict.NOTHING_NEW
    assert result.set_aside == concluded(BROKEN, explored(BROKEN)).schedules.broken
    assert result.violations == ()
    assert any("succeeded-never-failed is broken by" in remark for remark in result.remarks)
    assert "succeeded-never-failed" not in result.rules
    assert path.read_text() == written


def test_what_is_new_fails_and_only_that_is_shown(path: Path) -> None:
    checked(BROKEN, path, update=True)
    known = load_baseline(path).known
    new = min(each for each in known if each.rule == "succeeded-never-failed")
    tables = path.read_text().split("\n\n")
    kept = [table for table in tables if new.schedule not in table or new.rule not in table]
    path.write_text("\n\n".join(kept))
    assert load_baseline(path).known == known - {new}
    result = checked(BROKEN, path)
    assert result.verdict is Verdict.BROKEN
    (violation,) = result.violations
    assert Known.of(new.rule, violation.scenario.schedule) == new
    assert result.rules[new.rule].verdict is Verdict.BROKEN


def test_what_no_longer_occurs_is_told_and_removed_on_demand(path: Path) -> None:
    path.write_text('[[known]]\nrule = "nothing-leaks"\nschedule = "pipeline exits"\n')
    result = checked(SOUND, path)
    assert result.verdict is Verdict.HOLDS
    assert "no longer occurs: nothing-leaks under 'pipeline exits'" in result.remarks[-1]
    checked(SOUND, path, update=True)
    assert load_baseline(path).known == frozenset()


def test_an_unfinished_check_neither_tells_nor_removes_what_it_did_not_see(path: Path) -> None:
    path.write_text('[[known]]\nrule = "nothing-leaks"\nschedule = "pipeline exits"\n')
    for update in (False, True):
        outcome = explored(SOUND, should_stop=stop_after(2))
        result = concluded(SOUND, outcome, baseline=load_baseline(path, update=update))
        assert not any("no longer" in remark for remark in result.remarks)
        assert len(load_baseline(path).known) == 1


def test_a_violation_is_recognised_when_statements_were_added_before_it() -> None:
    before = Schedule.parse("fault busy at run commit #4 x3; act cancel at run execute SELECT runs")
    after = Schedule.parse("fault busy at run commit #6 x2; act cancel at run commit #5")
    other = Schedule.parse("fault full at run commit #4 x3; act cancel at run execute SELECT runs")
    assert Known.of("rule", before) == Known.of("rule", after)
    assert Known.of("rule", before) != Known.of("rule", other)
    assert Known.of("rule", before) != Known.of("another", before)
    assert Known.of("rule", Schedule(journal=Journal.WAL)) != Known.of("rule", Schedule())


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "--update-baseline writes one"),
        ("known = 1", "cannot be read"),
        ("[[known]]\nrule = 'x'", "needs `rule` and `schedule`"),
        ("[[known]]\nrule = 'x'\nschedule = 'y'\nmore = 1", "nothing else"),
        ("[[knwon]]\nrule = 'x'", "unknown keys"),
        ("[[known", "cannot be read"),
    ],
)
def test_what_is_no_baseline_is_refused(path: Path, content: str | None, complaint: str) -> None:
    if content is not None:
        path.write_text(content)
    with pytest.raises(BaselineError, match=complaint):
        load_baseline(path)
