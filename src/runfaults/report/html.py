"""A check result as one HTML file: no network, no other file, nothing to install."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, cast

from runfaults.model import CheckResult, EventKind, Violation
from runfaults.report.explain import tell
from runfaults.report.grid import Grid, cell_text
from runfaults.report.steps import HARNESS, Step, printable, transition
from runfaults.report.swimlanes import Row, arrange, belongs_to_no_lane, fold
from runfaults.report.wording import (
    describe_duration,
    describe_extent,
    describe_printed,
    describe_region,
    describe_repair,
    describe_rule,
    describe_where,
    headline,
    replay_command,
)

if TYPE_CHECKING:
    from jinja2 import Environment

BUDGET = 2_500_000
"""Bytes of timelines, after which violations are told without one.

The file stays under 5 MB; `docs/measured/html.txt` has how fast a browser opens it."""
LONGEST = 2_000
"""Characters of a text from the system under test, after which it is cut."""
OPENED = 3
OPENED_ROWS = 200
"""The first timeline is open from the start, and the next few if they are short; a browser draws
the others when they are opened."""


def write(result: CheckResult, file: Path) -> None:
    """Write the result to a file."""
    file.write_text(to_html(result), encoding="utf-8")


def to_html(result: CheckResult) -> str:
    """The result as a page: rules, violations as timelines to step through, coverage.

    Everything is in the text returned; a content security policy in it forbids the browser to
    load anything else, or to run any script but the page's own.
    """
    environment = _environment()
    script = _asset("report.js")
    return environment.get_template("report.html.jinja").render(
        result=result,
        headline=headline(result),
        told={rule: describe_rule(result, rule) for rule in result.rules},
        regions=[describe_region(region) for region in result.regions],
        elapsed=describe_duration(result.elapsed),
        grid=Grid.of(result.coverage),
        violations=list(_violations(result, environment)),
        style=_asset("report.css"),
        script=script,
        script_hash=b64encode(sha256(script.encode()).digest()).decode(),
    )


def _violations(result: CheckResult, environment: Environment) -> Iterator[str]:
    """Each violation's part of the page; without timeline once the budget is spent."""
    template = environment.get_template("violation.html.jinja", globals={"EventKind": EventKind})
    left = BUDGET
    for number, violation in enumerate(result.violations, 1):
        told = {
            "number": number,
            "violation": violation,
            "sentences": tell(violation.history, violation.judgements),
            "command": replay_command(violation),
            "where": describe_where(violation),
            "repair": describe_repair(violation),
            "extent": describe_extent(violation),
            "printed": describe_printed(violation.history),
        }
        text = template.render(told | _drawn(number, violation)) if left > 0 else ""
        if not text or len(text.encode()) > left:
            text, left = template.render(told, swimlanes=None), 0
        left -= len(text.encode())
        yield text


def _drawn(number: int, violation: Violation) -> dict[str, object]:
    swimlanes = arrange(violation.history, violation.judgements, violation.neighbour)
    marks = _marks(swimlanes.rows, violation)
    frames: dict[str, int] = {}
    return {
        "swimlanes": swimlanes,
        "marks": marks,
        "open": number == 1 or (number <= OPENED and len(swimlanes.rows) <= OPENED_ROWS),
        "blocks": tuple(fold(swimlanes.rows)),
        "details": {
            "steps": [_details(row, violation, frames) for row in swimlanes.rows],
            "frames": list(frames),
            "selected": next(reversed(marks.values()), 0),
        },
        "bars": any(cell.bar for row in swimlanes.rows for cell in row.cells),
        "faults": ", ".join(map(str, violation.history.schedule.faults)),
    }


def _marks(rows: Sequence[Row], violation: Violation) -> dict[str, int]:
    """The rows that a reader looks for, by what they are: the one that decides comes last."""
    marks = dict.fromkeys(("First difference", "Fault", "Proof"), -1)
    evidence = frozenset(violation.failing[0].evidence[-1:] if violation.failing else ())
    for number, row in enumerate(rows):
        step = row.pair.failing
        if row.pair.first_difference:
            marks["First difference"] = number
        if marks["Fault"] < 0 and step and step.find(EventKind.STRIKE):
            marks["Fault"] = number
        if step and not evidence.isdisjoint(step.evidence):
            marks["Proof"] = number
    return {mark: number for mark, number in marks.items() if number >= 0}


def _details(row: Row, violation: Violation, frames: dict[str, int]) -> dict[str, object]:
    """The text that the page shows, and reads aloud, when this row is the current one.

    A line of a stack is in the page once: `frames` has the number that stands for it.
    """
    step, other, left_out = row.pair.failing, row.pair.passing, row.pair.left_out
    nothing = f"{left_out:,} steps are left out here." if left_out else "Nothing happens here."
    return {
        "time": f"{step.time:.4f} s" if step else "",
        "step": _headline(step) if step else nothing,
        "facts": _facts(step, violation) if step else [],
        "stack": [
            frames.setdefault(_shown(line), len(frames))
            for line in reversed(step.stack if step else ())
        ],
        "other": "" if row.pair.alike else _headline(other) if other else "",
        "otherFacts": _facts(other, violation) if other and not row.pair.alike else [],
        "first": row.pair.first_difference,
    }


def _headline(step: Step) -> str:
    title = _clip(step.title or step.waiting or "status")
    return title if step.actor == HARNESS else f"{printable(step.actor)}: {title}"


def _facts(step: Step, violation: Violation) -> list[tuple[str, str]]:
    """The facts about a step, as labels and texts."""
    strike = step.find(EventKind.STRIKE)
    error, answer = step.find(EventKind.ERROR), step.find(EventKind.OK)
    facts = [
        ("SQL", step.sql),
        ("Fault", f"{strike.subject}: {strike.value}" if strike else ""),
        ("Wait", step.waiting if step.title else ""),
        ("Error", error.value if error else ""),
        ("Result", (answer.value or "ok") if answer and step.operation else ""),
        ("Database", "; ".join(map(transition, step.statuses))),
        ("Proof", "\n".join(_proofs(step, violation))),
    ]
    return [(label, _shown(text)) for label, text in facts if text]


def _proofs(step: Step, violation: Violation) -> Iterator[str]:
    """The judgements that the step is evidence of."""
    for judgement in violation.judgements:
        if not set(step.evidence).isdisjoint(judgement.evidence) and judgement in violation.failing:
            yield f"{judgement.rule}: {judgement.reason}"


def _clip(text: str) -> str:
    left = len(text) - LONGEST
    return text if left <= 0 else f"{text[:LONGEST]}… ({left:,} more characters)"


def _asset(name: str) -> str:
    return files("runfaults.report").joinpath("assets", name).read_text("utf-8")


def _environment() -> Environment:
    from jinja2 import DictLoader, Environment, StrictUndefined

    names = ("report.html.jinja", "violation.html.jinja")
    environment = Environment(
        loader=DictLoader({name: _asset(name) for name in names}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # jinja2 leaves the types of these open.
    filters = cast("dict[str, object]", environment.filters)  # pyright: ignore[reportUnknownMemberType]
    tests = cast("dict[str, object]", environment.tests)  # pyright: ignore[reportUnknownMemberType]
    filters |= {
        "printable": _shown,
        "transition": transition,
        "cell": cell_text,
    }
    tests["of_no_lane"] = belongs_to_no_lane
    return environment


def _shown(text: str) -> str:
    return _clip(printable(text))
