from __future__ import annotations

from dataclasses import replace
from io import BytesIO, StringIO, TextIOWrapper
from typing import Any

import pytest
from sample_histories import (
    IMPOSSIBLE,
    broken_result,
    hostile,
    large_result,
    passing_result,
)

from runfaults.model import Cell, CheckResult, EarlyEnd, Region, Tally
from runfaults.report.console import PROSE_WIDTH
from runfaults.report.terminal import print_result
from runfaults.report.wording import describe_duration, replay_command


def printed(result: CheckResult, width: int = 100, *, grid: bool = False) -> str:
    file = StringIO()
    print_result(result, file=file, width=width, grid=grid)
    return file.getvalue()


def test_the_last_line_is_the_verdict() -> None:
    assert printed(passing_result()).splitlines()[-1] == (
        "genglossary: holds under all 4,120 schedules: 3 of 3 rules exercised"
    )
    assert printed(broken_result()).splitlines()[-1] == (
        "one-try: broken by 28 of 4,120 schedules, 2 could not be judged; the bound was not covered"
    )


def test_a_check_that_could_not_judge_does_not_say_holds() -> None:
    result = replace(passing_result(), rules={}, schedules=Tally(10, 0, 1))
    assert printed(result).splitlines()[-1] == (
        "genglossary: unknown: 1 of 11 schedules could not be judged, 0 violations"
    )


def test_each_region_of_the_bound_has_its_count() -> None:
    regions = (Region("all with one fault", 1200, 310), Region("1 sample", 1))
    lines = printed(replace(passing_result(), regions=regions)).splitlines()
    assert lines[-5:-1] == [
        "  bound:",
        "  - all with one fault: 1,200 run, 310 pruned as equivalent",
        "  - 1 sample: 1 run",
        "  4,120 schedules in 41.3 s; Python 3.11.7, SQLite 3.40.1, runfaults 0.1.0",
    ]


def test_each_rule_that_does_not_hold_has_its_verdict() -> None:
    lines = printed(broken_result()).splitlines()
    rules = {words[1]: " ".join(words[2:]) for words in map(str.split, lines) if len(words) > 2}
    assert rules["succeeded-never-failed"] == "broken by 8 of 4,120, 2 could not be judged"
    assert rules["terminal-is-final"] == "unknown: 2 of 4,120 could not be judged"
    assert "one-active-run" not in rules
    assert "  …  1 rule is not broken so far" in lines


def test_rules_that_could_not_judge_for_one_reason_are_one_line() -> None:
    result = passing_result()
    rules = dict.fromkeys(result.rules, Tally(0, 0, 7))
    lines = printed(replace(result, rules=rules)).splitlines()
    assert lines[1:3] == ["Rules", "  ?  all 3 rules  unknown: 7 of 7 could not be judged"]
    first, second, third = result.rules
    rules[third] = Tally(5, 0, 2)
    lines = printed(replace(result, rules=rules)).splitlines()
    assert lines[2].startswith(f"  ?  {first}, {second}  unknown: 7 of 7")
    assert lines[3].startswith(f"  ?  {third}  ")


def test_rules_that_hold_are_one_line() -> None:
    lines = printed(passing_result()).splitlines()
    assert lines[1:3] == ["Rules", "  ✓  all 3 rules hold"]


def test_rules_that_were_never_exercised_are_named_and_not_ticked() -> None:
    result = passing_result()
    rules = {**result.rules, "one-active-run": Tally(4120, exercised=0)}
    lines = printed(replace(result, rules=rules)).splitlines()
    assert lines[1:4] == [
        "Rules",
        "  ✓  3 rules hold",
        "  -  1 was never exercised: one-active-run",
    ]
    assert lines[-1] == "genglossary: holds under all 4,120 schedules: 3 of 4 rules exercised"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schedules": Tally()}, "there were no schedules"),
        (
            {"schedules": Tally(), "not_reached": ("2 of 2 jobs: a fault",)},
            "the time was over before the first of the schedules",
        ),
        ({"rules": {"a": Tally(4120, exercised=0)}}, "no rule was exercised by the 4,120"),
        ({"notes": ("a",)}, "not every schedule could be played as written, which is a bug"),
        ({"doubts": ("a",)}, "not every schedule gave the same history again"),
        (
            {"not_reached": ("a",), "interrupted": EarlyEnd.USER},
            "it was interrupted; no violation in the 4,120 schedules that ran",
        ),
    ],
)
def test_the_last_line_says_why_it_is_unknown(change: dict[str, Any], words: str) -> None:
    last = printed(replace(passing_result(), **change)).splitlines()[-1]
    assert last.startswith("genglossary: unknown: " + words)


def test_a_budget_that_ended_never_says_holds() -> None:
    result = replace(passing_result(), not_reached=("preemptions",), at_least=14237)
    text = printed(result)
    assert "holds" not in text
    assert "  …  all 3 rules are not broken so far" in text.splitlines()
    assert text.splitlines()[-1] == (
        "genglossary: unfinished: no violation in the 4,120 of at least 14,237 schedules that ran"
    )


def test_each_kind_of_fault_has_a_line_that_says_what_came_of_it() -> None:
    lines = [" ".join(line.split()) for line in printed(broken_result(), 160).splitlines()]
    start = lines.index("Coverage of 8 fault points")
    assert lines[start + 1 : start + 3] == [
        "busy struck at 6; impossible at 2; broken at run commit #2",
        "locked struck at 6; impossible at 2",
    ]
    assert (
        "full struck at 6; impossible at 2; not judged at run execute UPDATE runs #2, run commit #2"
    ) in lines


def test_of_many_broken_points_a_few_are_named() -> None:
    cells = tuple(Cell(f"run commit #{n}", "busy", Tally(0, 1, 0)) for n in range(2, 8))
    result = replace(passing_result(), coverage=(*cells, Cell("run close", "full")))
    lines = [" ".join(line.split()) for line in printed(result, 160).splitlines()]
    assert (
        "busy struck at 6; not tried at 1; broken at run commit #2, run commit #3, run commit #4, "
        "run commit #5 and 2 more"
    ) in lines
    assert "full struck at 0; not tried at 7" in lines


def test_a_violation_ends_with_its_file_and_the_command_to_replay_it() -> None:
    text = printed(broken_result(), width=60)
    assert "\n    runfaults replay faults/commit-busy-records-failed.toml\n" in text
    assert "  saved to faults/cancel-lost.toml; to reproduce:\n" in text
    assert "  not saved to a file\n" in text


def test_a_command_is_quoted_for_the_shell_and_never_broken() -> None:
    violation = hostile()
    assert replay_command(violation) == "runfaults replay 'faults/`$(touch x)` b.toml'"
    result = replace(broken_result(), violations=(violation,))
    assert f"\n    {replay_command(violation)}\n" in printed(result, width=30)


def test_the_coverage_grid_names_reasons() -> None:
    lines = printed(broken_result(), grid=True).splitlines()
    (row,) = (line.split() for line in lines if line.startswith(" run commit #2 "))
    assert row == ["run", "commit", "#2", "✗3/12", "12", "12", "?1/12", "12", "12"]
    assert f"  a: {IMPOSSIBLE}" in lines


@pytest.mark.nightly
def test_a_large_grid_shows_only_what_needs_a_look() -> None:
    text = printed(large_result(), width=160, grid=True)
    assert "  everything held at the 300 other points\n" in text
    assert " run execute UPDATE table_0 #2 " in text


@pytest.mark.parametrize("width", [30, 60, 100, 160])
def test_nothing_but_commands_is_wider_than_the_terminal(width: int) -> None:
    both = printed(broken_result(), width) + printed(broken_result(), width, grid=True)
    lines = both.splitlines()
    assert max(len(line) for line in lines if "runfaults replay" not in line) <= width


def test_notes_and_what_was_not_reached_are_told() -> None:
    text = printed(broken_result())
    assert "Not reached\n  - faults until lifted with an API cancel: 600 schedules\n" in text
    assert "Notes\n  - 2 schedules hung and could not be judged.\n" in text


def test_an_ascii_terminal_gets_ascii() -> None:
    raw = BytesIO()
    file = TextIOWrapper(raw, encoding="ascii", errors="strict")
    print_result(broken_result(), file=file, width=100, grid=True)
    file.flush()
    text = raw.getvalue().decode("ascii")
    assert "X3/12" in text
    assert "\\u" not in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (119.7, "2 min 0 s"),
        (3725.2, "62 min 5 s"),
    ],
)
def test_a_duration_never_has_sixty_seconds(seconds: float, text: str) -> None:
    assert describe_duration(seconds) == text


def test_prose_keeps_a_readable_width_however_wide_the_terminal() -> None:
    file = StringIO()
    print_result(broken_result(), file=file, width=200)
    story, _, _ = file.getvalue().partition("\nRules\n")
    prose = [line for line in story.splitlines() if "replay" not in line]
    assert 90 < max(map(len, prose)) <= PROSE_WIDTH
