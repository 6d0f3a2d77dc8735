"""Laying the corrected manager over a checkout: a stand-in with the interface of GenGlossary's."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runfaults.cli.adopt import MODULES, command, module_text

ROOT = Path(__file__).parents[2]
BEFORE = '"""A manager of before."""\n\n\nclass RunManager:\n    """Runs nothing."""\n'
RUN = """
import sys
from genglossary.db.connection import get_connection
from genglossary.db.schema import initialize_db
from genglossary.runs.manager import RunManager

initialize_db(get_connection(sys.argv[1]))
manager = RunManager(sys.argv[1], doc_root=sys.argv[2])
run = manager.start_run("generate")
manager.close()
print(manager.get_run(run)["status"])
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a repository with all that the manager needs, and a manager of before."""
    folder = tmp_path / "checkout"
    package = folder / "src" / "genglossary"
    ignore = shutil.ignore_patterns("__pycache__", *MODULES)
    shutil.copytree(ROOT / "src" / "genglossary", package, ignore=ignore)
    (package / "runs" / "manager.py").write_text(BEFORE)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "before")
    return folder


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    return subprocess.check_output(["git", "-C", str(folder), *identity, *arguments], text=True)


def adopt(checkout: Path, *options: str) -> Result:
    return CliRunner().invoke(command, [str(checkout), *options])


def test_it_shows_the_diff_and_changes_nothing(checkout: Path) -> None:
    result = adopt(checkout)
    assert result.exit_code == 0
    assert "--- a/src/genglossary/runs/manager.py\n" in result.output
    assert '-"""A manager of before."""\n' in result.output
    assert "+++ b/src/genglossary/runs/ownership.py\n" in result.output
    assert f"{len(MODULES)} files: " in result.output
    assert "nothing was changed" in result.output
    assert git(checkout, "status", "--porcelain") == ""


def test_what_it_shows_is_a_patch_that_git_applies(checkout: Path, tmp_path: Path) -> None:
    patch = tmp_path / "adopt.patch"
    patch.write_text(adopt(checkout).output.rpartition("\n\n")[0] + "\n")
    git(checkout, "apply", str(patch))
    assert "nothing to do" in adopt(checkout).output


def test_what_it_writes_works_and_is_undone_by_what_it_says(checkout: Path, tmp_path: Path) -> None:
    result = adopt(checkout, "--write")
    assert result.exit_code == 0
    for name in MODULES:
        assert (checkout / "src/genglossary/runs" / name).read_text() == module_text(name)
    status = subprocess.check_output(
        [sys.executable, "-c", RUN, str(tmp_path / "a.db"), str(tmp_path)],
        env={"PYTHONPATH": str(checkout / "src")},
        text=True,
    )
    assert status == "completed\n"
    undo = result.output.partition("to undo it: ")[2].strip()
    shutil.rmtree(checkout / "src/genglossary/__pycache__", ignore_errors=True)
    identified = undo.replace("git ", "git -c user.name=a -c user.email=a@b ")
    subprocess.run(identified, shell=True, check=True)
    assert (checkout / "src/genglossary/runs/manager.py").read_text() == BEFORE
    assert not (checkout / "src/genglossary/runs/ownership.py").exists()


def test_a_second_time_there_is_nothing_to_do(checkout: Path) -> None:
    adopt(checkout, "--write")
    before = git(checkout, "status", "--porcelain")
    result = adopt(checkout, "--write")
    assert (result.exit_code, git(checkout, "status", "--porcelain")) == (0, before)
    assert "nothing to do" in result.output


def test_a_package_at_the_top_of_the_folder_is_found_too(checkout: Path) -> None:
    assert "+++ b/genglossary/runs/manager.py" in adopt(checkout / "src").output


def replace(checkout: Path, file: str, old: str, new: str) -> None:
    path = checkout / "src/genglossary" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    git(checkout, "commit", "-aqm", "another version")


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("runs/manager.py", "RunManager", "Manager", "none of these defines the class RunManager"),
        ("runs/manager.py", "class", "klass", "none of these defines the class RunManager"),
        ("runs/executor.py", "PipelineCancelledException", "Stop", "defines no PipelineCancelled"),
        ("runs/executor.py", "llm_debug", "debug", "PipelineExecutor.__init__ takes (self"),
        ("runs/executor.py", "def close(", "def shut(", "defines no PipelineExecutor.close"),
        (
            "db/runs_repository.py",
            "error_message: str | None = None,\n    finished_at: datetime | None = None,\n) -> Run",
            "finished_at: datetime | None = None,\n    error_message: str | None = None,\n) -> Run",
            "update_run_status_if_active takes (conn, run_id, status, finished_at, error_message)",
        ),
        (
            "db/connection.py",
            "def immediate_transaction",
            "def at_once",
            "no immediate_transaction",
        ),
        ("config.py", "class Config", "class Settings", "config.py: it defines no Config"),
    ],
)
def test_a_checkout_that_it_does_not_understand_is_refused(
    checkout: Path, file: str, old: str, new: str, told: str
) -> None:
    replace(checkout, file, old, new)
    result = adopt(checkout, "--write")
    assert result.exit_code == 2
    assert told in " ".join(result.output.split())
    assert git(checkout, "status", "--porcelain") == ""


def test_a_missing_module_is_named(checkout: Path) -> None:
    git(checkout, "rm", "-q", "src/genglossary/runs/error_sanitizer.py")
    result = adopt(checkout)
    assert result.exit_code == 2
    assert "runs/error_sanitizer.py: there is no such file" in result.output


@pytest.mark.parametrize("untracked", [False, True])
def test_uncommitted_changes_are_not_written_over(checkout: Path, *, untracked: bool) -> None:
    file = checkout / "src/genglossary/runs" / ("retry.py" if untracked else "manager.py")
    text = f"{BEFORE}\nmine = 1\n"
    file.write_text(text)
    result = adopt(checkout, "--write")
    assert result.exit_code == 2
    assert "commit or stash" in result.output
    assert "+++" not in result.output, "what is refused is not shown as if it were done"
    assert file.read_text() == text


def test_a_folder_without_git_is_not_written_to(checkout: Path) -> None:
    shutil.rmtree(checkout / ".git")
    result = adopt(checkout, "--write")
    assert result.exit_code == 2
    assert "git does not know these files" in result.output
    assert (checkout / "src/genglossary/runs/manager.py").read_text() == BEFORE


def test_a_write_that_fails_changes_nothing(checkout: Path) -> None:
    # Bytecode that it writes would be cut off there, and others would read it.
    python = f"exec {sys.executable} -B -m runfaults"
    adopting = f"ulimit -f 16; {python} adopt {checkout} --write"
    result = subprocess.run(adopting, shell=True, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "File too large; nothing was changed" in " ".join(result.stderr.split())
    assert git(checkout, "status", "--porcelain") == ""


def test_a_manager_in_another_encoding_is_refused(checkout: Path) -> None:
    file = checkout / "src/genglossary/runs/manager.py"
    file.write_bytes(b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + BEFORE.encode())
    result = adopt(checkout)
    assert result.exit_code == 2
    assert "is not UTF-8 text" in result.output


def test_what_undoes_it_is_quoted(checkout: Path, tmp_path: Path) -> None:
    spaced = checkout.rename(tmp_path / "a check; out")
    undo = adopt(spaced, "--write").output.partition("to undo it: ")[2].strip()
    identified = undo.replace("git ", "git -c user.name=a -c user.email=a@b ")
    subprocess.run(identified, shell=True, check=True)
    assert git(spaced, "status", "--porcelain") == ""


def test_a_file_keeps_its_mode(checkout: Path) -> None:
    file = checkout / "src/genglossary/runs/manager.py"
    file.chmod(0o640)
    assert adopt(checkout, "--write").exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o640


def test_the_wheel_has_every_module() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    for name in MODULES:
        assert f'"src/genglossary/runs/{name}" = "runfaults/adoptable/{name}"' in text
