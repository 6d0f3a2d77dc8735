"""What tests began ends with their session, and nothing else does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

WAITS = (sys.executable, "-c", "import signal; signal.pause()")
IGNORES = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
DEAF = (sys.executable, "-c", f"{IGNORES}; print(flush=True); signal.pause()")


class Session:
    """A process that stands for pytest, its undertaker, and what tests began."""

    def __init__(self, stack: ExitStack, mark: str) -> None:
        self.stack = stack
        self.mark = mark
        self.pytest = self.begin(WAITS)
        undertaker = Path(__file__).with_name("undertaker.py")
        arguments = (sys.executable, str(undertaker), str(self.pytest.pid), f"MINE={mark}", "0.2")
        self.undertaker = self.begin(arguments)

    def begin(self, command: tuple[str, ...], **variables: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command, env={**os.environ, **variables}, stdout=subprocess.PIPE, start_new_session=True
        )
        self.stack.enter_context(process)
        self.stack.callback(process.kill)
        return process


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with ExitStack() as stack:
        yield Session(stack, str(tmp_path))


def test_what_is_left_of_a_killed_session_ends(session: Session) -> None:
    mine = session.begin(WAITS, MINE=session.mark)
    other = session.begin(WAITS, MINE="another")
    session.pytest.kill()
    assert mine.wait() == -signal.SIGTERM
    assert session.undertaker.wait() == 0
    assert other.poll() is None


def test_what_does_not_heed_it_is_killed(session: Session) -> None:
    deaf = session.begin(DEAF, MINE=session.mark)
    assert deaf.stdout is not None
    deaf.stdout.readline()  # now it is deaf
    session.pytest.kill()
    assert deaf.wait() == -signal.SIGKILL
