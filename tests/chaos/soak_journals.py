"""Journals and audits written by hand: the lines of a soak, in the order in which they happened."""

from __future__ import annotations

from typing import NamedTuple

from runfaults.chaos.journal import Entry
from runfaults.chaos.telling import tell
from runfaults.model import Event, EventKind, History, Schedule, Vocabulary
from runfaults.sim.acts import MAY_CANCEL
from runfaults.sim.commits import TICK, Transition

WORDS = Vocabulary(
    active=frozenset({"pending", "running"}),
    completed=frozenset({"completed"}),
    cancelled=frozenset({"cancelled"}),
    failed=frozenset({"failed"}),
    interrupted=frozenset({"interrupted"}),
)

STEP = 10
"""Milliseconds from one line to the next."""


class Soak(NamedTuple):
    entries: list[Entry]
    transitions: list[Transition]


def read(text: str) -> Soak:
    """Lines of `[@MS] PROCESS WHAT [PHASE] [RUN] [= VALUE]` or `[@MS] audit RUN OLD>NEW`.

    Without a time, a line is ten milliseconds after the one before. The audit rounds down.
    """
    soak = Soak([], [])
    clock = 0.0
    for line in filter(str.strip, text.splitlines()):
        words, _, value = line.strip().partition(" = ")
        who, what, *rest = words.split()
        clock += STEP
        if who.startswith("@"):
            clock, who, what, rest = float(who[1:]), what, rest[0], rest[1:]
        at = round(clock * TICK)
        if who == "audit":
            old, new = rest[0].split(">")
            soak.transitions.append(Transition(int(what), old, new, at // TICK * TICK))
            continue
        run = int(rest.pop()) if rest and rest[-1].isdecimal() else None
        soak.entries.append(Entry(at, who, what, rest[0] if rest else "", run, value))
    soak.entries.sort()
    return soak


def history(text: str, *, settled: bool = True) -> History:
    soak = read(text)
    events = tell(soak.entries, soak.transitions, WORDS)
    if settled:
        events.append(Event(len(events), 1e9, "harness", EventKind.SETTLED))
    return History("hand-written", Schedule(), WORDS, tuple(events), MAY_CANCEL)
