"""Events of one process, as the history of several tells them."""

from __future__ import annotations

from collections.abc import Mapping

from runfaults.model import Event, EventKind


def renamed(event: Event, rename: Mapping[str, str]) -> Event:
    """The event with its actors called by their names in the whole story."""
    subject, value = event.subject, event.value
    first, space, rest = subject.partition(" ")
    match event.kind:
        case EventKind.INVOKE:
            subject = rename.get(first, first) + space + rest
        case EventKind.SIGNAL:
            subject = rename.get(subject, subject)
        case EventKind.REPLY if subject == "subscribe":
            value = rename.get(value, value)
        case EventKind.WAIT:
            if first == "thread":
                subject = first + space + rename.get(rest, rest)
            value = rename.get(value, value)
        case _:
            pass
    return event._replace(actor=rename.get(event.actor, event.actor), subject=subject, value=value)
