"""Findings as JSON, for the journal of a campaign and for the cache."""

from __future__ import annotations

from collections import Counter
from typing import Any

from runfaults.explore.findings import Findings, RunCount
from runfaults.explore.job import Job, Measured
from runfaults.explore.mark import Mark, Sighting
from runfaults.explore.trial import Witness
from runfaults.model import Event, EventKind, History, Judgement, Schedule, Verdict, Vocabulary

FORMAT = 10
"""Raised when the form changes: what was written before is not read any more."""

_WORDS = ("active", "completed", "cancelled", "failed", "interrupted")


def to_document(found: Findings) -> dict[str, Any]:
    """Everything in the findings, as JSON can say it."""
    return {
        "verdicts": dict(found.verdicts),
        "pruned": found.pruned,
        "regions": {region: list(counted) for region, counted in sorted(found.regions.items())},
        "rules": [[*key, count] for key, count in sorted(found.rules.items())],
        "cells": [[*key, count] for key, count in sorted(found.cells.items())],
        "impossible": [[*key, reason] for key, reason in sorted(found.impossible.items())],
        "witnesses": [
            [*key, _history(witness.history), [list(each) for each in witness.judgements]]
            for key, witness in sorted(found.witnesses.items(), key=lambda item: item[0])
        ],
        "causes": [
            [*mark, sighting.schedules, str(sighting.smallest)]
            for mark, sighting in sorted(found.causes.items())
        ],
        "problems": found.problems,
        "doubts": found.doubts,
        "abandoned": sorted(found.abandoned),
        "in_vain": sorted(found.in_vain),
        "exercised": dict(sorted(found.exercised.items())),
        "sampled": list(found.sampled),
        "follow_ups": [[str(job.base), *job[1:]] for job in found.follow_ups],
    }


def from_document(document: dict[str, Any]) -> Findings:
    """The findings again.

    Raises:
        ValueError, KeyError, TypeError: if the document is not what `to_document` writes.
    """
    found = Findings(
        Counter({Verdict(name): count for name, count in document["verdicts"].items()}),
        document["pruned"],
        {region: RunCount(*counted) for region, counted in document["regions"].items()},
        Counter({(rule, Verdict(name)): count for rule, name, count in document["rules"]}),
        Counter(
            {(point, kind, Verdict(name)): count for point, kind, name, count in document["cells"]}
        ),
        {(point, kind): reason for point, kind, reason in document["impossible"]},
        {
            (rule, Verdict(name)): Witness(
                _read_history(history), tuple(map(_read_judgement, judgements))
            )
            for rule, name, history, judgements in document["witnesses"]
        },
        problems=document["problems"],
        doubts=document["doubts"],
        abandoned=set(document["abandoned"]),
        in_vain=set(document["in_vain"]),
        exercised=Counter(document["exercised"]),
        sampled=Measured(*document["sampled"]),
        follow_ups=dict.fromkeys(map(_read_job, document["follow_ups"])),
    )
    for rules, *mark, count, text in document["causes"]:
        found.sight(Mark(tuple(rules), *mark), Sighting(count, Schedule.parse(text)))
    return found


def _read_job(fields: list[Any]) -> Job:
    base, begin, strategy, rank, *rest = fields
    return Job(Schedule.parse(base), begin, strategy, tuple(rank), *rest)


def _history(history: History) -> dict[str, Any]:
    return {
        "target": history.target,
        "schedule": str(history.schedule),
        "vocabulary": {word: sorted(getattr(history.vocabulary, word)) for word in _WORDS},
        "events": [list(event) for event in history.events],
        "may_cancel": list(history.may_cancel),
    }


def _read_history(document: dict[str, Any]) -> History:
    return History(
        document["target"],
        Schedule.parse(document["schedule"]),
        Vocabulary(**{word: frozenset(document["vocabulary"][word]) for word in _WORDS}),
        tuple(map(_read_event, document["events"])),
        tuple(document["may_cancel"]),
    )


def _read_event(fields: list[Any]) -> Event:
    event = Event(*fields)
    return event._replace(kind=EventKind(event.kind))


def _read_judgement(fields: list[Any]) -> Judgement:
    rule, verdict, reason, evidence, exercised = fields
    return Judgement(rule, Verdict(verdict), reason, tuple(evidence), exercised)
