"""Whatever the events: no rule crashes, and none holds where the history proves nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from runfaults.model import Event, EventKind, History, Schedule, Verdict, Vocabulary
from runfaults.oracle import RULES, Facts

WORDS = Vocabulary(
    active=frozenset({"pending", "running"}),
    completed=frozenset({"completed"}),
    cancelled=frozenset({"cancelled"}),
    failed=frozenset({"failed"}),
    interrupted=frozenset({"interrupted"}),
)

SUBJECTS = (
    *("", "started", "returned", "raised", "cancelled", "start", "cancel", "cancel-api", "read"),
    *("subscribe", "unsubscribe", "close", "ended", "escaped", "died", "database", "connection"),
    *("deadlock", "livelock", "hang", "pending", "running", "completed", "failed", "interrupted"),
)
VALUES = ("", "True", "False", "None", "1", "2", "raised ValueError: no", *sorted(WORDS.words))
KINDS = tuple(kind for kind in EventKind if kind not in {EventKind.STUCK, EventKind.SETTLED})


def _event(kinds: st.SearchStrategy[EventKind]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(
        st.sampled_from(("user", "run", "process", "database")),
        kinds,
        st.sampled_from(SUBJECTS) | st.text(max_size=5),
        st.sampled_from(VALUES) | st.text(max_size=5),
        st.none() | st.integers(1, 3),
    )


def _histories(ending: EventKind) -> st.SearchStrategy[History]:
    middle = st.lists(_event(st.sampled_from(KINDS)), max_size=40)
    return st.builds(_history, middle, _event(st.just(ending)))


def _history(middle: list[tuple[Any, ...]], last: tuple[Any, ...]) -> History:
    told = enumerate([*middle, last])
    events = tuple(Event(number, float(number), *rest) for number, rest in told)
    return History("any", Schedule(), WORDS, events)


@given(history=st.one_of(*map(_histories, EventKind)))
@settings(max_examples=100, derandomize=True, database=None, deadline=None)
def test_no_rule_crashes(history: History) -> None:
    facts = Facts.of(history)
    for rule in RULES:
        judgement = rule.judge(history, facts)
        assert judgement.rule == rule.name
        assert bool(judgement.reason) == (judgement.verdict is not Verdict.HOLDS)
        assert judgement.exercised or judgement.verdict is not Verdict.BROKEN
        assert list(judgement.evidence) == sorted(set(judgement.evidence))
        assert set(judgement.evidence) <= {event.number for event in history.events}


@given(history=_histories(EventKind.STATUS) | _histories(EventKind.STUCK))
@settings(max_examples=100, derandomize=True, database=None, deadline=None)
def test_no_rule_holds_before_everything_has_settled(history: History) -> None:
    facts = Facts.of(history)
    assume(not facts.interrupted)  # a process that ends while threads go on has settled
    holding = [rule for rule in RULES if rule.judge(history, facts).verdict is Verdict.HOLDS]
    assert holding == []
