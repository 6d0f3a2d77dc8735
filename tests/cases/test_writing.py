"""What cannot be written is told, and costs no verdict."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runfaults.campaign.memory import Cache, Journal
from runfaults.explore.findings import Findings
from runfaults.explore.job import Job
from runfaults.model import Schedule, Verdict

TAKEN = "open('saved', 'w').close()"
"""While the target works, a file takes the place of a folder."""
SOUND = """
    from jobs import JobsTarget

    class Target(JobsTarget):
        pass
"""
BROKEN = """
    from jobs import Jobs, JobsTarget

    class Wrong(Jobs):
        def do(self, connection, job):
            super().do(connection, job)
            raise OSError

    class Target(JobsTarget):
        jobs = Wrong

        def open(self, database, work):
            open("began", "w").close()
            {}
            return super().open(database, work)
"""
TABLE = "target.py:Target: broken by"
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")


def test_a_folder_that_cannot_be_made_is_told_before_the_work(here: Any) -> None:
    (here.folder / "file").touch()
    for option in ("--save", "--state"):
        told = here.check(BROKEN.format("pass"), option, "file/folder")
        assert told.code == 2
        assert f"{option}: file/folder cannot be written: Not a directory" in told.text
    assert not (here.folder / "began").exists()


def test_looking_at_a_folder_leaves_nothing_in_it(here: Any) -> None:
    """An innocent twin: the folder of one that can be made is not there after it."""
    assert here.check(SOUND, "--save", "deep/saved").code == 0
    assert not (here.folder / "deep").exists()


def test_a_folder_that_becomes_unwritable_costs_no_violation(here: Any) -> None:
    told = here.check(BROKEN.format(TAKEN), "--save", "saved", "--json", "result.json")
    assert told.code == 1, told.text
    assert TABLE in told.text
    assert "the scenario saved/" in told.text
    assert "could not be written: " in told.text
    assert '"verdict": "broken"' in (here.folder / "result.json").read_text()


@FULL
@pytest.mark.parametrize(
    ("program", "code", "line"),
    [(BROKEN.format("pass"), 1, TABLE), (SOUND, 2, "holds under all")],
)
def test_reports_that_cannot_be_written_cost_no_verdict(
    here: Any, program: str, code: int, line: str
) -> None:
    full = ("--json", "/dev/full", "--junit", "/dev/full", "--html", "whole.html")
    told = here.check(program, *full)
    assert told.code == code, told.text
    assert line in told.text
    for report in ("--json", "--junit"):
        assert f"{report}: /dev/full could not be written: No space left" in told.text
    assert (here.folder / "whole.html").stat().st_size


def test_two_options_that_name_one_file_are_refused(here: Any) -> None:
    for other in ("--junit", "--html", "--baseline"):
        told = here.check(BROKEN.format("pass"), "--json", "one", other, "./one")
        assert told.code == 2
        assert "name one file" in told.text
    assert not (here.folder / "began").exists()


def test_a_baseline_that_cannot_be_written_sets_nothing_aside(here: Any) -> None:
    taken = "import os; os.makedirs(f'known.{os.getpid()}.new', exist_ok=True)"
    told = here.check(BROKEN.format(taken), "--baseline", "known", "--update-baseline")
    assert told.code == 1, told.text
    assert "the baseline known could not be written: Is a directory" in told.text
    assert TABLE in told.text


def test_a_baseline_that_knows_what_breaks_every_schedule_leaves_nothing_new(here: Any) -> None:
    for update in (("--update-baseline",), ()):
        told = here.check(BROKEN.format("pass"), "--baseline", "known", *update)
        assert told.code == 0, told.text
        assert (
            "nothing new: 2 of 2 schedules are broken, all in ways that the baseline" in told.text
        )


def test_a_journal_that_cannot_be_written_costs_no_verdict(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "fingerprint")
    journal.path.mkdir()
    journal.add(Job(Schedule()), Findings())
    journal.add(Job(Schedule()), Findings())
    journal.close()
    (sentence,) = journal.unwritten
    assert "jobs.jsonl could not be written: Is a directory" in sentence


def test_a_cache_that_cannot_be_written_costs_no_verdict(tmp_path: Path) -> None:
    found = Findings()
    found.verdicts[Verdict.HOLDS] = 1
    (tmp_path / "file").touch()
    (sentence,) = Cache(tmp_path / "file" / "cache").keep("fingerprint", found)
    assert "could not be written: Not a directory" in sentence
    assert Cache(tmp_path / "cache").keep("fingerprint", found) == ()


@FULL
@pytest.mark.parametrize("where", [">/dev/full", ">&-"])
@pytest.mark.parametrize(("program", "code"), [(BROKEN.format("pass"), 1), (SOUND, 2)])
def test_a_full_or_closed_standard_output_costs_no_verdict(
    here: Any, where: str, program: str, code: int
) -> None:
    here.write("target.py", program)
    command = f"{sys.executable} -m runfaults.cli check --target target.py:Target --bound 0,0,0"
    ended = subprocess.run(
        ["sh", "-c", f"{command} --jobs 1 --json result.json {where}"],
        cwd=here.folder,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
        check=False,
    )
    assert ended.returncode == code, ended.stderr
    *violations, last = ended.stderr.splitlines()
    assert all(line.startswith("[") for line in violations), "told when they were found"
    assert "standard output could not be written" in last
    assert (here.folder / "result.json").stat().st_size


@pytest.mark.parametrize(
    "close", ["sys.stdout.close()", "sys.stderr.close()", "sys.__stdout__.close()"]
)
def test_a_target_that_closes_what_the_command_writes_to_costs_no_verdict(
    here: Any, close: str
) -> None:
    here.write(
        "target.py",
        f"""
        import sys
        from jobs import Jobs, JobsTarget

        class Target(JobsTarget):
            class jobs(Jobs):
                def close(self):
                    {close}
        """,
    )
    told = here.type("check", "--target", "target.py:Target", "--bound", "0,0,0", "--no-cache")
    assert told.code == 0, told.text
    assert "holds under all" in told.text


def test_the_verdict_is_one_line_however_long_the_name(here: Any) -> None:
    name = "a_name_so_long_that_the_line_of_the_verdict_is_longer_than_what_a_pipe_is_wide"
    here.write(f"{name}.py", SOUND)
    arguments = ("--target", f"{name}.py:Target", "--bound", "0,0,0", "--no-cache")
    with here.begin("check", *arguments, COLUMNS="100") as process:
        last = process.communicate()[0].splitlines()[-1]
    assert last.startswith(f"{name}.py:Target: holds under all")
    assert last.endswith("rules exercised")


def test_nothing_is_told_where_all_is_closed(here: Any) -> None:
    here.write("target.py", BROKEN.format("pass"))
    command = f"{sys.executable} -m runfaults.cli check --target target.py:Target --bound 0,0,0"
    ended = subprocess.run(
        ["sh", "-c", f"{command} --jobs 1 <&- >&- 2>&-"], cwd=here.folder, check=False
    )
    assert ended.returncode == 1
