"""Words that a target uses and did not declare: what they mean for the run is not known."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import Event, EventKind, History
from runfaults.oracle.finding import Finding, unknown

_NO_WORD = "None"
"""The answer of a read where there is no run."""


def undeclared(history: History) -> Iterator[Finding]:
    """Each use of a word that the vocabulary does not have; no rule can judge what it says."""
    words = history.vocabulary.words
    declared = ", ".join(sorted(words))
    for event in history.events:
        said = _said(event) if event.kind in _HOW else None
        if said is not None and said not in words:
            what, remedy = _HOW[event.kind]
            yield unknown(
                f"{what} {said!r} (event {event.number}), which its vocabulary does not have; "
                f"declared are {declared}; {remedy}",
                event,
            )


def _said(event: Event) -> str | None:
    """The word for the state of a run that an event tells, if it tells one."""
    value = event.value
    match event.kind:
        case EventKind.STATUS | EventKind.SIGNAL if value:
            return value
        case EventKind.REPLY if event.subject == "read":
            return None if value == _NO_WORD or value.startswith("raised ") else value
        case _:
            return None


_HOW = {
    EventKind.STATUS: ("it recorded the status", "declare it"),
    EventKind.SIGNAL: (
        "a subscriber was told",
        "what `subscribe` yields must be in the words that are recorded",
    ),
    EventKind.REPLY: (
        "a read was answered by",
        "what `status` returns must be in the words that are recorded",
    ),
}
