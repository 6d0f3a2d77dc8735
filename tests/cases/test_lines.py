"""Lines of the target as yield points: which, by what names, and beside what other tools."""

from __future__ import annotations

import sqlite3
import sys
import threading
import types
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import lined
import pytest
from small_jobs import Jobs, JobsTarget

from runfaults.model import Operation, Schedule
from runfaults.sim.execution import Execution
from runfaults.sim.simulation import Simulation
from runfaults.targets.target import TargetError, Work

MONITORED = hasattr(sys, "monitoring")


class Doing(Jobs):
    """A runner whose work begins with a function."""

    function: staticmethod[[], object]

    def work_and_more(self, *arguments: Any, **named: Any) -> None:
        self.function()
        self.scripted(*arguments, **named)

    def __init__(self, database: Path, work: Work) -> None:
        super().__init__(database, self.work_and_more)
        self.scripted = work

    def cancel(self, run: int) -> None:
        """It promises nothing."""


def doing(function: Callable[[], object]) -> JobsTarget:
    return JobsTarget(type("Made", (Doing,), {"function": staticmethod(function)}))


def play(function: Callable[[], object], text: str = "pipeline succeeds") -> Execution:
    with Simulation(doing(function)) as simulation:
        return simulation.play(Schedule.parse(text), with_lines=True)


def places(execution: Execution, file: str = "lined.py") -> list[str]:
    """The lines of one file that were reached by the run, in order."""
    points = (step.point for step in execution.steps)
    lined = (each.subject for each in points if each.operation is Operation.LINE)
    own = (each.removeprefix(f"{file}:") for each in lined if each.startswith(f"{file}:"))
    return [each for each in own if not each.startswith("Doing.")]


def test_lines_have_the_same_names_in_every_python() -> None:
    assert places(play(lined.everything)) == NAMES


NAMES = [
    "everything+2",
    "Box.__init__+1",
    "Box.__init__+2",
    "everything+2 write",
    "everything+3",
    "decorated.<locals>.outer+2",
    "Box.add+2",
    "Box.value+2",
    "Box.add+2 write",
    "Box.value+2",
    "Box.add+3",
    "Box.value+2",
    "Box.add+3",
    "everything+4",
    "Box.listed+1",
    "Box.listed+1",
    "Box.value+2",
    "Box.listed+1",
    "Box.value+2",
    "Box.listed+5",
    "Box.listed+3",
    "everything+5",
    "Box.both+1",
    "Box.both+1 read",
    "everything+6",
    "Box.handed_out+1",
    "Box.handed_out+2",
    "Box.handed_out+2",
    "Box.handed_out+3",
    "Box.handed_out+3 write",
    "everything+8",
    "Box.failing+2",
    "Box.failing+4",
    "Box.failing+4 write",
    "Box.failing+7",
    "Box.failing+7 write",
    "everything+10",
    "everything+10 write",
    "everything+11",
    "counted+1",
    "counted.<locals>.count+2",
    "counted.<locals>.count+2 write",
    "counted.<locals>.count+3",
    "everything.<locals>.<lambda>+0",
    "Box.value+2",
]


def test_lines_change_nothing() -> None:
    with Simulation(doing(lined.everything)) as simulation:
        for text in (
            "pipeline succeeds; act cancel at run commit",
            "pipeline raises; fault busy at run commit x until lifted",
            "pipeline succeeds; fault lost-acknowledgement at run commit #2; journal wal",
        ):
            schedule = Schedule.parse(text)
            without = simulation.play(schedule)
            with_lines = simulation.play(schedule, with_lines=True)
            assert with_lines.history == without.history
            operations = [s.point for s in with_lines.steps if s.point.operation != "line"]
            assert operations == [step.point for step in without.steps]
            assert len(with_lines.steps) > len(operations)


def test_a_point_is_the_same_whatever_else_is_one() -> None:
    with Simulation(doing(lined.everything)) as simulation:
        steps = simulation.play(Schedule(), with_lines=True).steps
        times = Counter(step.point.subject for step in steps)
        often = next(place for place, number in times.items() if "value+2" in place)
        assert times[often] > 2
        named = Schedule.parse(f"act cancel at run line {often} #3")
        alone = simulation.play(named)
        assert alone.unreached == ()
        assert alone.history == simulation.play(named, with_lines=True).history
        lines_reached = {s.point.subject for s in alone.steps if s.point.operation == "line"}
        assert lines_reached == {often}
        beyond = Schedule.parse(f"act cancel at run line {often} #{times[often] + 1}")
        assert simulation.play(beyond).unreached != ()


class Finalised:
    number = 0

    def __del__(self) -> None:
        self.number = 1


def finalise() -> None:
    Finalised()
    Finalised.number = 2


def use_row_factory() -> None:
    def factory(cursor: sqlite3.Cursor, row: tuple[object, ...]) -> object:
        return row[0], cursor.description

    with closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = factory
        connection.create_function("twice", 1, lambda number: lined.total + number)
        connection.execute("SELECT twice(1)").fetchall()


def run_text() -> None:
    exec("import os\ndef f(x):\n    x.y = os.name\nf(lambda: 0)", {})


@pytest.mark.parametrize(
    ("function", "reached"),
    [
        (finalise, ["finalise+1", "finalise+2", "finalise+2 write"]),
        (
            use_row_factory,
            [f"use_row_factory+{n}" for n in (4, 5, 6, 7)],
        ),
        (run_text, []),
    ],
)
def test_nothing_is_paused_where_it_must_not(
    function: Callable[[], None], reached: list[str]
) -> None:
    assert places(play(function), Path(__file__).name) == reached


def test_another_trace_function_sees_the_same_as_without() -> None:
    seen: list[tuple[str, int]] = []

    def trace(frame: types.FrameType, event: str, argument: object) -> Any:
        del argument
        if frame.f_code.co_filename == lined.__file__ and event == "line":
            seen.append((frame.f_code.co_name, frame.f_lineno))
        return trace

    with Simulation(doing(lined.everything)) as simulation:
        simulation.play(Schedule())  # once, to be warm
        threading.settrace(trace)
        try:
            plain = simulation.play(Schedule())
            expected, seen[:] = seen[:], []
            traced = simulation.play(Schedule(), with_lines=True)
        finally:
            threading.settrace(None)  # type: ignore[arg-type]  # as its documentation says
        assert expected == seen
        assert places(traced) == NAMES
        assert traced.history == plain.history


def stop_tracing() -> None:
    sys.settrace(None)


@pytest.mark.skipif(MONITORED, reason="a trace function takes nothing away from 3.12 on")
def test_a_trace_function_in_the_place_of_ours_is_told() -> None:
    with pytest.raises(TargetError, match="a thread has only one"):
        play(stop_tracing)


@pytest.mark.skipif(not MONITORED, reason="Python 3.11 has trace functions only")
def test_without_a_free_tool_nothing_is_played() -> None:
    monitoring: Any = getattr(sys, "monitoring")  # noqa: B009 - 3.11 has none
    for tool in range(6):
        monitoring.use_tool_id(tool, f"tool {tool}")
    try:
        with Simulation(doing(finalise)) as simulation:
            simulation.play(Schedule())
            with pytest.raises(TargetError, match="all are taken"):
                simulation.play(Schedule(), with_lines=True)
    finally:
        for tool in range(6):
            monitoring.free_tool_id(tool)
