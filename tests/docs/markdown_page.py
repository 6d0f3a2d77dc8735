"""A Markdown page as its fenced blocks, and what a comment above a block says of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]

TRANSLATED = "README.ja.md"
"""Has the blocks of README.md."""

_NEEDS = re.compile(r"^<!-- needs: (?P<packages>.+?) -->$", re.MULTILINE)

_BLOCK = re.compile(
    r"(?:^<!-- (?P<directive>[a-z ]+?)(?:: (?P<argument>.+?))? -->\n\n?)?"
    r"^```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        language: The first word after the fence.
        text: Its lines, with the last newline.
        span: Where the text stands in the page.
        line: Number of its first line in the page.
        directive: What the comment right above says is to be done: `not run`, `file`, `write`,
            `measured`, `continued`; empty without one.
        argument: What follows the directive's colon.
    """

    language: str
    text: str
    span: tuple[int, int]
    line: int
    directive: str = ""
    argument: str = ""

    @property
    def is_console(self) -> bool:
        """Whether its commands are run."""
        return self.language == "console" and not self.directive

    @property
    def is_made(self) -> bool:
        """Whether its text is made by running or reading something."""
        return self.is_console or self.directive in {"file", "measured"}


def blocks_of(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [
        Block(
            match["language"],
            match["text"],
            match.span("text"),
            page.count("\n", 0, match.start("text")) + 1,
            match["directive"] or "",
            match["argument"] or "",
        )
        for match in _BLOCK.finditer(page)
    ]


def missing(page: str) -> list[str]:
    """What the page says it needs, by `<!-- needs: PACKAGE ... -->`, and is not installed."""
    needed = [name for match in _NEEDS.finditer(page) for name in match["packages"].split()]
    return [name for name in needed if find_spec(name) is None]


def with_texts(page: str, texts: dict[Block, str]) -> str:
    """The page with other texts in some of its blocks."""
    for block in sorted(texts, key=lambda block: block.span, reverse=True):
        start, end = block.span
        page = page[:start] + texts[block] + page[end:]
    return page


def pages() -> list[Path]:
    """Every page of the documentation, the README files included."""
    return [*sorted(REPOSITORY.glob("README*.md")), *sorted((REPOSITORY / "docs").rglob("*.md"))]


def executed() -> list[str]:
    """The pages that show outputs and files; `tests/docs/update.py` rewrites them."""
    return [
        name
        for path in pages()
        if (name := path.relative_to(REPOSITORY).as_posix()) != TRANSLATED
        and any(block.is_made for block in blocks_of(path.read_text("utf-8")))
    ]
