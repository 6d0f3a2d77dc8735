"""A hang is told once, after the limit of real time, wherever it is."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import runfaults.sim.scheduler as scheduler_module
from runfaults.model import Ending, Schedule
from runfaults.process_end import how_it_ended, how_it_hung
from runfaults.sim.simulation import Simulation

HANGS = """
    import os
    from jobs import Jobs, JobsTarget

    class Hanging(Jobs):
        def {}:
            held, _ = os.pipe()
            os.read(held, 1)

    class Target(JobsTarget):
        jobs = Hanging
"""


@pytest.fixture
def hangs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stacks of every hang from now on; the limit is short."""
    told: list[str] = []
    real = scheduler_module.who_hangs

    def who_hangs(actors: Any, seconds: float) -> str:
        told.append(real(actors, seconds))
        return told[-1]

    monkeypatch.setattr(scheduler_module, "HANG_SECONDS", 1.0)
    monkeypatch.setattr(scheduler_module, "who_hangs", who_hangs)
    return told


@pytest.mark.parametrize("where", ["do(self, connection, job)", "wait(self, run)"])
def test_a_hang_in_a_clean_run_is_awaited_once(here: Any, hangs: list[str], where: str) -> None:
    told = here.check(HANGS.format(where))
    assert told.code == 2, told.text
    assert "in a clean run (pipeline succeeds): it never ends: hang" in told.text
    assert "target.py" in told.text
    assert len(hangs) == 1


def test_a_hang_in_a_cancel_is_no_hang_of_the_clean_run(here: Any, hangs: list[str]) -> None:
    """An innocent twin, as far as its clean runs go; a schedule with a cancel tells of it."""
    target = here.target(HANGS_IN_CANCEL)
    with Simulation(target) as simulation:
        assert hangs == []
        for ending in (Ending.SUCCEEDS, Ending.RAISES):
            assert not simulation.play(Schedule(pipeline=ending)).unreached
    assert len(hangs) == 1


HANGS_IN_CANCEL = """
    import os
    from jobs import Jobs, JobsTarget

    class Hanging(Jobs):
        def cancel(self, run):
            held, _ = os.pipe()
            os.read(held, 1)

    class Target(JobsTarget):
        jobs = Hanging
"""


# --- what keeps the interpreter's lock ------------------------------------------------------------

LOCKED = """
    import re
    import threading
    from jobs import Jobs, JobsTarget

    class Locking(Jobs):
        def do(self, connection, job):
            super().do(connection, job)
            open("began", "w").close()
            {}

    class Target(JobsTarget):
        jobs = Locking
"""
LOOP = "sum(iter(int, 1))"
BACKTRACKING = 're.match(r"(a+)+$", "a" * 60 + "b")'
SHORT = """
import runfaults.cli.supervised as supervised
supervised.BEAT = 0.2
supervised.HUNG_AFTER = 2
supervised._TO_HEED_LOCKED = supervised._TO_END = 0.5
supervised.main()
"""


def begin(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Begin a command that has less patience."""
    return subprocess.Popen(
        [sys.executable, "-c", SHORT, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


CHECK = ("check", "--target", "target.py:Target", "--bound", "0,0,0", "--jobs", "1")


@pytest.mark.parametrize("loop", [LOOP, pytest.param(BACKTRACKING, marks=pytest.mark.nightly)])
def test_a_loop_in_c_is_told_with_its_line(here: Any, loop: str) -> None:
    here.write("target.py", LOCKED.format(loop))
    with begin(here.folder, *CHECK) as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 2, output
    assert "the target hangs in a clean run: it kept the lock of the interpreter" in output
    assert "/target.py:9 in do" in output
    assert not here.left_of(process.pid)


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=str
)
def test_a_loop_in_c_does_not_outlive_a_signal(
    here: Any, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.write("target.py", LOCKED.format(LOOP).replace('"began", "w"', '"began", "a"'))
    temporary = here.folder / "tmp"
    temporary.mkdir()
    os.mkfifo(here.folder / "began")
    monkeypatch.setenv("RUNFAULTS_TMPDIR", str(temporary))
    with begin(here.folder, *CHECK) as process:
        (here.folder / "began").open().close()  # when the other end is opened
        process.send_signal(number)
        process.communicate(timeout=120)
    assert process.returncode in {3, -number}
    assert not here.left_of(process.pid)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_thread_of_the_target_s_keeps_no_process(here: Any, jobs: str) -> None:
    here.write("target.py", LOCKED.format("pass") + BESIDE)
    told = here.type(*CHECK[:-1], jobs)
    assert told.code == 0, told.text


BESIDE = """
    threading.Thread(target=threading.Event().wait).start()
"""


def test_the_line_is_that_of_the_thread_at_work() -> None:
    waits = f'Thread 0x1 (most recent call first):\n  File "{scheduler_module.__file__}", line 1'
    waits += ' in block\n  File "/home/u/app.py", line 5 in wait\n'
    works = f'Thread 0x2 (most recent call first):\n  File "{re.__file__}", line 2 in match'
    works += f'\n  File "/home/u/app.py", line 7 in run\n  File "{scheduler_module.__file__}"'
    works += ", line 3 in _perform\n"
    other = 'Thread 0x3 (most recent call first):\n  File "/home/u/beside.py", line 9 in beat\n'
    for stacks in ([waits, works, other], [other, works, waits], [works]):
        dump = "Timeout (0:00:30)!\n" + "\n".join(stacks)
        assert how_it_hung(dump).endswith(" at u/app.py:7 in run")
    assert how_it_hung(works) == ""


def test_a_crash_in_a_package_is_told_with_its_innermost_line() -> None:
    frames = (
        '  File "/x/site-packages/jobs/pool.py", line 7 in run\n'
        '  File "/x/site-packages/jobs/main.py", line 3 in main\n'
    )
    dump = f"Fatal Python error\n\nCurrent thread 0x1 (most recent first):\n{frames}"
    assert how_it_ended(-signal.SIGSEGV, dump) == "died of SIGSEGV at jobs/pool.py:7 in run"
    mine = f'{dump}  File "/x/mine.py", line 2 in begin\n'
    assert how_it_ended(-signal.SIGSEGV, mine) == "died of SIGSEGV at x/mine.py:2 in begin"


# --- lives that take long -------------------------------------------------------------------------

IN_A_LIFE = """
    import os
    import resource
    from contextlib import closing
    from jobs import Jobs, JobsTarget

    HOST = os.getpid()

    def spent():
        return resource.getrusage(resource.RUSAGE_SELF).ru_utime

    class InALife(Jobs):
        def {}:
            if os.getpid() != HOST:
                {}
            super().{}

    class Target(JobsTarget):
        jobs = InALife
"""
LIFE = """
import sys
import tempfile
import runfaults.process_end as process_end
from runfaults.crash import life
from runfaults.crash.lives import playing_lives
from runfaults.model import Schedule

process_end.BEAT, process_end.HUNG_AFTER, life.RECOVERY_SECONDS = 0.1, 1, 2
schedule = Schedule.parse(sys.argv[1])
with tempfile.TemporaryDirectory() as folder:
    with playing_lives("target.py:Target", (), False, folder) as play:
        try:
            print(*play((schedule, False)).history.events[-1])
        except ChildProcessError as error:
            print(error)
"""


def live(here: Any, program: str, schedule: str) -> str:
    """What becomes of a schedule whose lives may take a second of real time."""
    here.write("target.py", program)
    command = [sys.executable, "-c", LIFE, schedule]
    done = subprocess.run(command, cwd=here.folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


DO = "do(self, connection, job)", "do(connection, job)"


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        (LOOP, "a life hung: the target kept the lock of the interpreter"),
        ("while spent() < 2.5: pass", "harness settled"),
    ],
)
def test_a_life_may_take_longer_than_a_thread_may_keep_the_lock(
    here: Any, deed: str, told: str
) -> None:
    definition, call = DO
    output = live(here, IN_A_LIFE.format(definition, deed, call), "pipeline succeeds")
    assert told in output


def test_a_recovery_on_real_threads_that_does_not_end_is_told_with_its_line(here: Any) -> None:
    program = IN_A_LIFE.format("close(self)", "recovers()", "close()") + RECOVERS
    death = "pipeline succeeds; death after run reach pipeline-started with 2 successors"
    output = live(here, program, death)
    assert "a life hung: the target has not recovered after 2 s at" in output
    assert "target.py:21 in recovers" in output


RECOVERS = """
    def recovers():
        os.read(os.pipe()[0], 1)
"""
