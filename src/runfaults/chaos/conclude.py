"""Judges a soak's history and counts its runs: the result that every report shows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from runfaults.model import (
    CheckResult,
    EarlyEnd,
    History,
    Judgement,
    Region,
    Scenario,
    Tally,
    Verdict,
    Versions,
    Violation,
)
from runfaults.model.counting import counted
from runfaults.oracle import RULES, Facts, Finding, Rule, RuleError

SHOWN = 3
"""Violations of each rule that a result shows; it counts them all."""

NOT_JUDGED = {
    "nothing-leaks": "the manager's threads, locks and connections end with their processes",
    "nothing-escapes": "what leaves a thread in another process is not seen",
}
"""The rules that do not judge a soak, and why."""

UNREAD = "crash-loses-no-recorded-outcome"
"""The rule that needs a target whose manager can be asked for a status."""


class Circumstances(NamedTuple):
    """How a soak went, for its result.

    Attributes:
        description: What ran, in words.
        seconds: How long the trouble lasted.
        versions: What it was measured with.
        problems: What kept the soak from finishing, a sentence each.
        remarks: What else the reader has to know, a sentence each.
        reads: Whether users could ask for a run's status.
        exempt: Names of the rules that do not judge the target.
    """

    description: str
    seconds: float
    versions: Versions
    problems: tuple[str, ...]
    remarks: tuple[str, ...]
    reads: bool
    exempt: tuple[str, ...] = ()


def conclude(
    history: History, circumstances: Circumstances, own_rules: tuple[Rule, ...] = ()
) -> CheckResult:
    """Judge every run of a soak by every rule that makes sense for it.

    Args:
        history: The soak, told as one history.
        circumstances: How it went.
        own_rules: Rules of the user's own, which judge it too.
    """
    facts = Facts.of(history)
    left_out = dict(NOT_JUDGED)
    if not circumstances.reads:
        left_out[UNREAD] = "the manager cannot be asked for a run's status"
    left_out = {rule: why for rule, why in left_out.items() if rule not in circumstances.exempt}
    silent = {*circumstances.exempt, *left_out}
    rules = [rule for rule in (*RULES, *own_rules) if rule.name not in silent]
    found = {rule.name: list(_findings(rule, history, facts)) for rule in rules}
    runs = len(facts.runs)
    failing = [finding for findings in found.values() for finding in findings]
    return CheckResult(
        target=history.target,
        versions=circumstances.versions,
        regions=(Region(circumstances.description, runs),),
        schedules=_tally(failing, history, facts),
        elapsed=circumstances.seconds,
        rules={
            rule.name: _tally(found[rule.name], history, facts)._replace(
                exercised=None if rule.exercised(history, facts) else 0
            )
            for rule in rules
        },
        violations=tuple(_violations(history, facts, found)),
        not_reached=circumstances.problems,
        interrupted=EarlyEnd.PROBLEMS if circumstances.problems else None,
        remarks=(
            *(f"{rule} does not judge a soak: {why}" for rule, why in left_out.items()),
            *circumstances.remarks,
            _listed(
                "runs, by what is recorded",
                (f"{count:,} {status}" for status, count in sorted(statuses(facts).items())),
            ),
            _listed(
                "held against the database",
                (counted(count, what) for what, count in sorted(answers(history, facts).items())),
            ),
        ),
        noun="run",
    )


def statuses(facts: Facts) -> Counter[str]:
    """How many runs ended with each status."""
    return Counter(run.status or "no row" for run in facts.runs.values())


def answers(history: History, facts: Facts) -> Counter[str]:
    """How many answers of each sort the rules held against the database."""
    words = history.vocabulary
    counts: Counter[str] = Counter()
    for run in facts.runs.values():
        counts["accepted cancel"] += len(run.accepted)
        counts["completion signal"] += len(run.signals)
        counts["returned pipeline"] += run.ended("returned") is not None
        counts["recorded failure"] += run.status in words.failed
        counts["recorded interruption"] += run.status in words.interrupted
        for request in run.requests:
            read = request.reply is not None and request.reply.value in words.terminal
            counts["answered start"] += request.starts and not request.raised
            counts["terminal answer"] += request.subject == "read" and read
    return counts


def _listed(what: str, counts: Iterable[str]) -> str:
    return f"{what}: {', '.join(counts) or 'none'}"


def _findings(rule: Rule, history: History, facts: Facts) -> Iterator[Finding]:
    """Everything the rule finds; its own crash is something that it cannot know."""
    try:
        yield from rule.search(history, facts)
    except RuleError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever went wrong, it must not look like a pass
        reason = f"the rule itself crashed: {type(error).__name__}: {error}"
        yield Finding(Verdict.UNKNOWN, reason, ())


def _run_of(finding: Finding, history: History) -> int | None:
    """The run that the finding is about: that of its last proof; None if it is the database."""
    runs = (history.events[number].run for number in reversed(finding.evidence))
    return next((run for run in runs if run is not None), None)


def _tally(findings: Iterable[Finding], history: History, facts: Facts) -> Tally:
    """The runs by what was found of them; what is about the whole database counts for one."""
    worst: dict[int | None, Verdict] = {}
    for finding in findings:
        run = _run_of(finding, history)
        worst[run] = Verdict.worst((finding.verdict, worst.get(run, Verdict.HOLDS)))
    counts = Counter(worst.values())
    broken, unknown = counts[Verdict.BROKEN], counts[Verdict.UNKNOWN]
    rest = max(0, len(facts.runs) - broken - unknown)
    return Tally(0, broken, unknown + rest) if facts.doubt else Tally(rest, broken, unknown)


def _violations(
    history: History, facts: Facts, found: Mapping[str, list[Finding]]
) -> Iterator[Violation]:
    """The first runs that break each rule, in order, each with the events that concern it."""
    failing: defaultdict[int | None, dict[str, Finding]] = defaultdict(dict)
    shown: set[int | None] = set()
    for rule, findings in found.items():
        runs: list[int | None] = []
        for finding in findings:
            run = _run_of(finding, history)
            if finding.verdict is Verdict.BROKEN and rule not in failing[run]:
                failing[run][rule] = finding
                runs.append(run)
        shown.update(runs[:SHOWN])
    for run in sorted(shown, key=lambda run: min(map(_moment, failing[run].values()))):
        name = history.target.rpartition(":")[2]
        proofs = failing[run]
        scenario = Scenario(
            name=f"{name}-chaos-{'database' if run is None else f'run-{run}'}",
            symptom=next(iter(proofs.values())).reason,
            target=history.target,
            schedule=history.schedule,
            expect=Verdict.BROKEN,
            rules=tuple(proofs),
        )
        judgements = tuple(
            Judgement(rule, *proofs[rule]) if rule in proofs else Judgement(rule, Verdict.HOLDS)
            for rule in found
        )
        yield Violation(
            scenario,
            _window(run, proofs.values(), history, facts),
            judgements,
            evidence="confirmed: real processes, real time",
            replays=False,
        )


def _moment(finding: Finding) -> int:
    return finding.evidence[-1] if finding.evidence else -1


def _window(run: int | None, proofs: Iterable[Finding], history: History, facts: Facts) -> History:
    """The events that concern a run: its own, its owners' deaths, and whatever proves something.

    They keep their numbers, by which the findings name them.
    """
    numbers = {number for finding in proofs for number in finding.evidence}
    about = {history.events[number].run for number in numbers} | {run}
    concerned = {each for each in about if each is not None}
    for each in concerned & facts.runs.keys():
        told = facts.runs[each]
        numbers |= {death.number for death in facts.deaths_of(told)}
        for request in told.requests:
            numbers |= {event.number for event in (request.asked, request.reply) if event}
    events = tuple(
        event for event in history.events if event.number in numbers or event.run in concerned
    )
    return replace(history, events=events)
