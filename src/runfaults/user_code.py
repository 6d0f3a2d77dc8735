"""Runs code of the user's: what it raises ends in one line that names its place, never the tool."""

from __future__ import annotations

import contextlib
import inspect
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice, pairwise
from linecache import getline
from pathlib import Path
from types import FrameType
from typing import NamedTuple, TextIO

_OWN_FOLDERS = (Path(__file__).parent, Path(contextlib.__file__).parent)
"""The harness and the standard library: not where a reader looks for the cause."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, SIGTERM or SIGHUP: the user ends it, and not the target."""


@dataclass(slots=True)
class Interruptions:
    """Those of this command by its user: each raises `Interrupted`, until there is much to lose.

    Attributes:
        count: How many have come.
        asked_for: Whether what was found would be lost if one raised: `count` tells of them then.
    """

    count: int = 0
    asked_for: bool = False
    _breaks: bool = False

    def have_come(self) -> bool:
        """Whether any has."""
        return self.count > 0

    @contextlib.contextmanager
    def breaking_off(self) -> Generator[None]:
        """Let the first that comes in the block raise all the same; later ones are asked for.

        No signal is handled between the parts of an assignment.
        """
        self.asked_for = self._breaks = True
        try:
            yield
        finally:
            self._breaks = False

    def come(self, number: int) -> None:
        """Count one.

        Raises:
            Interrupted: if it breaks off what is done.
        """
        self.count += 1
        if self._breaks or not self.asked_for:
            self._breaks = False
            raise Interrupted(signal.Signals(number).name)


interruptions = Interruptions()
"""Those of this process; `heed_interruptions` begins to count them."""


def heed_interruptions() -> None:
    """Have Ctrl-C, SIGTERM and the end of the terminal interrupt this command.

    A job that is cancelled in CI ends by SIGTERM: it is Ctrl-C by another name.
    """
    interruptions.count, interruptions.asked_for = 0, False
    for number in interrupting():
        signal.signal(number, _interrupt)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, interrupting())  # one may have waited for this
    sys.unraisablehook = _unraisable


def interrupting() -> set[signal.Signals]:
    """The signals by which a user ends a command; not that of a closed terminal under `nohup`."""
    found = {signal.SIGINT, signal.SIGTERM}
    closed: signal.Signals | None = getattr(signal, "SIGHUP", None)
    if closed is not None and signal.getsignal(closed) is not signal.SIG_IGN:
        found.add(closed)
    return found


def _interrupt(number: int, frame: FrameType | None) -> None:
    del frame
    interruptions.come(number)


def _unraisable(lost: sys.UnraisableHookArgs) -> None:
    """Interrupt again where the interpreter drops what is raised: `__del__`, a weak reference."""
    if isinstance(lost.exc_value, Interrupted):
        again = os.getpid(), signal.Signals[str(lost.exc_value)]
        threading.Timer(_AGAIN_IN, os.kill, again).start()
    else:
        sys.__unraisablehook__(lost)


_AGAIN_IN = 0.05
"""Real seconds, in which the interpreter leaves that place."""


@contextlib.contextmanager
def running(
    what: str, remedy: str, complaint: type[Exception], place: Callable[[], str] = str
) -> Generator[None]:
    """Run code of the user's in the block: nothing but our own exceptions leaves it.

    Args:
        what: What is told of it: `prepare of target jobs`.
        remedy: What it must do instead.
        complaint: The type of the exception in place of what it raises.
        place: Finds what is told of the place where it is written, if what it raises has none in
            it: that reads the source, so only then.
    """
    try:
        yield
    except BaseException as error:
        if _is_ours(error):
            raise
        cause = None if redacting() else error  # a traceback would have its message
        raise complaint(
            f"{what}: raised {told(error)}{place_of(error) or place()}; {remedy}"
        ) from cause


def _is_ours(error: BaseException) -> bool:
    """Whether it ends the block as it is: a complaint of ours, or Ctrl-C."""
    if type(error).__module__.partition(".")[0] == "runfaults":
        return True
    heeded = signal.getsignal(signal.SIGINT) is _interrupt
    return isinstance(error, KeyboardInterrupt) and not heeded


_REDACTING = "_RUNFAULTS_REDACT"
"""In the environment of a process that leaves values of the user's data out of what it tells, and
so in that of the processes that it starts."""

LEFT_OUT = "(redacted)"
"""What stands in the place of a value."""

_QUOTING = frozenset({"", "SQLITE_ERROR", "SQLITE_CONSTRAINT_TRIGGER"})
"""Errors whose message may quote values: no engine's, a statement's, what a trigger says."""


def redact(*, wanted: bool) -> None:
    """Leave values of the user's data out of what this process tells from now on, or no longer."""
    if wanted:
        os.environ[_REDACTING] = "1"
    else:
        os.environ.pop(_REDACTING, None)


def redacting() -> bool:
    """Whether this process leaves values of the user's data out of what it tells."""
    return _REDACTING in os.environ


_STANDARD = (1, 2)

_apart: list[contextlib.ExitStack] = []
"""What ends each `printing_to` whose block is entered."""


@contextlib.contextmanager
def printing_to(file: TextIO) -> Generator[TextIO]:
    """Have a file take what this process, or one that it starts, prints in the block.

    Args:
        file: It stays open: a handler of `logging` may keep it.

    Yields:
        Standard error as it was.
    """
    errors = sys.stderr
    sys.stdout.flush()
    errors.flush()
    with contextlib.ExitStack() as stack:
        for standard in _STANDARD:
            kept = os.dup(standard)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, standard)
            os.dup2(file.fileno(), standard)
        stack.enter_context(contextlib.redirect_stdout(file))
        stack.enter_context(contextlib.redirect_stderr(file))
        _apart.append(stack)
        stack.callback(_apart.remove, stack)
        yield errors


@contextlib.contextmanager
def unheard() -> Generator[TextIO]:
    """Let nothing be heard of what this process, or one that it starts, prints in the block.

    Yields:
        Standard error as it was.
    """
    with printing_to(_nowhere()) as errors:
        yield errors


@cache
def _nowhere() -> TextIO:
    return unclosed(os.open(os.devnull, os.O_WRONLY))


def unclosed(descriptor: int) -> TextIO:
    """A file to print to, that a target which closes its standard output does not close."""
    file = open(descriptor, "w", 1, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115  # no path
    file.close = file.flush
    return file


def be_heard() -> None:
    """Let what is printed be seen again at once, for the user to answer; not if that may leak."""
    while _apart and not redacting():
        _apart[-1].close()


def told(error: BaseException) -> str:
    """An exception's type and message, in a line."""
    message = " ".join(str(error).split())
    if redacting() and getattr(error, "sqlite_errorname", "") in _QUOTING:
        message = message and LEFT_OUT
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def spelt(error: BaseException) -> str:
    """An exception's type, and its message as it is, if it has one."""
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def place_of(error: BaseException) -> str:
    """Where an exception was raised, ` at file:line ...`: in the user's code as far as possible."""
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f" at {'/'.join(Path(error.filename).parts[-2:])}:{error.lineno}"
    stack = traceback.extract_tb(error.__traceback__)
    places = [_Place(each.filename, each.lineno or 0, each.name) for each in stack]
    wanted = [place for place in places if is_of_the_user(place.file)]
    return f" at {_described(tuple(wanted[-1:]))}" if wanted else ""


def stack_of(error: BaseException) -> str:
    """The stack in which an exception was raised, as `calling_code` has it."""
    stack = traceback.extract_tb(error.__traceback__)
    return _described(_called([(each.filename, each.lineno or 0, each.name) for each in stack]))


def calling_code() -> str:
    """The stack of the calling thread without the harness and the standard library.

    A line a frame: `file:line in function: code`, the outermost first; files by their last two
    parts, so that the text does not depend on where the project lies.
    """
    frames: list[tuple[str, int, str]] = []
    frame = inspect.currentframe()
    while frame is not None:
        frames.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    return _described(_called(frames[::-1]))


def _called(frames: Iterable[tuple[str, int, str]]) -> tuple[_Place, ...]:
    """The places in the user's code, the outermost first, of a whole stack.

    What the harness calls is the adapter, but for the body of a thread: an adapter decides nothing,
    so it is a place only where there is no other.
    """
    calls = [
        (_is_the_harness(caller) and by != THREADS_ARE_RUN_BY, _Place(*called))
        for (caller, _, by), called in pairwise([("", 0, ""), *frames])
        if is_of_the_user(called[0])
    ]
    adapter = len(calls) > 1 and calls[0][0]
    return tuple(place for _, place in calls[adapter:])


THREADS_ARE_RUN_BY = "_perform"
"""The function of the harness that calls the body of a thread."""


def calling_line() -> str:
    """The line of the user's code that the calling thread is at; empty if there is none."""
    return line_of(inspect.currentframe())


def line_of(frame: FrameType | None) -> str:
    """The line of the user's code that a stack is at, given its innermost frame."""
    return _described(tuple(islice(_places(frame), 1)))


def beginning_of(function: Callable[..., object]) -> str:
    """The line where a function of the user's begins; empty if it is none."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None or not is_of_the_user(code.co_filename):
        return ""
    return _described((_Place(code.co_filename, code.co_firstlineno, code.co_name),))


def _places(frame: FrameType | None) -> Iterator[_Place]:
    """The places in the user's code, the innermost first."""
    while frame is not None:
        code = frame.f_code
        if is_of_the_user(code.co_filename):
            yield _Place(code.co_filename, frame.f_lineno, code.co_name)
        frame = frame.f_back


class _Place(NamedTuple):
    file: str
    line: int
    function: str


# A livelock has tens of thousands of events that come from a handful of places.
@cache
def is_of_the_user(file: str) -> bool:
    """Whether a file is code of the user's: neither the harness nor a package."""
    path = Path(file)
    foreign = "site-packages" in path.parts or "<" in file
    return not foreign and not any(path.is_relative_to(folder) for folder in _OWN_FOLDERS)


@cache
def _is_the_harness(file: str) -> bool:
    return Path(file).is_relative_to(_OWN_FOLDERS[0])


@cache
def _described(places: tuple[_Place, ...]) -> str:
    return "\n".join(
        f"{'/'.join(Path(file).parts[-2:])}:{line} in {function}: {getline(file, line).strip()}"
        for file, line, function in places
    )
