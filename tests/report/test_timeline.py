from __future__ import annotations

from io import BytesIO, StringIO, TextIOWrapper

import pytest
from sample_histories import cancel_lost, deadlock, hostile, large_result, mission_bug, self_lock

from runfaults.report.timeline import print_timeline, timeline_text


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)


class Terminal(StringIO):
    """A terminal of 100 columns."""

    def isatty(self) -> bool:
        return True


def column(text: str, name: str) -> int:
    return text.splitlines()[0].index(name)


def test_each_actor_has_a_column_and_so_has_the_database() -> None:
    violation = mission_bug()
    text = timeline_text(violation.history, violation.judgements, width=120)
    run, database = column(text, "run"), column(text, "database")
    (recorded,) = (line for line in text.splitlines() if "running -> failed" in line)
    assert recorded.index("commit #3 ok") == run
    assert recorded.index("running -> failed") == database
    (asked,) = (line for line in text.splitlines() if "asks to start" in line)
    assert asked.index("asks to start") == column(text, "user")


def test_the_strike_and_the_proof_are_marked() -> None:
    violation = mission_bug()
    lines = timeline_text(violation.history, violation.judgements, width=120).splitlines()
    assert [line.split()[2] for line in lines if line.startswith("↯ ") and "commit" in line] == [
        "commit"
    ]
    marked = [line for line in lines if line.startswith("►")]
    assert "pipeline returned" in marked[0]
    assert "running -> failed" in marked[1]
    assert lines[-1] == "↯ a fault strikes   ► proves the verdict"


def test_waits_say_for_what_how_long_and_who_holds_it() -> None:
    text = timeline_text(self_lock().history, width=140)
    assert text.count("waits 5 s for the database, locked by run itself") == 4
    assert text.count("sleeps 0.4") == 4


def test_a_narrow_terminal_gets_a_list() -> None:
    violation = cancel_lost()
    text = timeline_text(violation.history, violation.judgements, width=60)
    assert "   0.5010 cancel: execute UPDATE runs\n" in text
    assert "          SQLITE_BUSY database is locked\n" in text
    assert "          database: running -> completed\n" in text
    assert max(map(len, text.splitlines())) <= 60


@pytest.mark.parametrize("width", [20, 40, 60, 100, 160])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for violation in (mission_bug(), cancel_lost(), self_lock(), deadlock(), hostile()):
        text = timeline_text(violation.history, violation.judgements, width=width)
        assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp932", "cp1252"])
def test_a_code_page_gets_what_it_can_show(encoding: str) -> None:
    raw = BytesIO()
    file = TextIOWrapper(raw, encoding=encoding, errors="strict")
    violation = hostile()
    print_timeline(violation.history, violation.judgements, file=file, width=140)
    file.flush()
    text = raw.getvalue().decode(encoding)
    assert "> proves the verdict" in text
    if encoding == "cp932":
        assert "日本語" in text
    else:
        assert r"\u65e5\u672c\u8a9e" in text


def test_colours_only_on_a_terminal_and_not_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    violation = mission_bug()
    colourful, plain, pipe = Terminal(), Terminal(), StringIO()
    print_timeline(violation.history, violation.judgements, file=colourful, width=120)
    monkeypatch.setenv("NO_COLOR", "1")
    print_timeline(violation.history, violation.judgements, file=plain, width=120)
    print_timeline(violation.history, violation.judgements, file=pipe, width=120)
    assert "\x1b[31m" in colourful.getvalue()
    assert "\x1b[3" not in plain.getvalue().replace("\x1b[3m", "")
    assert "\x1b" not in pipe.getvalue()


def test_a_hostile_text_does_not_reach_the_terminal() -> None:
    text = timeline_text(hostile().history, width=140)
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_text_folds_ordinary_steps_and_the_printed_timeline_does_not() -> None:
    history = mission_bug().history
    printed = StringIO()
    print_timeline(history, file=printed, width=120)
    assert "... 3 ordinary steps" in timeline_text(history, width=120)
    assert "ordinary steps" not in printed.getvalue()


@pytest.mark.parametrize("width", [60, 120])
def test_the_middle_of_a_long_history_is_left_out_unless_all_is_asked_for(width: int) -> None:
    violation = large_result().violations[0]
    text = timeline_text(violation.history, violation.judgements, width=width)
    assert text.count("steps left out") == 2
    assert "fault busy (transaction kept open)" in text
    assert f"(event {violation.judgements[0].evidence[0]})" in text
    printed = StringIO()
    print_timeline(violation.history, file=printed, width=width, most=None)
    assert "left out" not in printed.getvalue()
    assert len(printed.getvalue().splitlines()) > 1000


def test_what_was_found_at_the_end_stands_below_the_columns() -> None:
    lines = timeline_text(self_lock().history, width=120).splitlines()
    assert lines[-3].endswith("harness: left behind: connection opened at run connect")
    assert lines[-2].endswith("harness: settled: nothing more can happen")


def test_the_place_in_the_code_is_told_where_it_helps() -> None:
    violation = mission_bug()
    lines = timeline_text(violation.history, violation.judgements, width=60).splitlines()
    places = [number for number, line in enumerate(lines) if "at db/connection.py" in line]
    assert ["SQLITE_BUSY" in lines[number - 1] for number in places] == [True, False]
    assert "commit #3 ok" in lines[places[1] - 1]
