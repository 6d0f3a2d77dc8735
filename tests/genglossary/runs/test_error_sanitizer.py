from __future__ import annotations

import pytest

from genglossary.runs.error_sanitizer import sanitize_error_message


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", "ValueError"),
        ("no scope", "no scope (ValueError)"),
        ("'/home/me/My Docs/a b.md' is none", "<path> is none (ValueError)"),
        ("cannot read /home/me/notes.md today", "cannot read <path> today (ValueError)"),
        ("cause:/etc/passwd", "cause:<path> (ValueError)"),
        ("see file:///home/me/x", "see <path> (ValueError)"),
        ("at ~/secret/x", "at <path> (ValueError)"),
        (r"at C:\Users\me\x.md", "at <path> (ValueError)"),
        (r"at \\server\share\x", "at <path> (ValueError)"),
        (
            "POST http://localhost:11434/api/chat",
            "POST http://localhost:11434/api/chat (ValueError)",
        ),
        ("12 km/h and/or 3 / 4", "12 km/h and/or 3 / 4 (ValueError)"),
        ("two\tcolumns\nand\x00a\x1b[31m\u202e", "two\tcolumns\nand a [31m (ValueError)"),
        ("用語集の生成に失敗", "用語集の生成に失敗 (ValueError)"),
    ],
)
def test_what_is_shown_of_an_error(text: str, shown: str) -> None:
    assert sanitize_error_message(ValueError(text)) == shown


def test_a_prefix_comes_first() -> None:
    assert (
        sanitize_error_message(ValueError("no"), "Cannot start") == "Cannot start: no (ValueError)"
    )
    assert sanitize_error_message(ValueError(), "Cannot start") == "Cannot start (ValueError)"


def test_lone_surrogates_can_be_stored() -> None:
    sanitize_error_message(ValueError("\ud800")).encode()


@pytest.mark.parametrize("length", [1024, 100, 5])
def test_a_message_is_bounded(length: int) -> None:
    told = sanitize_error_message(ValueError("x" * 10_000), max_length=length)
    assert len(told) == length
    assert told.endswith("...(truncated)"[:length])
