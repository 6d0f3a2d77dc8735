"""The part of the page on cost that tells how it grows, from what benchmarks/growth.py measured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MEASURED = Path(__file__).parents[1] / "measured" / "growth.json"


def growth_sections() -> Iterator[str]:
    """Its lines, in Markdown."""
    measured: dict[str, Any] = json.loads(MEASURED.read_text("utf-8"))
    yield "\n## How cost grows\n"
    yield f"Measured on {measured['date']} on {measured['machine']}, by `benchmarks/growth.py`.\n"
    yield "![Three plots: seconds by schedules, by operations, and by processes](growth.svg)\n"
    yield "Up to three lock errors anywhere in a run of the corrected manager, in one process:\n"
    yield "| faults | schedules | each |"
    yield "|---|---|---|"
    for row in measured["bounds"]:
        each = _milliseconds(row["seconds"] / row["schedules"])
        yield f"| {row['faults']} | {row['schedules']:,} | {each} |"
    yield "\nOne lock error in work with ever more operations:\n"
    yield "| operations | schedules | to list them | each | for each operation |"
    yield "|---|---|---|---|---|"
    for row in measured["operations"]:
        listed, each = row["seconds to list them"], row["seconds for each schedule"]
        number = row["operations"]
        yield (
            f"| {number:,} | {row['jobs']:,} | {_milliseconds(listed)} | {_milliseconds(each)} "
            f"| {1e6 * each / number:,.0f} µs |"
        )
    yield "\nThe bound `quick`, from the start of the command to its end:\n"
    yield "| processes | schedules | seconds |"
    yield "|---|---|---|"
    for row in measured["processes"]:
        yield f"| {row['processes']} | {row['schedules']:,} | {row['seconds']:.1f} |"


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:,.1f} ms"
