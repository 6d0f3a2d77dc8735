"""Sentences name their actor: an object of the program, not a person who is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from markdown_page import REPOSITORY, pages

FORBIDDEN = re.compile(r"\b(somebody|nobody|whoever|likewise)\b", re.IGNORECASE)


def texts() -> Iterator[tuple[str, str]]:
    """What users read: pages, scenario files, and the source with its messages and docstrings."""
    sources = [*(REPOSITORY / "src/runfaults").rglob("*.py"), REPOSITORY / "CONTRIBUTING.md"]
    for path in (*pages(), *sources, *(REPOSITORY / "faults").rglob("*.toml")):
        yield path.relative_to(REPOSITORY).as_posix(), path.read_text("utf-8")


def without_actor(text: str) -> list[int]:
    """The numbers of the lines that have a forbidden word."""
    return [number for number, line in enumerate(text.splitlines(), 1) if FORBIDDEN.search(line)]


def test_no_sentence_has_a_pronoun_for_its_actor() -> None:
    found = [f"{name}:{line}" for name, text in texts() for line in without_actor(text)]
    assert found == [], "name the actor: the thread, the connection, the caller, no process"


@pytest.mark.parametrize(
    ("text", "expected"), [("A lock.\nNobody waits.", [2]), ("No other thread waits.", [])]
)
def test_such_a_sentence_is_found_and_another_one_is_not(text: str, expected: list[int]) -> None:
    assert without_actor(text) == expected
