from __future__ import annotations

from runfaults.model import Event, EventKind, History, Schedule, Vocabulary

WORDS = Vocabulary(frozenset({"running"}), frozenset(), frozenset(), frozenset())
INSERTED = Event(0, 0.0, "database", EventKind.STATUS, "", "running", 1)
SETTLED = Event(1, 1.5, "world", EventKind.SETTLED)


def _history(*events: Event, target: str = "jobs", seed: int = 0) -> History:
    return History(target, Schedule(seed=seed), WORDS, events)


def test_the_text_has_a_line_per_event() -> None:
    assert _history(INSERTED, SETTLED).text() == (
        "target jobs\n"
        "schedule pipeline succeeds\n"
        "0 0.000000 database status run=1  -> running\n"
        "1 1.500000 world settled \n"
    )


def test_equal_histories_have_equal_digests_and_others_have_not() -> None:
    told = _history(INSERTED, SETTLED)
    assert told.digest() == _history(INSERTED, SETTLED).digest()
    assert len(told.digest()) == 64
    others = [
        _history(INSERTED),
        _history(INSERTED, SETTLED, target="other"),
        _history(INSERTED, SETTLED, seed=1),
        _history(INSERTED, SETTLED._replace(time=1.500001)),
        _history(INSERTED._replace(run=2), SETTLED),
    ]
    assert len({told.digest(), *(other.digest() for other in others)}) == 6
