"""What the how-to pages add: one new file and its lines in a catalogue, used by the commands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from markdown_page import REPOSITORY, blocks_of

PLAIN = f"{REPOSITORY / 'tests/controls/plain_manager.py'}:Plain"


def with_lines(text: str, patch: str) -> str:
    """The text with a patch's new lines, each below the line above it, which the text has once."""
    lines = text.splitlines()
    place = None
    for line in patch.splitlines():
        if line.startswith("+"):
            assert place is not None, f"the page does not say where {line[1:]!r} goes"
            place += 1
            lines.insert(place, line[1:])
        elif line.strip():
            (place,) = (number for number, other in enumerate(lines) if other == line[1:])
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Package:
    """A copy of runfaults to add something to, in a folder to work in."""

    folder: Path

    def follow(self, page: str, module: str, text: str = "") -> None:
        """Do what a page says: one new module, and its lines in the catalogue."""
        blocks = blocks_of((REPOSITORY / "docs/how-to" / page).read_text("utf-8"))
        written = {Path(block.argument).name: block.text for block in blocks if block.argument}
        new = self.folder / "src/runfaults" / module
        assert not new.exists()
        new.write_text(text or written[new.name], "utf-8")
        (patch,) = (block.text for block in blocks if block.language == "diff")
        file, _, rest = patch.partition("\n")
        catalogue = self.folder / file.removeprefix(" # ")
        catalogue.write_text(with_lines(catalogue.read_text("utf-8"), rest), "utf-8")

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run the command line of this copy; its exit code and what it printed."""
        ended = subprocess.run(
            [sys.executable, "-m", "runfaults.cli", *arguments],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(self.folder / "src"), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.returncode, ended.stdout + ended.stderr

    def replay(self, scenario: str) -> tuple[int, str]:
        """Replay a scenario of the plain manager."""
        head = 'name = "toy"\nsymptom = "None."\n'
        (self.folder / "toy.toml").write_text(f'{head}target = "{PLAIN}"\n{scenario}', "utf-8")
        return self.run("replay", "toy.toml", "--target", PLAIN)


@pytest.fixture
def package(tmp_path: Path) -> Package:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "src/runfaults", tmp_path / "src/runfaults", ignore=ignored)
    return Package(tmp_path)


def test_a_fault_kind(package: Package) -> None:
    package.follow("write-a-fault.md", "sqlite/kinds/unauthorised.py")
    fault = '[[fault]]\nkind = "unauthorised"\nat = "run execute UPDATE runs"\n'
    code, told = package.replay(fault)
    assert code == 0
    assert "not authorized" in told
    code, told = package.replay(fault.replace("UPDATE runs", "SELECT runs"))
    assert code == 2
    assert "unauthorised was never seen at read" in told


def test_a_rule(package: Package) -> None:
    package.follow("write-a-rule.md", "oracle/rules/never_pending_again.py")
    check = ("check", "--target", PLAIN, "--bound", "0,0,0", "--jobs", "1", "--no-cache")
    code, told = package.run(*check, "--only", "never-pending-again")
    assert code == 0
    assert "all 1 rule holds" in told
    assert "never-pending-again" in package.run("list")[1]


def test_an_act(package: Package) -> None:
    package.follow("write-an-act.md", "sim/read_unknown.py")
    code, told = package.replay('[[act]]\nkind = "read-unknown"\nat = "run commit"\n')
    assert code == 0
    assert "read-unknown" in told
    assert "Read the status of a run that does not exist." in package.run("list")[1]


def test_a_target(package: Package) -> None:
    assert package.run("new-target", "mine.py")[0] == 0
    skeleton = (package.folder / "mine.py").read_text("utf-8")
    package.follow("add-a-target.md", "targets/mine.py", skeleton)
    check = ("--target", "my-target", "--bound", "0,0,0", "--jobs", "1", "--no-cache")
    code, told = package.run("check", *check)
    assert code == 0
    assert "my-target: holds under all" in told


def test_a_report(package: Package) -> None:
    package.follow("write-a-report.md", "report/csv_report.py")
    check = ("--target", PLAIN, "--bound", "0,0,0", "--jobs", "1", "--no-cache")
    assert package.run("check", *check, "--csv", "result.csv")[0] == 0
    lines = (package.folder / "result.csv").read_text("utf-8").splitlines()
    assert lines[0] == "rule,verdict,schedules"
    assert any(line.startswith("terminal-is-final,holds,") for line in lines)


def test_a_strategy(package: Package) -> None:
    package.follow("write-a-strategy.md", "explore/first_strikes.py")
    check = ("--target", PLAIN, "--bound", "first-strikes", "--jobs", "1", "--no-cache")
    code, told = package.run("check", *check, "--only", "busy", "--json", "result.json")
    assert code == 0
    result = json.loads((package.folder / "result.json").read_text("utf-8"))
    assert result["schedules"] == {"holds": 2, "broken": 0, "unknown": 0}, "clean, and one strike"
    assert [cell["kind"] for cell in result["coverage"] if cell.get("holds")] == ["busy"]
    assert "busy once, at the first point that it can strike" in told


def test_a_bound(package: Package) -> None:
    package.follow("write-a-bound.md", "campaign/wal_locks.py")
    check = ("--target", PLAIN, "--bound", "wal-locks", "--jobs", "1", "--no-cache")
    code, told = package.run("check", *check, "--only", "busy")
    assert code == 0
    assert "journal wal; 1 fault kind" in told
    assert "wal-locks" in package.run("list")[1]
    assert "single, wal-locks, nightly" in " ".join(package.run("check", "--help")[1].split())


def test_what_is_not_in_a_catalogue_is_not_there(package: Package) -> None:
    code, told = package.replay('[[act]]\nkind = "read-unknown"\nat = "run commit"\n')
    assert code == 2
    assert "read-unknown" in told


def test_a_page_that_names_a_line_that_is_not_there_fails() -> None:
    assert with_lines("a = (\n    1,\n)", "     1,\n+    2,\n") == "a = (\n    1,\n    2,\n)\n"
    with pytest.raises(ValueError, match="unpack"):
        with_lines("a = (\n    1,\n)", "     3,\n+    2,\n")
