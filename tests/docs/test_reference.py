from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from markdown_page import REPOSITORY

REFERENCE = REPOSITORY / "docs" / "reference"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    script = [sys.executable, str(REPOSITORY / "docs" / "generate"), str(folder)]
    subprocess.run(script, check=True, capture_output=True)
    return folder


def test_generated_pages_are_current(generated: Path) -> None:
    pages = sorted(path.name for path in generated.iterdir())
    assert "command-line.md" in pages
    stale = [
        name
        for name in pages
        if not (REFERENCE / name).exists()
        or (REFERENCE / name).read_text("utf-8") != (generated / name).read_text("utf-8")
    ]
    assert stale == [], f"regenerate {', '.join(stale)} with: uv run python docs/generate"


def test_the_command_line_page_has_every_command_and_option(generated: Path) -> None:
    from runfaults.cli import COMMANDS, cli

    page = (generated / "command-line.md").read_text("utf-8")
    for name in COMMANDS:
        command = cli.get_command(None, name)  # pyright: ignore[reportArgumentType]  # it is not looked at
        assert command is not None
        assert f"## runfaults {name}\n" in page
        assert all(option in page for each in command.params for option in each.opts)


def test_the_fault_kinds_page_has_every_kind(generated: Path) -> None:
    from runfaults.sqlite.kinds import KINDS

    page = (generated / "fault-kinds.md").read_text("utf-8")
    assert all(f"## {name}\n" in page for name in KINDS)


def test_the_strategies_page_has_every_public_name(generated: Path) -> None:
    from runfaults import strategies

    page = (generated / "strategies.md").read_text("utf-8")
    assert all(f"## {name}\n" in page for name in strategies.__all__)
