"""A target's first run, in a process of its own: what ends that does not end the tests."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from functools import cache

from runfaults.campaign.players import open_player
from runfaults.process_end import end_when_hung, end_with_parent, how_it_ended, tell_of_end
from runfaults.targets import TARGETS
from runfaults.targets.target import TargetError
from runfaults.temporary import remove_folders_of

_ENDED = b"\0"


def require_survived(target: str, rules: tuple[str, ...]) -> None:
    """See that a target, and rules of the user's own, let the process live in which they run.

    A target that ends it (`os._exit`, a crash in C) would end pytest with an exit code of its own
    and without a word. All other trouble is left to who uses the target.

    Raises:
        TargetError: if the process in which they were tried ended.
    """
    if target in TARGETS and not rules:
        return
    if how := _how_its_process_ended(target, rules):
        raise TargetError(f"the process in which the target ran {how}; it must not end the process")


@cache
def _how_its_process_ended(target: str, rules: tuple[str, ...]) -> str:
    """Empty if it did not end before all was done."""
    with tempfile.TemporaryFile() as told:
        begin = (
            f"import sys; sys.path[:] = {sys.path!r}; import runfaults.sim.time_machine_alone; "
            f"from {__name__} import look; look{(told.fileno(), os.getpid(), target, rules)!r}"
        )
        with subprocess.Popen(  # noqa: S603  # nothing in it comes from outside
            [sys.executable, "-c", begin],
            pass_fds=[told.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,  # what it starts ends with it
        ) as process:
            try:
                code = process.wait()
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                remove_folders_of(process.pid)
        told.seek(0)
        text = told.read()
    return "" if _ENDED in text else how_it_ended(code, text.decode(errors="replace"))


def look(descriptor: int, parent: int, target: str, rules: tuple[str, ...]) -> None:
    """Try a target in this process, and end it."""
    end_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the parent
    end = os._exit  # it is documented, for all its name
    tell_of_end(descriptor)
    end_when_hung(descriptor)
    with contextlib.suppress(BaseException), open_player(target, own=rules):
        pass
    os.write(descriptor, _ENDED)
    end(0)
