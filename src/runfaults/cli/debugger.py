"""Stops in the debugger where a fault strikes: in the code of the user's that is struck."""

from __future__ import annotations

import inspect
import pdb  # noqa: T100  # it is what `--pdb` opens
import signal
import sys
from types import FrameType

from runfaults.user_code import is_of_the_user


def stop_in_target() -> None:
    """Open a prompt at the line of the user's code that the calling thread is at.

    The fault strikes when the prompt is left: `next` stops where the program continues then, and
    `quit` is Ctrl-C.
    """
    frame = _innermost_of_the_user(inspect.currentframe())
    debugger = _Debugger()
    debugger.reset()
    outer: FrameType | None = frame
    while outer is not None:
        outer.f_trace = debugger.trace_dispatch
        debugger.botframe = outer
        outer = outer.f_back
    debugger.interaction(frame, None)
    if debugger.stopframe is not debugger.botframe:
        sys.settrace(debugger.trace_dispatch)


class _Debugger(pdb.Pdb):
    """Leaving it is Ctrl-C, at whichever prompt: what it raises itself the target may handle."""

    def set_quit(self) -> None:
        """See `Bdb`; the target continues until the command ends."""
        self.set_continue()
        signal.raise_signal(signal.SIGINT)


def _innermost_of_the_user(frame: FrameType | None) -> FrameType | None:
    """The frame of the user's code that calls this one; this one where there is none."""
    caller = frame
    while caller is not None and not is_of_the_user(caller.f_code.co_filename):
        caller = caller.f_back
    return caller or frame
