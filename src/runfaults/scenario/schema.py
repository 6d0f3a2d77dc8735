"""The JSON Schema of scenario files, made from the names that the code itself uses.

Editors complete and check `faults/*.toml` with it. `python -m runfaults.scenario.schema`
writes it to its place in the package.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from runfaults.model import Ending, Journal, Operation, Verdict
from runfaults.model.verdict import OF_ONE_HISTORY
from runfaults.oracle.rules import RULES
from runfaults.sim.acts import ACTS
from runfaults.sim.misfortunes import EVERY_FAULT
from runfaults.targets import TARGETS

_PLACE = "schemas/scenario.schema.json"
_POINT = "An operation of an actor: actor operation [subject] [#ordinal], as in {!r}."


def schema_text() -> str:
    """The schema as it stands in the package."""
    return files("runfaults.scenario").joinpath(_PLACE).read_text("utf-8")


def scenario_schema() -> dict[str, Any]:
    """The schema of a scenario file, as the code is now."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:runfaults:scenario:1",
        "title": "A fault scenario of runfaults",
        **_table(
            {
                "name": _text("The symptom in a few words, hyphenated: also the file's name."),
                "symptom": _text("One sentence: what a user would see if the manager were wrong."),
                "target": {
                    **_text("The system under test."),
                    "examples": [*TARGETS, "path/to/file.py:Class"],
                },
                "expect": {
                    "description": "The verdict that is expected.",
                    "enum": [str(verdict) for verdict in OF_ONE_HISTORY],
                    "default": str(Verdict.HOLDS),
                },
                "rules": {
                    "description": "The rules that are broken, where `expect` is broken.",
                    "type": "array",
                    "items": _text("The name of a rule."),
                },
                "own_rules": {
                    "description": "Rules of one's own that judge too: path.py:name of each.",
                    "type": "array",
                    "items": _text("Where it is."),
                    "examples": [["rules.py:my_rule"]],
                },
                "schedule": _schedule(),
                "fault": _several("Causes of errors, each beginning at its own point.", _fault()),
                "act": _several("What other actors do, and when.", _act()),
                "preemption": _several(
                    "Where the running thread is paused for another one.", _preemption()
                ),
                "death": _several("When the process is killed, and another one follows.", _death()),
            },
            required=("name", "symptom", "target"),
        ),
        "if": {"not": {"required": ["own_rules"]}},
        "then": {
            "properties": {"rules": {"items": _choice({rule.name: rule.symptom for rule in RULES})}}
        },
    }


def _schedule() -> dict[str, Any]:
    return {
        "description": "What does not strike: the pipeline, the database, chance.",
        **_table(
            {
                "pipeline": {
                    "description": "How the scripted pipeline ends.",
                    "enum": [str(ending) for ending in Ending],
                    "default": str(Ending.SUCCEEDS),
                },
                "journal": {
                    "description": "SQLite journal mode.",
                    "enum": [str(mode) for mode in Journal],
                    "default": str(Journal.DELETE),
                },
                "seed": {
                    "description": "Seed of the `random` module.",
                    "type": "integer",
                    "default": 0,
                },
            }
        ),
    }


def _fault() -> dict[str, Any]:
    operations = [each for each in Operation if each.can_be_struck]
    return _table(
        {
            "kind": _choice({kind.name: kind.summary for kind in EVERY_FAULT.values()}),
            "at": _point(operations, "run commit #2"),
            "times": {
                "description": "How many operations it strikes.",
                "anyOf": [
                    {"type": "integer", "minimum": 1},
                    {"const": "until lifted"},
                    {"type": "string", "pattern": "^for [1-9][0-9]* h$"},
                ],
                "default": 1,
            },
        },
        required=("kind", "at"),
    )


_MOMENTS = [each for each in Operation if each is not Operation.CALL]


def _act() -> dict[str, Any]:
    acts = {name: act.summary for name, act in ACTS.items()}
    return _table(
        {
            "kind": _choice(acts),
            "task": _text("The task that is cancelled, such as Jobs.handle."),
            "at": _point(_MOMENTS, "run execute UPDATE runs"),
        },
        required=("kind",),
    )


def _preemption() -> dict[str, Any]:
    return _table(
        {
            "at": _point(_MOMENTS, "run acquire lock"),
            "to": _text("The actor that runs instead, such as cancel."),
        },
        required=("at", "to"),
    )


def _death() -> dict[str, Any]:
    return _table(
        {
            "at": _point(Operation, "run commit #2"),
            "after": {
                "description": "Whether it comes when the operation has taken effect.",
                "type": "boolean",
                "default": False,
            },
            "successors": {
                "description": "How many processes open the database at once afterwards.",
                "type": "integer",
                "minimum": 1,
                "default": 1,
            },
        },
        required=("at",),
    )


def _table(properties: Mapping[str, Any], required: Iterable[str] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": dict(properties),
    }


def _several(description: str, table: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "type": "array", "items": table}


def _text(description: str) -> dict[str, Any]:
    return {"description": description, "type": "string", "minLength": 1}


def _choice(names: Mapping[str, str]) -> dict[str, Any]:
    """One of these names; an editor shows what each means."""
    told = {"enumValues": [f"{text}" for text in names.values()]}
    return {"type": "string", "enum": list(names), "x-taplo": {"docs": told}}


def _point(operations: Iterable[Operation], example: str) -> dict[str, Any]:
    words = "|".join(operations)
    subject, ordinal = r"( [^#]*[^#\s])?", r"( #[1-9][0-9]*)?"
    return {
        "description": _POINT.format(example),
        "type": "string",
        "pattern": rf"^\s*\S+ ({words}){subject}{ordinal}\s*$",
        "examples": [example],
    }


def _main() -> None:
    text = json.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n"
    Path(__file__).with_name("schemas").joinpath("scenario.schema.json").write_text(
        text, encoding="utf-8"
    )


if __name__ == "__main__":
    _main()
