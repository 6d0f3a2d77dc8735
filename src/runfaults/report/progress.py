"""How far a long piece of work has got."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import TYPE_CHECKING, TextIO

from runfaults.model import Violation
from runfaults.model.listener import ONE_SORT, Listener, Sort
from runfaults.report.console import EncodableFile, open_console
from runfaults.report.pace import Pace, clock_text
from runfaults.report.steps import printable
from runfaults.report.wording import describe_where, replay_command

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress


class Progress(Listener):
    """Shows what it hears, until it is stopped."""

    def stop(self) -> None:
        """The work has ended, done or not. Harmless if it never began."""


class PipeProgress(Progress):
    """A line every ten seconds, for a log, and each violation when it is found.

    Args:
        file: Where to.
        clock: What tells the time, in seconds.
    """

    def __init__(self, file: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = EncodableFile(file)
        self._pace = Pace(clock)
        self._told = 0.0
        self._note = ""
        self._one = threading.Lock()
        self._ended: threading.Event | None = None

    def start(self, total: int | None, left: Mapping[Sort, int] | None = None) -> None:
        """Begin to count; starting again begins the next piece of work."""
        self.stop()
        self._pace.start(total, left)
        self._told = 0.0
        self._ended = ended = threading.Event()
        threading.Thread(target=self._keep_telling, args=(ended,), daemon=True).start()

    def _keep_telling(self, ended: threading.Event) -> None:
        """Tell in time also while one piece takes long."""
        while not ended.wait(1.0):
            self.tell_if_due()

    def advance(
        self,
        count: int = 1,
        left: Mapping[Sort, int] | None = None,
        sort: Sort = ONE_SORT,
        tries: int = 0,
    ) -> None:
        """Count, and tell if it is time."""
        with self._one:
            self._pace.advance(count, left, sort, tries)
        self.tell_if_due()

    def note(self, text: str) -> None:
        """Keep the text for the next line."""
        self._note = text
        self.tell_if_due()

    def found(self, violation: Violation) -> None:
        """Tell it at once."""
        with self._one:
            for line in first_words(violation):
                self._print(line)

    def stop(self) -> None:
        """Tell nothing more: the result is about to."""
        if self._ended is not None:
            self._ended.set()

    def tell_if_due(self) -> None:
        """Tell if ten seconds have passed since the last line."""
        with self._one:
            elapsed = self._pace.elapsed
            if elapsed < self._told + EVERY:
                return
            self._told = elapsed
            total = "" if self._pace.total is None else f" of {self._pace.total:,}"
            parts = (f"{self._pace.done:,}{total} jobs done", str(self._pace), self._note)
            self._print("; ".join(filter(None, parts)))

    def _print(self, text: str) -> None:
        stamp = clock_text(self._pace.elapsed)
        self._file.write(f"[{stamp}] {printable(text)}\n")
        self._file.flush()


EVERY = 10.0
"""Seconds between two lines in a pipe."""


def first_words(violation: Violation) -> Iterator[str]:
    """A violation that was just found, in a few lines: what is broken, where, how to replay it."""
    rules = ", ".join(each.rule for each in violation.failing)
    yield f"{rules}: {violation.failing[0].reason}"
    yield from (f"  {line}" for line in describe_where(violation))
    yield f"  {replay_command(violation) or violation.scenario.schedule}"


class TerminalProgress(Progress):
    """A bar with count, rate and time left that vanishes when the work has ended."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._bar: RichProgress | None = None
        self._pace = Pace()

    def start(self, total: int | None, left: Mapping[Sort, int] | None = None) -> None:
        """Show the bar; starting again begins the next piece of work."""
        self.stop()
        self._pace.start(total, left)
        self._bar = _bar(self._file, self._pace)
        self._bar.add_task("", total=total)
        self._bar.start()

    def advance(
        self,
        count: int = 1,
        left: Mapping[Sort, int] | None = None,
        sort: Sort = ONE_SORT,
        tries: int = 0,
    ) -> None:
        """Move the bar, and its end."""
        self._pace.advance(count, left, sort, tries)
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], advance=count, total=self._pace.total)

    def note(self, text: str) -> None:
        """Show the text beside the bar."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], description=printable(text))

    def found(self, violation: Violation) -> None:
        """Print above the bar what is broken, where, and how to replay it."""
        if self._bar is not None:
            console = self._bar.console
            headline, *where, again = map(printable, first_words(violation))
            console.print(headline, style="bold red", markup=False)
            for line in where:
                console.print(line, markup=False, highlight=False)
            # In one piece, to be copied.
            console.print(again, markup=False, highlight=False, soft_wrap=True)

    def stop(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def open_progress(file: TextIO | None = None) -> Progress:
    """Progress on standard error, or the file: a bar where that is a terminal, else lines."""
    target = sys.stderr if file is None else file
    if not open_console(target).is_terminal:
        return PipeProgress(target)
    return TerminalProgress(target)


@contextlib.contextmanager
def progressing(file: TextIO | None = None) -> Generator[Progress]:
    """Progress that is shown until the block is left; see `open_progress`."""
    progress = open_progress(file)
    try:
        yield progress
    finally:
        progress.stop()


def _bar(file: TextIO, pace: Pace) -> RichProgress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.table import Column
    from rich.text import Text

    whole = Column(no_wrap=True)

    class Left(ProgressColumn):
        """What is left, in words."""

        def render(self, task: Task) -> Text:
            del task
            return Text(str(pace), style="progress.remaining")

    return Progress(
        BarColumn(bar_width=BAR, table_column=whole),
        MofNCompleteColumn(table_column=whole),
        TimeElapsedColumn(table_column=whole),
        Left(table_column=whole),
        TextColumn(
            "{task.description}",
            markup=False,
            table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
        ),
        console=open_console(file),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        expand=True,
    )


BAR = 12
"""Columns of the bar: what it stands beside says more."""
