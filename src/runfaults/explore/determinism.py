"""Checks that the same schedule gives the same history, also in another process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from zlib import crc32

from runfaults.explore.findings import Findings
from runfaults.explore.runner import Player
from runfaults.model import Schedule
from runfaults.sim.execution import Execution
from runfaults.sim.identity import other_addresses
from runfaults.sim.simulation import Simulation
from runfaults.sqlite.kinds import KINDS
from runfaults.targets import target_named

SAMPLED = 16
"""Of so many jobs, about one has its base schedule run twice more, to compare the histories."""


def compare_some(player: Player, schedule: Schedule, found: Findings) -> None:
    """Compare histories of a base schedule, if it is a clean one or one of a few others."""
    if not schedule.size or crc32(str(schedule).encode()) % SAMPLED == 0:
        difference = first_difference(player, schedule)
        found.doubts += [difference] if difference else []


def first_difference(player: Player, schedule: Schedule) -> str | None:
    """Run a schedule again, with a survey and with objects at other addresses, and compare.

    A survey asks what could strike, and must not be noticed.

    Args:
        player: Runs it.
        schedule: What is run.

    Returns:
        `uncontrolled nondeterminism at event N: ...`, or None if the histories are equal.
    """
    surveyed = player.play(schedule, survey=tuple(KINDS))
    lines = _lines(player, schedule)
    difference = _difference(schedule, lines, _as_lines(surveyed))
    with other_addresses() as found:
        elsewhere = _lines(player, schedule)
    moved = _difference(schedule, lines, elsewhere)
    if moved is None or not found:
        return difference or moved
    told = "; ".join(f"{name}, first at {place}" for name, place in found.items())
    return (
        f"{difference or moved}; these are hashed by their addresses, which gives a set of them "
        f"another order each time: {told}; give the class a __hash__, or go through a list"
    )


def first_difference_elsewhere(
    target: str, player: Player, schedules: Sequence[Schedule]
) -> str | None:
    """Run schedules here and in a fresh process with another hash seed, and compare the histories.

    What depends on the order of a set of strings, or on what ran before in this process, differs
    only between processes. One process is started for all schedules.

    Args:
        target: The player's target, as `target_named` knows it.
        player: Runs them here.
        schedules: What is run.

    Returns:
        `uncontrolled nondeterminism at event N: ...` of the first schedule that differs, or None.

    Raises:
        RuntimeError: if the other process fails; with what it said.
    """
    there = _run_elsewhere(target, schedules)
    pairs = zip(schedules, there, strict=True)
    found = (_difference(one, _lines(player, one), lines) for one, lines in pairs)
    return next((difference for difference in found if difference), None)


def _lines(player: Player, schedule: Schedule) -> list[str]:
    return _as_lines(player.play(schedule))


def _as_lines(execution: Execution) -> list[str]:
    return [str(event) for event in execution.history.events]


def _difference(schedule: Schedule, first: list[str], second: list[str]) -> str | None:
    if first == second:
        return None
    pairs = enumerate(zip(first, second, strict=False))
    shorter = min(len(first), len(second))
    number = next((n for n, (one, other) in pairs if one != other), shorter)
    one, other = (lines[number] if number < len(lines) else "nothing" for lines in (first, second))
    return (
        f"uncontrolled nondeterminism at event {number}: once '{one}', then '{other}'; "
        f"schedule: {schedule}"
    )


def _run_elsewhere(target: str, schedules: Sequence[Schedule]) -> list[list[str]]:
    """The events of each schedule, as lines, from a process of its own."""
    ours = os.environ.get("PYTHONHASHSEED", "")
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "1" if ours != "1" else "2",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    done = subprocess.run(  # noqa: S603  # our own interpreter, our own module
        [sys.executable, "-m", "runfaults.explore.determinism", target],
        input=json.dumps([str(schedule) for schedule in schedules]),
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode:
        raise RuntimeError(
            f"the process that checks determinism ended with {done.returncode}:\n{done.stderr}"
        )
    return json.loads(done.stdout)


def _main() -> None:
    """Run the schedules that are given as JSON on standard input; print their events as JSON."""
    schedules = [Schedule.parse(text) for text in json.load(sys.stdin)]
    with Simulation(target_named(sys.argv[1])) as simulation:
        lines = [_lines(simulation, schedule) for schedule in schedules]
    json.dump(lines, sys.stdout)


if __name__ == "__main__":
    _main()
