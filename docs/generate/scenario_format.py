"""The page of the scenario file format, found out by trying the reader."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import tomli_w
from wording import HEAD, attributes, code, table

from runfaults.model import (
    Act,
    Death,
    Ending,
    Fault,
    FaultPoint,
    Preemption,
    Scenario,
    Schedule,
)
from runfaults.model.verdict import OF_ONE_HISTORY
from runfaults.scenario.file import ScenarioError, load_scenario

_TEXT = """\
# Scenario file format

{head}
A scenario is one TOML file. An unknown key, a value that means nothing, a fault that cannot strike
where the file wants it and a point that is never reached are errors, with line and remedy.

{tables}
## Values

- `expect`: {verdicts}.
- `pipeline`: {endings} ([what they do](acts-and-endings.md#endings-of-the-pipeline)).
- `times`: a whole number from 1 up, `"until lifted"` (a minute), or `"for 2 h"`.
- `kind` of a fault: one of the [fault kinds](fault-kinds.md). `kind` of an act: one of the
  [acts](acts-and-endings.md#acts). `rules`: [their names](rules.md), or those
  of the `own_rules` ([how to write one](../how-to/write-a-rule.md)).

## Points

{points}

The parts are:

{parts}"""


class _Part(NamedTuple):
    """A table of the file: its heading, whose attributes it sets, and where they are read back."""

    heading: str
    noun: type
    read: Callable[[Scenario], Any]
    full: dict[str, object]


_PARTS = (
    _Part(
        "",
        Scenario,
        lambda scenario: scenario,
        {
            "name": "n",
            "symptom": "s",
            "target": "genglossary",
            "expect": "holds",
            "rules": [],
            "own_rules": [],
        },
    ),
    _Part(
        "[schedule]",
        Schedule,
        lambda scenario: scenario.schedule,
        {"pipeline": "succeeds", "journal": "delete", "seed": 0},
    ),
    _Part(
        "[[fault]]",
        Fault,
        lambda scenario: scenario.schedule.faults[0],
        {"kind": "busy", "at": "run commit", "times": 1},
    ),
    _Part(
        "[[act]]",
        Act,
        lambda scenario: scenario.schedule.acts[0],
        {"kind": "cancel-task", "at": "run commit", "task": "Jobs.handle"},
    ),
    _Part(
        "[[preemption]]",
        Preemption,
        lambda scenario: scenario.schedule.preemptions[0],
        {"at": "run commit", "to": "user"},
    ),
    _Part(
        "[[death]]",
        Death,
        lambda scenario: scenario.schedule.deaths[0],
        {"at": "run commit", "after": False, "successors": 1},
    ),
)


def scenario_format_page() -> str:
    """The page, in Markdown."""
    return _TEXT.format(
        head=HEAD,
        tables="\n".join(_section(part) for part in _PARTS),
        verdicts=", ".join(code(verdict) for verdict in OF_ONE_HISTORY),
        endings=", ".join(code(ending) for ending in Ending),
        points=_second_paragraph(FaultPoint),
        parts=table(
            ["part", "meaning"],
            [[code(name), text] for name, text in attributes(FaultPoint).items()],
        ),
    )


def _section(part: _Part) -> str:
    meanings = attributes(part.noun)
    heading = code(part.heading) if part.heading else "At the top"
    several = "There may be several.\n\n" if part.heading.startswith("[[") else ""
    rows = [[code(key), _default(part, key), meanings[key]] for key in _allowed_keys(part)]
    keys = table(["key", "if it is missing", "meaning"], rows)
    return f"## {heading}\n\n{several}{keys}"


def _allowed_keys(part: _Part) -> list[str]:
    """The keys of the table, in our order, as the reader's complaint lists them."""
    try:
        _load(part, part.full | {"unknown-key": 0})
    except ScenarioError as error:
        listed = re.findall(r"[\w-]+", str(error).partition("allowed are: ")[2])
    else:
        raise AssertionError("the reader took an unknown key")
    tables = {each.heading.strip("[]") for each in _PARTS}
    keys = [key for key in listed if part.heading or key not in tables]
    assert set(keys) == set(part.full), f"{part.heading}: this page knows {sorted(part.full)}"
    return list(part.full)


def _default(part: _Part, key: str) -> str:
    try:
        scenario = _load(part, {k: v for k, v in part.full.items() if k != key})
    except ScenarioError:
        return "an error"
    value = getattr(part.read(scenario), key)
    return {None: "none", (): "none"}.get(value, code(value))


def _load(part: _Part, content: dict[str, object]) -> Scenario:
    head = content if not part.heading else _PARTS[0].full
    text = tomli_w.dumps(head)
    if part.heading:
        text += f"\n{part.heading}\n{tomli_w.dumps(content)}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "scenario.toml")
        path.write_text(text, encoding="utf-8")
        return load_scenario(path)


def _second_paragraph(noun: type) -> str:
    return (noun.__doc__ or "").split("\n\n")[1].replace("\n    ", "\n").strip()
