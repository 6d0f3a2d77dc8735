"""Finds a checkout of GenGlossary in or beside the folder in which a command was typed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

_MANAGER = Path("genglossary", "runs", "manager.py")


def option_for_nearby(folder: Path) -> str:
    """The option `--source` with which a checkout near a folder is tested.

    Args:
        folder: Where the command was typed.

    Returns:
        The option with its path; with the word PATH if there is no checkout nearby.
    """
    for root in _near(folder):
        if any((root / inner / _MANAGER).is_file() for inner in ("src", ".")):
            return f"--source {shlex.quote(os.path.relpath(root, folder))}"
    return "--source PATH"


def _near(folder: Path) -> Iterator[Path]:
    """The folder and those around it, the nearest first: inside, above, then beside."""
    yield from (folder, *folder.parents)
    for parent in (folder, folder.parent):
        try:
            yield from sorted(each for each in parent.iterdir() if each.is_dir())
        except OSError:
            continue
