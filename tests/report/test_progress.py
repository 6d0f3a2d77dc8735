from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from io import StringIO

import pytest
from sample_histories import mission_bug

from runfaults.model import Cause, Place
from runfaults.model.listener import ONE_SORT, Sort
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
    pace.advance(done, {ONE_SORT: 40 + more - done})
    assert str(pace) == left


def seconds_left(pace: Pace) -> float:
    """What is told to be left."""
    assert pace.left is not None
    assert pace.left.seconds is not None
    return pace.left.seconds


def test_a_sort_of_pieces_takes_as_long_as_it_took_so_far() -> None:
    clock = Clock()
    pace = Pace(clock)
    left = Counter({(1, "a"): 2000, (1, "b"): 2000})
    pace.start(4000, left)
    for sort, seconds in [((1, "a"), 0.1), ((1, "b"), 0.3)] * 1000:
        clock.now += seconds
        left[sort] -= 1
        pace.advance(1, left, sort)
    assert seconds_left(pace) == pytest.approx(1000 * 0.1 + 1000 * 0.3, rel=0.01)


def test_a_sort_of_which_no_piece_is_done_is_as_slow_as_the_others_of_its_strategy() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.start(1101, {(1, "a"): 1000, (1, "b"): 100, (2, "a"): 1})
    clock.now += 500
    pace.advance(1000, {(1, "b"): 100}, (1, "a"))
    assert seconds_left(pace) == pytest.approx(100 * 0.5)


def test_pieces_that_come_up_are_expected_to_be_one_try_each() -> None:
    """The first piece of a search takes long, runs the whole work, and adds hundreds."""
    clock = Clock()
    pace = Pace(clock)
    pace.start(2, {(1, "clean"): 1, (2, "clean"): 1})
    clock.now += 50
    pace.advance(1, {(2, "clean"): 1}, (1, "clean"), 1000)
    clock.now += 0.06
    pace.advance(1, {(2, "act"): 400}, (2, "clean"), 1)
    assert seconds_left(pace) == pytest.approx(400 * 0.05, rel=0.1)


@pytest.mark.parametrize(
    ("more", "left"),
    [
        # Between 20 s, and 20 s with half of the 30 s that strategy 1 takes.
        ({(2, "b"): 1}, "about 27 s left"),
        ({(2, "b"): 600}, "about 27 s left"),
        ({(2, "b"): 6, (3, "c"): 1}, "about 20 s left, and 2 strategies to begin"),
    ],
)
def test_of_strategies_that_are_to_begin_nothing_is_said_if_they_may_take_longest(
    more: dict[Sort, int], left: str
) -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.start(30 + sum(more.values()), {(1, "a"): 30} | more)
    clock.now += 10
    pace.advance(10, {(1, "a"): 20} | more, (1, "a"))
    assert str(pace) == left


def test_one_strategy_that_is_to_begin_is_told_in_the_singular() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.start(12, {(1, "a"): 11, (2, "b"): 1})
    clock.now += 100
    pace.advance(10, {(1, "a"): 1, (2, "b"): 1}, (1, "a"))
    assert str(pace) == "about 10 s left, and 1 strategy to begin"


def test_what_is_left_shrinks_while_one_piece_takes_long_and_never_to_nothing() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.start(40)
    clock.now += 100
    pace.advance(20)
    left = [seconds_left(pace)]
    for _ in range(20):
        clock.now += 10
        left.append(seconds_left(pace))
    assert left[:3] == pytest.approx([100, 90, 80])
    assert left[-1] == pytest.approx(25)


QUICK = (
    ((0, "clean"), 2, 1.312, 1, {}),
    ((1, "clean"), 1, 0.058, 1, {(1, "act"): 2, (1, "commit"): 12, (1, "elsewhere"): 12}),
    ((2, "clean"), 1, 0.033, 1, {(2, "act"): 465}),
    ((3, "clean"), 3, 0.047, 1, {(3, "act"): 4}),
    ((4, "clean"), 2, 0.06, 1, {(4, "act"): 28}),
    ((1, "commit"), 12, 0.235, 22, {(1, "act"): 1}),
    ((0, "commit"), 110, 0.056, 2, {}),
    ((2, "act"), 465, 0.014, 1, {}),
    ((4, "act"), 56, 0.008, 1, {}),
    ((1, "act"), 14, 0.104, 8, {}),
    ((3, "act"), 12, 0.02, 1, {(3, "act"): 10}),
    ((3, "act"), 120, 0.02, 1, {}),
    ((1, "elsewhere"), 12, 0.363, 20, {(1, "act"): 2}),
    ((1, "act"), 24, 0.104, 8, {}),
    ((5, "first lives"), 1, 0.446, 0, {}),
    ((0, "elsewhere"), 189, 0.059, 2, {}),
    ((6, "another process"), 2, 3.957, 49, {}),
    ((7, "more runs"), 1, 0.667, 19, {}),
)
CRASH = (
    ((0, "deaths"), 2, 15.0, 77, {(0, "recoveries"): 1}),
    ((0, "deaths after a cancel"), 16, 7.0, 45, {}),
    ((0, "deaths"), 2, 15.0, 77, {(0, "recoveries"): 2}),
    ((0, "deaths after a cancel"), 16, 7.0, 45, {}),
    ((0, "recoveries"), 6, 12.0, 58, {}),
)
"""What checks of two bounds did: so many pieces, each of so many seconds and tries, and each of
them added so many."""


@pytest.mark.parametrize("timeline", [QUICK, CRASH], ids=["quick", "crash"])
def test_the_time_that_is_told_is_left_within_a_factor_of_two(
    timeline: tuple[tuple[Sort, int, float, int, dict[Sort, int]], ...],
) -> None:
    left: Counter[Sort] = Counter()
    for sort, count, *_ in timeline:
        left[sort] += count
    for _, count, _, _, adds in timeline:
        for sort, more in adds.items():
            left[sort] -= count * more
    clock = Clock()
    pace = Pace(clock)
    pace.start(left.total(), left)
    told: list[tuple[float, float]] = []
    for sort, count, seconds, tries, adds in timeline:
        for _ in range(count):
            clock.now += seconds
            left[sort] -= 1
            left.update(adds)
            pace.advance(1, left, sort, tries)
            if pace.elapsed >= 10 and pace.left and pace.left.seconds is not None:
                told.append((clock.now, pace.left.seconds))
    assert left.total() == 0
    assert pace.left is None
    assert told
    for now, expected in told:
        right, slack = clock.now - now, 5.0
        assert 0.5 <= (expected + slack) / (right + slack) <= 2, (now, expected, right)


def test_where_the_total_is_not_known_nothing_is_said_of_what_is_left() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.start(None)
    clock.now += 60
    pace.advance(7)
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
    progress.advance(left={ONE_SORT: 4})
    progress.stop()
    assert "1/5" in file.getvalue()


def test_stopping_what_never_began_is_harmless() -> None:
    file = Terminal()
    progress = open_progress(file)
    progress.advance()
    progress.note("x")
    progress.stop()
    assert file.getvalue() == ""
