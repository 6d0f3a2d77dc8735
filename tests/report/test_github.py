from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from sample_histories import broken_result, hostile, large_result, passing_result

from runfaults.model import Cell, Tally
from runfaults.report import github
from runfaults.report.github import step_summary, workflow_commands

COMMAND = re.compile(r"::(error|warning|notice) ((?:file=[^,:\n]*,)?title=[^,:\n]*)::([^\n]*)")


def rendered(markdown: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)


def test_each_violation_is_an_error_at_its_scenario_file() -> None:
    lines = workflow_commands(broken_result()).splitlines()
    found = [match.groups() for match in map(COMMAND.fullmatch, lines) if match]
    assert len(found) == len(lines)
    assert [level for level, _, _ in found] == ["error"] * 4 + ["warning", "warning", "notice"]
    assert found[0][1].startswith("file=faults/commit-busy-records-failed.toml,title=runfaults%3A ")
    assert found[0][2].endswith(
        "%0AReproduce: runfaults replay faults/commit-busy-records-failed.toml"
    )


def test_a_passing_check_annotates_nothing() -> None:
    assert workflow_commands(passing_result()) == ""


def test_all_rules_that_were_not_exercised_are_one_notice() -> None:
    rules = {name: Tally(9, exercised=0) for name in ("a", "b", "c")} | {"d": Tally(9, exercised=9)}
    text = workflow_commands(replace(passing_result(), rules=rules))
    assert text == "::notice title=runfaults%3A rules not exercised::a, b, c\n"


def test_a_rule_without_a_witness_is_annotated_all_the_same() -> None:
    result = replace(broken_result(), violations=(), notes=(), not_reached=())
    levels = [line.split()[0] for line in workflow_commands(result).splitlines()]
    assert levels == ["::error"] * 5 + ["::warning"]


def test_hostile_text_cannot_start_a_command_of_its_own() -> None:
    result = replace(broken_result(), notes=("a\n::error ::b\r%",), violations=(hostile(),))
    lines = workflow_commands(result).splitlines()
    assert all(COMMAND.fullmatch(line) for line in lines)
    assert lines[-1] == r"::notice title=runfaults::a%0A\x3a:error \x3a:b\r%25"


def test_the_summary_is_markdown_with_rules_and_timelines() -> None:
    page = rendered(step_summary(broken_result()))
    assert "<h2>❌ runfaults: one-try broken by 28 of 4,120 schedules" in page
    assert "<li>every single fault, struck 1, 2, 3, 4, 6 times or" in page
    assert ": 4,120 run, 310 pruned as equivalent</li>" in page
    assert "<td>❔</td>\n<td>terminal-is-final</td>" in page
    assert "<h3>❌ cancel-lost</h3>" in page
    assert '<td>run commit #2</td>\n<td style="text-align:right">✗3/12</td>' in page
    assert page.count("<details>") == page.count("</details>") == 4
    assert page.index("cancel-lost</h3>") < page.index("<h3>Rules</h3>"), "what is wrong is first"


def test_the_table_has_only_kinds_that_did_not_hold_and_says_what_its_cells_mean() -> None:
    cells = (
        Cell("run commit", "busy", Tally(1, 2)),
        Cell("run commit", "full", Tally(3)),
        Cell("run commit", "closed", impossible="it is open"),
        Cell("run connect", "full", Tally(0, 0, 1)),
        Cell("run close", "nomem", Tally(1)),
    )
    table = step_summary(replace(broken_result(), coverage=cells)).partition("Fault points")[2]
    assert "| | busy | full |" in table
    assert "| run commit | ✗2/3 | 3 |" in table
    assert "run close" not in table
    assert "3 of 12 broken" in table


def test_one_rule_is_one_and_two_are_several() -> None:
    words = [("Rules:" in part) for part in step_summary(broken_result()).split("### ")[1:]]
    several = [len(each.failing) > 1 for each in broken_result().violations]
    assert words[: len(several)] == several
    assert set(several) == {True, False}


def test_hostile_text_is_not_markup_in_the_summary() -> None:
    violation = hostile()
    page = rendered(step_summary(replace(broken_result(), violations=(violation,))))
    assert "<b>" not in page
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


def test_a_fence_is_longer_than_any_in_the_text() -> None:
    violation = replace(hostile(), saved_to="faults/````.toml")
    page = rendered(step_summary(replace(broken_result(), violations=(violation,))))
    assert "faults/````.toml" in page
    assert "<h3>" in page


@pytest.mark.nightly
def test_the_summary_keeps_to_githubs_limit_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(step_summary(large_result()).encode()) <= github.SUMMARY_LIMIT
    monkeypatch.setattr(github, "SUMMARY_LIMIT", 9_000)
    text = step_summary(broken_result())
    assert len(text.encode()) <= 9_000
    assert "### ❌ commit-busy-records-failed" in text
    assert "\n2 more violations are left out: the summary would be too long.\n\n### Rules" in text
