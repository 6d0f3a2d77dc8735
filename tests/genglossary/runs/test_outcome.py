from __future__ import annotations

from typing import Any

import pytest

from genglossary.runs.outcome import (
    CANCELLED,
    COMPLETED,
    MESSAGE_LIMIT,
    Outcome,
    decide,
    describe_error,
    failed,
)


@pytest.mark.parametrize("ending", [COMPLETED, CANCELLED, Outcome("failed", "why")])
def test_an_accepted_cancel_wins(ending: Any) -> None:
    assert decide(ending, cancel_accepted=True) == CANCELLED
    assert decide(ending, cancel_accepted=False) == ending


def test_a_failure_has_its_cause() -> None:
    assert failed(ValueError("no scope")) == Outcome("failed", "ValueError: no scope")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", "ValueError"),
        ("[Errno 2] No such file: '/home/me/My Docs/a b.md'", "[Errno 2] No such file: <path>"),
        ("cannot read /home/me/notes.md today", "cannot read <path> today"),
        ("cause:/etc/passwd", "cause:<path>"),
        ("see file:///home/me/x", "see <path>"),
        ("at ~/secret/x", "at <path>"),
        (r"at C:\Users\me\x.md", "at <path>"),
        (r"at \\server\share\x", "at <path>"),
        (
            "POST http://localhost:11434/api/chat failed",
            "POST http://localhost:11434/api/chat failed",
        ),
        ("12 km/h and/or 3 / 4", "12 km/h and/or 3 / 4"),
        ("one\ntwo\x00three\x1b[31m\u2028\ud800\u202e", "one two three [31m"),
        ("用語集の生成に失敗", "用語集の生成に失敗"),
    ],
)
def test_what_is_shown_of_an_error(text: str, shown: str) -> None:
    described = describe_error(ValueError(text))
    assert described.removeprefix("ValueError: ").rstrip() == shown
    described.encode()


def test_a_message_is_bounded() -> None:
    described = describe_error(ValueError("x" * 10_000))
    assert len(described) == MESSAGE_LIMIT
    assert described.startswith("ValueError: xxx")


def test_an_error_that_cannot_be_told_has_a_class() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("mute")

    assert describe_error(MuteError()) == "MuteError: (no message)"
