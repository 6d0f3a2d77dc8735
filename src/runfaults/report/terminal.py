"""Prints the result of `runfaults check`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TextIO

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from runfaults.model import Cell, CheckResult, Verdict, Violation
from runfaults.model.counting import counted
from runfaults.report.console import NARROW, PROSE_WIDTH, is_ascii, open_console
from runfaults.report.explain import explain
from runfaults.report.grid import Grid, cell_text
from runfaults.report.steps import printable
from runfaults.report.wording import (
    describe_duration,
    describe_extent,
    describe_printed,
    describe_region,
    describe_repair,
    describe_rule,
    describe_where,
    headline,
    replay_command,
)

STYLES = {
    Verdict.NOT_EXERCISED: "dim",
    Verdict.HOLDS: "green",
    Verdict.NOTHING_NEW: "green",
    Verdict.UNFINISHED: "yellow",
    Verdict.UNKNOWN: "yellow",
    Verdict.BROKEN: "bold red",
}
SHOWN_POINTS = 40
"""Rows of the coverage grid from which on those where everything held are summed up."""
NAMED_POINTS = 4
"""Points that are named where a kind of fault broke a rule; the others are counted."""


def print_result(
    result: CheckResult,
    *,
    file: TextIO | None = None,
    width: int | None = None,
    grid: bool = False,
) -> None:
    """Print a summary: violations with their explanation, rules, coverage, notes, verdict.

    Args:
        result: What the check found.
        file: Where to print; standard output if None.
        width: Columns; as wide as the terminal, or 100, if None.
        grid: Print the whole coverage grid, not a line for each kind of fault.
    """
    console = open_console(file, width)
    piped = width is None and not console.is_terminal
    for part in _parts(result, console, grid=grid):
        # A string is to be copied; in a pipe the verdict is looked for by `tail -n 1`: neither is
        # broken at the console's width.
        console.print(part, soft_wrap=isinstance(part, (str, Text) if piped else str))


def _parts(result: CheckResult, console: Console, *, grid: bool) -> Iterator[RenderableType]:
    for number, violation in enumerate(result.violations, 1):
        yield from _violation(number, violation, console)
    yield from _rules(result, console)
    cells = Grid.of(result.coverage)
    yield from _coverage(cells, console) if grid else _summed_up(cells, console)
    for title, lines in (
        ("Not reached", result.not_reached),
        ("Notes", (*result.notes, *result.doubts)),
        ("Remarks", result.remarks),
    ):
        if lines:
            yield _heading(title)
            yield _entries(lines, console)
    yield ""
    yield from _summary(result, console)


def _summary(result: CheckResult, console: Console) -> Iterator[RenderableType]:
    """The last lines, where the eye is when the command ends."""
    versions = result.versions
    ran = counted(result.ran, result.noun)
    yield _indented("bound:", console)
    yield _entries(map(describe_region, result.regions), console)
    yield _indented(
        f"{ran} in {describe_duration(result.elapsed)}; "
        f"Python {versions.python}, SQLite {versions.sqlite}, runfaults {versions.runfaults}",
        console,
    )
    text = Text(printable(f"{result.target}: "))
    text.append(headline(result), STYLES[result.verdict])
    yield text


def _heading(text: str) -> Text:
    return Text("\n").append(printable(text), "bold")


def _indented(text: str, console: Console, style: str = "", deeper: int = 0) -> RenderableType:
    return Padding(Text(printable(text), style), _margins(console, deeper))


def _margins(console: Console, deeper: int = 0) -> tuple[int, int, int, int]:
    """Around what is indented, as CSS has them: prose is no wider than can be read well."""
    indent = 2 if console.width >= NARROW else 0
    return 0, max(0, console.width - PROSE_WIDTH), 0, indent + deeper


def _entries(lines: Iterable[str], console: Console) -> RenderableType:
    """Lines of which each may be longer than the console is wide."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column()
    table.add_column(overflow="fold")
    for line in lines:
        table.add_row("-", Text(printable(line)))
    return Padding(table, _margins(console))


def _rules(result: CheckResult, console: Console) -> Iterator[RenderableType]:
    """The rules that do not hold, each with its count; how many do, and which were not tested."""
    signs = _ASCII_SIGNS if is_ascii(console) else _SIGNS
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=3, justify="right")
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    verdicts = {rule: result.verdict_of(rule) for rule in result.rules}
    told: dict[tuple[Verdict, str], list[str]] = {}
    for rule, verdict in verdicts.items():
        if verdict in _AGAINST:
            told.setdefault((verdict, describe_rule(result, rule)), []).append(rule)
    for (verdict, text), rules in told.items():
        style = STYLES[verdict]
        for names in _together(verdict, rules, len(verdicts)):
            table.add_row(Text(signs[verdict], style), Text(printable(names)), Text(text, style))
    yield _heading("Rules")
    if told:
        yield table
    for verdict, text in _summed_rules(verdicts):
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(width=3, justify="right")
        table.add_column(overflow="fold")
        table.add_row(Text(signs[verdict], STYLES[verdict]), Text(printable(text)))
        yield table


_SIGNS = {
    Verdict.NOT_EXERCISED: "-",
    Verdict.HOLDS: "✓",
    Verdict.UNFINISHED: "…",
    Verdict.UNKNOWN: "?",
    Verdict.BROKEN: "✗",
}
_ASCII_SIGNS = _SIGNS | {Verdict.HOLDS: "+", Verdict.UNFINISHED: ".", Verdict.BROKEN: "X"}
_AGAINST = frozenset({Verdict.UNKNOWN, Verdict.BROKEN})


def _together(verdict: Verdict, rules: list[str], of: int) -> list[str]:
    """What is told in one line of rules of which the same is to be said: what none could judge."""
    if verdict is not Verdict.UNKNOWN:
        return rules
    return [f"all {of} rules" if len(rules) == of > 1 else ", ".join(rules)]


def _summed_rules(verdicts: Mapping[str, Verdict]) -> Iterator[tuple[Verdict, str]]:
    """A line for the rules that hold, for those that do so far, and for those not exercised."""
    for verdict, one, many in (
        (Verdict.HOLDS, "rule holds", "rules hold"),
        (Verdict.UNFINISHED, "rule is not broken so far", "rules are not broken so far"),
    ):
        count = sum(each is verdict for each in verdicts.values())
        if count:
            every = "all " if count == len(verdicts) else ""
            yield verdict, f"{every}{count} {one if count == 1 else many}"
    idle = [rule for rule, each in verdicts.items() if each is Verdict.NOT_EXERCISED]
    if idle:
        were = "was" if len(idle) == 1 else "were"
        yield Verdict.NOT_EXERCISED, f"{len(idle)} {were} never exercised: {', '.join(idle)}"


def _violation(number: int, violation: Violation, console: Console) -> Iterator[RenderableType]:
    scenario = violation.scenario
    rules = ", ".join(judgement.rule for judgement in violation.failing)
    kind = "Violation" if violation.verdict is Verdict.BROKEN else "Not judged"
    yield _heading(f"{kind} {number}: {scenario.name}")
    yield from (_indented(line, console, "bold") for line in describe_where(violation))
    yield _indented(f"{scenario.symptom} [{rules}]", console, STYLES[violation.verdict])
    yield _indented(explain(violation.history, violation.judgements), console)
    if repair := describe_repair(violation):
        yield _indented(f"the contract: {repair}", console)
    if extent := describe_extent(violation):
        yield _indented(extent, console, "dim")
    if printed := describe_printed(violation.history):
        yield _indented("the target printed:", console, "dim")
        yield _indented(printed, console, "dim", deeper=2)
    if violation.replays:
        yield _indented(f"schedule: {scenario.schedule}", console, "dim")
    if violation.evidence:
        yield _indented(violation.evidence, console)
    if not violation.replays:
        return
    if violation.saved_to is None:
        yield _indented("not saved to a file", console)
    else:
        yield _indented(f"saved to {violation.saved_to}; to reproduce:", console)
        yield f"    {replay_command(violation)}"


def _summed_up(grid: Grid, console: Console) -> Iterator[RenderableType]:
    """A line for each kind of fault: where it struck, and what came of it."""
    if not grid.cells:
        return
    yield _heading(f"Coverage of {counted(len(grid.points), 'fault point')}")
    table = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for kind in grid.kinds:
        counts, verdict = _counts(grid, kind)
        style = "" if verdict is Verdict.HOLDS else STYLES[verdict]
        table.add_row(Text(printable(kind)), Text(printable(counts), style))
    yield Padding(table, (0, 0, 0, 2 if console.width >= NARROW else 0))


def _counts(grid: Grid, kind: str) -> tuple[str, Verdict]:
    """At how many points a kind struck, could not strike, or did not; and where rules broke."""
    cells = [cell for (_, name), cell in grid.cells.items() if name == kind]
    struck = [cell for cell in cells if cell.tally.total and not cell.impossible]
    impossible = sum(bool(cell.impossible) for cell in cells)
    rest = len(grid.points) - len(struck) - impossible
    parts = [f"struck at {len(struck):,}"]
    parts += [f"impossible at {impossible:,}"] * bool(impossible)
    parts += [f"not tried at {rest:,}"] * bool(rest)
    worst = Verdict.worst(cell.tally.verdict for cell in struck)
    for verdict, word in ((Verdict.BROKEN, "broken"), (Verdict.UNKNOWN, "not judged")):
        points = [cell.point for cell in struck if cell.tally.verdict is verdict]
        more = f" and {len(points) - NAMED_POINTS:,} more" if len(points) > NAMED_POINTS else ""
        parts += [f"{word} at {', '.join(points[:NAMED_POINTS])}{more}"] * bool(points)
    return "; ".join(parts), worst


def _coverage(grid: Grid, console: Console) -> Iterator[RenderableType]:
    if not grid.cells:
        return
    points = grid.points
    if len(points) > SHOWN_POINTS:
        points = tuple(point for point in points if not grid.holds(point))
    yield _heading("Coverage: schedules at each fault point, for each kind of fault")
    if points:
        for start, end in _fitting(grid.kinds, max(map(len, points)), console.width):
            if start:
                yield ""
            yield _grid(grid, points, start, end, ascii_only=is_ascii(console))
    if len(points) < len(grid.points):
        others = "other " if points else ""
        yield _indented(
            f"everything held at the {len(grid.points) - len(points):,} {others}points", console
        )
    broken = "X3/12" if is_ascii(console) else "✗3/12"
    yield _indented(
        f"12 held; {broken} broken, of 12; ?1/12 not judged, of 12; . did not run; "
        "-a impossible, because of a:",
        console,
        "dim",
    )
    for reason, key in grid.reasons.items():
        yield _indented(f"{key}: {reason}", console, "dim")


def _fitting(kinds: tuple[str, ...], label: int, width: int) -> Iterator[tuple[int, int]]:
    """Ranges of columns that fit side by side."""
    room = width - label - 4
    start, used = 0, 0
    for number, kind in enumerate(kinds):
        needed = max(7, *(len(part) + 1 for part in kind.split("-"))) + 2
        if number > start and used + needed > room:
            yield start, number
            start, used = number, 0
        used += needed
    yield start, len(kinds)


def _grid(grid: Grid, points: tuple[str, ...], start: int, end: int, *, ascii_only: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), show_edge=False, pad_edge=True)
    table.add_column("", overflow="fold")
    for kind in grid.kinds[start:end]:
        table.add_column(
            Text(printable(kind).replace("-", "-\n")), justify="right", vertical="bottom"
        )
    for point in points:
        cells = grid.row(point)[start:end]
        table.add_row(
            Text(printable(point)), *(_cell(cell, grid, ascii_only=ascii_only) for cell in cells)
        )
    return table


def _cell(cell: Cell | None, grid: Grid, *, ascii_only: bool) -> Text:
    ran = cell is not None and cell.tally.total and not cell.impossible
    text = cell_text(cell, grid)
    return Text(
        text.replace("✗", "X") if ascii_only else text,
        STYLES[cell.tally.verdict] if cell and ran else "dim",
    )
