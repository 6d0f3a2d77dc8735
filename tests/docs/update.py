"""Bring every command's output and every shown file in the documentation up to date.

`uv run python tests/docs/update.py [PAGE...]`
"""

from __future__ import annotations

import sys
from pathlib import Path

from executed import differing
from markdown_page import REPOSITORY, TRANSLATED, blocks_of, executed, missing, with_texts

_CRASH = "Traceback (most recent call last):"


def update(path: Path) -> str:
    """Rewrite what differs; what became of the page."""
    page = path.read_text("utf-8")
    if missing(page):
        return f"NOT UPDATED: it needs {', '.join(missing(page))}"
    changed = differing(page)
    for block, text in changed.items():
        if _CRASH in text:
            raise SystemExit(f"{path}:{block.line}: not updated: a command crashed:\n{text}")
    path.write_text(with_texts(page, changed), "utf-8")
    return "updated" if changed else "is current"


def translate(original: Path, translation: Path) -> None:
    """Give the translation the original's blocks."""
    page = translation.read_text("utf-8")
    wanted = [block.text for block in blocks_of(original.read_text("utf-8"))]
    texts = dict(zip(blocks_of(page), wanted, strict=True))
    translation.write_text(with_texts(page, texts), "utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:] or executed():
        print(f"{name}: {update(REPOSITORY / name)}")  # noqa: T201
    translate(REPOSITORY / "README.md", REPOSITORY / TRANSLATED)
