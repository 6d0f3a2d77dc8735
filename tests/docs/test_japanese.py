from __future__ import annotations

import re

from markdown_page import REPOSITORY, blocks_of

ENGLISH = (REPOSITORY / "README.md").read_text("utf-8")
JAPANESE = (REPOSITORY / "README.ja.md").read_text("utf-8")


def headings(page: str) -> list[int]:
    """The levels of the headings outside of fenced blocks."""
    prose = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    return [len(marks) for marks in re.findall(r"^(#+) ", prose, flags=re.MULTILINE)]


def links(page: str) -> set[str]:
    return set(re.findall(r"\]\(([^)]+)\)", page)) - {"README.md", "README.ja.md"}


def code(page: str) -> set[str]:
    """What is set as code inside of sentences."""
    prose = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"`([^`\n]+)`", prose))


def test_both_have_the_same_sections() -> None:
    assert headings(JAPANESE) == headings(ENGLISH)


def test_both_have_the_same_commands_outputs_and_files() -> None:
    shown = [(block.language, block.text) for block in blocks_of(JAPANESE)]
    assert shown == [(block.language, block.text) for block in blocks_of(ENGLISH)], (
        "uv run python tests/docs/update.py gives README.ja.md the blocks of README.md"
    )


def test_both_link_to_the_same_pages() -> None:
    assert links(JAPANESE) == links(ENGLISH)


def test_both_name_the_same_code() -> None:
    assert code(JAPANESE) == code(ENGLISH)
