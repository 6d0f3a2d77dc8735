"""Commands to type: one line each, which a shell takes and no terminal obeys."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable

from runfaults.report.steps import printable


def typed(words: Iterable[str]) -> str:
    """The command `runfaults` with these words."""
    return " ".join(map(quoted, ("runfaults", *words)))


def quoted(word: str) -> str:
    r"""A word as a shell takes it; `$'\x1b'` stands for what moves a cursor or ends a line."""
    whole = shlex.quote(word)
    return whole if _is_shown(whole) else f"$'{''.join(map(_spelt, word))}'"


def _is_shown(text: str) -> bool:
    return printable(text) == text and "\n" not in text


def _spelt(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if _is_shown(character):
        return character
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))
