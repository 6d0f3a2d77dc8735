"""A completion signal is known by what the adapter says, whatever it looks like."""

from __future__ import annotations

from enum import Enum, IntEnum
from queue import Full, Queue
from types import SimpleNamespace
from typing import Any

import pytest

from runfaults.targets.callback import Callback
from runfaults.targets.completion import Completion
from runfaults.targets.inbox import Inbox


class State(Enum):
    DONE = "ok"
    FAILED = "failed"


class Code(IntEnum):
    END = 1


@pytest.mark.parametrize(
    ("completion", "signal", "status", "other"),
    [
        (
            Completion("complete", status="db_status"),
            {"complete": True, "db_status": State.FAILED},
            "failed",
            {"complete": False, "db_status": "failed"},
        ),
        (Completion("complete", status="db_status"), {"complete": True}, "", {"line": "complete"}),
        (Completion("event", {"done"}), {"event": "done"}, "", {"event": "line", "text": "done"}),
        (Completion(0, {"end"}, status=1), ("end", "failed"), "failed", ("line", "end")),
        (Completion(0, {"end"}, status=1), ("end",), "", ()),
        (
            Completion("kind", [Code.END], status="state"),
            SimpleNamespace(kind=Code.END, state="done"),
            "done",
            SimpleNamespace(kind=1, state="done"),
        ),
        (Completion(means={State.DONE: "completed"}), State.DONE, "completed", State.FAILED),
        (Completion(means={State.DONE: ""}), State.DONE, "", "ok"),
        (Completion(means={None}), None, "", {"event": None}),
        (Completion(means={1}), 1, "", True),
        (Completion("n", status=lambda signal: signal["n"] * 2), {"n": "a"}, "aa", {}),
    ],
)
def test_a_signal_is_told_from_another_message(
    completion: Completion, signal: Any, status: str, other: Any
) -> None:
    assert completion.read(signal) == status
    assert completion.read(other) is None


def test_what_is_put_into_a_queue_is_read_until_its_end() -> None:
    queue: Queue[Any] = Queue()
    inbox = Inbox(queue, Completion(0, {"end"}, status=1))
    for message in (("line",), ("end", "failed"), ("line",), None):
        queue.put(message)
    assert [inbox.next_signal(), inbox.next_signal()] == ["failed", None]


def test_none_can_be_the_signal() -> None:
    queue: Queue[Any] = Queue()
    inbox = Inbox(queue, Completion(means={None}))
    queue.put("a line")
    queue.put(None)
    assert inbox.next_signal() == ""


def test_a_full_queue_is_one_until_it_was_emptied() -> None:
    queue: Queue[Any] = Queue(1000)
    inbox = Inbox(queue, Completion("end"), {"line": 1})
    queue.put_nowait({"line": 0})
    inbox.fill()
    with pytest.raises(Full):
        queue.put_nowait({"line": 2})
    queue.get_nowait()
    queue.put_nowait({"end": True})  # who takes a line out has room for one
    with pytest.raises(Full):
        queue.put_nowait({"line": 3})
    assert inbox.next_signal() == ""
    for number in range(1000):
        queue.put_nowait({"line": number})
    assert queue.full()


def test_a_queue_that_is_nearly_full_is_filled_to_its_own_bound() -> None:
    queue: Queue[Any] = Queue(3)
    Inbox(queue, Completion("end"), "line").fill()
    assert (queue.qsize(), queue.full()) == (3, True)


def test_a_function_hears_what_it_is_called_with() -> None:
    callback = Callback(Completion(0, {"end"}, status=1))
    callback("line", "text")
    callback("end", "done")
    assert callback.next_signal() == "done"
    alone = Callback(Completion(means={State.DONE: "done"}))
    alone(State.DONE)
    assert alone.next_signal() == "done"
