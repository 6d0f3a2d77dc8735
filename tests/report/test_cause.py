"""Every format says first where in the user's code it was decided, and what the contract asks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator
from sample_histories import broken_result, mission_bug, passing_result

from runfaults.model import Cause, CheckResult, Place, Tally, Violation
from runfaults.report.github import step_summary, workflow_commands
from runfaults.report.html import to_html
from runfaults.report.json_report import schema, to_json
from runfaults.report.junit import to_junit
from runfaults.report.terminal import print_result

DECIDED = Place("jobs/manager.py", 12, "live", 'self.write("failed")')
STRUCK = Place("jobs/store.py", 7, "write", "connection.commit()")
CAUSE = Cause(
    "recorded failed",
    DECIDED,
    None,
    Place("jobs/manager.py", 3, "start"),
    STRUCK,
    1234,
    ("succeeded-never-failed", "terminal-is-final"),
    "the outcome is decided once.",
    "docs/reference/rules.md#succeeded-never-failed",
)
WHERE = "recorded failed at jobs/manager.py:12 in live"


def caused(violation: Violation | None = None) -> CheckResult:
    shown = replace(violation or mission_bug(), cause=CAUSE)
    return replace(broken_result(), violations=(shown,))


def printed(result: CheckResult) -> str:
    out = StringIO()
    print_result(result, file=out, width=500)
    return out.getvalue()


def junit_failure(result: CheckResult) -> str:
    root = ET.fromstring(to_junit(result))  # ours
    case = next(each for each in root.iter("testcase") if "causes" in each.attrib["classname"])
    return (case.findtext("failure") or "").strip()


def annotated(result: CheckResult) -> str:
    return workflow_commands(result).splitlines()[0]


FORMATS = (printed, to_html, junit_failure, annotated, step_summary)


@pytest.mark.parametrize("text_of", FORMATS, ids=lambda each: each.__name__)
def test_where_stands_before_the_story(text_of: Callable[[CheckResult], str]) -> None:
    text = text_of(caused()).replace("\\_", "_")
    story = text.lower().index("the pipeline succeeded")
    assert text.index(WHERE) < story
    assert text.index("struck at jobs/store.py:7 in write") < story
    assert "the outcome is decided once." in text[story:]
    assert "replayed 3 times, same history each time" in text[story:]


def test_a_violation_without_a_cause_claims_no_place() -> None:
    result = replace(broken_result(), violations=(mission_bug(),))
    for text in (printed(result), to_html(result), to_junit(result), step_summary(result)):
        assert "the contract:" not in text.lower()
        assert "recorded failed at" not in text
        assert "seen in" not in text.lower()


def test_junit_has_a_case_for_each_cause_that_keeps_its_name_when_lines_move() -> None:
    lower = replace(CAUSE, decided_at=DECIDED._replace(line=99))
    names: list[str | None] = []
    for causes in ((CAUSE,), (lower,), (CAUSE, lower)):
        shown = tuple(replace(mission_bug(), cause=each) for each in causes)
        rules = {rule: Tally(1, 2) for rule in CAUSE.rules}
        root = ET.fromstring(to_junit(replace(passing_result(), rules=rules, violations=shown)))
        failed = [each for each in root.iter("testcase") if each.find("failure") is not None]
        assert len(failed) == len(causes) == int(root.get("failures", ""))
        names += [each.get("name") for each in failed]
        assert f"at {causes[-1].decided_at}" in failed[-1].findtext("failure", "").split("\n")[0]
    name = "succeeded-never-failed: recorded failed in live of jobs/manager.py"
    assert names == [name, name, name, f"{name} (2)"]


def test_json_has_the_cause_as_the_schema_says() -> None:
    document = json.loads(to_json(caused()))
    Draft202012Validator(json.loads(schema())).validate(document)
    cause = document["violations"][0]["cause"]
    assert cause["decided_at"] == DECIDED._asdict()
    assert cause["statement_at"] is None
    assert cause["schedules"] == 1234
    assert cause["rules"] == list(CAUSE.rules)


def test_other_rules_of_the_cause_are_told_and_not_annotated_again() -> None:
    result = caused()
    assert "; some of them also break terminal-is-final" in printed(result)
    alone = [
        line for line in workflow_commands(result).splitlines() if "terminal-is-final::" in line
    ]
    assert alone == []  # fmt: skip


@pytest.mark.parametrize("folder", [".", "service"])
def test_an_annotation_stands_on_the_line_of_a_file_of_the_workspace(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    here = tmp_path / folder
    (here / "jobs").mkdir(parents=True)
    monkeypatch.chdir(here)
    assert annotated(caused()).startswith("::error file=faults/commit-busy")
    (here / "jobs/store.py").touch()
    prefix = "" if folder == "." else f"{folder}/"
    assert annotated(caused()).startswith(f"::error file={prefix}jobs/store.py,line=7,title=")
    (here / "jobs/manager.py").touch()
    assert annotated(caused()).startswith(f"::error file={prefix}jobs/manager.py,line=12,title=")


def test_no_annotation_stands_on_a_file_outside_of_the_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs/manager.py").touch()
    (tmp_path / "workspace").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(os.environ, "GITHUB_WORKSPACE", str(tmp_path / "workspace"))
    assert annotated(caused()).startswith("::error file=faults/commit-busy")
