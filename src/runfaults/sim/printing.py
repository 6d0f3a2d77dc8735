"""Keeps what the target prints out of what a check prints."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Callable, Generator
from threading import get_ident
from typing import Any, TextIO

from runfaults.sim.actor import current_actor
from runfaults.user_code import be_heard

_STANDARD = ("stdout", "stderr")


Hear = Callable[[str], object]
"""Takes what is printed."""


class _Apart:
    """A standard stream: its schedule hears what an actor prints; any other thread just prints.

    Args:
        real: The stream that it stands for, whose everything else it has.
        hear: Takes what the thread prints that made this; None if it just prints.
    """

    def __init__(self, real: TextIO, hear: Hear | None = None) -> None:
        self._real = real
        self._hear = hear
        self._player = get_ident()

    def _hearer(self) -> Hear | None:
        """Takes what the current thread prints; None if it just prints."""
        actor = current_actor()
        if actor is not None:
            return actor.turns.hear
        return self._hear if get_ident() == self._player else None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # as the stream has it
        return getattr(self._real, name)

    def write(self, text: str) -> int:
        """See `TextIO.write`."""
        hear = self._hearer()
        if hear is None:
            return self._real.write(text)
        hear(text)
        return len(text)

    def writelines(self, lines: Any) -> None:  # noqa: ANN401  # any iterable of texts
        """See `TextIO.writelines`."""
        for line in lines:
            self.write(line)

    def isatty(self) -> bool:
        """Whether colours and movements of a cursor make sense: not where a schedule hears it."""
        return self._hearer() is None and self._real.isatty()

    @property
    def buffer(self) -> Any:  # noqa: ANN401  # a stream of bytes, of which few methods are used
        """What takes bytes in its stead."""
        return self._real.buffer if self._hearer() is None else _Bytes(self)


class _Bytes:
    """Takes as bytes what another stream takes as text."""

    def __init__(self, text: _Apart) -> None:
        self._text = text

    def write(self, data: bytes) -> int:
        """See `BinaryIO.write`."""
        self._text.write(bytes(data).decode(errors="replace"))
        return len(data)

    def flush(self) -> None:
        """See `BinaryIO.flush`."""


@contextlib.contextmanager
def printing_apart(
    hear: Hear, debugger: Callable[[], None] | None = None
) -> Generator[Callable[[], None] | None]:
    """Have schedules hear what their actors print, while the context is entered.

    A debugger ends that, as `breakpoint()` does: its prompt is for the user to see.

    Args:
        hear: Takes what this thread prints: the adapter, as it is asked what it holds, and what is
            collected as garbage.
        debugger: Opens one; the context gives what ends it and does that.
    """
    real: dict[str, Any] = {name: getattr(sys, name) for name in _STANDARD}
    apart = {name: _Apart(file, hear) for name, file in real.items() if file is not None}
    hook = sys.breakpointhook

    def put_back() -> None:
        sys.breakpointhook = hook
        for name, file in apart.items():
            if getattr(sys, name) is file:  # a test may have put another one there
                setattr(sys, name, real[name])

    def be_seen() -> None:
        put_back()
        be_heard()

    def stop_at_breakpoint(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401  # as the hook
        be_seen()
        if hook is not sys.__breakpointhook__ or "PYTHONBREAKPOINT" in os.environ:
            return hook(*arguments, **named)
        import pdb  # noqa: T100  # what `breakpoint()` opens

        return pdb.Pdb().set_trace(sys._getframe(1))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the documented way to look at one's callers

    def stop_at_strike() -> None:
        be_seen()
        if debugger is not None:
            debugger()

    for name, file in apart.items():
        setattr(sys, name, file)
    sys.breakpointhook = stop_at_breakpoint
    try:
        yield stop_at_strike if debugger else None
    finally:
        put_back()


@contextlib.contextmanager
def logging_apart() -> Generator[None]:
    """Do the same for handlers of `logging` that have kept a standard stream."""
    files = [id(getattr(sys, name)) for name in _STANDARD]
    loggers = [logging.getLogger(), *logging.getLogger().manager.loggerDict.values()]
    handlers: set[Any] = {each for logger in loggers for each in getattr(logger, "handlers", ())}
    with contextlib.ExitStack() as stack:
        for handler in handlers:
            file = getattr(handler, "stream", None)
            if id(file) in files and file is not None and hasattr(handler, "setStream"):
                handler.setStream(_Apart(file))
                stack.callback(handler.setStream, file)
        yield
