"""Reads hand-written histories: the canonical text of events, without numbers and times.

A control file of `histories/` belongs to the rule it is named after. Each of its controls is

    == broken: what the planted bug does
    says the exact reason
    user request start
    * database status run=1 pending -> running

where a star marks the evidence, `== holds` is an innocent twin, and `== not exercised` a history
in which the rule's question never came up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from runfaults.model import Event, EventKind, History, Schedule, Verdict, Vocabulary
from runfaults.sim.acts import MAY_CANCEL

HISTORIES = Path(__file__).with_name("histories")

WORDS = Vocabulary(
    active=frozenset({"pending", "running"}),
    completed=frozenset({"completed"}),
    cancelled=frozenset({"cancelled"}),
    failed=frozenset({"failed"}),
    interrupted=frozenset({"interrupted"}),
)

_EVENT = re.compile(
    r"(?P<actor>\S+) (?P<kind>[a-z]+)(?: run=(?P<run>\d+))?"
    r"(?: (?!->)(?P<subject>.+?))?(?: ->(?: (?P<value>.*))?)?"
)


NOT_EXERCISED = "not exercised"


class Control(NamedTuple):
    rule: str
    state: str
    title: str
    reason: str
    evidence: tuple[int, ...]
    history: History

    @property
    def verdict(self) -> Verdict:
        return Verdict.HOLDS if self.state == NOT_EXERCISED else Verdict(self.state)


def read_event(number: int, line: str) -> Event:
    match = _EVENT.fullmatch(line)
    assert match, f"not an event: {line!r}"
    run = match["run"]
    return Event(
        number,
        number / 10,
        match["actor"],
        EventKind(match["kind"]),
        match["subject"] or "",
        match["value"] or "",
        None if run is None else int(run),
    )


def read_history(text: str) -> History:
    lines = [line.strip() for line in text.strip().splitlines()]
    events = tuple(read_event(number, line) for number, line in enumerate(lines))
    return History("hand-written", Schedule(), WORDS, events, may_cancel=MAY_CANCEL)


def read_controls(path: Path) -> Iterator[Control]:
    for block in re.split(r"^== ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        heading, *lines = [line.strip() for line in block.strip().splitlines()]
        state, _, title = heading.partition(": ")
        reason = lines.pop(0).removeprefix("says ") if lines[0].startswith("says ") else ""
        starred = tuple(n for n, line in enumerate(lines) if line.startswith("* "))
        history = read_history("\n".join(line.removeprefix("* ") for line in lines))
        yield Control(path.stem, state, title, reason, starred, history)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "control" in metafunc.fixturenames:
        controls = [c for path in sorted(HISTORIES.glob("*.txt")) for c in read_controls(path)]
        names = [f"{c.rule}: {c.state}: {c.title}" for c in controls]
        metafunc.parametrize("control", controls, ids=names)


@pytest.fixture
def history() -> Callable[[str], History]:
    return read_history


@pytest.fixture
def controls() -> list[Control]:
    return [c for path in sorted(HISTORIES.glob("*.txt")) for c in read_controls(path)]
