"""What the target printed is shown with the violation: the end of it, nothing obeyed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import pytest
from sample_histories import broken_result, mission_bug

from runfaults.model import CheckResult
from runfaults.report.github import step_summary
from runfaults.report.html import to_html
from runfaults.report.json_report import to_json
from runfaults.report.junit import to_junit
from runfaults.report.redact import redacted
from runfaults.report.terminal import print_result
from runfaults.report.timeline import print_printed
from runfaults.report.wording import LONGEST_PRINTED, MOST_PRINTED_LINES
from runfaults.testing.bench import MARGIN, failure_text
from runfaults.testing.sweeping import BrokenBoundError
from runfaults.user_code import LEFT_OUT

LINES = [f"{number} \x1b[2J <b>" for number in range(100)]


def printing(*lines: str) -> CheckResult:
    known = mission_bug()
    history = replace(known.history, printed="".join(f"{line}\n" for line in lines))
    return replace(broken_result(), violations=(replace(known, history=history),))


def terminal(result: CheckResult) -> str:
    file = StringIO()
    print_result(result, file=file)
    return file.getvalue()


def of_a_test(result: CheckResult) -> str:
    (violation,) = result.violations
    return failure_text(violation.history, violation.failing)


FORMATS = [terminal, to_html, step_summary, to_junit, to_json, of_a_test]


@pytest.mark.parametrize("shown", FORMATS)
def test_the_end_is_shown_and_the_rest_counted(shown: Callable[[CheckResult], str]) -> None:
    text = shown(printing(*LINES))
    left = len(LINES) - MOST_PRINTED_LINES
    assert f"({left} lines before these are left out; " in text
    assert "99 \\x1b[2J" in text.replace("\\\\", "\\")  # JSON doubles it
    assert f"{left} \\x1b" in text.replace("\\\\", "\\")
    assert f"{left - 1} \\x1b" not in text.replace("\\\\", "\\")
    assert "\x1b" not in text


@pytest.mark.parametrize("shown", FORMATS)
def test_little_is_shown_whole_and_nothing_is_not_announced(
    shown: Callable[[CheckResult], str],
) -> None:
    assert "left out; " not in shown(printing("one", "two"))
    assert "target printed" not in shown(printing())


@pytest.mark.parametrize("shown", FORMATS)
def test_of_a_long_line_the_beginning_is_shown(shown: Callable[[CheckResult], str]) -> None:
    text = shown(printing("y" * LONGEST_PRINTED, "x" * (LONGEST_PRINTED + 9)))
    flat = re.sub(r"\s+", "", text).replace("\\u2026", "…")  # JSON spells it
    assert "y" * LONGEST_PRINTED in flat
    assert "x" * LONGEST_PRINTED + "…(9morecharacters)" in flat
    assert flat.count("morecharacters") == 1


@pytest.mark.parametrize("shown", FORMATS[:-1])
def test_it_may_be_left_out(shown: Callable[[CheckResult], str]) -> None:
    result = printing(*LINES)
    (known,) = result.violations
    left_out = replace(known, history=redacted(known.history))
    text = shown(replace(result, violations=(left_out,)))
    assert "99" not in text.partition("printed")[2][:200]
    assert LEFT_OUT in text


def test_json_says_what_was_printed() -> None:
    (violation,) = json.loads(to_json(printing("one", "two")))["violations"]
    assert violation["printed"] == "one\ntwo"


def test_a_replay_shows_all(capsys: pytest.CaptureFixture[str]) -> None:
    (violation,) = printing(*LINES).violations
    print_printed(violation.history)
    shown = capsys.readouterr().out
    assert all(f"  {number} \\x1b[2J <b>" in shown for number in range(100))
    assert "\x1b" not in shown


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_a_test_that_fails_tells_its_story_in_lines_of_readable_length(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    result = broken_result()
    unsaved = tuple(replace(each, saved_to=None) for each in result.violations)
    text = str(BrokenBoundError(replace(result, violations=unsaved)))
    assert text.count("--runfaults-save FOLDER") == 1
    lines = [line for line in text.splitlines() if ": " in line and "schedule:" not in line]
    assert max(map(len, lines[1:-1])) <= min(columns, 100) - MARGIN
    assert "--runfaults-save" not in str(BrokenBoundError(result))
