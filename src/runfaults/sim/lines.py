"""Has actors reach a yield point before each line that uses what other threads may use.

Python 3.12 and later tell of instructions by `sys.monitoring`, 3.11 by `sys.settrace`. Where no
schedule asks for lines, neither is on, and nothing costs anything.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import sys
from _thread import get_ident
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Protocol

from runfaults.model import FaultPoint, Operation
from runfaults.sim.accesses import lines_of
from runfaults.sim.actor import actors
from runfaults.targets.target import Target, TargetError, traits
from runfaults.user_code import is_of_the_user

_SQLITE = str(Path(__file__).parents[1] / "sqlite")

_TOOL = "runfaults"

_ANY_TOOL = (3, 4, 1, 5, 2, 0)
"""Ids of `sys.monitoring`, first those that no sort of tool is said to have."""


class _Hook(Protocol):
    """How an interpreter tells of instructions."""

    def switch_on(self) -> None: ...

    def switch_off(self) -> None: ...

    def in_thread(
        self, awaited: set[FaultPoint] | None
    ) -> contextlib.AbstractContextManager[None]: ...


class LinesOf:
    """The lines of a target as yield points: none at first.

    Args:
        target: Whose files: those of the user, and those of the packages that it names.
    """

    def __init__(self, target: Target) -> None:
        self._folders = tuple(_folders_of(target))
        self._points: dict[int, dict[int, str]] = {}
        self._kept: list[CodeType] = []  # so that no other code object gets its address
        self._hook: _Hook = _Monitoring(self) if hasattr(sys, "monitoring") else _Tracing(self)
        self._wanted: Sequence[FaultPoint] | None = ()
        self._places: frozenset[str] = frozenset()
        self._wanted_in: dict[int, dict[int, str]] = {}

    def stop_at(self, wanted: Sequence[FaultPoint] | None) -> None:
        """Have these points be yield points from now on, and no others; None: every line.

        Points are counted place by place, so it is the same point whatever else is one.

        Raises:
            TargetError: if other tools leave this interpreter no way to tell of lines.
        """
        if wanted == self._wanted:
            return
        self._wanted = wanted
        self._places = frozenset(point.subject for point in wanted or ())
        self._wanted_in.clear()
        if wanted == ():
            self._hook.switch_off()
        else:
            self._hook.switch_on()

    def in_thread(self, actor: str) -> contextlib.AbstractContextManager[None]:
        """The block in which the calling thread, an actor, runs code of the target."""
        if self._wanted is None:
            return self._hook.in_thread(None)
        awaited = {point for point in self._wanted if point.actor == actor}
        return self._hook.in_thread(awaited) if awaited else contextlib.nullcontext()

    def wanted_in(self, code: CodeType) -> dict[int, str]:
        """The names of a code object's points, by the offset of the instruction."""
        wanted = self._wanted_in.get(id(code))
        if wanted is None:
            points, places = self.all_in(code), self._places
            everywhere = self._wanted is None
            wanted = {at: each for at, each in points.items() if everywhere or each in places}
            self._wanted_in[id(code)] = wanted
        return wanted

    def all_in(self, code: CodeType) -> dict[int, str]:
        """The same, wanted or not."""
        known = self._points.get(id(code))
        if known is None:
            for part, points in lines_of(code) if self._is_own(code.co_filename) else ():
                self._kept.append(part)
                self._points[id(part)] = points
            if id(code) not in self._points:
                self._kept.append(code)
                self._points[id(code)] = {}
            known = self._points[id(code)]
        return known

    def _is_own(self, file: str) -> bool:
        return is_of_the_user(file) or file.startswith(self._folders)


def _folders_of(target: Target) -> Generator[str]:
    """The folders of the packages that are the target, wherever they are installed."""
    for name in traits(target).packages:
        spec = importlib.util.find_spec(name)
        for folder in (spec and spec.submodule_search_locations) or ():
            yield f"{folder}/"


def _reach(place: str, frame: FrameType | None) -> FaultPoint | None:
    """Reach the yield point, unless the thread is no actor, or may not be paused there."""
    actor = actors.get(get_ident())
    if actor is None or actor.turns.over or _is_sheltered(frame):
        return None
    return actor.turns.reach(Operation.LINE, place)


def _is_sheltered(frame: FrameType | None) -> bool:
    """Whether code runs inside of something that may not be paused.

    That is a call of SQLite, which holds the connection; an import; a finaliser, whose errors
    vanish.
    """
    while frame is not None:
        if frame.f_code.co_name == "__del__" or _shelters(frame.f_code.co_filename):
            return True
        frame = frame.f_back
    return False


@functools.cache
def _shelters(file: str) -> bool:
    return file.startswith((_SQLITE, "<frozen importlib"))


class _Monitoring:
    """From Python 3.12 on."""

    def __init__(self, lines: LinesOf) -> None:
        self._lines = lines
        self._monitoring: Any = getattr(sys, "monitoring")  # noqa: B009  # 3.11 has none
        self._tool: int | None = None
        self._known: dict[int, CodeType] = {}
        self._watched: set[int] = set()

    def switch_on(self) -> None:
        events = self._monitoring.events
        if self._tool is None:
            self._tool = self._free_tool()
            self._monitoring.use_tool_id(self._tool, _TOOL)
            self._monitoring.register_callback(self._tool, events.PY_START, self._begins)
            self._monitoring.register_callback(self._tool, events.INSTRUCTION, self._comes_to)
            self._monitoring.set_events(self._tool, events.PY_START)
        for code in list(self._known.values()):
            self._watch(code, on=bool(self._lines.wanted_in(code)))

    def switch_off(self) -> None:
        if self._tool is not None:
            self._monitoring.set_events(self._tool, 0)
            for code in self._known.values():
                self._watch(code, on=False)
            for event in ("PY_START", "INSTRUCTION"):
                number = getattr(self._monitoring.events, event)
                self._monitoring.register_callback(self._tool, number, None)
            self._monitoring.free_tool_id(self._tool)
            self._tool = None

    def _free_tool(self) -> int:
        tools = {tool: self._monitoring.get_tool(tool) for tool in _ANY_TOOL}
        for tool, name in tools.items():
            if name is None:
                return tool
        raise TargetError(
            "a switch at a line needs one of the six tool ids of sys.monitoring, and all are taken "
            f"({', '.join(map(str, tools.values()))}): run it without a debugger, a profiler or a "
            "coverage tool"
        )

    def _watch(self, code: CodeType, *, on: bool) -> None:
        if on is not (id(code) in self._watched):
            (self._watched.add if on else self._watched.remove)(id(code))
            events = self._monitoring.events.INSTRUCTION if on else 0
            self._monitoring.set_local_events(self._tool, code, events)

    def in_thread(
        self,
        awaited: set[FaultPoint] | None,  # noqa: ARG002  # what is watched costs little
    ) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def _begins(self, code: CodeType, offset: int) -> object:
        del offset
        if self._lines.all_in(code):
            self._known[id(code)] = code
            self._watch(code, on=bool(self._lines.wanted_in(code)))
        return self._monitoring.DISABLE

    def _comes_to(self, code: CodeType, offset: int) -> object:
        place = self._lines.wanted_in(code).get(offset)
        if place is not None:
            _reach(place, sys._getframe(1))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the documented way to the caller
        elif offset not in self._lines.all_in(code):
            return self._monitoring.DISABLE  # for every schedule
        return None


_Trace = Callable[[FrameType, str, Any], Any]


class _Tracing:
    """Up to Python 3.11; a trace function that is there already is called besides."""

    def __init__(self, lines: LinesOf) -> None:
        self._lines = lines

    def switch_on(self) -> None:
        """Each thread traces itself."""

    def switch_off(self) -> None:
        """Each thread has ended that itself."""

    @contextlib.contextmanager
    def in_thread(self, awaited: set[FaultPoint] | None) -> Generator[None]:
        before: Any = sys.gettrace()

        def reach(place: str, frame: FrameType) -> None:
            point = _reach(place, frame)
            if point is not None and awaited and point in awaited:
                awaited.remove(point)
                if not awaited:
                    sys.settrace(before)  # every call would be traced to the end

        def begins(frame: FrameType, event: str, argument: object) -> _Trace | None:
            other = None if before is None else before(frame, event, argument)
            if before is not None:
                sys.settrace(begins)  # a tracer in C puts itself there when it is called
            points = self._lines.wanted_in(frame.f_code)
            if not points:
                return other
            frame.f_trace_opcodes = True
            frame.f_trace_lines = other is not None
            return _traced(points, reach, other)

        sys.settrace(begins)
        try:
            yield
            kept = awaited == set() or sys.gettrace() is begins
        finally:
            sys.settrace(before)
        if not kept:
            actors[get_ident()].turns.fail(
                TargetError(
                    "a debugger or another trace function took the place of the one that tells of "
                    "lines: on Python 3.11 a thread has only one; run it without, or on Python 3.12"
                )
            )


def _traced(
    points: dict[int, str], reach: Callable[[str, FrameType], None], other: _Trace | None
) -> _Trace:
    """The trace function of a frame."""

    def inside(frame: FrameType, event: str, argument: object) -> _Trace:
        nonlocal other
        if event == "opcode":
            place = points.get(frame.f_lasti)
            if place is not None:
                reach(place, frame)
        elif other is not None:
            other = other(frame, event, argument)
        return inside

    return inside
