"""Error messages that may be stored and shown: bounded, printable, without paths."""

import re

_PATH = re.compile(
    r"""
    (?P<url> \b [a-z][a-z0-9+.-]+ (?<! \bfile ) :// \S+ )
    | (?P<quote>['"]) (?: [A-Za-z]:[\\/] | \\\\ | ~?/ ) .*? (?P=quote)   # may contain spaces
    | file:/+ [^\s'"]+
    | (?<! [\w/.~-] ) ~?/ (?!/) [^\s'"]+
    | \b [A-Za-z]:[\\/] (?!/) [^\s'"]+
    | \\\\ [^\s'"]+
    """,
    re.VERBOSE,
)
_END = "...(truncated)"


def sanitize_error_message(
    error: Exception, prefix: str | None = None, max_length: int = 1024
) -> str:
    """Return ``prefix: text (Class)`` of an error, without what is empty.

    Absolute paths become ``<path>``; one with spaces must be in quotes, as Python's own messages
    have it, to be masked to its end. URLs stay, and so do line ends and tabs.
    """
    text = "".join(each if each.isprintable() or each in "\n\t" else " " for each in str(error))
    text = _PATH.sub(lambda match: match["url"] or "<path>", text).strip()
    told = ": ".join(part for part in (prefix, text) if part)
    name = type(error).__name__
    message = f"{told} ({name})" if told else name
    if len(message) <= max_length:
        return message
    return message[: max(0, max_length - len(_END))] + _END[:max_length]
