"""Two machines that share a folder share the failures that Hypothesis found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("shared_failures.py")


def tried(folder: Path, *phases: str) -> list[str]:
    """What another process prints that looks for failures and shares this folder."""
    command = [sys.executable, str(SCRIPT), str(folder), *phases]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=100)
    return ended.stdout.splitlines()


def test_what_one_process_found_another_one_tries_first(tmp_path: Path) -> None:
    *found, verdict = tried(tmp_path, "generate", "shrink")
    assert verdict == "failed"
    again = tried(tmp_path, "reuse")  # it draws nothing of its own
    assert again[-1] == "failed"
    assert again[0] == found[-1]


def test_without_the_folder_it_knows_nothing(tmp_path: Path) -> None:
    tried(tmp_path / "one", "generate", "shrink")
    assert tried(tmp_path / "another", "reuse") == []
