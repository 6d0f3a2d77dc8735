"""The page of what many schedules cost, computed from a run that was measured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wording import HEAD

MEASURED = Path(__file__).parents[1] / "measured" / "million.json"
"""Keys: `date`, `commit`, `command`, `machine` (texts), `schedules`, `processes` (counts),
`seconds` (real ones, from start to end), `megabytes` (the most that a process had)."""

_INTRODUCTION = """\
# What many schedules cost

{head}
"""
_NOT_YET = """\
No such run has been measured for this version. `docs/measured/million.json` is where its figures
belong; `docs/generate/cost.py` says which.
"""
_CORES = (1, 16, 256, 4096)
_BILLION = 1_000_000_000


def cost_page() -> str:
    """The page, in Markdown."""
    page = _INTRODUCTION.format(head=HEAD)
    if not MEASURED.exists():
        return page + _NOT_YET
    return page + "\n".join(_sections(json.loads(MEASURED.read_text("utf-8")))) + "\n"


def _sections(measured: dict[str, Any]) -> Iterator[str]:
    schedules, processes, seconds = (measured[k] for k in ("schedules", "processes", "seconds"))
    core = processes * seconds / schedules
    yield f"Measured on {measured['date']} at commit {measured['commit']},"
    yield f"on {measured['machine']}:\n"
    yield f"```text\n{measured['command']}\n```\n"
    yield f"- {schedules:,} schedules in {_span(seconds)} with {processes} processes"
    yield f"- {1 / core:,.0f} schedules a second for each process"
    yield f"- at most {measured['megabytes']:.0f} MB in a process\n"
    yield "A billion schedules of the same sort, if more cores are as good as these:\n"
    yield "| cores | time | core hours |"
    yield "|---|---|---|"
    for cores in _CORES:
        yield f"| {cores:,} | {_span(_BILLION * core / cores)} | {_BILLION * core / 3600:,.0f} |"


def _span(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:,.1f} seconds"
