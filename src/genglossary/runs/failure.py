"""What may be told of an error, however badly it behaves."""

from collections.abc import Callable
from itertools import islice
from traceback import TracebackException

from genglossary.runs.error_sanitizer import sanitize_error_message

_CHARACTERS = 4096
_LINES = 400


def describe(error: BaseException, prefix: str | None = None) -> str:
    """Return the sanitized message of an error.

    The sanitizer works on a copy whose class name is printable and whose message is no longer
    than it may show, because it copies the whole text several times.
    """
    text = _beginning(lambda: str(error), _CHARACTERS)
    name = _beginning(lambda: type(error).__name__, 100)
    name = "".join(each for each in name if each.isprintable())
    copy = type(name or "Exception", (Exception,), {})(text)
    return sanitize_error_message(copy, prefix)


def _beginning(told: Callable[[], str], length: int) -> str:
    try:
        return told()[:length]
    except BaseException:  # noqa: BLE001 - SystemExit from a message is no reason to end
        return ""


def traceback_of(error: BaseException) -> str:
    """Return the traceback of an error with those of its causes, of bounded length."""
    try:
        lines = TracebackException.from_exception(error).format()
        return "".join(line[:_CHARACTERS] for line in islice(lines, _LINES))
    except BaseException as another:  # noqa: BLE001 - see above
        return f"{describe(error)} (its traceback cannot be told: {type(another).__name__})"
