"""Sentences name their actor, and say what it does with the field's verb."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_page import REPOSITORY, pages

FORBIDDEN = re.compile(
    r"\b(somebody|nobody|whoever|likewise"  # a person who is not there
    r"|go(es|ing)? on|went on|for ever|in hand"  # resume, continue; without end; holds
    r"|(is|are) over\b(?! the)|com(e|es) (again|to an end)"  # has ended; is reproduced; ends
    r"|finds? out|round about)\b",
    re.IGNORECASE,
)
"""In all that is read: pages, scenario files, the source with its docstrings."""

IDIOMS = re.compile(
    r"\b(anew|once more|besides|set aside|did not come|in (its|the) way|fares?|what came of"
    r"|(was|were|not) had (on|here|$)|who (tries|calls|awaits)|the time was up|all there is"
    r"|(?<!there )(is|are) no (?!longer|more)\w+"  # is not a
    r"|has not the|go(es)? without|try it again)\b",
    re.IGNORECASE,
)
"""In messages and help texts besides: each has a plain word."""


def texts() -> Iterator[tuple[str, str]]:
    """What users read: pages, scenario files, and the source with its messages and docstrings."""
    sources = [*(REPOSITORY / "src/runfaults").rglob("*.py"), REPOSITORY / "CONTRIBUTING.md"]
    for path in (*pages(), *sources, *(REPOSITORY / "faults").rglob("*.toml")):
        yield path.relative_to(REPOSITORY).as_posix(), path.read_text("utf-8")


def without_actor(text: str) -> list[int]:
    """The numbers of the lines that have a forbidden word."""
    return [number for number, line in enumerate(text.splitlines(), 1) if FORBIDDEN.search(line)]


def messages(source: str) -> Iterator[tuple[int, str]]:
    """The texts in the source that are no docstrings, each with its line."""
    tree = ast.parse(source)
    statements = (node for node in ast.walk(tree) if isinstance(node, ast.Expr))
    docstrings = {id(each.value) for each in statements}
    formatted = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    for each in formatted:
        parts = [getattr(part, "value", None) for part in each.values]
        yield each.lineno, "".join(part if isinstance(part, str) else "{}" for part in parts)
    told = docstrings | {id(part) for each in formatted for part in each.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.lineno, node.value


def idioms(source: str) -> list[int]:
    """The lines of the messages that have an idiom."""
    return [line for line, text in messages(source) if IDIOMS.search(text)]


def test_no_sentence_has_a_pronoun_for_its_actor_or_an_idiom_for_its_verb() -> None:
    found = [f"{name}:{line}" for name, text in texts() for line in without_actor(text)]
    assert found == [], "name the actor: the thread, the connection, no process; and its verb"


def test_no_message_has_an_idiom() -> None:
    folder = REPOSITORY / "src/runfaults"
    found = [
        f"{path.relative_to(folder)}:{line}"
        for path in sorted(Path(folder).rglob("*.py"))
        for line in idioms(path.read_text("utf-8"))
    ]
    assert found == [], "say it in plain words: the verb of the field, `is not a`"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A lock.\nNobody waits.", [2]),
        ("No other thread waits.", []),
        ("Then it goes on.", [1]),
        ("The run is over.", [1]),
        ("It is over the limit.", []),
    ],
)
def test_such_a_sentence_is_found_and_another_one_is_not(text: str, expected: list[int]) -> None:
    assert without_actor(text) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('"""Write it anew."""\nraise ValueError(\n    f"{a} is no text")', [3]),
        ('print("write it "\n      "anew")', [1]),
        ('"""Write it anew."""\nprint("there is no file; it is not a text")', []),
    ],
)
def test_an_idiom_is_found_in_messages_alone(source: str, expected: list[int]) -> None:
    assert idioms(source) == expected
