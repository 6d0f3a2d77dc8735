"""A check result for GitHub: annotations of a workflow run, and its summary in Markdown."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from runfaults.model import CheckResult, Verdict, Violation
from runfaults.report.explain import explain
from runfaults.report.grid import LEGEND, Grid, cell_text
from runfaults.report.steps import printable
from runfaults.report.timeline import timeline_text
from runfaults.report.wording import (
    describe_extent,
    describe_printed,
    describe_region,
    describe_repair,
    describe_rule,
    describe_where,
    headline,
    replay_command,
)

SUMMARY_LIMIT = 1_000_000
"""Bytes that a step summary may have: GitHub takes 1 MiB (docs, "Adding a job summary")."""
_SIGNS = {
    Verdict.NOT_EXERCISED: "⚪",
    Verdict.HOLDS: "✅",
    Verdict.NOTHING_NEW: "✅",
    Verdict.UNFINISHED: "⏳",
    Verdict.UNKNOWN: "❔",
    Verdict.BROKEN: "❌",
}
_COMMANDS = {
    Verdict.UNKNOWN: "warning",
    Verdict.BROKEN: "error",
}
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~$&])")


def write(result: CheckResult, _file: Path | None) -> None:
    """Print the workflow commands; append the summary to `$GITHUB_STEP_SUMMARY` if it is set."""
    sys.stdout.write(workflow_commands(result))
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with open(summary, "a", encoding="utf-8") as file:  # noqa: PTH123
            file.write(step_summary(result))


def workflow_commands(result: CheckResult) -> str:
    """Workflow commands, one a line: an error for each violation, warnings for the rest.

    The syntax is GitHub's "Workflow commands for GitHub Actions".
    """
    lines = [_annotation(violation) for violation in result.violations]
    told = {judgement.rule for each in result.violations for judgement in each.failing}
    told |= {rule for each in result.violations if each.cause for rule in each.cause.rules}
    for rule, tally in result.rules.items():
        if tally.verdict in _COMMANDS and rule not in told:
            command = _COMMANDS[tally.verdict]
            lines.append(_command(command, f"runfaults: {rule}", describe_rule(result, rule)))
    idle = [rule for rule in result.rules if result.verdict_of(rule) is Verdict.NOT_EXERCISED]
    if idle:
        lines.append(_command("notice", "runfaults: rules not exercised", ", ".join(idle)))
    lines += [_command("warning", "runfaults: not reached", text) for text in result.not_reached]
    lines += [_command("notice", "runfaults", text) for text in result.notes]
    lines += [_command("warning", "runfaults: not repeatable", text) for text in result.doubts]
    return "".join(f"{line}\n" for line in lines)


def step_summary(result: CheckResult) -> str:
    """Markdown for `$GITHUB_STEP_SUMMARY`: violations first, as many as it may be long."""
    sign = _SIGNS[result.verdict]
    text = f"## {sign} runfaults: {_escape(result.target)} {_escape(headline(result))}\n"
    rest = "\n".join(_rest(result))
    for number, violation in enumerate(result.violations):
        section = "\n".join(_section(violation))
        left = len(result.violations) - number
        if len((text + section + rest).encode()) > SUMMARY_LIMIT - 200:
            text += f"\n{left} more violations are left out: the summary would be too long.\n"
            break
        text += section
    return text + rest


def _annotation(violation: Violation) -> str:
    """On the line that decided it, else on the statement that was struck, else on the scenario."""
    command = "error" if violation.verdict is Verdict.BROKEN else "warning"
    rules = ", ".join(judgement.rule for judgement in violation.failing)
    lines = [*describe_where(violation), explain(violation.history, violation.judgements)]
    lines += filter(None, (_contract(violation), violation.evidence))
    if violation.saved_to is not None:
        lines.append(f"Reproduce: {replay_command(violation)}")
    file, line = next(_lines(violation), (violation.saved_to, None))
    return _command(command, f"runfaults: {rules}", "\n".join(lines), file, line)


def _contract(violation: Violation) -> str:
    repair = describe_repair(violation)
    return f"The contract: {repair}" if repair else ""


def _lines(violation: Violation) -> Iterator[tuple[str, int]]:
    """The lines of the user's code that an annotation may stand at, the best first."""
    cause = violation.cause
    if cause is None:
        return
    workspace = Path(os.environ.get("GITHUB_WORKSPACE", ""))
    for place in (cause.decided_at, cause.statement_at, cause.called_at, cause.struck_at):
        if place is None or not Path(place.file).is_file():
            continue
        file = Path(place.file).resolve()
        if file.is_relative_to(workspace.resolve()):
            yield file.relative_to(workspace.resolve()).as_posix(), place.line


def _command(
    command: str, title: str, message: str, file: str | None = None, line: int | None = None
) -> str:
    properties = {"file": file, "line": None if line is None else str(line), "title": title}
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{command} {given}::{_data(message)}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _rest(result: CheckResult) -> Iterator[str]:
    yield "\n### Rules\n"
    yield "| | rule | |"
    yield "|---|---|---|"
    for rule in result.rules:
        sign = _SIGNS[result.verdict_of(rule)]
        yield f"| {sign} | {_escape(rule)} | {describe_rule(result, rule)} |"
    for title, lines in (
        ("Bound", tuple(map(describe_region, result.regions))),
        ("Not reached", result.not_reached),
        ("Notes", (*result.notes, *result.doubts)),
        ("Remarks", result.remarks),
    ):
        if lines:
            yield f"\n**{title}**\n"
            yield from (f"- {_escape(line)}" for line in lines)
    yield from _coverage(Grid.of(result.coverage))
    yield ""


def _coverage(grid: Grid) -> Iterator[str]:
    """Only the rows that need a look: the HTML report has the whole grid."""
    points = [point for point in grid.points if not grid.holds(point)]
    if not points:
        return
    kinds = [kind for kind in grid.kinds if not grid.held_at(points, kind)]
    yield "\n**Fault points where something did not hold, and the kinds of fault**\n"
    yield "| | " + " | ".join(map(_escape, kinds)) + " |"
    yield "|---|" + "---:|" * len(kinds)
    for point in points:
        cells = (
            "impossible" if cell and cell.impossible else _escape(cell_text(cell, grid))
            for cell in (grid.cells.get((point, kind)) for kind in kinds)
        )
        yield f"| {_escape(point)} | " + " | ".join(cells) + " |"
    yield f"\n{_escape(LEGEND)}"


def _section(violation: Violation) -> Iterator[str]:
    scenario = violation.scenario
    rules = ", ".join(judgement.rule for judgement in violation.failing)
    yield f"\n### {_SIGNS[violation.verdict]} {_escape(scenario.name)}\n"
    if where := describe_where(violation):
        yield "\n".join(f"- {_escape(line)}" for line in where) + "\n"
    broken = "Rules" if len(violation.failing) > 1 else "Rule"
    yield f"{_escape(scenario.symptom)} {broken}: {_escape(rules)}.\n"
    yield f"{_escape(explain(violation.history, violation.judgements))}\n"
    if repair := _contract(violation):
        yield f"{_escape(repair)}\n"
    if extent := describe_extent(violation):
        yield f"S{_escape(extent[1:])}.\n"
    if violation.evidence:
        yield f"Evidence: {_escape(violation.evidence)}.\n"
    if violation.saved_to is not None:
        yield f"{_block(replay_command(violation))}\n"
    if printed := describe_printed(violation.history):
        yield f"<details><summary>The target printed</summary>\n\n{_block(printed)}\n</details>\n"
    yield "<details><summary>Timeline</summary>\n"
    yield f"{_block(timeline_text(violation.history, violation.judgements, width=140))}\n"
    yield "</details>\n"


def _escape(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", printable(text)).replace("\n", " ")


def _block(text: str) -> str:
    """A fenced block whose fence is longer than any run of backquotes in the text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.rstrip()}\n{fence}"
