"""What a crash sweep found, as a report needs it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence

from runfaults.explore.findings import Findings, schedule_order
from runfaults.explore.trial import Witness
from runfaults.model import (
    Cell,
    Event,
    EventKind,
    History,
    Scenario,
    Tally,
    Verdict,
    Violation,
)

BEFORE, AFTER = "sigkill-before", "sigkill-after"

MOMENTS = frozenset(
    {
        EventKind.INVOKE,
        EventKind.OK,
        EventKind.ERROR,
        EventKind.REQUEST,
        EventKind.REPLY,
        EventKind.PIPELINE,
        EventKind.SIGNAL,
        EventKind.THREAD,
    }
)
"""Events right after which a process can die in a state of its own: INVOKE is right before a fault
point's operation, OK and ERROR right after it, before the target hears how it went. After the
others the target has done nothing since the event before them."""


def place_of(events: Sequence[Event], life: int) -> tuple[str, str]:
    """The row and column of the coverage grid for a death after the last event."""
    last = events[-1]
    if last.kind in {EventKind.OK, EventKind.ERROR}:
        invoked = (
            e.subject
            for e in reversed(events)
            if e.kind is EventKind.INVOKE and e.actor == last.actor
        )
        point, kind = next(invoked), AFTER
    elif last.kind is EventKind.INVOKE:
        point, kind = last.subject, BEFORE
    else:
        point, kind = f"{last.actor} {last.kind} {last.subject}".strip(), AFTER
    return (point if life == 1 else f"recovery: {point}"), kind


def deaths_of(history: History) -> tuple[int, ...]:
    """The moments of death, each counted from the beginning of its life."""
    deaths: list[int] = []
    begin = last = 0
    for event in history.events:
        if event.kind is EventKind.THREAD and (event.actor, event.subject) == ("process", "died"):
            deaths.append(last - begin)
            begin = event.number + 1
        elif event.kind in MOMENTS:
            last = event.number
    return tuple(deaths)


def reproduction(target: str, history: History) -> str:
    """The command that plays the same story again."""
    deaths = "".join(f" --die-after {death}" for death in deaths_of(history))
    schedule = shlex.quote(str(history.schedule))
    return f"runfaults crash --target {shlex.quote(target)} --schedule {schedule}{deaths}"


def cells(found: Findings) -> Iterable[Cell]:
    """The cells of the coverage grid."""
    for point, kind in dict.fromkeys((point, kind) for point, kind, _ in found.cells):
        counts = [
            found.cells[point, kind, verdict]
            for verdict in (Verdict.HOLDS, Verdict.BROKEN, Verdict.UNKNOWN)
        ]
        yield Cell(point, kind, Tally(*counts))


def violations(target: str, found: Findings) -> Iterator[Violation]:
    """The first witness of each rule and verdict that is no pass, smallest first."""
    chosen: dict[str, Witness] = {each.history.digest(): each for each in found.witnesses.values()}
    for witness in sorted(chosen.values(), key=_size):
        verdict = Verdict.worst(judgement.verdict for judgement in witness.judgements)
        against = [each for each in witness.judgements if each.verdict is verdict]
        scenario = Scenario(
            name=f"{target.rpartition(':')[2]}-crash-{against[0].rule}",
            symptom=against[0].reason,
            target=target,
            schedule=witness.history.schedule,
            expect=verdict,
            rules=tuple(each.rule for each in against),
        )
        yield Violation(
            scenario,
            witness.history,
            witness.judgements,
            confirmed="every death was a real SIGKILL on a real database file; to reproduce: "
            + reproduction(target, witness.history),
        )


def _size(witness: Witness) -> tuple[int, tuple[int, int, int, str], tuple[int, ...]]:
    deaths = deaths_of(witness.history)
    return len(deaths), schedule_order(witness.history.schedule), deaths
