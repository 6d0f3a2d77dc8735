from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO

import pytest
from sample_histories import mission_bug

from runfaults.model import Cause, Place
from runfaults.report.pace import Pace
from runfaults.report.progress import PipeProgress, TerminalProgress, open_progress

CAUSE = Cause(
    "recorded failed", Place("a.py", 7, "live"), None, None, None, 1, ("succeeded-never-failed",)
)
FOUND = replace(mission_bug(), cause=CAUSE)
TOLD = (
    "succeeded-never-failed: the pipeline returned, and run 1 was recorded failed",
    "recorded failed at a.py:7 in live",
    "runfaults replay faults/commit-busy-records-failed.toml",
)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def terminal_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def test_a_pipe_hears_of_nothing_that_takes_less_than_ten_seconds() -> None:
    file = StringIO()
    progress = open_progress(file)
    progress.start(10)
    progress.advance(3)
    progress.note("somewhere")
    progress.stop()
    assert isinstance(progress, PipeProgress)
    assert file.getvalue() == ""


def test_a_pipe_hears_every_ten_seconds_how_far_it_is() -> None:
    file, clock = StringIO(), Clock()
    progress = PipeProgress(file, clock)
    progress.start(40)
    for _ in range(25):
        clock.now += 1
        progress.advance(1)
        progress.note("busy at [run] commit")
    lines = file.getvalue().splitlines()
    assert lines == [
        "[0:10] 10 of 40 jobs done; about 30 s left; busy at [run] commit",
        "[0:20] 20 of 40 jobs done; about 20 s left; busy at [run] commit",
    ]


def test_a_pipe_hears_every_ten_seconds_also_while_one_piece_takes_long() -> None:
    file, clock = StringIO(), Clock()
    progress = PipeProgress(file, clock)
    progress.start(40)
    for _ in range(25):
        clock.now += 1
        progress.tell_if_due()  # as its thread does
    progress.stop()
    counts = ["[0:10] 0 of 40 jobs done", "[0:20] 0 of 40 jobs done"]
    assert file.getvalue().splitlines() == counts


def test_a_pipe_hears_of_a_violation_at_once() -> None:
    file, clock = StringIO(), Clock()
    progress = PipeProgress(file, clock)
    progress.start(40)
    for now in (2, 13):
        clock.now = 1000.0 + now
        progress.found(FOUND)
        told = [f"[0:{now:02}] {'  ' * bool(number)}{text}" for number, text in enumerate(TOLD)]
        assert file.getvalue().splitlines()[-3:] == told
    progress.stop()


@pytest.mark.parametrize(
    ("seconds", "done", "more", "left"),
    [
        (4, 10, 0, ""),
        (10, 10, 0, "about 30 s left"),
        (10, 0, 0, ""),
        (10, 10, 5, "about 35 s left"),
        (10, 10, 90, "about 2 min left"),
        (10, 39, 0, "about 1 s left"),
        (10, 40, 0, ""),
        (600, 10, 0, "about 30 min left"),
    ],
)
def test_what_is_left_is_as_slow_as_what_is_done(
    seconds: int, done: int, more: int, left: str
) -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.start(40)
    clock.now += seconds
    pace.advance(done, more)
    assert str(pace) == left


def test_a_sort_of_pieces_takes_as_long_as_it_took_so_far() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.start(30, {1: 20, 2: 10})
    for sort, seconds in [(1, 0.5)] * 10 + [(2, 3.0)] * 5:
        clock.now += seconds
        pace.advance(1, 0, sort)
    assert pace.seconds_left == pytest.approx(10 * 0.5 + 5 * 3.0)


def test_a_sort_that_is_not_begun_takes_as_long_as_another_has_taken() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.start(12, {1: 10, 2: 1, 3: 1})
    clock.now += 10
    pace.advance(10, 0, 1)
    assert pace.seconds_left == pytest.approx(2 * 10.0)
    clock.now += 2
    pace.advance(1, 4, 2)
    assert pace.seconds_left == pytest.approx(4 * 2.0 + (10 + 2) / 2)


def test_where_the_total_is_not_known_nothing_is_said_of_what_is_left() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.start(None)
    clock.now += 60
    pace.advance(7, 0)
    assert str(pace) == ""


def test_a_terminal_shows_count_note_and_leaves_no_line_behind() -> None:
    file = Terminal()
    progress = open_progress(file)
    assert isinstance(progress, TerminalProgress)
    progress.start(10)
    progress.advance(3)
    progress.note("busy at [run] commit")
    progress.stop()
    shown = file.getvalue()
    assert "3/10" in shown
    assert "busy at [run] commit" in shown
    assert shown.endswith("\x1b[2K")


def test_a_violation_is_told_at_once_with_its_place_and_how_to_replay_it() -> None:
    file = Terminal()
    progress = open_progress(file)
    progress.start(10)
    progress.found(FOUND)
    progress.stop()
    assert all(line in file.getvalue() for line in TOLD)


def test_a_narrow_terminal_breaks_lines_between_words_and_the_command_nowhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    file = Terminal()
    progress = open_progress(file)
    progress.start(10)
    progress.found(FOUND)
    progress.stop()
    lines = [line.strip() for line in re.sub(r"\x1b\[[\d;?]*\w", "", file.getvalue()).splitlines()]
    assert "succeeded-never-failed: the pipeline" in lines
    assert TOLD[-1] in lines


def test_the_total_may_be_unknown_and_work_may_begin_again() -> None:
    file = Terminal()
    progress = open_progress(file)
    progress.start(None)
    progress.advance()
    progress.start(7)
    progress.advance(7)
    progress.stop()
    assert "1/?" in file.getvalue()
    assert "7/7" in file.getvalue()


def test_what_comes_up_meanwhile_moves_the_end() -> None:
    file = Terminal()
    progress = open_progress(file)
    progress.start(2)
    progress.advance(more=3)
    progress.stop()
    assert "1/5" in file.getvalue()


def test_stopping_what_never_began_is_harmless() -> None:
    file = Terminal()
    progress = open_progress(file)
    progress.advance()
    progress.note("x")
    progress.stop()
    assert file.getvalue() == ""
