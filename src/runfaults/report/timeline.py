"""A history as text: a column for each actor and one for the status in the database."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from io import StringIO
from textwrap import indent
from typing import NamedTuple, TextIO

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from runfaults.model import EventKind, History, Judgement
from runfaults.model.counting import counted
from runfaults.report.console import is_ascii, open_console
from runfaults.report.steps import DATABASE, Step, printable, transition
from runfaults.report.swimlanes import Swimlanes, arrange, belongs_to_no_lane, fold
from runfaults.report.wording import describe_printed

_LANE = 22
"""Columns below which a lane is too narrow to read."""
_TIME = 12


class Marks(NamedTuple):
    """Characters that point at a step."""

    strike: str
    decisive: str


_UNICODE = Marks("↯", "►")
_ASCII = Marks("!", ">")


def print_timeline(
    history: History,
    judgements: Iterable[Judgement] = (),
    *,
    file: TextIO | None = None,
    width: int | None = None,
    most: int | None = 1000,
) -> None:
    """Print the history on standard output or the file.

    Args:
        history: What happened.
        judgements: What the rules say of it: their evidence is marked.
        file: Where to print.
        width: Columns; as wide as the terminal, or 100, if None.
        most: Steps; of a longer history the middle is left out, and the gap says so. None: all.
    """
    _print(arrange(history, judgements, most=most), open_console(file, width), folded=False)


def print_printed(history: History) -> None:
    """Print on standard output what the target printed, if it did."""
    if printed := describe_printed(history, most=sys.maxsize):
        open_console().print(f"The target printed:\n{indent(printed, '  ')}", soft_wrap=True)


def timeline_text(
    history: History, judgements: Iterable[Judgement] = (), *, width: int = 100
) -> str:
    """The history as plain text, for a test's failure message or another report.

    Without colour, with runs of ordinary steps folded into a line that counts them, and without
    the middle of a very long history.
    """
    file = StringIO()
    _print(arrange(history, judgements), open_console(file, width), folded=True)
    return file.getvalue()


def _print(swimlanes: Swimlanes, console: Console, *, folded: bool) -> None:
    """Columns where they fit, else a list; then what was found at the end, and what marks mean."""
    marks = _ASCII if is_ascii(console) else _UNICODE
    found = [row.pair.failing for row in swimlanes.rows if row.pair.failing]
    ending = [step for step in found if belongs_to_no_lane(step, swimlanes)]
    entries = list(_entries(swimlanes, folded=folded))
    if console.width >= _TIME + _LANE * (len(swimlanes.actors) + 1):
        console.print(_columns(entries, swimlanes.actors, marks))
    else:
        for entry in entries:
            console.print(_line(entry, marks) if isinstance(entry, Step) else entry)
    for step in ending:
        console.print(_line(step, marks))
    legend = _legend(found, marks)
    if legend:
        console.print(legend)


def _entries(swimlanes: Swimlanes, *, folded: bool) -> Iterator[Step | str]:
    """The steps of actors and database; a text stands for steps that are not shown."""
    for block in fold(swimlanes.rows):
        if folded and block.folded:
            yield f"... {counted(len(block.rows), 'ordinary step')}"
            continue
        for row in block.rows:
            step = row.pair.failing
            if row.pair.left_out:
                yield f"... {counted(row.pair.left_out, 'step')} left out"
            elif step is not None and not belongs_to_no_lane(step, swimlanes):
                yield step


def _columns(entries: list[Step | str], actors: tuple[str, ...], marks: Marks) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column("")
    table.add_column("time/s", justify="right", style="dim", no_wrap=True)
    for actor in (*actors, DATABASE):
        table.add_column(printable(actor), overflow="fold", ratio=1)
    shown = ""
    for step in entries:
        if isinstance(step, str):
            table.add_row("", "", Text(step, "dim"))
            continue
        time = f"{step.time:.4f}"
        cells = [_cell(step) if step.actor == actor else "" for actor in actors]
        table.add_row(_mark(step, marks), "" if time == shown else time, *cells, _database(step))
        shown = time
    return table


def _line(step: Step, marks: Marks) -> RenderableType:
    """A step for narrow terminals, its continuation lines indented."""
    text = Text()
    if step.actor != DATABASE:
        text.append(printable(f"{step.actor}: "), "bold").append_text(_cell(step))
    if step.statuses:
        text.append("\n" if text else "").append(f"{DATABASE}: ", "bold")
        text.append_text(_database(step))
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=2)
    grid.add_column(justify="right", style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(_mark(step, marks), f"{step.time:9.4f}", text)
    return Padding(grid, 0)


def _mark(step: Step, marks: Marks) -> Text:
    text = Text()
    if step.decisive:
        text.append(marks.decisive, "bold red")
    if step.find(EventKind.STRIKE):
        text.append(marks.strike, "bold yellow")
    return text


def _cell(step: Step) -> Text:
    """The cell of a step: what the actor did, what struck, its wait and how it ended."""
    text = Text(step.title, "red" if step.went_wrong else "")
    if step.decisive:
        text.stylize("bold")
    strike = step.find(EventKind.STRIKE)
    if step.waiting:
        text.append("\n" if text else "").append(step.waiting, "magenta")
    if strike:
        leaving = f" ({strike.value})" if strike.value else ""
        text.append(printable(f"\nfault {strike.subject}{leaving}"), "yellow")
    if step.failure:
        failure = step.failure
        message = f" {failure.message}" if failure.message != failure.short else ""
        text.append(f"\n{failure.short}{message}", "red")
    elif step.find(EventKind.OK) and step.operation:
        text.append(" ok", "green")
    if step.decisive or step.failure or strike:
        text.append("".join(f"\nat {place}" for place in step.places), "dim")
    if step.decisive:
        text.append(f" ({step.proof})", "bold")
    return text


def _database(step: Step) -> Text:
    several = len({event.run for event in step.statuses}) > 1
    lines = (
        (f"run {event.run}: " if several else "") + transition(event) for event in step.statuses
    )
    return Text("\n".join(lines), "bold red" if step.decisive else "bold")


def _legend(found: list[Step], marks: Marks) -> Text:
    meanings = [
        (marks.strike, "a fault strikes", any(step.find(EventKind.STRIKE) for step in found)),
        (marks.decisive, "proves the verdict", any(step.decisive for step in found)),
    ]
    return Text("   ".join(f"{mark} {text}" for mark, text, used in meanings if used), "dim")
