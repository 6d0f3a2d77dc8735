"""Every noun has a text form that reads back as the same noun."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runfaults.model import Act, Ending, Fault, FaultPoint, Operation, Preemption, Schedule

WORD = st.text("abcdefgz_-0123456789.", min_size=1, max_size=8)
SUBJECT = st.sampled_from(("", "UPDATE runs", "BEGIN IMMEDIATE", "_lock", "pipeline", "x"))

POINTS = st.builds(FaultPoint, WORD, st.sampled_from(Operation), SUBJECT, st.integers(1, 99))
FAULTS = st.builds(Fault, WORD, POINTS, st.integers(1, 9), st.just(0)) | st.builds(
    Fault, WORD, POINTS, st.none(), st.integers(0, 99)
)
TASKS = WORD.filter(lambda word: word != "at")
ACTS = st.builds(Act, WORD, st.none() | POINTS, st.just("")) | st.builds(
    Act, st.just("cancel-task"), st.none() | POINTS, TASKS
)
PREEMPTIONS = st.builds(Preemption, POINTS, WORD)


def _few(elements: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(elements, max_size=3).map(tuple)


SCHEDULES = st.builds(
    Schedule,
    st.sampled_from(Ending),
    _few(FAULTS),
    _few(ACTS),
    _few(PREEMPTIONS),
    st.sampled_from(("delete", "wal")),
    st.integers(0, 2**64),
)


@given(st.one_of(POINTS, FAULTS, ACTS, PREEMPTIONS, SCHEDULES))
@settings(max_examples=300, derandomize=True, database=None, deadline=None)
def test_text_reads_back_as_the_same(noun: Any) -> None:
    assert type(noun).parse(str(noun)) == noun


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (FaultPoint.parse, "run commit"),
        (FaultPoint.parse, "run execute UPDATE runs #2"),
        (Fault.parse, "busy at run commit"),
        (Fault.parse, "busy at run commit #2 x3"),
        (Fault.parse, "busy-snapshot at run execute INSERT runs until lifted"),
        (Fault.parse, "busy at run commit #2 for 12 h"),
        (Act.parse, "cancel"),
        (Act.parse, "cancel at run reach pipeline"),
        (Act.parse, "cancel-task Jobs.handle-2 at run task Jobs.handle-2 #3"),
        (Preemption.parse, "run commit #2 to cancel"),
        (Schedule.parse, "pipeline succeeds"),
        (
            Schedule.parse,
            (
                "pipeline raises; fault busy at run commit x3; act cancel at run close; "
                "switch run acquire _lock to cancel; journal wal; seed 7"
            ),
        ),
    ],
)
def test_what_a_person_writes_is_what_is_printed(parse: Callable[[str], Any], text: str) -> None:
    assert str(parse(f" {text} ")) == text


def test_what_goes_without_saying_is_not_printed() -> None:
    assert str(Fault("busy", FaultPoint("run", Operation.COMMIT), 1)) == "busy at run commit"
    assert str(Fault.parse("busy at run commit #1 x1")) == "busy at run commit"
    assert str(Schedule()) == "pipeline succeeds"


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [
        (FaultPoint.parse, "run", "'run' is not a point; write 'actor operation"),
        (FaultPoint.parse, "run jump", "with one of the operations connect, execute"),
        (FaultPoint.parse, "run commit #0", "is not a point"),
        (Fault.parse, "busy", "'busy' is not a fault; write 'kind at point"),
        (Fault.parse, "busy at run jump", "'run jump' is not a point"),
        (Act.parse, "", "'' is not an act; write"),
        (Act.parse, "cancel run commit", "is not an act"),
        (Act.parse, "cancel Jobs.handle", "is not an act; write 'kind .at point.' or 'cancel-task"),
        (Act.parse, "cancel-task at run commit", "is not an act"),
        (Preemption.parse, "run commit", "is not a preemption; write 'point to actor'"),
        (
            Schedule.parse,
            "pipeline sleeps",
            "'sleeps' is not an ending of a pipeline; write one of: succeeds, raises, ",
        ),
        (Schedule.parse, "journal paper", "'journal paper' is not part of a schedule; write"),
        (Schedule.parse, "seed x", "invalid literal"),
        (Schedule.parse, "", "'' is not part of a schedule"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_remedy(
    parse: Callable[[str], Any], text: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        parse(text)


def test_the_size_of_a_schedule_counts_what_could_be_removed() -> None:
    text = "pipeline raises; fault busy at run commit; act cancel; switch run commit to user"
    assert Schedule.parse(text).size == 3
    assert Schedule.parse("pipeline raises; journal wal; seed 3").size == 0


def test_only_database_operations_touch_the_database() -> None:
    touching = {operation for operation in Operation if operation.touches_database}
    assert touching == {"connect", "execute", "fetch", "commit", "rollback", "close"}


def test_an_element_is_added_behind_those_of_its_sort() -> None:
    schedule = Schedule.parse("pipeline raises; fault busy at run commit; act cancel")
    for text in (
        "fault full at run commit #2",
        "act close at run commit",
        "switch run commit to x",
    ):
        longer = Schedule.parse(f"pipeline succeeds; {text}")
        (element,) = (*longer.faults, *longer.acts, *longer.preemptions)
        schedule = schedule.adding(element)
    assert str(schedule) == (
        "pipeline raises; fault busy at run commit; fault full at run commit #2; act cancel; "
        "act close at run commit; switch run commit to x"
    )
