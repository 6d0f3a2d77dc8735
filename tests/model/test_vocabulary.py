from __future__ import annotations

from runfaults.model import Vocabulary


def test_every_word_is_active_or_terminal() -> None:
    words = Vocabulary(
        active=frozenset({"queued", "running"}),
        completed=frozenset({"done"}),
        cancelled=frozenset({"stopped"}),
        failed=frozenset({"error"}),
        interrupted=frozenset({"lost"}),
    )
    assert words.terminal == {"done", "stopped", "error", "lost"}
    assert words.words == words.terminal | {"queued", "running"}


def test_a_target_need_not_know_interruption() -> None:
    words = Vocabulary(frozenset(), frozenset({"a"}), frozenset({"b"}), frozenset({"c"}))
    assert words.interrupted == frozenset()
    assert words.terminal == {"a", "b", "c"}
