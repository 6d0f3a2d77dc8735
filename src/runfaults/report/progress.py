"""How far a long piece of work has got."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol, TextIO

from runfaults.model import History, Judgement
from runfaults.model.listener import Listener, Silence
from runfaults.report.console import open_console
from runfaults.report.steps import printable

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress


class Progress(Listener, Protocol):
    """Shows what it hears, until it is stopped."""

    def stop(self) -> None:
        """The work is over, done or not. Harmless if it never began."""
        ...


class SilentProgress(Silence):
    """Shows nothing: for pipes and tests."""

    def stop(self) -> None:
        """Show nothing."""


class TerminalProgress:
    """A bar with count, rate and time left that vanishes when the work is over."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._bar: RichProgress | None = None

    def start(self, total: int | None) -> None:
        """Show the bar; starting again begins the next piece of work."""
        self.stop()
        self._bar = _bar(self._file)
        self._bar.add_task("", total=total)
        self._bar.start()

    def advance(self, count: int = 1, more: int = 0) -> None:
        """Move the bar, and its end."""
        if self._bar is not None:
            (task,) = self._bar.tasks
            total = None if task.total is None else task.total + more
            self._bar.update(task.id, advance=count, total=total)

    def note(self, text: str) -> None:
        """Show the text beside the bar."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], description=printable(text))

    def found(self, rule: str, history: History, judgements: tuple[Judgement, ...]) -> None:
        """Print above the bar what is broken, under which schedule."""
        reason = next(each.reason for each in judgements if each.rule == rule)
        told = printable(f"{rule} is broken: {reason} ({history.schedule})")
        if self._bar is not None:
            self._bar.console.print(told, markup=False, highlight=False, soft_wrap=True)

    def stop(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def open_progress(file: TextIO | None = None) -> Progress:
    """Progress on standard error, or the file, where that is a terminal; else silence."""
    target = sys.stderr if file is None else file
    if not open_console(target).is_terminal:
        return SilentProgress()
    return TerminalProgress(target)


def _bar(file: TextIO) -> RichProgress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """Pieces each second, over the last while."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:,.0f}/s" if speed else "", style="progress.data.speed")

    return Progress(
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
        console=open_console(file),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
