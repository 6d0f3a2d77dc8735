from __future__ import annotations

from queue import Empty
from typing import Any

import pytest

from genglossary.runs.log_stream import LogQueue, LogStream


def line(number: int) -> Any:
    return {"run_id": 1, "level": "info", "message": str(number)}


def drain(queue: LogQueue) -> Any:
    messages = []
    while True:
        try:
            messages.append(queue.get_nowait())
        except Empty:
            return messages


@pytest.fixture
def stream() -> Any:
    return LogStream(max_size=3)


def test_every_subscriber_hears_every_line(stream: LogStream) -> None:
    queues = [stream.subscribe(1)[0] for _ in range(2)]
    other = stream.subscribe(2)[0]
    stream.broadcast(1, line(1))
    assert [drain(queue) for queue in queues] == [[line(1)]] * 2
    assert drain(other) == []


def test_a_full_queue_loses_its_oldest_lines_but_never_the_signal(stream: LogStream) -> None:
    queue, _ = stream.subscribe(1)
    for number in range(10):
        stream.broadcast(1, line(number))
    stream.complete(1, "completed", "done")
    messages = drain(queue)
    assert [message["message"] for message in messages] == ["8", "9", "done"]
    assert messages[-1] == {
        "run_id": 1,
        "level": "info",
        "message": "done",
        "complete": True,
        "status": "completed",
    }


def test_the_signal_comes_once_and_last(stream: LogStream) -> None:
    queue, _ = stream.subscribe(1)
    stream.complete(1, "failed", "why")
    stream.complete(1, "failed", "why")
    stream.complete_latecomer(1, queue, "failed", "why")
    stream.broadcast(1, line(1))
    stream.complete_waiting("closed")
    assert [message["status"] for message in drain(queue)] == ["failed"]
    assert stream.subscribers == {}


def test_a_latecomer_has_its_signal_at_once(stream: LogStream) -> None:
    queue, is_open = stream.subscribe(1)
    assert not is_open
    stream.complete_latecomer(1, queue, "completed", "done")
    assert len(drain(queue)) == 1
    assert stream.subscribers == {}


def test_a_latecomer_to_a_run_that_opened_meanwhile_waits(stream: LogStream) -> None:
    queue, _ = stream.subscribe(1)
    stream.open(1)
    stream.complete_latecomer(1, queue, "completed", "done")
    assert drain(queue) == []
    stream.complete(1, "completed", "done")
    assert len(drain(queue)) == 1


def test_closing_ends_only_those_that_wait_for_nothing(stream: LogStream) -> None:
    stream.open(1)
    live, waiting = stream.subscribe(1)[0], stream.subscribe(2)[0]
    stream.complete_waiting("closed")
    assert drain(live) == []
    assert [message["status"] for message in drain(waiting)] == [None]


def test_who_has_left_hears_nothing(stream: LogStream) -> None:
    queue, _ = stream.subscribe(1)
    stream.unsubscribe(1, queue)
    stream.unsubscribe(1, queue)
    stream.unsubscribe(9, queue)
    stream.broadcast(1, line(1))
    stream.complete(1, "completed", "done")
    assert drain(queue) == []
    assert stream.subscribers == {}
