"""The commands as a user meets them: exit codes, one clear line for trouble.

What is only read runs in this process; a few commands run in one of their own.
"""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from in_this_process import PLAIN, ROOT, Ended, runfaults

from runfaults.campaign.bound import Bound
from runfaults.campaign.bounds import BOUNDS
from runfaults.cli import main
from runfaults.cli.exit_codes import BROKEN, HOLDS, UNKNOWN, USAGE
from runfaults.explore.job import Scope
from runfaults.explore.sweep import Sweep
from runfaults.model import Ending
from runfaults.temporary import memory_backed_folder

SWALLOWED = "tests/controls/swallowed_error.py:SwallowedError"
PLANTED = "faults/controls/error-swallowed.toml"


def in_a_process(*arguments: object, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runfaults.cli", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def complaint(ended: Ended | subprocess.CompletedProcess[str]) -> str:
    """The one line on standard error, below a usage hint if there is one."""
    assert ended.returncode == USAGE, ended.stderr
    assert "Traceback" not in ended.stderr
    lines = [line for line in ended.stderr.splitlines() if line]
    assert len(lines) == 1 or lines[0].startswith("Usage:"), ended.stderr
    return lines[-1]


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("nobody", "there is no target 'nobody'; built-in targets are: genglossary"),
        (
            "no.such.module:Class",
            "module cannot be imported: raised ModuleNotFoundError: No module named 'no'",
        ),
        ("missing.py:Class", "there is no file missing.py"),
        ("tests/controls/plain_manager.py:Nobody", "plain_manager.py has no 'Nobody'"),
    ],
)
def test_a_target_that_does_not_exist_gets_one_line(target: str, told: str) -> None:
    assert told in complaint(runfaults("check", "--target", target))


def test_a_process_of_its_own_ends_with_the_exit_code() -> None:
    assert "there is no target 'x'" in complaint(in_a_process("check", "--target", "x"))
    assert in_a_process("--version").returncode == HOLDS


def test_a_target_with_a_syntax_error_gets_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("class Mine(:\n")
    told = complaint(runfaults("check", "--target", "mine.py:Mine", folder=tmp_path))
    assert "mine.py cannot be imported" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["check", "--only", "be-good"], "'be-good' is not a rule, fault kind or act"),
        (["check", "--bound", "endless"], "there is no bound 'endless'; bounds are: quick"),
        (["check", "--jobs", "0"], "0 is not in the range x>=1"),
        (["check", "--depth", "2"], "a depth of 2, but no samples"),
        (["check", "--bound", "crash", "--samples", "3"], "the bound crash takes no samples"),
        (["check", "--real", "--samples", "3"], "the bound real takes no samples"),
        (["replay"], "Missing argument 'FILES...'"),
        (["replay", "missing.toml"], "'missing.toml' does not exist"),
        (["points", "--pipeline", "wins"], "'wins' is not one of 'succeeds'"),
        (["dance"], "No such command 'dance'"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_wrong_usage_gets_one_line(arguments: list[str], told: str) -> None:
    assert told in complaint(runfaults(*arguments))


def test_broken_toml_gets_one_line_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('name = "x"\nsympton = "y"\n')
    assert f"{path}:2: unknown key 'sympton'" in complaint(runfaults("replay", path))
    path.write_text("name = \nb = 1\n")
    assert f"{path}: is not valid TOML" in complaint(runfaults("replay", path))


@pytest.mark.parametrize("command", [("replay",), ("minimise",), ("draw", "-o", "x.svg")])
def test_what_cannot_be_played_is_told_with_its_file(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "late.toml"
    path.write_text(LATE)
    told = complaint(runfaults(command[0], path, *command[1:]))
    assert f"{path}: " in told
    assert "never reached: busy at run commit #99" in told


LATE = """
name = "late"
symptom = "There is no such commit."
target = "genglossary"

[[fault]]
kind = "busy"
at = "run commit #99"
"""


def test_a_folder_without_scenarios_gets_one_line(tmp_path: Path) -> None:
    assert "no scenario files (*.toml)" in complaint(runfaults("replay", tmp_path))


TINY = Bound(
    "tiny",
    (Sweep(Scope(kinds=(), acts=(), endings=(Ending.SUCCEEDS, Ending.RAISES))),),
)


@pytest.fixture
def check_here(monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """Runs `runfaults check` here, on a bound of two schedules; returns its exit code."""

    def check(*arguments: object) -> object:
        monkeypatch.chdir(ROOT)
        monkeypatch.setitem(BOUNDS, "tiny", TINY)
        options = ("check", "--bound", "tiny", "--jobs", "1")
        monkeypatch.setattr(sys, "argv", ["runfaults", *options, *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code

    return check


def test_a_folder_that_cannot_be_written_gets_one_line(
    check_here: Callable[..., object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    assert check_here("--target", SWALLOWED, "--save", tmp_path / "taken" / "below") == USAGE
    *_, line = capsys.readouterr().err.splitlines()
    assert "--save: " in line
    assert "taken/below cannot be written: Not a directory" in line


def test_a_violation_ends_with_its_file_and_the_command_that_replays_it(
    check_here: Callable[..., object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, folder = tmp_path / "result.json", tmp_path / "saved"
    code = check_here("--target", SWALLOWED, "--save", folder, "--json", report)
    output = capsys.readouterr().out
    assert code == BROKEN
    assert "failed-has-a-cause" in output
    (saved,) = folder.iterdir()
    assert saved.name in output.replace("\n", "")
    assert json.loads(report.read_text())["target"] == SWALLOWED
    replayed = runfaults("replay", saved)
    assert replayed.returncode == BROKEN
    assert "broken (as expected)" in replayed.stdout


def test_a_check_that_holds_exits_with_zero(
    check_here: Callable[..., object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_here("--target", PLAIN, "--save", tmp_path / "saved") == HOLDS
    assert "holds" in capsys.readouterr().out
    assert not (tmp_path / "saved").exists()


def test_samples_come_after_the_bound_and_their_probability_is_in_every_report(
    check_here: Callable[..., object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for_machines, page = tmp_path / "result.json", tmp_path / "result.html"
    reports = ("--no-cache", "--json", for_machines, "--html", page)
    assert check_here("--samples", "20", "--depth", "2", "--seed", "3", *reports) == HOLDS
    result = json.loads(for_machines.read_text())
    assert result["schedules"]["holds"] == 22
    for report in (result["bound"], page.read_text(), capsys.readouterr().out):
        assert "20 samples by PCT beyond the bound (depth 2, " in " ".join(report.split())
        assert "found by each sample of the pipeline" in " ".join(report.split())


def test_replaying_what_is_expected_to_be_broken_still_exits_with_broken() -> None:
    ended = in_a_process("replay", PLANTED)
    assert ended.returncode == BROKEN
    assert "broken (as expected)" in ended.stdout
    other = runfaults("replay", PLANTED, "--target", PLAIN)
    assert other.returncode == HOLDS
    assert "holds (expected broken)" in other.stdout


def test_the_exact_history_is_text_for_machines() -> None:
    ended = runfaults("replay", "--history", PLANTED)
    assert ended.stdout.startswith("target SwallowedError\nschedule pipeline raises\n0 ")
    assert ended.stderr == ""


def test_list_names_what_scenarios_and_options_may_say() -> None:
    ended = runfaults("list")
    assert ended.returncode == HOLDS
    for name in ("genglossary", "quick", "succeeded-never-failed", "busy", "raises", "cancel-api"):
        assert name in ended.stdout


def test_points_are_lines_too() -> None:
    listed = runfaults("points", "--target", PLAIN, "--lines").stdout.splitlines()
    assert "user line plain_manager.py:PlainManager.__init__+1" in listed
    assert all(" line " in each for each in listed)


def test_it_is_said_where_there_is_no_task() -> None:
    ended = runfaults("points", "--target", PLAIN, "--tasks")
    assert ended.stdout == f"{PLAIN} runs no task of an event loop\n"


def test_points_that_no_fault_can_strike_are_in_their_place() -> None:
    listed = runfaults("points", "--target", PLAIN).stdout.splitlines()
    points = [line.partition(":")[0] for line in listed]
    assert "run acquire lock: an act or a switch of threads" in listed
    close, lock, record = (
        points.index(f"run {each}") for each in ("close #2", "acquire lock", "commit #4")
    )
    assert close < lock < record
    assert points.index("user spawn run") < points.index("user join run")


def test_points_say_what_can_strike_where_and_why_not() -> None:
    ended = runfaults("points", "--target", PLAIN, "--why-not")
    assert ended.returncode == HOLDS
    assert "run execute UPDATE runs: " in ended.stdout
    assert "    not busy: " in ended.stdout


def test_the_version_names_python_and_sqlite() -> None:
    assert f"Python {sys.version.split()[0]}, SQLite" in runfaults("--version").stdout


SLOW = """
import os
from pathlib import Path
from plain_manager import PlainManager, PlainTarget

HERE = Path(__file__).parent


class NotingManager(PlainManager):
    def decide(self, job, ending):
        with open(HERE / "seen", "ab") as seen:
            seen.write(b"%d " % os.getpid())
        return super().decide(job, ending)


class Noting(PlainTarget):
    manager = NotingManager
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_in_the_middle_leaves_no_files_and_no_processes(tmp_path: Path, jobs: int) -> None:
    plain = ROOT / "tests" / "controls" / "plain_manager.py"
    (tmp_path / "plain_manager.py").write_bytes(plain.read_bytes())
    (tmp_path / "noting.py").write_text(SLOW)
    os.mkfifo(tmp_path / "seen")
    seen = os.open(tmp_path / "seen", os.O_RDWR)  # so that it never ends, with writers or without
    temporary = Path(tempfile.mkdtemp(dir=memory_backed_folder()))
    command = [sys.executable, "-m", "runfaults.cli", "check", "--target", "noting.py:Noting"]
    command += ["--bound", "quick", "--jobs", str(jobs), "--save", str(tmp_path / "saved")]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "RUNFAULTS_TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    told: list[bytes] = []
    while len(told) < 20 or (jobs > 1 and len(set(told)) == 1):
        ready, _, _ = select.select([seen], [], [], 1.0)
        assert ready or process.poll() is None, process.communicate()
        told += os.read(seen, 4096).split() if ready else []
    os.killpg(process.pid, signal.SIGINT)
    # Comes back when nobody has the other end any more: every process of the command is gone.
    output, errors = process.communicate()
    os.close(seen)
    assert process.returncode == UNKNOWN, output + errors
    assert "Traceback" not in errors
    assert "interrupted" in errors or "not reached" in output.lower()
    temporary.rmdir()  # or it raises: something was left behind


LEAVING = """
import tempfile
from runfaults.temporary import memory_backed_folder, prefix
from plain_manager import Plain

class Leaving(Plain):
    name = "leaving"

    def open(self, *args, **options):
        tempfile.mkdtemp(prefix=prefix(), dir=memory_backed_folder())
        raise SystemExit("as if it was interrupted while it removed a folder")
"""


def test_a_folder_that_the_command_did_not_come_to_remove_is_removed(tmp_path: Path) -> None:
    plain = ROOT / "tests" / "controls" / "plain_manager.py"
    (tmp_path / "plain_manager.py").write_bytes(plain.read_bytes())
    (tmp_path / "leaving.py").write_text(LEAVING)
    (tmp_path / "temporary").mkdir()
    ended = subprocess.run(
        [sys.executable, "-m", "runfaults.cli", "check", "--target", "leaving.py:Leaving"],
        cwd=tmp_path,
        env={**os.environ, "RUNFAULTS_TMPDIR": str(tmp_path / "temporary")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == USAGE, ended.stderr
    assert "as if it was interrupted" in ended.stderr
    (tmp_path / "temporary").rmdir()  # or it raises: something was left behind


def test_the_verdict_does_not_depend_on_who_reads_the_output(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "runfaults.cli", "check", "--target", str(ROOT / SWALLOWED)]
    command += ["--bound", "1,0,0", "--jobs", "1", "--json", "result.json"]
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        command, cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)
    assert ended.returncode == BROKEN, ended.stderr
    progress = re.compile(r"\[\d+:\d\d\] ")
    assert all(map(progress.match, ended.stderr.splitlines())), ended.stderr
    assert json.loads((tmp_path / "result.json").read_text())["verdict"] == "broken"
