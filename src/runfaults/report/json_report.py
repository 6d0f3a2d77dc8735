"""A check result as JSON, for other programs: `schemas/check-result.schema.json` describes it."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path

from runfaults.model import Cause, CheckResult, History, Place, Tally, Violation
from runfaults.report.explain import explain
from runfaults.report.wording import describe_printed

FORMAT = 1
"""Raised when a field changes its meaning or goes; new fields do not raise it."""


def write(result: CheckResult, file: Path) -> None:
    """Write the result to a file."""
    file.write_text(to_json(result), encoding="utf-8")


def to_json(result: CheckResult) -> str:
    """The result as one JSON object; keys in a fixed order, non-ASCII text escaped."""
    document = {
        "format": FORMAT,
        "target": result.target,
        "verdict": result.verdict,
        "finished": result.finished,
        "versions": asdict(result.versions),
        "bound": result.bound,
        "schedules": _tally(result.schedules),
        "pruned": result.pruned,
        "regions": [region._asdict() for region in result.regions],
        "elapsed_seconds": result.elapsed,
        "rules": {
            rule: {
                "verdict": result.verdict_of(rule),
                **_tally(tally),
                "exercised": tally.exercised,
            }
            for rule, tally in result.rules.items()
        },
        "coverage": [
            {
                "point": cell.point,
                "kind": cell.kind,
                **({"impossible": cell.impossible} if cell.impossible else _tally(cell.tally)),
            }
            for cell in result.coverage
        ],
        "violations": [_violation(violation) for violation in result.violations],
        "notes": list(result.notes),
        "doubts": list(result.doubts),
        "unstruck": list(result.unstruck),
        "set_aside": result.set_aside,
        "not_reached": list(result.not_reached),
        "remarks": list(result.remarks),
    }
    return json.dumps(document, indent=1) + "\n"


def schema() -> str:
    """The JSON Schema of what `to_json` writes."""
    return files("runfaults.report").joinpath("schemas/check-result.schema.json").read_text("utf-8")


def _tally(tally: Tally) -> dict[str, int]:
    return {"holds": tally.holds, "broken": tally.broken, "unknown": tally.unknown}


def _violation(violation: Violation) -> dict[str, object]:
    scenario, neighbour = violation.scenario, violation.neighbour
    return {
        "name": scenario.name,
        "symptom": scenario.symptom,
        "verdict": violation.verdict,
        "schedule": str(scenario.schedule),
        "explanation": explain(violation.history, violation.judgements),
        "printed": describe_printed(violation.history),
        "saved_to": violation.saved_to,
        "evidence": violation.evidence,
        "cause": None if violation.cause is None else _cause(violation.cause),
        "judgements": [
            {
                "rule": judgement.rule,
                "verdict": judgement.verdict,
                "exercised": judgement.exercised,
                "reason": judgement.reason,
                "evidence": list(judgement.evidence),
            }
            for judgement in violation.judgements
        ],
        "history": _history(violation.history),
        "neighbour": None if neighbour is None else _history(neighbour),
    }


def _cause(cause: Cause) -> dict[str, object]:
    return {
        name: value._asdict() if isinstance(value, Place) else value
        for name, value in asdict(cause).items()
    }


def _history(history: History) -> dict[str, object]:
    return {
        "target": history.target,
        "schedule": str(history.schedule),
        "digest": history.digest(),
        "events": [event._asdict() for event in history.events],
        "places": [
            {"event": number, "stack": stack.splitlines()} for number, stack in history.places
        ],
    }
