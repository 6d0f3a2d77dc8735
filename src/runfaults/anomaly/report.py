"""An experiment as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from runfaults.anomaly.outcome import Cause, Outcome, causes
from runfaults.model.counting import counted
from runfaults.model.verdict import Verdict
from runfaults.report.steps import printable
from runfaults.sqlite.kinds import KINDS
from runfaults.sqlite.likelihood import Likelihood
from runfaults.sqlite.strike import Strike

_OTHERS = 6
"""So many other operations are listed of a cause."""


def summary(outcomes: Sequence[Outcome], not_tried: int = 0, unmeasured: Sequence[str] = ()) -> str:
    """A line: how many faults, how many broken, unknown, not tried, and what no fault strikes."""
    places = {outcome.strike.at for outcome in outcomes}
    told = f"{counted(len(outcomes), 'fault')} at {counted(len(places), 'operation')}"
    broken, unknown = (
        sum(outcome.verdict is verdict for outcome in outcomes)
        for verdict in (Verdict.BROKEN, Verdict.UNKNOWN)
    )
    told += f": {broken:,} broken" if broken else ": none broken"
    if unknown:
        told += f", {unknown:,} unknown"
    if unmeasured:
        told += f"; no fault strikes {', '.join(unmeasured)}"
    return f"{told}; {not_tried:,} not tried: the time limit was reached" if not_tried else told


def report(
    outcomes: Sequence[Outcome],
    *,
    not_tried: int = 0,
    volatile: str = "",
    reproduce: Callable[[Strike], str] = str,
) -> str:
    """What was broken, one entry a cause, and what is unknown.

    Args:
        outcomes: What came of each fault.
        not_tried: How many were left.
        volatile: What was not compared.
        reproduce: The command that tries one fault again.
    """
    lines = [summary(outcomes, not_tried)]
    remote_told = False
    for number, cause in enumerate(causes(outcomes), start=1):
        if cause.example.likelihood >= Likelihood.REMOTE and not remote_told:
            remote_told = True
            lines += ["", "Only where memory runs out or something interrupts the connection:"]
        lines += ["", *_entry(number, cause, reproduce)]
    lines += _unknown(outcomes)
    if volatile:
        lines += ["", f"not compared, because it differs between clean runs: {volatile}"]
    return printable("\n".join(lines))


def _entry(number: int, cause: Cause, reproduce: Callable[[Strike], str]) -> Iterator[str]:
    example = cause.example
    first, *more = example.broken
    yield f"{number}. {first.what}"
    lasting = " (from here on, as long as the call lasts)" if example.strike.lasting else ""
    yield f"   fault: {example.strike.kind}: {KINDS[example.strike.kind].summary}{lasting}"
    yield f"   at operation {example.strike.at}: {example.seen}"
    yield from (f"     {line}" for line in example.seen.place.splitlines())
    yield from (f"   {line}" for line in first.details)
    for other in more:
        yield f"   also: {other.what}"
    yield f"   to reproduce: {reproduce(example.strike)}"
    yield from _others(cause)


def _others(cause: Cause) -> Iterator[str]:
    kinds: dict[str, list[str]] = {}
    for outcome in cause.outcomes[1:]:
        strike, seen = outcome.strike, outcome.seen
        place = f" ({seen.place.partition(' in ')[0]})" if seen.place else ""
        lasting = " until lifted" if strike.lasting else ""
        kinds.setdefault(f"{strike.at} {seen}{place}", []).append(f"{strike.kind}{lasting}")
    if kinds:
        yield f"   the same by {counted(len(cause.outcomes) - 1, 'other fault')}:"
    for place, names in list(kinds.items())[:_OTHERS]:
        yield f"     {place}: {', '.join(names)}"
    if len(kinds) > _OTHERS:
        yield f"     and at {counted(len(kinds) - _OTHERS, 'more operation')}"


def _unknown(outcomes: Iterable[Outcome]) -> list[str]:
    unknown = [each for each in outcomes if each.verdict is Verdict.UNKNOWN]
    if not unknown:
        return []
    lines = ["", f"{counted(len(unknown), 'fault')} could not be judged:"]
    lines += [f"   {each.strike} {each.seen}: {each.unknown}" for each in unknown[:3]]
    return lines
