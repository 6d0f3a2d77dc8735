"""The page of what many schedules cost, computed from a run that was measured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from wording import HEAD

from growth import growth_sections

MEASURED = Path(__file__).parents[1] / "measured" / "deep.txt"
"""What `tests/docs/measure.py` wrote of a check of more than a million schedules."""

_FORM = re.compile(
    r"""Obtained\ on\ (?P<date>\S+)\ at\ commit\ (?P<commit>\w+)\ .*\n
    \ +(?P<command>.+)\n
    on\ (?P<machine>.*\ with\ (?P<cores>\d+)\ cores);\n
    .*\n
    It\ took\ (?P<seconds>[\d,]+)\ seconds,\ and\ (?P<megabytes>\d+)\ MB\ .*
    (?s:.*)\ under\ all\ (?P<schedules>[\d,]+)\ schedules""",
    re.VERBOSE,
)
_CORES = (1, 16, 256, 4096)
_BILLION = 1_000_000_000


def cost_page() -> str:
    """The page, in Markdown.

    Raises:
        ValueError: if the file has another form, or its check did not end.
    """
    measured = _FORM.match(MEASURED.read_text("utf-8"))
    if measured is None:
        raise ValueError(f"{MEASURED} is not what tests/docs/measure.py writes of a finished check")
    lines = (*_sections(measured), *growth_sections())
    return f"# What many schedules cost\n\n{HEAD}\n" + "\n".join(lines) + "\n"


def _sections(measured: re.Match[str]) -> Iterator[str]:
    schedules, seconds, cores, megabytes = (
        int(measured[name].replace(",", ""))
        for name in ("schedules", "seconds", "cores", "megabytes")
    )
    core = cores * seconds / schedules
    yield f"Measured on {measured['date']} at commit {measured['commit']},"
    yield f"on {measured['machine']}, with a process for each:\n"
    yield f"```text\n{measured['command']}\n```\n"
    yield f"- {schedules:,} schedules in {_span(seconds)}"
    yield f"- {1 / core:,.0f} schedules a second for each process"
    yield f"- at most {megabytes} MB in a process\n"
    yield "A billion schedules of the same sort, if more cores are as good as these:\n"
    yield "| cores | time | core hours |"
    yield "|---|---|---|"
    for many in _CORES:
        yield f"| {many:,} | {_span(_BILLION * core / many)} | {_BILLION * core / 3600:,.0f} |"


def _span(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:,.1f} seconds"
