"""A subscriber's queue that is full."""

from __future__ import annotations

from runfaults.sim.misfortunes.misfortune import Misfortune
from runfaults.sqlite.gate import Call
from runfaults.targets.inbox import Inbox


class QueueFull(Misfortune):
    """A subscriber reads slowly, and the work has told it more than its queue has room for.

    The queue really is full: the call puts, raises `queue.Full` or waits as it does by itself. It
    was so before the call: what asks `full()` first is told the same.
    """

    name = "queue-full"
    summary = "a subscriber's queue is full: it has not read what the work told it"
    unavailable = "it is real already: lines of the work fill the queue"

    def refusal(self, call: Call) -> str | None:
        """Why it could not happen at this call; None if it could."""
        inbox = call.thing
        if not isinstance(inbox, Inbox):
            return "only a subscriber's queue can be full"
        if not inbox.has_bound:
            return "the queue has no bound"
        if inbox.was_full:
            return "the queue was full before, and the work has told no more"
        if inbox.was_seen:
            return "the target has seen before that the queue has room"
        return None if call.begun else "no work has told anything yet"

    def strike(self, call: Call) -> object:
        """Fill the queue, and let the call do what it does then."""
        inbox = call.thing
        assert isinstance(inbox, Inbox), "not refused"
        inbox.fill()
        return call.real()
