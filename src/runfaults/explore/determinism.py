"""Checks that the same schedule gives the same history."""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

from runfaults.explore.endings import Endings
from runfaults.explore.findings import Findings
from runfaults.explore.runner import Player
from runfaults.model import Schedule
from runfaults.sim.execution import Execution
from runfaults.sim.identity import other_addresses
from runfaults.sqlite.kinds import KINDS

SAMPLED = 16
"""Of so many jobs, about one has its base schedule run twice more, to compare the histories."""


def compare_some(
    player: Player, schedule: Schedule, found: Findings, endings: Endings | None = None
) -> None:
    """Compare histories of a base schedule, if it is a clean one or one of a few others.

    Args:
        player: Runs it.
        schedule: What is run.
        found: Where a difference is noted.
        endings: Those that are taken to be the same where they make no difference.
    """
    if not schedule.size or crc32(str(schedule).encode()) % SAMPLED == 0:
        surveyed = player.play(schedule, survey=tuple(KINDS))
        difference = _difference_elsewhere(player, schedule, surveyed)
        if endings is not None:
            difference = difference or _difference_by_ending(player, surveyed, endings)
        found.doubts += [difference] if difference else []


def _difference_by_ending(player: Player, execution: Execution, endings: Endings) -> str | None:
    """Run the schedule with the last of the endings that shall make no difference to it."""
    for ending in endings.alike(execution)[-1:]:
        other = replace(execution.history.schedule, pipeline=ending)
        return _difference(other, _as_lines(execution), _lines(player, other))
    return None


def first_difference(player: Player, schedule: Schedule) -> str | None:
    """Run a schedule again, with a survey and with objects at other addresses, and compare.

    A survey asks what could strike, and must not be noticed.

    Args:
        player: Runs it.
        schedule: What is run.

    Returns:
        `uncontrolled nondeterminism at event N: ...`, or None if the histories are equal.
    """
    return _difference_elsewhere(player, schedule, player.play(schedule, survey=tuple(KINDS)))


def _difference_elsewhere(player: Player, schedule: Schedule, surveyed: Execution) -> str | None:
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
