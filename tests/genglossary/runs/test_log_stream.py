from __future__ import annotations

from queue import Empty
from typing import Any

import pytest

from genglossary.runs.log_stream import LogQueue, LogStream


class Stream(LogStream):
    MAX_LOG_QUEUE_SIZE = 3

    def subscribe(self, run_id: int) -> LogQueue:
        return self._subscribe(run_id)[0]


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
    return Stream()


def test_every_subscriber_hears_every_line(stream: Stream) -> None:
    queues = [stream.subscribe(1) for _ in range(2)]
    other = stream.subscribe(2)
    stream._broadcast_log(1, line(1))
    assert [drain(queue) for queue in queues] == [[line(1)]] * 2
    assert drain(other) == []


def test_a_full_queue_drops_new_lines_but_never_the_signal(stream: Stream) -> None:
    queue = stream.subscribe(1)
    for number in range(10):
        stream._broadcast_log(1, line(number))
    stream._complete(1, "completed")
    signal = {"run_id": 1, "complete": True, "db_status": "completed"}
    assert drain(queue) == [line(1), line(2), signal]


def test_a_signal_says_what_is_known(stream: Stream) -> None:
    queue = stream.subscribe(1)
    stream._complete(1, None, status_update_failed=True)
    assert drain(queue) == [{"run_id": 1, "complete": True, "status_update_failed": True}]


def test_the_signal_comes_once_and_last(stream: Stream) -> None:
    queue = stream.subscribe(1)
    stream._complete(1, "failed")
    stream._complete(1, "failed")
    stream._end_subscription(1, queue, "failed")
    stream._broadcast_log(1, line(1))
    stream._complete_rest()
    assert [message["db_status"] for message in drain(queue)] == ["failed"]
    assert stream._subscribers == {}


def test_who_comes_after_the_end_has_the_signal_at_once(stream: Stream) -> None:
    stream._complete(1, "completed")
    assert len(drain(stream.subscribe(1))) == 1
    assert stream._subscribers == {}


def test_who_comes_after_the_end_of_another_managers_run_has_it_too(stream: Stream) -> None:
    queue = stream.subscribe(1)
    stream._end_subscription(1, queue, "completed")
    assert len(drain(queue)) == 1
    assert stream._subscribers == {}


def test_who_comes_to_a_run_that_opened_meanwhile_waits_for_its_signal(stream: Stream) -> None:
    queue = stream.subscribe(1)
    stream._open_log(1)
    stream._end_subscription(1, queue, None)
    assert drain(queue) == []
    stream._complete(1, "completed")
    assert len(drain(queue)) == 1


def test_closing_ends_what_waits_for_nothing(stream: Stream) -> None:
    queue = stream.subscribe(2)
    stream._complete_rest()
    assert drain(queue) == [{"run_id": 2, "complete": True}]


def test_who_has_left_hears_nothing(stream: Stream) -> None:
    queue = stream.subscribe(1)
    stream.unregister_subscriber(1, queue)
    stream.unregister_subscriber(run_id=1, queue=queue)
    stream.unregister_subscriber(9, queue)
    stream._broadcast_log(1, line(1))
    stream._complete(1, "completed")
    assert drain(queue) == []
    assert stream._subscribers == {}
