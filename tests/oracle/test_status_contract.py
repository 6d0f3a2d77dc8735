"""The page of the status contract names rules and planted bugs that exist, and every rule."""

from __future__ import annotations

import re
from pathlib import Path

from runfaults.oracle import RULES

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs/architecture/status-contract.md"


def rows() -> list[list[str]]:
    text = PAGE.read_text("utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def names(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def test_every_sentence_has_its_row() -> None:
    sentences = re.findall(r"^(\d+)\. ", PAGE.read_text("utf-8"), re.MULTILINE)
    told = {number for row in rows() for number in re.findall(r"\d+", row[0])}
    assert sentences
    assert told == set(sentences)


def test_every_rule_is_named_and_every_named_rule_exists() -> None:
    named = {name for row in rows() for name in names(row[1]) if "-" in name}
    assert named == {rule.name for rule in RULES}


def test_every_named_bug_is_a_control() -> None:
    files = [*TESTS.glob("controls/*.py"), *TESTS.glob("*.py")]
    classes = re.findall(r"^class (\w+)", "\n".join(map(Path.read_text, files)), re.MULTILINE)
    bugs = {name for row in rows() for name in names(row[2]) if "/" not in name}
    assert bugs
    assert bugs <= set(classes)
