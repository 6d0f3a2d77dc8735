from __future__ import annotations

from io import StringIO

import pytest

from runfaults.model import History, Judgement, Schedule, Verdict, Vocabulary
from runfaults.report.progress import SilentProgress, TerminalProgress, open_progress

WORDS = Vocabulary(frozenset("a"), frozenset("c"), frozenset("x"), frozenset("f"))


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def terminal_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def test_a_pipe_hears_nothing() -> None:
    file = StringIO()
    progress = open_progress(file)
    progress.start(10)
    progress.advance(3)
    progress.note("somewhere")
    progress.stop()
    assert isinstance(progress, SilentProgress)
    assert file.getvalue() == ""


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


def test_a_broken_rule_is_told_at_once() -> None:
    file = Terminal()
    progress = open_progress(file)
    history = History("target", Schedule.parse("fault busy at run commit"), WORDS, ())
    against = (Judgement("one", Verdict.HOLDS), Judgement("two", Verdict.BROKEN, "It was [bad]."))
    progress.start(10)
    progress.found("two", history, against)
    progress.stop()
    told = "two is broken: It was [bad]. (pipeline succeeds; fault busy at run commit)"
    assert told in file.getvalue()


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
