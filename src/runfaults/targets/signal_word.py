"""The status in a completion signal of a checkout, whatever its key is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from runfaults.model import Vocabulary
from runfaults.model.vocabulary import word_of

MEANINGS = Vocabulary(
    active=frozenset({"pending", "queued", "starting", "running", "cancelling"}),
    completed=frozenset({"completed", "complete", "succeeded", "success", "done", "finished"}),
    cancelled=frozenset({"cancelled", "canceled"}),
    failed=frozenset({"failed", "failure", "error", "errored"}),
    interrupted=frozenset({"interrupted", "orphaned", "lost", "unknown"}),
)
"""Every word for the state of a run that we know."""

_USUAL = ("db_status", "status")
_OTHER_WORDS = ("level", "message", "type", "event")
"""What tells of the log line, though it may be called `error` or `complete`."""


def word_in(signal: object) -> str:
    """The status that the signal names; empty if it names none, or several."""
    fields = _fields(signal)
    for key in _USUAL:
        if fields.get(key):
            return word_of(fields[key])
    others = (value for key, value in fields.items() if key not in _OTHER_WORDS)
    words = {word_of(value) for value in others if value is not None} & MEANINGS.terminal
    return words.pop() if len(words) == 1 else ""


def _fields(signal: Any) -> Mapping[Any, Any]:  # noqa: ANN401  # a signal of theirs
    if isinstance(signal, Mapping):
        return cast("Mapping[Any, Any]", signal)
    if isinstance(signal, tuple | list):
        return dict(enumerate(cast("Sequence[Any]", signal)))
    return getattr(signal, "__dict__", {"": signal})
